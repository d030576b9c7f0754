"""DICOM slices as people see them: through a window on their grey levels."""

from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from coco_dagster.report.pictures.finding import UnreadablePictureError

if TYPE_CHECKING:
    from pydicom import Dataset

_GREY: Final = ("MONOCHROME1", "MONOCHROME2")
_FAR: Final = 1e9
_DARKEST_SHARE, _BRIGHTEST_SHARE = 1.0, 99.0


def read_slice(data: bytes, frame: int) -> Image.Image:
    """A slice through the window that its file recommends, or one on nearly all of its levels.

    Args:
        data: bytes of the file.
        frame: frame of a file that holds several, from 0.

    Raises:
        UnreadablePictureError: pydicom is not installed, or cannot decode the pixels.
    """
    try:
        import pydicom
    except ImportError:
        raise UnreadablePictureError(
            "DICOM needs pydicom: install coco-dagster[pictures]"
        ) from None
    try:
        dataset = pydicom.dcmread(BytesIO(data))
        pixels = _frame(dataset, frame)
        if dataset.get("PhotometricInterpretation") not in _GREY:
            return Image.fromarray(np.ascontiguousarray(pixels, np.uint8)).convert("RGB")
        return Image.fromarray(_windowed(dataset, pixels)).convert("RGB")
    except (pydicom.errors.InvalidDicomError, *_PIXEL_ERRORS) as error:
        raise UnreadablePictureError(f"its pixels cannot be decoded ({error})") from None


_PIXEL_ERRORS: Final = (
    AttributeError,
    ImportError,
    IndexError,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


def _frame(dataset: "Dataset", frame: int) -> NDArray[np.generic]:
    pixels: NDArray[np.generic] = dataset.pixel_array
    if int(dataset.get("NumberOfFrames") or 1) > 1:
        return pixels[frame]  # type: ignore[no-any-return]
    return pixels


def _windowed(dataset: "Dataset", pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Grey levels from 0 to 255 (DICOM PS3.3, C.11.2.1.2)."""
    from pydicom.pixels.processing import apply_rescale, apply_windowing

    levels = apply_rescale(pixels, dataset).astype(np.float64)
    if "WindowWidth" not in dataset or "WindowCenter" not in dataset:
        _set_window(dataset, levels, pixels)
    shown = apply_windowing(levels, dataset)
    black, white = apply_windowing(np.array([-_FAR, _FAR]), dataset)
    grey = np.clip((shown - black) / (white - black), 0, 1)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        grey = 1 - grey
    return np.asarray(grey * 255).round().astype(np.uint8)


def _set_window(
    dataset: "Dataset", levels: NDArray[np.float64], pixels: NDArray[np.generic]
) -> None:
    """A window on all levels but the rarest ones; padding around the picture does not count."""
    padding = dataset.get("PixelPaddingValue")
    seen = levels if padding is None else levels[pixels != padding]
    low, high = np.percentile(seen if seen.size else levels, (_DARKEST_SHARE, _BRIGHTEST_SHARE))
    dataset.WindowCenter = float(low + high) / 2
    dataset.WindowWidth = max(float(high - low), 2.0)
