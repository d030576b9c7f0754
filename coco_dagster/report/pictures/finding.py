"""Which file of a folder is the picture of an image.

Teams keep pictures under the names of the export, under their titles or original paths, or under
Encord's hashes. A name that fits several files fits none: no picture is better than a wrong one.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Final, cast

from msgspec import Struct

from coco_dagster.coco.file_name_templates import nested_names, safe_component
from coco_dagster.coco.published import CocoImage
from coco_dagster.errors import SettingsError
from coco_dagster.tables.findings import without_queries
from coco_dagster.tables.locations import inner_path, location, stays_below

if TYPE_CHECKING:
    from coco_dagster.tables.locations import Location

MOST_LISTED: Final = 200_000
"""Files of a folder that are looked at when the names of the export lead nowhere."""

_THREADS: Final = 16
_DICOM_SUFFIX: Final = ".dcm"


class UnreadablePictureError(Exception):
    """A file is no picture of its image, or one that cannot be read here; says why."""


class PictureFile(Struct, frozen=True):
    """Where the picture of an image lies.

    Attributes:
        path: path below the folder of pictures.
        frame: frame of the file, from 0, if the file holds several.
    """

    path: str
    frame: int | None = None


class PictureFolder:
    """A folder with pictures.

    Args:
        url: a path or an fsspec URL.

    Raises:
        SettingsError: there is no such folder, or its storage is not known.
    """

    def __init__(self, url: str) -> None:
        place = without_queries(url)
        try:
            self._root: Location = location(url.rstrip("/") or "/")
            is_folder = self._root.is_dir()
        except (ImportError, OSError, ValueError) as error:
            raise SettingsError(f"The pictures in {place} cannot be reached: {error}.") from None
        if not is_folder:
            raise SettingsError(
                f"There is no folder of pictures {place}; name the folder that the images were "
                "exported from or copied to."
            )

    def find(self, images: Sequence[CocoImage]) -> dict[int, PictureFile]:
        """The picture of each image that has one, by the position of the image."""
        with ThreadPoolExecutor(_THREADS) as threads:
            direct = list(threads.map(self._find_by_path, images))
        found = {position: file for position, file in enumerate(direct) if file is not None}
        if len(found) < len(images):
            names = _Names(self._listed())
            missing = (position for position in range(len(images)) if position not in found)
            for position in missing:
                file = names.find(images[position])
                if file is not None:
                    found[position] = file
        return found

    def open(self, file: PictureFile) -> IO[bytes]:
        """Open a file."""
        return cast(IO[bytes], self._at(file.path).open("rb"))

    def _at(self, path: str) -> "Location":
        place = self._root
        for part in PurePosixPath(inner_path(path)).parts:
            place = place / part
        return place

    def _find_by_path(self, image: CocoImage) -> PictureFile | None:
        for file in _likely_files(image):
            try:
                if self._at(file.path).is_file():
                    return file
            except (OSError, ValueError):
                continue
        return None

    def _listed(self) -> list[str]:
        return list(islice(self._walk(), MOST_LISTED))

    def _walk(self) -> Iterator[str]:
        """Paths of files below the folder, in the order of their names."""
        if isinstance(self._root, Path):
            yield from _walk_local(self._root, "")
            return
        root = self._root.path
        for folder, folders, files in self._root.fs.walk(root):
            folders.sort()
            below = str(folder)[len(root) :].strip("/")
            yield from (f"{below}/{name}".lstrip("/") for name in sorted(files))


def _walk_local(root: Path, below: str) -> Iterator[str]:
    folder = root / below
    entries = sorted(folder.iterdir(), key=lambda path: path.name)
    for path in entries:
        name = f"{below}/{path.name}".lstrip("/")
        if path.is_dir() and not path.is_symlink():
            yield from _walk_local(root, name)
        elif path.is_file():
            yield name


def _likely_files(image: CocoImage) -> Iterator[PictureFile]:
    """Where a picture lies if the folder follows the export or the titles."""
    frame = image.encord.frame
    name = image.file_name
    for path in (name, f"{name}{_DICOM_SUFFIX}", _base(name), f"{_base(name)}{_DICOM_SUFFIX}"):
        if stays_below(path) and not (path == _base(name) and _is_frame_name(image)):
            yield PictureFile(path)
    if "/" not in name:
        yield from map(PictureFile, filter(stays_below, nested_names(name, image.encord.data_hash)))
    folder, _, number = name.rpartition("/")
    if number.isdecimal() and stays_below(folder):
        yield from (PictureFile(path, int(number)) for path in (folder, folder + _DICOM_SUFFIX))
    title = image.image_title
    if title and stays_below(title):
        yield PictureFile(title, frame if _is_one_of_several(image) else None)


class _Names:
    """Files by what they are called, whatever folder they lie in."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._by_name: dict[str, list[str]] = {}
        for path in paths:
            base = _base(path).lower()
            for name in {base, _stem(base)}:
                self._by_name.setdefault(name, []).append(path)

    def find(self, image: CocoImage) -> PictureFile | None:
        for name, frame in _likely_names(image):
            paths = self._by_name.get(_base(name).lower(), [])
            path = paths[0] if len(paths) == 1 else _most_alike(paths, name)
            if path is not None and _is_telling(path, image):
                return PictureFile(path, frame)
        return None


def _likely_names(image: CocoImage) -> Iterator[tuple[str, int | None]]:
    """What a picture is called if its folder is not the one that the export names."""
    origin = image.encord
    name = image.file_name
    yield name, None
    yield _stem(_base(name)), None
    frame = origin.frame if _is_one_of_several(image) else None
    if image.image_title:
        yield image.image_title.replace("\\", "/"), frame
    yield origin.data_hash, frame


def _is_frame_name(image: CocoImage) -> bool:
    """Whether the last part of the name is but the number of a frame, as in videos."""
    return _stem(_base(image.file_name)) == str(image.encord.frame)


def _is_one_of_several(image: CocoImage) -> bool:
    """Whether an image is a frame of its file, by its name with folders or without."""
    flat = f"{safe_component(image.encord.data_hash)}_{image.encord.frame}"
    return _is_frame_name(image) or _stem(image.file_name) == flat


def _is_telling(path: str, image: CocoImage) -> bool:
    """Whether a name says of which file it is: `12.jpg` is a frame of any video."""
    return _base(path) != _base(image.file_name) or (
        not _is_frame_name(image) or f"/{path}".endswith(f"/{image.file_name}")
    )


def _most_alike(paths: Sequence[str], name: str) -> str | None:
    """The only path that ends with the most folders of a name."""
    wanted = [part.lower() for part in name.split("/")][::-1]

    def shared(path: str) -> int:
        parts = [part.lower() for part in path.split("/")][::-1]
        pairs = zip(parts, wanted, strict=False)
        return next((at for at, (part, want) in enumerate(pairs) if part != want), len(wanted))

    ranked = sorted(paths, key=shared, reverse=True)
    if len(ranked) > 1 and shared(ranked[0]) > shared(ranked[1]):
        return ranked[0]
    return None


def _base(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _stem(name: str) -> str:
    head, dot, suffix = name.rpartition(".")
    return head if dot and head and len(suffix) <= 5 and not suffix.isdecimal() else name
