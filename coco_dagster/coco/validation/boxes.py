"""Checks of `bbox`, `area`, `iscrowd` and `ignore`."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from msgspec import UNSET

from coco_dagster.coco.validation.columns import (
    Floats,
    Kind,
    Numbers,
    number_lists_of,
    numbers_of,
)
from coco_dagster.coco.validation.images import ImageFacts
from coco_dagster.encord.run_lengths import Flags

Mark = Callable[[str, Flags], None]

_PIXEL = 1.0


class Boxes(NamedTuple):
    """Boxes of annotations.

    Attributes:
        values: x, y, width and height of each, nan where it has none that can be used.
        not_finite: whether a box holds a number that is not finite.
    """

    values: Floats
    not_finite: Flags


def check_boxes(mark: Mark, values: Sequence[Any], images: ImageFacts) -> Boxes:
    """Checks boxes.

    Args:
        mark: takes the code of a rule and which annotations break it.
        values: `bbox` of each annotation.
        images: their images.
    """
    lists = number_lists_of(values)
    missing, null = lists.kinds == Kind.MISSING, lists.kinds == Kind.NULL
    is_box = lists.are_lists & (lists.sizes == 4)
    mark("bbox_missing", missing)
    mark("bbox_null", null)
    mark("bbox_malformed", ~(missing | null | is_box))
    boxes = np.full((len(values), 4), np.nan)
    boxes[is_box] = lists.flat[lists.offsets[:-1][is_box, None] + np.arange(4)]
    not_finite = is_box & ~np.isfinite(boxes).all(axis=1)
    boxes[not_finite] = np.nan
    # Comparisons with what is unknown are false.
    with np.errstate(invalid="ignore", over="ignore"):
        _mark_sides(mark, boxes, images)
    return Boxes(boxes, not_finite)


def _mark_sides(mark: Mark, boxes: Floats, images: ImageFacts) -> None:
    x, y, width, height = boxes.T
    negative = (width < 0) | (height < 0)
    zero = ((width == 0) | (height == 0)) & ~negative
    has_sides = (width > 0) & (height > 0)
    outside = (x >= images.widths) | (y >= images.heights) | (x + width <= 0) | (y + height <= 0)
    outside &= has_sides & np.isfinite(images.widths)
    beyond = (x < -_PIXEL) | (y < -_PIXEL)
    beyond |= (x + width > images.widths + _PIXEL) | (y + height > images.heights + _PIXEL)
    mark("bbox_negative_side", negative)
    mark("bbox_zero_side", zero)
    mark("bbox_below_one_pixel", has_sides & ((width < _PIXEL) | (height < _PIXEL)))
    mark("bbox_outside_image", outside)
    mark("bbox_beyond_image", has_sides & beyond & ~outside & np.isfinite(images.widths))


def check_areas(mark: Mark, values: Sequence[Any]) -> Numbers:
    """Checks `area` of each annotation; those that are no numbers become nan."""
    areas = numbers_of(values)
    mark("area_missing", areas.kinds == Kind.MISSING)
    mark("area_null", areas.kinds == Kind.NULL)
    mark("area_not_number", areas.kinds > Kind.NULL)
    with np.errstate(invalid="ignore"):
        mark("area_zero", areas.values == 0)
        mark("area_negative", areas.values < 0)
    return areas


def check_crowds(mark: Mark, values: Sequence[Any], are_rle: Flags) -> Flags:
    """Checks `iscrowd`.

    Args:
        mark: takes the code of a rule and which annotations break it.
        values: `iscrowd` of each annotation.
        are_rle: whether its segmentation is run-length encoded.

    Returns:
        Whether each is a crowd.
    """
    numbers = numbers_of(values)
    are_bools = numbers.kinds == Kind.OTHER
    if are_bools.any():
        are_bools &= np.array([type(value) is bool for value in values])
    mark("iscrowd_missing", numbers.kinds == Kind.MISSING)
    mark("iscrowd_null", numbers.kinds == Kind.NULL)
    mark("iscrowd_float", numbers.kinds == Kind.FLOAT)
    mark("iscrowd_not_number", (numbers.kinds == Kind.OTHER) & ~are_bools)
    are_crowds: Flags = np.nan_to_num(numbers.values) != 0
    for place in np.flatnonzero(are_bools).tolist():
        are_crowds[place] = values[place]
    mark("rle_iscrowd_1", are_crowds & are_rle)
    mark("polygon_iscrowd_1", are_crowds & ~are_rle)
    return are_crowds


def check_ignore(mark: Mark, values: Sequence[Any]) -> None:
    """Checks that `ignore` is not set."""
    if set(map(type, values)) != {type(UNSET)}:
        mark("ignore_set", np.array([value is not UNSET and bool(value) for value in values]))
