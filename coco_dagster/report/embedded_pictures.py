"""Pictures small enough to be part of a page."""

import base64
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Final

from msgspec import Struct
from PIL import Image, features

from coco_dagster.coco.published import CocoImage
from coco_dagster.report.pictures.finding import (
    PictureFile,
    PictureFolder,
    UnreadablePictureError,
)
from coco_dagster.report.pictures.reading import read_picture

MOST_PICTURE_BYTES: Final = 2_400_000
"""Bytes of all pictures of a page before they become text, which is a third longer."""

_SIDES: Final = ((40, 900), (100, 600), (250, 420), (1000, 300))
_SMALLER: Final = 0.7
_QUALITY: Final = 72
_THREADS: Final = 4


class EmbeddedPictures(Struct, frozen=True):
    """Encoded pictures by the position of their image.

    Attributes:
        mime: their MIME type.
        files: the encoded pictures.
        problems: why pictures could not be used, and of how many images.
    """

    mime: str
    files: dict[int, bytes]
    problems: dict[str, int]

    def uris(self) -> dict[int, str]:
        """The pictures as `data:` URIs."""
        return {position: data_uri(self.mime, data) for position, data in self.files.items()}

    def picture(self, position: int) -> Image.Image | None:
        """The picture of an image, decoded."""
        data = self.files.get(position)
        return None if data is None else Image.open(BytesIO(data))


def picture_format() -> tuple[str, str]:
    """The best format that this Pillow writes and every browser reads, and its MIME type."""
    if features.check("webp"):
        return "WEBP", "image/webp"
    return "JPEG", "image/jpeg"


def data_uri(mime: str, data: bytes) -> str:
    """Bytes as a URI that holds them."""
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def embed_pictures(folder: PictureFolder, images: Sequence[CocoImage]) -> EmbeddedPictures:
    """Read the pictures of images and make them small.

    A picture that is missing, cannot be read or has another form than its image is left out.

    Args:
        folder: where the pictures lie.
        images: the images.
    """
    found = folder.find(images)
    side = next((side for most, side in _SIDES if len(found) <= most), _SIDES[-1][1])
    groups: dict[str, list[tuple[int, PictureFile]]] = {}
    for position, file in sorted(found.items()):
        groups.setdefault(file.path, []).append((position, file))
    problems: Counter[str] = Counter()
    encoded: dict[int, bytes] = {}
    with ThreadPoolExecutor(_THREADS) as threads:
        read = threads.map(lambda group: _read_group(folder, images, group, side), groups.values())
        for results in read:
            for position, result in results:
                if isinstance(result, bytes):
                    encoded[position] = result
                else:
                    problems[str(result)] += 1
    missing = len(images) - len(found)
    if missing:
        problems["there is no file that can be told to be it"] += missing
    ordered = dict(sorted(encoded.items()))
    return EmbeddedPictures(picture_format()[1], _fitted(ordered), dict(problems.most_common()))


def _read_group(
    folder: PictureFolder,
    images: Sequence[CocoImage],
    group: Sequence[tuple[int, PictureFile]],
    side: int,
) -> list[tuple[int, bytes | UnreadablePictureError]]:
    """Read all pictures that lie in one file."""
    results: list[tuple[int, bytes | UnreadablePictureError]] = []
    for position, file in group:
        image = images[position]
        try:
            with folder.open(file) as stream:
                picture = read_picture(stream, file, (image.width, image.height), side)
            picture.thumbnail((side, side), Image.Resampling.BICUBIC)
            results.append((position, _encode(picture)))
        except UnreadablePictureError as error:
            results.append((position, error))
        except OSError as error:
            reason = UnreadablePictureError(f"its file cannot be read ({error.strerror})")
            results.append((position, reason))
    return results


def _fitted(encoded: dict[int, bytes]) -> dict[int, bytes]:
    """Pictures that together keep within the limit: all of them smaller, until they do."""
    while sum(map(len, encoded.values())) > MOST_PICTURE_BYTES:
        encoded = {position: _smaller(data) for position, data in encoded.items()}
    return encoded


def _smaller(data: bytes) -> bytes:
    with Image.open(BytesIO(data)) as picture:
        width, height = (max(1, round(side * _SMALLER)) for side in picture.size)
        return _encode(picture.resize((width, height), Image.Resampling.BICUBIC))


def _encode(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    name, _ = picture_format()
    settings = {"method": 2} if name == "WEBP" else {"optimize": True}
    picture.save(buffer, name, quality=_QUALITY, **settings)
    return buffer.getvalue()
