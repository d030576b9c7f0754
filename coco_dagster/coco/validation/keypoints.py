"""Checks of `keypoints` and `num_keypoints`."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from coco_dagster.coco.validation.boxes import Mark
from coco_dagster.coco.validation.columns import Kind, NumberLists, number_lists_of, numbers_of
from coco_dagster.encord.run_lengths import Flags, ragged_arange, span_sums

NO_KEYPOINTS: Final = 0xFFFF
BAD_KEYPOINTS: Final = 0xFFFE
_LONGEST: Final = 0xFFFD
_PER_POINT: Final = 3


class Keypoints(NamedTuple):
    """Keypoints of annotations.

    Attributes:
        lengths: how many numbers each has, at most 65533; `NO_KEYPOINTS` where it has no such key
            or null, `BAD_KEYPOINTS` where they are no list of numbers.
        not_finite: whether they hold a number that is not finite.
    """

    lengths: NDArray[np.uint16]
    not_finite: Flags


def check_keypoints(mark: Mark, values: Sequence[Any], counts: Sequence[Any]) -> Keypoints:
    """Checks keypoints.

    Args:
        mark: takes the code of a rule and which annotations break it.
        values: `keypoints` of each annotation.
        counts: `num_keypoints` of each annotation.
    """
    size = len(values)
    if set(map(type, values)) | set(map(type, counts)) == {type(UNSET)}:
        return Keypoints(np.full(size, NO_KEYPOINTS, np.uint16), np.zeros(size, np.bool_))
    lists = number_lists_of(values)
    missing, null = lists.kinds == Kind.MISSING, lists.kinds == Kind.NULL
    mark("keypoints_null", null)
    mark("keypoints_malformed", ~(missing | null | lists.are_lists))
    labelled = _check_visibility(mark, lists)
    numbers = numbers_of(counts)
    mark("num_keypoints_missing", lists.are_lists & (numbers.kinds == Kind.MISSING))
    mark("num_keypoints_null", numbers.kinds == Kind.NULL)
    mark("num_keypoints_not_int", np.isin(numbers.kinds, (Kind.FLOAT, Kind.OTHER)))
    is_told = lists.are_lists & (numbers.kinds == Kind.INT)
    mark("num_keypoints_differs", is_told & (numbers.values != labelled))
    lengths = np.minimum(lists.sizes, _LONGEST).astype(np.uint16)
    lengths[~lists.are_lists] = BAD_KEYPOINTS
    lengths[missing | null] = NO_KEYPOINTS
    return Keypoints(lengths, lists.not_finite())


def _check_visibility(mark: Mark, lists: NumberLists) -> NDArray[np.int64]:
    """Checks visibilities and returns the number of labelled keypoints of each annotation."""
    is_visibility = ragged_arange(np.diff(lists.offsets)) % _PER_POINT == _PER_POINT - 1
    unknown = is_visibility & ~np.isin(lists.flat, (0.0, 1.0, 2.0)) & np.isfinite(lists.flat)
    mark("keypoints_visibility", span_sums(unknown.astype(np.int64), lists.offsets) > 0)
    with np.errstate(invalid="ignore"):
        labelled = is_visibility & (lists.flat > 0)
    return span_sums(labelled.astype(np.int64), lists.offsets)


def are_wrong_lengths(lengths: NDArray[np.uint16], templates: NDArray[np.int64]) -> Flags:
    """Whether keypoints are not x, y, v of each keypoint of their category.

    Args:
        lengths: as in `Keypoints`.
        templates: number of keypoints of each category, -1 where it lists none.
    """
    are_lists = lengths <= _LONGEST
    is_whole = (lengths % _PER_POINT == 0) & (lengths > 0)
    wrong: Flags = are_lists & np.where(
        templates >= 0, lengths.astype(np.int64) != _PER_POINT * templates, ~is_whole
    )
    return wrong
