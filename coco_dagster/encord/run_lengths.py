"""COCO's compressed run-length strings, both ways, for many masks at once.

The string is that of `rleToString` in cocoapi's `maskApi.c`: lengths of alternating runs of zeros
and ones, zeros first; from the fourth run on a number is stored as its difference to the run two
before; a number is cut into groups of five bits, lowest first, in two's complement; a group is
one character from `0` (48) to `o` (111) whose sixth bit says that another group follows.

The strings are one Arrow array, the runs of all masks one flat array with offsets. Encord uses
this text over rows, COCO over columns; this module does not care.
"""

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

CACHED_CHARS: Final = 2**16
"""Length of the strings to work on at a time: what fits a processor's cache is twice as fast."""

_FIRST_CHAR: Final = 48
_LAST_CHAR: Final = 111
_CONTINUES: Final = 0x20
_PAYLOAD: Final = 0x1F
_SIGN: Final = 0x10
_MAX_GROUPS: Final = 12
# Far above any grid, and far below where sums over a whole batch would leave 64 bits.
_MAX_DELTA: Final = 2**36
_MAX_RUN: Final = 2**31


class Runs(Struct, frozen=True):
    """Run lengths of many masks.

    Attributes:
        counts: lengths of all runs, zeros first in each mask; all 0 where a mask is not valid.
        offsets: mask i has the runs `offsets[i]` up to, not including, `offsets[i + 1]`.
        valid: whether the string of mask i was a run-length encoding.
    """

    counts: Ints
    offsets: Ints
    valid: Flags

    def totals(self) -> Ints:
        """Pixels that the runs of each mask cover, ones and zeros."""
        return span_sums(self.counts, self.offsets)

    def ones(self) -> tuple[Ints, Ints, Ints]:
        """The runs of ones: mask index, first pixel, and the pixel after the last."""
        sizes = np.diff(self.offsets)
        ends = np.cumsum(self.counts)
        before = np.concatenate(([0], ends))[self.offsets[:-1]]
        mask = np.repeat(np.arange(sizes.size), sizes // 2)
        run = self.offsets[mask] + 1 + 2 * ragged_arange(sizes // 2)
        stop = ends[run] - before[mask]
        return mask, stop - self.counts[run], stop


def ragged_arange(sizes: Ints) -> Ints:
    """0, 1, …, size - 1 for each size in turn, in one array."""
    offsets = np.cumsum(sizes) - sizes
    return np.arange(int(sizes.sum()), dtype=np.int64) - np.repeat(offsets, sizes)


def span_sums(values: Ints, offsets: Ints) -> Ints:
    """Sum of the values between each two neighbouring offsets; 0 where there are none."""
    sums = np.concatenate((np.zeros(1, np.int64), np.cumsum(values, dtype=np.int64)))
    return sums[offsets[1:]] - sums[offsets[:-1]]


def owner_sums(owner: Ints, values: Ints, owners: int) -> Ints:
    """Sum of the values of each owner, owners being numbered from 0; sums stay below 2^53."""
    return np.bincount(owner, values, owners).astype(np.int64)


def bounded_batches(costs: Ints, limit: int) -> Iterator[slice]:
    """Slices that cover all items in order; the costs of one add up to the limit or little more.

    Args:
        costs: cost of each item, not negative.
        limit: what the costs of one slice may reach; its last item may exceed it.
    """
    if costs.size == 0:
        return
    bucket = (np.cumsum(costs) - costs) // limit
    starts = np.flatnonzero(np.diff(bucket, prepend=-1))
    for start, stop in zip(starts, [*starts[1:], costs.size], strict=True):
        yield slice(int(start), int(stop))


def rle_array(rle: pa.Array | Sequence[str]) -> pa.Array:
    """Run-length strings as one Arrow array of large binaries, without copying where possible."""
    array = rle if isinstance(rle, pa.Array) else pa.array(rle, pa.large_string())
    return array if array.type == pa.large_binary() else array.cast(pa.large_binary())


def _chars(array: pa.Array) -> tuple[NDArray[np.uint8], Ints]:
    """All characters in a row, and the offsets of the strings, starting at 0."""
    if len(array) == 0:
        return np.zeros(0, np.uint8), np.zeros(1, np.int64)
    _, offset_buffer, data = array.buffers()
    offsets = np.frombuffer(offset_buffer, np.int64, len(array) + 1, array.offset * 8)
    size = int(offsets[-1] - offsets[0])
    if size == 0:
        return np.zeros(0, np.uint8), np.zeros(len(array) + 1, np.int64)
    return np.frombuffer(data, np.uint8, size, int(offsets[0])), offsets - offsets[0]


def string_sizes(array: pa.Array) -> Ints:
    """Length of each string of an array that `rle_array` made."""
    return np.diff(_chars(array)[1])


def _any_per_mask(where: Ints, offsets: Ints) -> Flags:
    """Whether one of the given positions lies between a mask's offsets."""
    hit = np.zeros(offsets.size - 1, np.bool_)
    hit[np.searchsorted(offsets, where, side="right") - 1] = True
    return hit


def decode_counts(rle: pa.Array | Sequence[str]) -> Runs:
    """Run lengths of compressed strings.

    A string is not valid if it holds a character outside `0` … `o`, ends within a number, has a
    number of more than 60 bits or a run of negative length. An empty string is valid: no runs.
    Runs above 2^31 are cut to that, which is longer than any grid.

    Args:
        rle: one string per mask; null is not valid.
    """
    array = rle_array(rle)
    chars, char_offsets = _chars(array)
    code = chars - np.uint8(_FIRST_CHAR)
    ends = (code & _CONTINUES) == 0
    last = char_offsets[1:][np.diff(char_offsets) > 0] - 1
    cut_off = last[~ends[last]]
    # A number never reaches into the next mask, whatever its last character says.
    ends[last] = True
    invalid = _any_per_mask(np.flatnonzero(code > _LAST_CHAR - _FIRST_CHAR), char_offsets)
    invalid |= _any_per_mask(cut_off, char_offsets)
    if array.null_count:
        invalid |= array.is_null().to_numpy(zero_copy_only=False)

    stops = np.flatnonzero(ends) + 1
    offsets = np.searchsorted(stops, char_offsets, side="left")
    offsets[1:] = np.searchsorted(stops, char_offsets[1:], side="right")
    starts = np.concatenate(([0], stops[:-1])) if stops.size else stops
    deltas, oversized = _numbers(code, starts, stops - starts)
    invalid |= _any_per_mask(oversized, offsets)
    counts = np.minimum(_add_earlier(deltas, offsets), _MAX_RUN)
    invalid |= _any_per_mask(np.flatnonzero(counts < 0), offsets)
    if invalid.any():
        counts[np.repeat(invalid, np.diff(offsets))] = 0
    return Runs(counts, offsets, ~invalid)


def _numbers(code: NDArray[np.uint8], starts: Ints, sizes: Ints) -> tuple[Ints, Ints]:
    """Signed numbers from their groups of five bits; and the positions of oversized ones."""
    last = code[starts + sizes - 1] if starts.size else code
    # The sign is the top payload bit of a number's last group.
    negative = (last & _SIGN) != 0
    values = np.where(negative, np.left_shift(np.int64(-1), 5 * np.minimum(sizes, _MAX_GROUPS)), 0)
    for group in range(min(int(sizes.max(initial=0)), _MAX_GROUPS)):
        chosen = np.flatnonzero(sizes > group) if group else slice(None)
        payload = (code[starts[chosen] + group] & _PAYLOAD).astype(np.int64)
        values[chosen] |= payload << (5 * group)
    return np.clip(values, -_MAX_DELTA, _MAX_DELTA), np.flatnonzero(sizes > _MAX_GROUPS)


def _add_earlier(deltas: Ints, offsets: Ints) -> Ints:
    """Undo the differences to the run two before: two interleaved running sums per mask."""
    if deltas.size == 0:
        return deltas
    counts = np.empty_like(deltas)
    starts = offsets[:-1]
    for parity in (0, 1):
        sums = np.cumsum(deltas[parity::2])
        # What the sum had reached: of the chain of the first run with that run, which stands
        # alone; of the other chain before the mask.
        latest = np.minimum((starts - parity) // 2 + 1, sums.size)
        reached = np.concatenate((np.zeros(1, np.int64), sums))[latest]
        sizes = np.diff((offsets - parity + 1) // 2)
        counts[parity::2] = sums - np.repeat(reached, sizes)
    first = starts[np.diff(offsets) > 0]
    counts[first] = deltas[first]
    return counts


def encode_counts(counts: Ints, offsets: Ints) -> pa.Array:
    """Compressed strings of run lengths, byte for byte as pycocotools writes them.

    Args:
        counts: lengths of all runs, zeros first in each mask.
        offsets: mask i has the runs `offsets[i]` up to, not including, `offsets[i + 1]`.

    Returns:
        A `large_string` array with one string per mask.
    """
    values = counts.astype(np.int64)
    values[2:] -= counts[:-2]
    for place in range(3):
        whole = offsets[:-1][np.diff(offsets) > place] + place
        values[whole] = counts[whole]
    # Group g holds the bits from 5·g; what comes after it is needed until only the sign is left.
    magnitude = np.where(values < 0, ~values, values)
    groups = np.ones(values.size, np.int64)
    for group in range(1, _MAX_GROUPS):
        longer = magnitude >= np.int64(1) << (5 * group - 1)
        if not longer.any():
            break
        groups += longer
    stops = np.cumsum(groups)
    chars = np.empty(int(stops[-1]) if stops.size else 0, np.uint8)
    for group in range(int(groups.max(initial=0))):
        chosen = np.flatnonzero(groups > group) if group else slice(None)
        size = groups[chosen]
        more = np.where(size - 1 > group, _CONTINUES, 0)
        payload = (values[chosen] >> (5 * group)) & _PAYLOAD
        chars[stops[chosen] - size + group] = payload + more + _FIRST_CHAR
    char_offsets = np.concatenate((np.zeros(1, np.int64), stops))[offsets]
    buffers = [None, pa.py_buffer(char_offsets), pa.py_buffer(chars)]
    return pa.Array.from_buffers(pa.large_string(), offsets.size - 1, buffers)
