"""What outlines cover, as shapely knows it: polygons whose rings do not cross.

Outlines may be drawn in any way: rings cross themselves, holes reach out of what they are holes of.
The even-odd rule says what they cover (see `areas`).
"""

from typing import Any, Final, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from coco_dagster.coco.rings import Floats, Rings, offsets_of
from coco_dagster.encord.run_lengths import Flags, Ints, bounded_batches, ragged_arange

Geometries: TypeAlias = NDArray[Any]

_BATCH_EDGES: Final = 2**20


def are_valid(rings: Rings, star_shaped: Flags) -> Flags:
    """Polygons whose rings cross neither themselves nor each other.

    Args:
        rings: outlines whose rings have at least three points.
        star_shaped: rings that are known not to cross themselves.
    """
    outer = rings.polygon_offsets[:-1]
    alone = np.diff(rings.polygon_offsets) == 1
    valid: Flags = alone & star_shaped[outer]
    unsure = alone & ~valid
    if unsure.any():
        tested = rings.where_polygon(unsure)
        sizes = np.diff(tested.ring_offsets)
        ring = np.repeat(np.arange(sizes.size), sizes)
        valid[unsure] = shapely.is_simple(shapely.linearrings(tested.points, indices=ring))
    if not alone.all():
        valid[~alone] = shapely.is_valid(shapely_polygons(rings.where_polygon(~alone)))
    return valid


def shapely_polygons(rings: Rings) -> Geometries:
    """Each polygon as one of shapely."""
    points, ring_offsets = rings.closed()
    offsets = (ring_offsets, rings.polygon_offsets)
    polygons: Geometries = shapely.from_ragged_array(shapely.GeometryType.POLYGON, points, offsets)
    return polygons


def faces_inside(rings: Rings) -> tuple[Geometries, Ints]:
    """What lies inside of polygons that cross themselves, as valid ones that do not overlap.

    The lines are noded and cut the plane into faces; a face counts if a point of it does.

    Returns:
        Faces, and the index of the polygon that each belongs to, ascending.
    """
    if rings.polygon_offsets.size == 1:
        return np.empty(0, object), np.zeros(0, np.int64)
    points, ring_offsets = rings.closed()
    offsets = (ring_offsets, rings.polygon_offsets)
    lines = shapely.from_ragged_array(shapely.GeometryType.MULTILINESTRING, points, offsets)
    noded = shapely.union_all(lines[:, None], axis=1)
    faces, owner = shapely.get_parts(shapely.polygonize(noded[:, None]), return_index=True)
    inside = shapely.get_coordinates(shapely.point_on_surface(faces))
    edges = np.diff(rings.ring_offsets[rings.polygon_offsets])
    counted = np.zeros(faces.size, np.bool_)
    is_large = (np.bincount(owner, minlength=edges.size) * edges)[owner] > _BATCH_EDGES
    small = np.flatnonzero(~is_large)
    for part in bounded_batches(edges[owner[small]], _BATCH_EDGES):
        chosen = small[part]
        counted[chosen] = _contains(rings, owner[chosen], inside[chosen])
    for polygon in np.unique(owner[is_large]).tolist():
        chosen = np.flatnonzero(owner == polygon)
        counted[chosen] = _contains_many(rings.take(np.array([polygon])), inside[chosen])
    return faces[counted], owner[counted]


def _contains_many(rings: Rings, inside: Floats) -> Flags:
    """Which of many points the only polygon contains, by the even-odd rule.

    A tree finds the edges that a line from a point to the right may cross.
    """
    points, offsets = rings.closed()
    is_start = np.ones(points.shape[0], np.bool_)
    is_start[offsets[1:] - 1] = False
    start = np.flatnonzero(is_start)
    ring = np.repeat(np.arange(offsets.size - 1), np.diff(offsets) - 1)
    (x, y), (next_x, next_y) = points[start].T, points[start + 1].T
    tree = shapely.STRtree(
        shapely.box(
            np.minimum(x, next_x),
            np.minimum(y, next_y),
            np.maximum(x, next_x),
            np.maximum(y, next_y),
        )
    )
    crossed = np.zeros((inside.shape[0], 2), np.bool_)
    step = max(1, _BATCH_EDGES // start.size)
    for first in range(0, inside.shape[0], step):
        at_x, at_y = inside[first : first + step].T
        ray, edge = tree.query(shapely.box(at_x, at_y, x.max() + 1, at_y))
        spans = (y[edge] <= at_y[ray]) != (next_y[edge] <= at_y[ray])
        ray, edge = ray[spans], edge[spans]
        share = (at_y[ray] - y[edge]) / (next_y[edge] - y[edge])
        right = at_x[ray] < x[edge] + (next_x[edge] - x[edge]) * share
        pairs, times = np.unique((ray * offsets.size + ring[edge])[right], return_counts=True)
        odd = pairs[times % 2 == 1]
        is_hole = (odd % offsets.size > 0).astype(np.int64)
        crossed[first + odd // offsets.size, is_hole] = True
    contained: Flags = crossed[:, 0] & ~crossed[:, 1]
    return contained


def _contains(rings: Rings, polygon: Ints, inside: Floats) -> Flags:
    """Whether polygons contain points, by the even-odd rule: one polygon and one point each."""
    first_ring = rings.polygon_offsets[polygon]
    ring_count = rings.polygon_offsets[polygon + 1] - first_ring
    ring = np.repeat(first_ring, ring_count) + ragged_arange(ring_count)
    sizes = np.diff(rings.ring_offsets)[ring]
    place = ragged_arange(sizes)
    start = np.repeat(rings.ring_offsets[:-1][ring], sizes)
    following = np.where(place + 1 == np.repeat(sizes, sizes), 0, place + 1)
    (x, y), (next_x, next_y) = rings.points[start + place].T, rings.points[start + following].T
    at_x, at_y = np.repeat(np.repeat(inside, ring_count, axis=0), sizes, axis=0).T
    spans = (y <= at_y) != (next_y <= at_y)
    run = np.where(spans, next_y - y, 1.0)
    right = spans & (at_x < x + (next_x - x) * ((at_y - y) / run))
    ring_starts = np.cumsum(sizes) - sizes
    within = np.add.reduceat(right, ring_starts, dtype=np.int64) & 1
    # The outer ring once, and no hole.
    polygon_starts = np.cumsum(ring_count) - ring_count
    holes = np.add.reduceat(within, polygon_starts) - within[polygon_starts]
    contained: Flags = (within[polygon_starts] == 1) & (holes == 0)
    return contained


def polygons_inside(rings: Rings) -> tuple[Geometries, Ints]:
    """What polygons cover, as valid ones.

    Returns:
        Valid polygons, and the index of the polygon that each belongs to, ascending. Those of one
        polygon do not overlap.
    """
    if rings.polygon_offsets.size == 1:
        return np.empty(0, object), np.zeros(0, np.int64)
    valid = are_valid(rings, np.zeros(rings.ring_offsets.size - 1, np.bool_))
    faces, owner = faces_inside(rings.where_polygon(~valid))
    whole = shapely_polygons(rings.where_polygon(valid)) if valid.any() else faces[:0]
    owners = np.concatenate((np.flatnonzero(valid), np.flatnonzero(~valid)[owner]))
    order = np.argsort(owners, kind="stable")
    return np.concatenate((whole, faces))[order], owners[order]


def rings_of_polygons(polygons: Geometries, owner: Ints, annotations: int) -> Rings:
    """Polygons of shapely as outlines, each ring from its leftmost point on.

    Args:
        polygons: valid polygons that are not empty.
        owner: annotation that each polygon belongs to, ascending.
        annotations: number of annotations; one may have no polygon.
    """
    sizes = np.bincount(owner, minlength=annotations)
    if polygons.size == 0:
        none = np.zeros(1, np.int64)
        return Rings(np.zeros((0, 2)), none, none, offsets_of(sizes))
    # What ring GEOS begins with, and where, is not the same in all its versions.
    _, points, offsets = shapely.to_ragged_array(shapely.normalize(polygons))
    rings = Rings(
        points, offsets[0].astype(np.int64), offsets[1].astype(np.int64), offsets_of(sizes)
    )
    return rings.without_closing_points()
