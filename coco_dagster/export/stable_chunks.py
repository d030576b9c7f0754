"""Chunks of a source that stay as they are while other label rows change.

Where a chunk ends follows from the label rows themselves: after each row a number made from its
place in the source is compared with its length, so that a chunk ends there with a chance of its
length by the mean length of a chunk. A row that changes, and rows that are added at the end or in
other files, leave all other chunks as they are; so the parts made of them can be used again.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from coco_dagster.encord.source_chunks import Segment, SourceChunk

_MEAN_SHARE: Final = 4
"""A chunk is at most this many times as long as one is on average."""

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX: Final = ((30, np.uint64(0xBF58476D1CE4E5B9)), (27, np.uint64(0x94D049BB133111EB)))


class StableChunk(Struct, frozen=True):
    """A chunk of a source.

    Attributes:
        chunk: its label rows.
        read_out: spool files that no later chunk needs.
    """

    chunk: SourceChunk
    read_out: tuple[str, ...] = ()


def stable_chunks(chunks: Iterable[SourceChunk], most_bytes: int) -> Iterator[StableChunk]:
    """Divide a source anew.

    Args:
        chunks: the source, divided in whatever way; their spool files are kept until they are
            read out.
        most_bytes: length of a chunk at most, but for a single longer row; the mean is a quarter.
    """
    gathering = _Gathering(most_bytes)
    done: list[str] = []
    for chunk in chunks:
        for segment in chunk.segments:
            for finished in gathering.add(segment):
                yield StableChunk(finished, tuple(done))
                done = []
        if chunk.spool_file is not None:
            done.append(chunk.spool_file)
    last = gathering.rest()
    if last is not None:
        yield StableChunk(last, tuple(done))


def chunks_of_keys(
    chunks: Sequence[tuple[SourceChunk, Sequence[str]]], keys: Iterable[str], most_bytes: int
) -> dict[str, list[SourceChunk]]:
    """Divide the label rows of some partitions, each for itself.

    Args:
        chunks: the source, with the key of each label row.
        keys: the partitions.
        most_bytes: as in `stable_chunks`.
    """
    gatherings = {key: _Gathering(most_bytes) for key in keys}
    found: dict[str, list[SourceChunk]] = {key: [] for key in gatherings}
    for chunk, keys_of_rows in chunks:
        start = 0
        for segment in chunk.segments:
            own = keys_of_rows[start : start + len(segment.starts)]
            start += len(own)
            for first, end in _runs(own):
                if own[first] in gatherings:
                    piece = _rows_of(segment, first, end)
                    found[own[first]] += gatherings[own[first]].add(piece)
    for key, gathering in gatherings.items():
        last = gathering.rest()
        found[key] += [last] if last is not None else []
    return found


class _Gathering:
    """The chunk that is being put together."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._index = 0
        self._length = 0
        self._segments: list[Segment] = []

    def add(self, segment: Segment) -> Iterator[SourceChunk]:
        """Add label rows; yields the chunks that they end."""
        ends = np.flatnonzero(_ends_chunk(segment, self._most)) + 1
        start = 0
        for end in (*ends.tolist(), len(segment.starts)):
            while start < end:
                fitting = self._fitting(segment, start, end)
                if fitting > start:
                    self._segments.append(_rows_of(segment, start, fitting))
                    self._length += self._segments[-1].length
                    start = fitting
                if start < end:
                    yield self._chunk()
            if self._segments and end in ends:
                yield self._chunk()

    def rest(self) -> SourceChunk | None:
        """What is left."""
        return self._chunk() if self._segments else None

    def _fitting(self, segment: Segment, start: int, end: int) -> int:
        """End of the rows that still fit; at least one fits into an empty chunk."""
        room = self._most - self._length
        reach = np.asarray(segment.starts)[start:end] + np.asarray(segment.lengths)[start:end]
        fitting = start + int(np.searchsorted(reach - segment.starts[start], room, side="right"))
        return max(fitting, start + 1) if not self._segments else fitting

    def _chunk(self) -> SourceChunk:
        chunk = SourceChunk(self._index, tuple(self._segments))
        self._index += 1
        self._length, self._segments = 0, []
        return chunk


def _ends_chunk(segment: Segment, most_bytes: int) -> NDArray[np.bool_]:
    """Whether a chunk ends after each row, which its place and the scale of its length decide."""
    mean = max(1, most_bytes // _MEAN_SHARE)
    _, exponents = np.frexp(np.asarray(segment.lengths, np.float64))
    chance = np.minimum(np.ldexp(1.0, exponents - 1) / mean, 1.0)
    ends: NDArray[np.bool_] = _numbers(segment) < chance
    return ends


def _numbers(segment: Segment) -> NDArray[np.float64]:
    """A number from 0 to 1 for each row, from its file and its position in it (SplitMix64)."""
    seed = np.frombuffer(sha256(segment.source_file.encode()).digest()[:8], "<u8")[0]
    first = segment.first_index
    rows = np.arange(first, first + len(segment.starts), dtype=np.uint64)
    with np.errstate(over="ignore"):
        mixed = seed + (rows + np.uint64(1)) * _GOLDEN
        for shift, factor in _MIX:
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * factor
        mixed ^= mixed >> np.uint64(31)
    numbers: NDArray[np.float64] = mixed.astype(np.float64) / 2.0**64
    return numbers


def _rows_of(segment: Segment, first: int, end: int) -> Segment:
    """Some consecutive rows of a segment."""
    if first == 0 and end == len(segment.starts):
        return segment
    offset = segment.starts[first]
    return Segment(
        path=segment.path,
        stamp=segment.stamp,
        offset=segment.offset + offset,
        length=segment.starts[end - 1] + segment.lengths[end - 1] - offset,
        starts=array("Q", [start - offset for start in segment.starts[first:end]]),
        lengths=segment.lengths[first:end],
        source_file=segment.source_file,
        first_index=segment.first_index + first,
    )


def _runs(keys: Sequence[str]) -> Iterator[tuple[int, int]]:
    """First and end of each run of equal keys."""
    start = 0
    for position in range(1, len(keys) + 1):
        if position == len(keys) or keys[position] != keys[start]:
            yield start, position
            start = position
