"""Areas of outlines as the even-odd rule sees them, however they are drawn.

A point lies in a ring if a line from it to infinity crosses the ring an odd number of times, in a
polygon if it lies in the outer ring and in none of the holes, in an annotation if it lies in one
of its polygons. Most rings never cross themselves, and the shoelace formula gives their area; only
what a cheap test cannot tell goes to GEOS.
"""

from typing import Final

import numpy as np
import shapely

from coco_dagster.coco.crossings import crossing_often
from coco_dagster.coco.regions import Geometries, are_valid, faces_inside, shapely_polygons
from coco_dagster.coco.rings import Floats, Rings, offsets_of, reduce_spans
from coco_dagster.encord.run_lengths import Flags, Ints, ragged_arange

_EPSILON: Final = float(np.finfo(np.float64).eps)
_MAX_PAIRED_POLYGONS: Final = 16
_BOXES: Final = 256


# GEOS raises flags of the processor for coordinates that no image has; its answers hold.
@np.errstate(all="ignore")
def region_areas(rings: Rings, max_crossings: int | None = None) -> Floats:
    """Area of each annotation, in square pixels: of the union of its polygons without their holes.

    Args:
        rings: outlines whose rings have at least three points.
        max_crossings: how often the outlines of an annotation may cross; its area is NaN where
            they do so more often. None: any number of times, in any time that it takes.
    """
    if rings.ring_offsets.size == 1:
        return np.zeros(rings.annotation_offsets.size - 1)
    ring_areas, star_shaped = _shoelace(rings)
    polygon_areas = _polygon_areas(ring_areas, rings)
    crossed = ~are_valid(rings, star_shaped)
    overlapping = _overlapping(rings)
    if max_crossings is not None and (crossed.any() or overlapping.any()):
        suspects = overlapping | reduce_spans(np.logical_or, crossed, rings.annotation_offsets)
        tangled = crossing_often(rings, suspects, max_crossings)
        if tangled.any():
            areas = np.full(tangled.size, np.nan)
            areas[~tangled] = region_areas(rings.where(~tangled))
            return areas
    faces, owner = faces_inside(rings.where_polygon(crossed))
    polygon_areas[crossed] = np.bincount(owner, shapely.area(faces), int(np.count_nonzero(crossed)))
    areas = reduce_spans(np.add, polygon_areas, rings.annotation_offsets)
    if overlapping.any():
        face_polygon = np.flatnonzero(crossed)[owner]
        areas[overlapping] = _union_areas(rings, overlapping, ~crossed, faces, face_polygon)
    return areas


def _shoelace(rings: Rings) -> tuple[Floats, Flags]:
    """Area of each ring that does not cross itself, and whether it is seen to be star-shaped.

    From the mean of its points, a star-shaped ring turns in one direction only, and once around;
    it cannot cross itself.
    """
    sizes = np.diff(rings.ring_offsets)
    starts, last = rings.ring_offsets[:-1], rings.ring_offsets[1:] - 1

    def from_centre(axis: int) -> tuple[Floats, Floats]:
        """Distance of each point, and of its successor, to the centre along an axis."""
        values = rings.points[:, axis].copy()
        values -= np.repeat(np.add.reduceat(values, starts) / sizes, sizes)
        successors = np.empty_like(values)
        successors[:-1] = values[1:]
        successors[last] = values[starts]
        return values, successors

    x, next_x = from_centre(0)
    y, next_y = from_centre(1)
    rises = np.add.reduceat((y < 0) & (next_y >= 0), starts, dtype=np.int64)
    next_y *= x
    next_x *= y
    turns = np.subtract(next_y, next_x, out=next_y)
    one_way = (np.minimum.reduceat(turns, starts) > 0) | (np.maximum.reduceat(turns, starts) < 0)
    areas = np.abs(np.add.reduceat(turns, starts)) / 2
    areas[_without_area(rings, areas)] = 0
    return areas, one_way & (rises == 1)


def _without_area(rings: Rings, areas: Floats) -> Ints:
    """Rings whose area is no more than what the rounding of their coordinates can make up."""
    noise = 4 * _EPSILON * np.diff(rings.ring_offsets)
    farthest = np.abs(rings.points).max()
    small = areas <= noise * (2 * farthest * farthest)
    if not small.any():
        return np.flatnonzero(small)
    ring = np.repeat(small, np.diff(rings.ring_offsets))
    points, offsets = rings.points[ring], offsets_of(np.diff(rings.ring_offsets)[small])
    low = np.minimum.reduceat(points, offsets[:-1], axis=0)
    high = np.maximum.reduceat(points, offsets[:-1], axis=0)
    size, far = (high - low).max(axis=1), np.maximum(np.abs(low), np.abs(high)).max(axis=1)
    without_area: Flags = areas[small] <= noise[small] * size * far
    return np.flatnonzero(small)[without_area]


def _polygon_areas(ring_areas: Floats, rings: Rings) -> Floats:
    """Area of each polygon, as long as its rings cross neither themselves nor each other."""
    outer = rings.polygon_offsets[:-1]
    areas: Floats = 2 * ring_areas[outer] - np.add.reduceat(ring_areas, outer)
    return areas


def _overlapping(rings: Rings) -> Flags:
    """Annotations of which some polygons may overlap, since their bounds do."""
    polygons = np.diff(rings.annotation_offsets)
    overlapping = polygons > _MAX_PAIRED_POLYGONS
    several = np.flatnonzero((polygons > 1) & ~overlapping)
    if several.size == 0 and not overlapping.any():
        return overlapping
    bounds = rings.polygon_bounds()
    for annotation in np.flatnonzero(overlapping).tolist():
        first, end = rings.annotation_offsets[annotation : annotation + 2]
        overlapping[annotation] = _any_meet(bounds[first:end])
    count = polygons[several]
    pair = ragged_arange(count * count)
    one, other = np.divmod(pair, np.repeat(count, count * count))
    owner = np.repeat(several, count * count)[one < other]
    first = rings.annotation_offsets[owner]
    a, b = bounds[first + one[one < other]], bounds[first + other[one < other]]
    meet = (np.maximum(a[:, :2], b[:, :2]) < np.minimum(a[:, 2:], b[:, 2:])).all(axis=1)
    overlapping[owner[meet]] = True
    return overlapping


def _any_meet(bounds: Floats) -> bool:
    """Whether two of many boxes meet.

    Args:
        bounds: least x and y and greatest x and y of each, shape (boxes, 4).
    """
    boxes = shapely.box(*bounds.T)
    tree = shapely.STRtree(boxes)
    starts = range(0, boxes.size, _BOXES)
    parts = (boxes[start : start + _BOXES] for start in starts)
    # Every box meets itself.
    return any(tree.query(part).shape[1] > part.size for part in parts)


def _union_areas(
    rings: Rings, chosen: Flags, valid: Flags, faces: Geometries, face_polygon: Ints
) -> Floats:
    """Areas of the chosen annotations, whose polygons may overlap.

    Args:
        rings: all outlines.
        chosen: the annotations in question; each has a polygon.
        valid: polygons that cross neither themselves nor each other.
        faces: what lies inside of the other polygons.
        face_polygon: the polygon that each face belongs to.
    """
    polygons = np.diff(rings.annotation_offsets)
    annotation = np.repeat(np.arange(polygons.size), polygons)
    whole = valid & chosen[annotation]
    of_chosen = chosen[annotation[face_polygon]]
    pieces = np.concatenate((shapely_polygons(rings.where_polygon(whole)), faces[of_chosen]))
    owner = annotation[np.concatenate((np.flatnonzero(whole), face_polygon[of_chosen]))]
    order = np.argsort(owner, kind="stable")
    areas = np.zeros(polygons.size)
    owners, place = np.unique(owner[order], return_inverse=True)
    collections = shapely.geometrycollections(pieces[order], indices=place)
    areas[owners] = shapely.area(shapely.union_all(collections[:, None], axis=1))
    return areas[chosen]
