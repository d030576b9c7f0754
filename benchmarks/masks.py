"""Row-major masks made column-major: ours against decoding, transposing and encoding each one."""

from collections.abc import Callable
from time import process_time
from typing import TypeVar

import msgspec
import numpy as np
import pycocotools.mask
from numpy.typing import NDArray

from coco_dagster.coco.masks import paste_masks
from coco_dagster.encord.rle import MaskGrids

_R = TypeVar("_R")


class MaskTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Processor seconds for the same masks.

    Attributes:
        masks: how many masks there were.
        width: columns of each; height: rows.
        ours: seconds of `paste_masks`.
        dense: seconds of decoding, transposing and encoding with pycocotools.
        equal: whether both give the same text for every mask.
    """

    masks: int
    width: int
    height: int
    ours: float
    dense: float
    equal: bool


def compare_masks(masks: int, width: int, height: int, seed: int = 0) -> MaskTimes:
    """Convert blobs, such as people draw, on frames of the given size in pixels.

    The dense way is timed on a twentieth of the masks, at least one, and scaled up.
    """
    generator = np.random.default_rng(seed)
    texts = [_row_major_blob(generator, width, height) for _ in range(masks)]
    some = texts[: max(1, masks // 20)]
    zeros = np.zeros(masks, np.int64)
    sides = (np.full(masks, width), np.full(masks, height))
    converted, ours = _timed(lambda: paste_masks(texts, MaskGrids.of(zeros, zeros, *sides, *sides)))
    expected, dense = _timed(lambda: [_densely(text, width, height) for text in some])
    return MaskTimes(
        masks=masks,
        width=width,
        height=height,
        ours=ours,
        dense=dense * masks / len(some),
        equal=converted.counts[: len(some)].to_list() == expected,
    )


def _timed(call: Callable[[], _R]) -> tuple[_R, float]:
    started = process_time()
    result = call()
    return result, process_time() - started


def _row_major_blob(generator: np.random.Generator, width: int, height: int) -> str:
    """Counts over rows of a wobbly disc within a frame."""
    radius = generator.uniform(0.02, 0.12) * height
    centre = generator.uniform(radius, [width - radius, height - radius])
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    lengths = radius * generator.uniform(0.7, 1.0, angles.size)
    points: NDArray[np.float64] = centre + lengths[:, None] * np.column_stack(
        (np.cos(angles), np.sin(angles))
    )
    # Swapping x and y makes COCO's columns the rows of the picture.
    swapped = points[:, ::-1].ravel().tolist()
    encoded = pycocotools.mask.frPyObjects([swapped], width, height)[0]
    return str(encoded["counts"].decode())


def _densely(text: str, width: int, height: int) -> str:
    mask = pycocotools.mask.decode({"size": [width, height], "counts": text.encode()})
    encoded = pycocotools.mask.encode(np.asfortranarray(mask.T))
    return str(encoded["counts"].decode())
