"""Pictures from the bytes of their files: photographs, DICOM slices, frames of videos."""

from io import BytesIO
from math import ceil
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from coco_dagster.report.pictures.finding import PictureFile, UnreadablePictureError

VIDEO_SUFFIXES: Final = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg")
_DICOM_MARK: Final = b"DICM"
_DICOM_MARK_START: Final = 128
_ASPECT_TOLERANCE: Final = 0.02
_DARKEST_SHARE, _BRIGHTEST_SHARE = 0.5, 99.5
_DEEP_MODES: Final = ("I;16", "I;16B", "I;16L", "I", "F")


def read_picture(
    stream: IO[bytes], file: PictureFile, image_size: tuple[int | None, int | None], target: int
) -> Image.Image:
    """The picture of an image.

    Args:
        stream: the file, opened.
        file: which file it is.
        image_size: width and height of the image in pixels, where they are known.
        target: side in pixels that is needed; a larger picture may come smaller than it is.

    Raises:
        UnreadablePictureError: it cannot be read, or has another form than the image.
    """
    if file.path.lower().endswith(VIDEO_SUFFIXES):
        from coco_dagster.report.pictures.video import read_frame

        picture = read_frame(stream, file.frame or 0)
    else:
        picture = _read_still(stream.read(), file.frame or 0, image_size, target)
    _check_form(picture.size, image_size)
    return picture


def _read_still(
    data: bytes, frame: int, image_size: tuple[int | None, int | None], target: int
) -> Image.Image:
    if data[_DICOM_MARK_START:][: len(_DICOM_MARK)] == _DICOM_MARK:
        from coco_dagster.report.pictures.dicom import read_slice

        return read_slice(data, frame)
    return _read_photograph(data, image_size, target)


def eight_bits(values: NDArray[np.generic]) -> Image.Image:
    """Grey levels of any depth as a picture; all but the rarest levels keep their contrast.

    Args:
        values: grey levels, shape (rows, columns).
    """
    levels = np.nan_to_num(values.astype(np.float64))
    low, high = np.percentile(levels, (_DARKEST_SHARE, _BRIGHTEST_SHARE))
    if high <= low:
        low, high = float(levels.min()), float(levels.max()) or 1.0
    scaled = np.clip((levels - low) / max(high - low, 1e-12), 0, 1) * 255
    return Image.fromarray(scaled.round().astype(np.uint8)).convert("RGB")


def _read_photograph(
    data: bytes, image_size: tuple[int | None, int | None], target: int
) -> Image.Image:
    try:
        with Image.open(BytesIO(data)) as picture:
            turned = _is_turned(picture, image_size)
            scale = min(1.0, target / max(picture.size))
            width, height = (ceil(side * scale) for side in picture.size)
            picture.draft("RGB", (width, height))
            if picture.mode in _DEEP_MODES:
                return eight_bits(np.asarray(picture))
            return (ImageOps.exif_transpose(picture) if turned else picture).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UnreadablePictureError(f"it is no picture that Pillow reads ({error})") from None


def _is_turned(picture: Image.Image, image_size: tuple[int | None, int | None]) -> bool:
    """Whether the labels were drawn on the picture as its EXIF data turn it."""
    width, height = image_size
    if not width or not height or picture.size == (width, height):
        return False
    orientation = picture.getexif().get(0x0112, 1)
    sides_change = orientation in (5, 6, 7, 8)
    fits_turned = abs(picture.height * height - picture.width * width)
    fits_as_is = abs(picture.width * height - picture.height * width)
    return orientation != 1 and (not sides_change or fits_turned < fits_as_is)


def _check_form(size: tuple[int, int], image_size: tuple[int | None, int | None]) -> None:
    width, height = image_size
    if not width or not height:
        return
    ratio = (size[0] * height) / (size[1] * width)
    one_pixel = max(1 / size[0], 1 / size[1])
    if abs(ratio - 1) > _ASPECT_TOLERANCE + one_pixel:
        raise UnreadablePictureError(
            f"it is {size[0]} by {size[1]} pixels, the image {width} by {height}"
        )
