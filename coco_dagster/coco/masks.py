"""Masks as COCO reads them: runs over columns, without a dense array of pixels.

COCO reads a mask of H rows column by column: pixel (x, y) has the position x·H + y. A mask is
kept as its *flips*: the positions whose pixel differs from the one before (what comes before the
first is 0). Flips are what every step here makes and takes; only `Masks` turns them into text.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from coco_dagster.encord.rle import MaskGrids
from coco_dagster.encord.run_lengths import (
    CACHED_CHARS,
    Flags,
    Ints,
    Runs,
    bounded_batches,
    decode_counts,
    encode_counts,
    owner_sums,
    ragged_arange,
    rle_array,
    string_sizes,
)

_BATCH_FLIPS: Final = 2**21
_NO_BOUND: Final = 2**62


class SharedBound:
    """A bound on what the masks of one label row cost together: those before it is met pass.

    Attributes:
        most: what it is.
        row: number of the label row of each mask.
    """

    def __init__(self, most: int, row: Ints) -> None:
        self.most = most
        self.row = row
        self._spent = np.zeros(int(row.max(initial=-1)) + 1, np.int64)

    def exceeded(self, first: int, costs: Ints) -> Flags:
        """Masks with which their label rows exceed the bound.

        Args:
            first: the first of some masks, which are asked for one after the other.
            costs: what it costs, and each of those that follow it.
        """
        row = self.row[first : first + costs.size]
        order = np.argsort(row, kind="stable")
        sizes = np.bincount(row, minlength=self._spent.size)
        sums = np.cumsum(costs[order])
        ends = np.cumsum(sizes)
        before = np.concatenate(([0], sums))[ends - sizes]
        spent = sums + np.repeat(self._spent - before, sizes)
        self._spent += np.concatenate(([0], sums))[ends] - before
        exceeded = np.empty(costs.size, np.bool_)
        exceeded[order] = spent > self.most
        return exceeded


class MaskBounds:
    """How many runs masks may have, along columns and taken row by row.

    Attributes:
        each: the most of one mask.
        rows: of the masks of one label row together, taken row by row.
        columns: of the masks of one label row together, along columns.
    """

    def __init__(self, each: int, together: int, row: Ints) -> None:
        """Bounds on masks.

        Args:
            each: the most of one mask.
            together: the most of the masks of one label row.
            row: number of the label row of each mask.
        """
        self.each = each
        self.rows = SharedBound(together, row)
        self.columns = SharedBound(together, row)


class Masks(Struct, frozen=True):
    """Run-length encoded masks, one per annotation.

    Attributes:
        counts: COCO's compressed counts, column-major, as pycocotools writes them.
        width: columns of the frame.
        height: rows of the frame.
        area: pixels of the mask; NaN where it has more runs than were allowed, infinite where it
            has them with others of its label row.
        bbox: x, y, w, h of the pixels that the mask spans, as `pycocotools.mask.toBbox` gives
            it; zeros for an empty mask. Shape (n, 4).
    """

    counts: pl.Series
    width: Ints
    height: Ints
    area: NDArray[np.float64]
    bbox: NDArray[np.float64]

    @classmethod
    def from_flips(cls, flips: Ints, sizes: Ints, width: Ints, height: Ints) -> "Masks":
        """Masks from their flips.

        Args:
            flips: positions of all masks, ascending within each mask, below width·height.
            sizes: number of flips of each mask.
            width: columns of each frame.
            height: rows of each frame.
        """
        offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
        # Runs end where the next one starts, the last one with the frame.
        run_offsets = offsets + np.arange(offsets.size)
        ends = np.empty(int(run_offsets[-1]), np.int64)
        ends[np.arange(flips.size) + np.repeat(np.arange(sizes.size), sizes)] = flips
        ends[run_offsets[1:] - 1] = width * height
        counts = np.diff(ends, prepend=0)
        counts[run_offsets[:-1]] = ends[run_offsets[:-1]]
        runs = Runs(counts, run_offsets, np.ones(sizes.size, np.bool_))
        area, bbox = _extent(runs, width, height)
        text = pl.Series("counts", encode_counts(counts, run_offsets), pl.String)
        return cls(text, width, height, area, bbox)

    @classmethod
    def concat(cls, parts: Sequence["Masks"]) -> "Masks":
        """The masks of all parts in a row; there is at least one part."""
        return cls(
            pl.concat([part.counts for part in parts]),
            np.concatenate([part.width for part in parts]),
            np.concatenate([part.height for part in parts]),
            np.concatenate([part.area for part in parts]),
            np.concatenate([part.bbox for part in parts]),
        )

    def where(self, chosen: Flags) -> "Masks":
        """The chosen masks."""
        counts = self.counts.filter(pl.Series(chosen))
        return Masks(
            counts, self.width[chosen], self.height[chosen], self.area[chosen], self.bbox[chosen]
        )

    def segmentation(self) -> pl.Series:
        """JSON text of each mask: `{"size":[H,W],"counts":"…"}`."""
        columns = {"height": self.height, "width": self.width, "counts": self.counts}
        mask = pl.struct(pl.concat_list("height", "width").alias("size"), "counts")
        return pl.DataFrame(columns).select(mask.struct.json_encode().alias("segmentation"))[
            "segmentation"
        ]


def _extent(
    runs: Runs, width: Ints, height: Ints
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pixel count and bounding box of column-major masks."""
    mask, start, stop = runs.ones()
    area = owner_sums(mask, stop - start, width.size).astype(np.float64)
    rows = height[mask]
    left, top = np.divmod(start, rows)
    right, bottom = np.divmod(stop - 1, rows)
    # A run that goes on in the next column holds the last row of one and the first of the other.
    wraps = right > left
    top[wraps] = 0
    bottom[wraps] = rows[wraps] - 1
    bbox = np.zeros((width.size, 4))
    sizes = np.bincount(mask, minlength=width.size)
    filled = sizes > 0
    if filled.any():
        starts = (np.cumsum(sizes) - sizes)[filled]
        bbox[filled, 0] = x = np.minimum.reduceat(left, starts)
        bbox[filled, 1] = y = np.minimum.reduceat(top, starts)
        bbox[filled, 2] = np.maximum.reduceat(right, starts) - x + 1
        bbox[filled, 3] = np.maximum.reduceat(bottom, starts) - y + 1
    return area, bbox


def paste_masks(
    rle: pa.Array | Sequence[str], grids: MaskGrids, bounds: MaskBounds | None = None
) -> Masks:
    """Encord's row-major masks, pasted into their frames and cropped at the frames' edges.

    Few runs along rows may become very many along columns: every other row of a mask of H rows,
    in 3·H characters, has W·H runs.

    Args:
        rle: row-major counts of each mask; what `check_masks` finds no fault with.
        grids: where each mask lies in its frame.
        bounds: how many runs masks may have; the area of one with more, along its columns or
            taken row by row, is NaN, that of one with too many in its label row is infinite, and
            the mask empty.
    """
    array = rle_array(rle)
    if bounds is None:
        bounds = MaskBounds(_NO_BOUND, _NO_BOUND, np.zeros(len(array), np.int64))
    parts = [
        part
        for chosen in bounded_batches(string_sizes(array), CACHED_CHARS)
        for part in _paste_batch(array[chosen], grids[chosen], bounds, int(chosen.start))
    ]
    none = np.zeros(0, np.int64)
    return Masks.concat(parts or [Masks.from_flips(none, none, none, none)])


def _paste_batch(rle: pa.Array, grids: MaskGrids, bounds: MaskBounds, first: int) -> list[Masks]:
    spans = _spans(decode_counts(rle), grids)
    segments = owner_sums(spans.mask, spans.rows, grids.frame_width.size)
    faults = _faults(segments, bounds.each, bounds.rows, first)
    segments[faults != 0] = 0
    offsets = np.concatenate(([0], np.cumsum(np.bincount(spans.mask, minlength=segments.size))))
    parts = []
    for chosen in bounded_batches(segments, _BATCH_FLIPS):
        these = spans.where(slice(int(offsets[chosen.start]), int(offsets[chosen.stop])))
        kept = these.where(faults[these.mask] == 0).moved(chosen.start)
        start = first + int(chosen.start)
        parts += _paste_segments(kept, grids[chosen], faults[chosen], bounds, start)
    return parts


def _faults(costs: Ints, most: int, together: SharedBound, first: int) -> NDArray[np.float64]:
    """0 for each mask within its bounds; NaN beyond its own, infinity beyond its label row's."""
    faults = np.where(costs > most, np.nan, 0.0)
    faults[together.exceeded(first, np.where(costs > most, 0, costs)) & (faults == 0)] = np.inf
    return faults


def _paste_segments(
    spans: "_Spans",
    grids: MaskGrids,
    faults: NDArray[np.float64],
    bounds: MaskBounds,
    first: int,
) -> list[Masks]:
    width, height = grids.frame_width, grids.frame_height
    mask, x, y, length = _differences(*_row_segments(spans, grids), width, height)
    flips_per_mask = owner_sums(mask, length, width.size)
    intervals_per_mask = np.bincount(mask, minlength=width.size)
    faults = faults + _faults(flips_per_mask, bounds.each, bounds.columns, first)
    faulty = faults != 0
    if faulty.any():
        kept = ~faulty[mask]
        mask, x, y, length = mask[kept], x[kept], y[kept], length[kept]
        flips_per_mask[faulty] = intervals_per_mask[faulty] = 0
    intervals = np.concatenate(([0], np.cumsum(intervals_per_mask)))
    parts = []
    for chosen in bounded_batches(flips_per_mask, _BATCH_FLIPS):
        these = slice(int(intervals[chosen.start]), int(intervals[chosen.stop]))
        of = mask[these] - chosen.start
        flips = _by_column(of, x[these], y[these], length[these], width[chosen], height[chosen])
        part = Masks.from_flips(flips, flips_per_mask[chosen], width[chosen], height[chosen])
        part.area[faulty[chosen]] = faults[chosen][faulty[chosen]]
        parts.append(part)
    return parts


class _Spans(Struct, frozen=True):
    """Runs of ones on their grids, within the window that lies in the frame.

    Attributes:
        mask: mask of each run.
        first_row: row in which it starts.
        first_column: column in which it starts.
        last_row: row in which it ends.
        last_column: column in which it ends, included.
        top: first of its rows in the window.
        rows: number of its rows in the window.
    """

    mask: Ints
    first_row: Ints
    first_column: Ints
    last_row: Ints
    last_column: Ints
    top: Ints
    rows: Ints

    def where(self, chosen: slice | Flags) -> "_Spans":
        """The chosen runs."""
        return _Spans(*(getattr(self, name)[chosen] for name in self.__struct_fields__))

    def moved(self, by: int) -> "_Spans":
        """The runs with their masks counted from another one."""
        return replace(self, mask=self.mask - by)


def _spans(runs: Runs, grids: MaskGrids) -> _Spans:
    mask, start, stop = runs.ones()
    _, _, y0, y1 = grids.window()
    width = grids.width[mask]
    first_row, first_column = np.divmod(start, width)
    last_row, last_column = np.divmod(stop - 1, width)
    top = np.maximum(first_row, y0[mask])
    rows = np.maximum(np.minimum(last_row, y1[mask] - 1) - top + 1, 0)
    rows[stop == start] = 0
    return _Spans(mask, first_row, first_column, last_row, last_column, top, rows)


def _row_segments(spans: _Spans, grids: MaskGrids) -> tuple[Ints, Ints, Ints, Ints]:
    """Ones row by row: mask, row, first column and the column after the last, all of the frame."""
    x0, x1, _, _ = grids.window()
    run = np.repeat(np.arange(spans.mask.size), spans.rows)
    row = spans.top[run] + ragged_arange(spans.rows)
    mask = spans.mask[run]
    left = np.where(row == spans.first_row[run], spans.first_column[run], 0)
    right = np.where(row == spans.last_row[run], spans.last_column[run] + 1, grids.width[mask])
    left = np.maximum(left, x0[mask])
    right = np.minimum(right, x1[mask])
    seen = left < right
    mask, row, left, right = mask[seen], row[seen], left[seen], right[seen]
    return mask, row + grids.top[mask], left + grids.left[mask], right + grids.left[mask]


def _differences(
    mask: Ints, row: Ints, left: Ints, right: Ints, width: Ints, height: Ints
) -> tuple[Ints, Ints, Ints, Ints]:
    """Where each row differs from what comes before it in column-major order.

    That is the row above; for the first row it is the last one, a column further right. A row
    toggles at the ends of its segments; where two rows differ, the toggles of both together do.

    Returns:
        Intervals along rows: mask, first x, y, length; in order of mask.
    """
    step = width + 1
    base = np.cumsum(height * step) - height * step
    edges = np.column_stack((left, right)).ravel()
    mask, row = np.repeat(mask, 2), np.repeat(row, 2)
    own = base[mask] + row * step[mask] + edges
    wraps = row + 1 == height[mask]
    below = own + np.where(wraps, 0, step[mask])
    last = mask[wraps]
    below[wraps] = base[last] + np.minimum(edges[wraps] + 1, width[last])
    # Stable, because both halves are all but sorted, which that kind of sort makes use of.
    toggles = _odd(np.sort(np.concatenate((own, below)), kind="stable"))
    start, stop = toggles[::2], toggles[1::2]
    mask = np.searchsorted(base, start, side="right") - 1
    y, x = np.divmod(start - base[mask], step[mask])
    return mask, x, y, stop - start


def _by_column(mask: Ints, x: Ints, y: Ints, length: Ints, width: Ints, height: Ints) -> Ints:
    """Pixels of intervals along rows, as sorted positions column by column."""
    base = np.cumsum(width * height) - width * height
    rows = height[mask]
    keys: Ints = np.repeat(base[mask] + x * rows + y, length)
    keys += ragged_arange(length) * np.repeat(rows, length)
    keys.sort()
    keys -= np.repeat(base, owner_sums(mask, length, width.size))
    return keys


def flips_of(owner: Ints, position: Ints, pixels: Ints) -> tuple[Ints, Ints]:
    """Flips from crossings in any order, of which an even number in one place is none.

    Args:
        owner: mask of each crossing.
        position: position of each crossing, up to and including the end of its frame.
        pixels: pixels of each mask's frame.

    Returns:
        Mask and position of the flips, in order; those at the end of a frame are left out.
    """
    spans = pixels + 1
    base = np.cumsum(spans) - spans
    keys = _odd(np.sort(base[owner] + position))
    owner = np.searchsorted(base, keys, side="right") - 1
    position = keys - base[owner]
    within = position < pixels[owner]
    return owner[within], position[within]


def _odd(values: Ints) -> Ints:
    """The values that a sorted array holds an odd number of times, once each."""
    starts = np.flatnonzero(np.diff(values, prepend=-1))
    odd = np.diff(starts, append=values.size) & 1
    return values[starts[odd.astype(np.bool_)]]
