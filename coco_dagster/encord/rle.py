"""Encord's bitmasks: COCO's compressed run-length strings over rows instead of columns.

`bitmask.rleString` holds the lengths of alternating runs of zeros and ones, zeros first, read row
by row over a grid of `width` x `height` pixels whose corner lies at (`left`, `top`) of the frame.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final

import numpy as np
import pyarrow as pa
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray

from coco_dagster.encord.run_lengths import (
    CACHED_CHARS,
    Flags,
    Ints,
    Runs,
    bounded_batches,
    decode_counts,
    owner_sums,
    rle_array,
    string_sizes,
)

MAX_MASK_PIXELS: Final = 10**9
"""Largest grid, and largest frame, of a mask."""

# A grid that far out lies outside every frame.
_MAX_SHIFT: Final = 2**40


class MaskFault(IntEnum):
    """Why a mask cannot be rendered; 0 where it can."""

    NONE = 0
    NOT_RLE = 1
    BAD_GRID = 2
    TOO_LONG = 3
    EMPTY = 4


MASK_FAULT_MESSAGES: Final = {
    MaskFault.NOT_RLE: "rleString is not a run-length encoding",
    MaskFault.BAD_GRID: "the mask's grid or its frame has no pixels, or more than 10^9",
    MaskFault.TOO_LONG: "rleString is longer than its mask",
    MaskFault.EMPTY: "the mask has no pixel within the frame",
}


class MaskCheck(Struct, frozen=True):
    """What `check_masks` found.

    Attributes:
        fault: a `MaskFault` per mask.
        cropped: whether some of the mask's pixels, but not all, lie outside the frame.
    """

    fault: NDArray[np.int8]
    cropped: Flags


class MaskGrids(Struct, frozen=True):
    """Where the grids of many masks lie in their frames; one entry per mask, in pixels.

    Attributes:
        top: row of the frame at which the grid starts; may be negative.
        left: column of the frame at which the grid starts; may be negative.
        width: columns of the grid.
        height: rows of the grid.
        frame_width: columns of the frame.
        frame_height: rows of the frame.
    """

    top: Ints
    left: Ints
    width: Ints
    height: Ints
    frame_width: Ints
    frame_height: Ints

    @classmethod
    def of(
        cls,
        top: ArrayLike,
        left: ArrayLike,
        width: ArrayLike,
        height: ArrayLike,
        frame_width: ArrayLike,
        frame_height: ArrayLike,
    ) -> "MaskGrids":
        """Grids from anything that numpy reads as whole numbers."""
        return cls(
            # Sums with these must not overflow.
            np.clip(np.asarray(top, np.int64), -_MAX_SHIFT, _MAX_SHIFT),
            np.clip(np.asarray(left, np.int64), -_MAX_SHIFT, _MAX_SHIFT),
            np.asarray(width, np.int64),
            np.asarray(height, np.int64),
            np.asarray(frame_width, np.int64),
            np.asarray(frame_height, np.int64),
        )

    def __getitem__(self, chosen: slice | Ints | Flags) -> "MaskGrids":
        """The grids of some of the masks."""
        return MaskGrids(
            self.top[chosen],
            self.left[chosen],
            self.width[chosen],
            self.height[chosen],
            self.frame_width[chosen],
            self.frame_height[chosen],
        )

    def window(self) -> tuple[Ints, Ints, Ints, Ints]:
        """The part of each grid that lies in the frame: x0, x1, y0, y1 of the grid.

        x1 and y1 are not included; a grid outside the frame has x0 = x1 or y0 = y1.
        """
        zero = np.int64(0)
        return (
            np.clip(-self.left, zero, self.width),
            np.clip(self.frame_width - self.left, zero, self.width),
            np.clip(-self.top, zero, self.height),
            np.clip(self.frame_height - self.top, zero, self.height),
        )


def check_masks(rle: pa.Array | Sequence[str], grids: MaskGrids) -> MaskCheck:
    """Which masks cannot be rendered and why, and which the frame's edge crops.

    Faults are tried in this order: not a run-length encoding; a grid or a frame without pixels or
    above `MAX_MASK_PIXELS`; runs longer than the grid (shorter ones leave zeros); no pixel that
    lies within the frame.

    Args:
        rle: `rleString` of each mask.
        grids: where each mask lies.
    """
    array = rle_array(rle)
    checks = [
        _check_batch(array[part], grids[part])
        for part in bounded_batches(string_sizes(array), CACHED_CHARS)
    ]
    return MaskCheck(
        np.concatenate([np.zeros(0, np.int8), *(check.fault for check in checks)]),
        np.concatenate([np.zeros(0, np.bool_), *(check.cropped for check in checks)]),
    )


def _check_batch(rle: pa.Array, grids: MaskGrids) -> MaskCheck:
    runs = decode_counts(rle)
    bad_grid = _bad_size(grids.width, grids.height)
    bad_grid |= _bad_size(grids.frame_width, grids.frame_height)
    too_long = ~bad_grid & (runs.totals() > grids.width * grids.height)
    sound = runs.valid & ~bad_grid & ~too_long
    total, inside = _pixels(runs, grids, sound)
    fault = np.select(
        [~runs.valid, bad_grid, too_long, inside == 0],
        [MaskFault.NOT_RLE, MaskFault.BAD_GRID, MaskFault.TOO_LONG, MaskFault.EMPTY],
        MaskFault.NONE,
    ).astype(np.int8)
    return MaskCheck(fault, sound & (inside > 0) & (inside < total))


def _bad_size(width: Ints, height: Ints) -> Flags:
    # As doubles: the product of two 64-bit numbers can overflow.
    pixels = width.astype(np.float64) * height
    return (width < 1) | (height < 1) | (pixels > MAX_MASK_PIXELS)


def _pixels(runs: Runs, grids: MaskGrids, sound: Flags) -> tuple[Ints, Ints]:
    """Pixels of each sound mask: all of them, and those within the frame."""
    mask, start, stop = runs.ones()
    total = owner_sums(mask, stop - start, sound.size)
    x0, x1, y0, y1 = grids.window()
    whole = (x1 - x0 == grids.width) & (y1 - y0 == grids.height)
    inside = np.where(whole & sound, total, 0)
    partly = (sound & ~whole)[mask]
    if not partly.any():
        return total, inside
    mask, start, stop = mask[partly], start[partly], stop[partly]
    width, x0, x1, y0, y1 = (of[mask] for of in (grids.width, x0, x1, y0, y1))

    def before(pixel: Ints) -> Ints:
        """Pixels of the window that come before a pixel of the grid."""
        row, column = np.divmod(pixel, width)
        full_rows: Ints = (np.clip(row, y0, y1) - y0) * (x1 - x0)
        return full_rows + np.where((row >= y0) & (row < y1), np.clip(column, x0, x1) - x0, 0)

    return total, inside + owner_sums(mask, before(stop) - before(start), sound.size)
