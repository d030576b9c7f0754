"""Columns of values that may be anything, as arrays: what they are, and the numbers among them.

Nearly all files hold nothing but integers, numbers and lists of numbers where they should; such a
column is converted without a look at single values.
"""

import math
from collections.abc import Sequence
from enum import IntEnum
from hashlib import blake2b
from itertools import chain
from typing import Any, Final, NamedTuple

import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from coco_dagster.coco.validation.literals import is_literal
from coco_dagster.encord.run_lengths import Flags, Ints

Floats = NDArray[np.float64]
Kinds = NDArray[np.uint8]

_INT64_MAX: Final = 2**63 - 1
_NUMBERS: Final = {int, float}
# Ids of different COCO objects never meet: multiples of this lie far apart modulo 2^64.
_UNIT_STRIDE: Final = np.uint64(0x9E3779B97F4A7C15)


class Kind(IntEnum):
    """What a value is; texts are told apart among ids alone."""

    INT = 0
    FLOAT = 1
    MISSING = 2
    NULL = 3
    OTHER = 4
    HUGE = 5
    LIST = 6
    OBJECT = 7
    TEXT = 8


_KIND_OF_TYPE: Final = {
    int: Kind.INT,
    float: Kind.FLOAT,
    type(UNSET): Kind.MISSING,
    type(None): Kind.NULL,
    list: Kind.LIST,
    dict: Kind.OBJECT,
}


def kinds_of(values: Sequence[Any]) -> Kinds:
    """What each value is, as a `Kind`; a stand-in for NaN is `OTHER`, as every text is."""
    types = set(map(type, values))
    if len(types) == 1:
        return np.full(len(values), _KIND_OF_TYPE.get(types.pop(), Kind.OTHER), np.uint8)
    other = Kind.OTHER
    return np.array([_KIND_OF_TYPE.get(type(value), other) for value in values], np.uint8)


class Ids(NamedTuple):
    """A column of ids.

    Attributes:
        keys: the same number for the same id; the id itself if it is an int of 64 bits.
        kinds: INT, FLOAT, HUGE (an int beyond 64 bits), MISSING, NULL,
            TEXT or OTHER.
    """

    keys: Ints
    kinds: Kinds

    @property
    def name_something(self) -> Flags:
        """Whether each id is there and not null."""
        flags: Flags = (self.kinds != Kind.MISSING) & (self.kinds != Kind.NULL)
        return flags


def ids_of(values: Sequence[Any]) -> Ids:
    """Ids from what stands in their place."""
    if set(map(type, values)) <= {int}:
        try:
            return Ids(np.array(values, np.int64), np.zeros(len(values), np.uint8))
        except OverflowError:
            pass
    kinds = kinds_of(values)
    kinds[kinds >= Kind.LIST] = Kind.OTHER
    keys = np.empty(len(values), np.int64)
    for place, value in enumerate(values):
        keys[place], is_huge = _key(value)
        if is_huge:
            kinds[place] = Kind.HUGE
        elif isinstance(value, str):
            kinds[place] = Kind.TEXT
    return Ids(keys, kinds)


def _key(value: Any) -> tuple[int, bool]:
    if isinstance(value, int):
        is_huge = not -_INT64_MAX <= value <= _INT64_MAX
        return (_digest(str(value)) if is_huge else value), is_huge
    if not isinstance(value, float):
        return _digest(repr(value)), False
    if value.is_integer() and abs(value) <= _INT64_MAX:
        return int(value), False
    return (-1 if value < 0 else 1) * _digest(repr(value)), False


def _digest(text: str) -> int:
    """A number of 63 bits, not negative, the same in every process, unlike Python's `hash`."""
    digest = blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def within_units(keys: Ints, units: Ints) -> NDArray[np.uint64]:
    """Keys that are equal only where both the key and the unit are."""
    if not units.any():
        return keys.view(np.uint64)
    mixed: NDArray[np.uint64] = keys.view(np.uint64) + units.astype(np.uint64) * _UNIT_STRIDE
    return mixed


class Numbers(NamedTuple):
    """A column of numbers.

    Attributes:
        values: the numbers, nan where there is none.
        kinds: INT, FLOAT (also NaN and what lies beyond doubles), MISSING, NULL or OTHER.
    """

    values: Floats
    kinds: Kinds

    @property
    def are_numbers(self) -> Flags:
        """Whether each value is a number, finite or not."""
        flags: Flags = self.kinds <= Kind.FLOAT
        return flags


def numbers_of(values: Sequence[Any]) -> Numbers:
    """Numbers from what stands in their place."""
    kinds = kinds_of(values)
    if not kinds.any() or set(map(type, values)) <= _NUMBERS:
        try:
            return Numbers(np.array(values, np.float64), kinds)
        except OverflowError:
            pass
    kinds[kinds >= Kind.LIST] = Kind.OTHER
    floats = np.array([_as_float(value) for value in values], np.float64)
    kinds[[is_literal(value) for value in values]] = Kind.FLOAT
    return Numbers(floats, kinds)


def _as_float(value: Any) -> float:
    if type(value) not in _NUMBERS:
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf


class NumberLists(NamedTuple):
    """A column of lists of numbers.

    Attributes:
        flat: the numbers of all lists.
        offsets: list i has the numbers `offsets[i]` up to, not including, `offsets[i + 1]`; a value
            that is not a list of numbers has none.
        kinds: LIST, OTHER (also a list with something else than numbers), OBJECT, MISSING or NULL,
            and INT or FLOAT for a bare number.
        sizes: length of each list, also of those that hold something else than numbers.
    """

    flat: Floats
    offsets: Ints
    kinds: Kinds
    sizes: Ints

    def not_finite(self) -> Flags:
        """Whether each list holds a number that is not finite."""
        found = np.zeros(self.kinds.size, np.bool_)
        where = np.flatnonzero(~np.isfinite(self.flat))
        found[np.searchsorted(self.offsets, where, side="right") - 1] = True
        return found

    @property
    def are_lists(self) -> Flags:
        """Whether each value is a list of numbers."""
        flags: Flags = self.kinds == Kind.LIST
        return flags


def number_lists_of(values: Sequence[Any]) -> NumberLists:
    """Lists of numbers from what stands in their place."""
    kinds = kinds_of(values)
    places = np.flatnonzero(kinds == Kind.LIST)
    given = [values[place] for place in places.tolist()]
    sizes = _scattered(places, list(map(len, given)), len(values))
    flat = _numbers_in(given)
    if flat is not None:
        return NumberLists(flat, _offsets(sizes), kinds, sizes)
    lists = [_as_floats(value) for value in given]
    kinds[places[[numbers is None for numbers in lists]]] = Kind.OTHER
    known = [numbers or [] for numbers in lists]
    flat = np.array(list(chain.from_iterable(known)), np.float64)
    offsets = _offsets(_scattered(places, list(map(len, known)), len(values)))
    return NumberLists(flat, offsets, kinds, sizes)


def _numbers_in(lists: Sequence[list[Any]]) -> Floats | None:
    """The numbers of all lists; None where there is something else in them."""
    flat = list(chain.from_iterable(lists))
    if not set(map(type, flat)) <= _NUMBERS:
        return None
    try:
        return np.array(flat, np.float64)
    except OverflowError:
        return None


def _scattered(places: Ints, numbers: Sequence[int], size: int) -> Ints:
    """Numbers at their places, 0 at all others."""
    column = np.zeros(size, np.int64)
    column[places] = numbers
    return column


def _as_floats(values: list[Any]) -> list[float] | None:
    if not all(type(value) in _NUMBERS or is_literal(value) for value in values):
        return None
    return [_as_float(value) for value in values]


def _offsets(sizes: Ints) -> Ints:
    offsets = np.zeros(sizes.size + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    return offsets


def later_duplicates(keys: NDArray[Any]) -> Ints:
    """Positions, ascending, of keys that an earlier position holds too."""
    if keys.size < 2 or (keys[1:] > keys[:-1]).all():
        return np.zeros(0, np.int64)
    order = np.argsort(keys, kind="stable")
    in_order = keys[order]
    return np.sort(order[1:][in_order[1:] == in_order[:-1]])
