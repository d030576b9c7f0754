"""Which frames lie in which ranges, without ever spelling a range out."""

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]

_FIRST: Final = 0
_LAST: Final = 2**62


def frames_in_ranges(frames: pl.DataFrame, ranges: pl.DataFrame) -> tuple[Ints, Ints]:
    """Every pair of a range and a frame that lies in it.

    Args:
        frames: `group` (an int: the track or file that the frame belongs to), `frame`, `data_hash`.
        ranges: `group` (the track or file in which it counts), `frame_from` and `frame_to`, both
            inclusive (null: from the first, to the last), and `data_hash` (null: of any file).

    Returns:
        Position of the range, in ascending order, and position of the frame.
    """
    index = _FrameIndex(ints(frames["group"]), ints(frames["frame"]))
    which, places = index.covered(
        ints(ranges["group"]),
        ints(ranges["frame_from"].fill_null(_FIRST)),
        ints(ranges["frame_to"].fill_null(_LAST)),
    )
    if ranges["data_hash"].null_count() == ranges.height:
        return which, places
    file = ranges["data_hash"].gather(which)
    counts = (file.is_null() | (file == frames["data_hash"].gather(places))).to_numpy()
    return which[counts], places[counts]


class _FrameIndex:
    """Frames ordered by group and number, so that a range finds those that it covers."""

    def __init__(self, groups: Ints, frames: Ints) -> None:
        self._frames = np.unique(frames)
        keys = groups * len(self._frames) + np.searchsorted(self._frames, frames)
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]

    def covered(self, groups: Ints, first: Ints, last: Ints) -> tuple[Ints, Ints]:
        bases = groups * len(self._frames)
        start = np.searchsorted(self._keys, bases + np.searchsorted(self._frames, first))
        after = bases + np.searchsorted(self._frames, last, side="right")
        counts = np.maximum(np.searchsorted(self._keys, after) - start, 0)
        which = np.repeat(np.arange(len(groups)), counts)
        return which, self._order[start[which] + positions_within(counts)]


def positions_within(counts: Ints) -> Ints:
    """0, 1, … within each of the groups that have these sizes: 2, 3 → 0, 1, 0, 1, 2."""
    ends = np.cumsum(counts)
    return np.arange(counts.sum()) - np.repeat(ends - counts, counts)


def ints(column: pl.Series) -> Ints:
    """The numbers of a column without nulls."""
    return column.to_numpy().astype(np.int64, copy=False)
