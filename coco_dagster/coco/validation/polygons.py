"""Checks of segmentations that are lists of rings."""

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

import numpy as np

from coco_dagster.coco.validation.boxes import Mark
from coco_dagster.coco.validation.columns import Floats, NumberLists, number_lists_of
from coco_dagster.encord.run_lengths import Flags, Ints

_NO_AREA: Final = 1e-6
_PIXEL: Final = 1.0
_MASK_SHARE: Final = 0.9
_BOX_TOLERANCE: Final = 1e-3


def check_polygons(
    mark: Mark, values: Sequence[Any], are_lists: Flags, boxes: Floats, areas: Floats
) -> None:
    """Checks polygons.

    Args:
        mark: takes the code of a rule and which annotations break it.
        values: `segmentation` of each annotation.
        are_lists: whether it is a list.
        boxes: x, y, width and height of each annotation, nan where unknown.
        areas: `area` of each annotation, nan where unknown.
    """
    size = len(values)
    with_rings = np.flatnonzero(are_lists)
    segmentations = [values[place] for place in with_rings.tolist()]
    counts = np.array(list(map(len, segmentations)), np.int64)
    empty = np.zeros(size, np.bool_)
    empty[with_rings[counts == 0]] = True
    mark("segmentation_empty", empty)
    owners = np.repeat(with_rings, counts)
    if not owners.size:
        return
    rings: list[Any] = list(chain.from_iterable(segmentations))
    lists = number_lists_of(rings)
    faults = _ring_faults(rings, lists)
    for code, faulty in faults.items():
        broken = np.zeros(size, np.bool_)
        broken[owners[faulty]] = True
        mark(code, broken)
    mark("polygon_multi_part", np.bincount(owners[lists.are_lists], minlength=size) > 1)
    sound = ~np.logical_or.reduce(list(faults.values()))
    if sound.any():
        whole = np.ones(size, np.bool_)
        whole[owners[~sound]] = False
        _mark_outlines(mark, _outlines(lists, owners, sound), whole, boxes, areas)


def _ring_faults(rings: Sequence[Any], lists: NumberLists) -> dict[str, Flags]:
    """Code of each rule that rings can break → which of them do."""
    are_lists, sizes = lists.are_lists, lists.sizes
    faults = {
        "polygon_empty": are_lists & (sizes == 0),
        "polygon_point": are_lists & (sizes == 2),
        "polygon_four_coordinates": are_lists & (sizes == 4),
        "polygon_odd_coordinates": are_lists & (sizes % 2 == 1),
        "coordinates_not_finite": lists.not_finite(),
    }
    for code in ("segmentation_malformed", "coordinates_null", "coordinates_not_numbers"):
        faults[code] = np.zeros(len(rings), np.bool_)
    for place in np.flatnonzero(~are_lists).tolist():
        faults[_fault_of(rings[place])][place] = True
    return faults


def _fault_of(ring: Any) -> str:
    """What is wrong with a ring that is no list of numbers."""
    if not isinstance(ring, list) or any(isinstance(value, list) for value in ring):
        return "segmentation_malformed"
    return "coordinates_null" if None in ring else "coordinates_not_numbers"


class _Outlines(NamedTuple):
    """Rings of at least three points with finite coordinates.

    Attributes:
        points: x and y of all points.
        offsets: ring i has the points `offsets[i]` up to, not including, `offsets[i + 1]`.
        owners: annotation of each ring, ascending.
    """

    points: Floats
    offsets: Ints
    owners: Ints


def _outlines(lists: NumberLists, owners: Ints, sound: Flags) -> _Outlines:
    held = np.diff(lists.offsets)
    flat = lists.flat if sound.all() else lists.flat[np.repeat(sound, held)]
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(held[sound] // 2)))
    return _Outlines(flat.reshape(-1, 2), offsets, owners[sound])


@np.errstate(over="ignore", invalid="ignore")
def _mark_outlines(
    mark: Mark, outlines: _Outlines, whole: Flags, boxes: Floats, areas: Floats
) -> None:
    size = whole.size
    starts = outlines.offsets[:-1]
    low = np.minimum.reduceat(outlines.points, starts)
    high = np.maximum.reduceat(outlines.points, starts)
    _mark_beyond_box(mark, outlines.owners, low, high, boxes)
    drawn = np.bincount(outlines.owners, np.abs(_shoelace(outlines)), size)
    has_outline = np.bincount(outlines.owners, minlength=size) > 0
    box_areas = boxes[:, 2] * boxes[:, 3]
    seems_empty = has_outline & whole & ~(drawn > _NO_AREA)
    is_of_box = has_outline & (np.abs(areas - box_areas) <= _BOX_TOLERANCE * box_areas)
    seems_smaller = is_of_box & (drawn < _MASK_SHARE * box_areas)
    # The formula takes rings that cross themselves for smaller than they are.
    doubtful = seems_empty | seems_smaller
    if doubtful.any():
        drawn[doubtful] = _exact_areas(outlines, doubtful)
    mark("polygon_without_area", seems_empty & ~(drawn > _NO_AREA))
    is_smaller = seems_smaller & (drawn < _MASK_SHARE * box_areas)
    mark("area_of_bbox", is_smaller & (drawn > _NO_AREA))
    several = (np.bincount(outlines.owners, minlength=size) > 1)[outlines.owners]
    if several.any():
        from coco_dagster.coco.validation.nested_rings import has_nested_rings

        nested = np.zeros(size, np.bool_)
        nested[has_nested_rings(*_chosen(outlines, several), low[several], high[several])] = True
        mark("ring_inside_ring", nested)


def _mark_beyond_box(mark: Mark, owners: Ints, low: Floats, high: Floats, boxes: Floats) -> None:
    corner = boxes[owners, :2]
    opposite = corner + boxes[owners, 2:]
    beyond = ((low < corner - _PIXEL) | (high > opposite + _PIXEL)).any(axis=1)
    broken = np.zeros(len(boxes), np.bool_)
    broken[owners[beyond]] = True
    # A box without sides is a defect of its own.
    mark("segmentation_outside_bbox", broken & (boxes[:, 2] > 0) & (boxes[:, 3] > 0))


def _shoelace(outlines: _Outlines) -> Floats:
    """Signed area of each ring, in square pixels."""
    starts = outlines.offsets[:-1]
    points = outlines.points - np.repeat(outlines.points[starts], np.diff(outlines.offsets), axis=0)
    following = np.arange(1, len(points) + 1)
    following[outlines.offsets[1:] - 1] = starts
    x, y = points.T
    areas: Floats = np.add.reduceat(x * y[following] - x[following] * y, starts) / 2
    return areas


def _chosen(outlines: _Outlines, rings: Flags) -> _Outlines:
    sizes = np.diff(outlines.offsets)
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes[rings])))
    return _Outlines(outlines.points[np.repeat(rings, sizes)], offsets, outlines.owners[rings])


def _exact_areas(outlines: _Outlines, annotations: Flags) -> Floats:
    """Area of the united rings of some annotations."""
    # Few files need them, and they bring polars and GEOS with them.
    from coco_dagster.coco.areas import region_areas
    from coco_dagster.coco.rings import Rings

    points, ring_offsets, owners = _chosen(outlines, annotations[outlines.owners])
    counts = np.bincount(owners, minlength=annotations.size)[annotations]
    polygons = np.arange(owners.size + 1)
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
    return region_areas(Rings(points, ring_offsets, polygons, offsets))
