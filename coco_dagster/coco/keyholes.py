"""Outlines with holes as rings without holes, for readers that know neither holes nor run lengths.

A keyhole ring runs along the outer ring, over a bridge to a hole, around the hole in the other
direction, and back over the same bridge. Readers that count crossings meet the bridge twice, so
that the ring covers what the polygon covers, pixel for pixel as pycocotools rasterises the rings.

A bridge leads from a hole to a ring that reaches further left (`bridges`). Bridges therefore never
make a circle, and all of them are found at once, for all polygons.
"""

from collections.abc import Callable

import numpy as np

from coco_dagster.coco.bridges import (
    bridge_ends,
    following_points,
    polygons_of_rings,
    steps_to_edges,
    steps_to_points,
)
from coco_dagster.coco.regions import are_valid, polygons_inside, rings_of_polygons
from coco_dagster.coco.rings import Floats, Rings, offsets_of, reduce_spans
from coco_dagster.encord.run_lengths import Flags, Ints, owner_sums, ragged_arange


def keyholed(rings: Rings) -> Rings:
    """Outlines of which every polygon is one ring.

    Polygons whose rings cross are first cut into such whose rings do not.

    Args:
        rings: outlines in pixels, some with holes.
    """
    rings = _without_crossings(rings)
    holes = _holes(rings)
    if not holes.size:
        return rings
    rings = _turned_against_outer(rings, holes)
    start = _leftmost_points(rings)
    order = _walk(rings, holes, start[holes], bridge_ends(rings, holes, start))
    sizes = np.diff(rings.ring_offsets[rings.polygon_offsets])
    sizes += 2 * (np.diff(rings.polygon_offsets) - 1)
    each = np.arange(sizes.size + 1)
    walked = Rings(rings.points[order], offsets_of(sizes), each, rings.annotation_offsets)
    return _without_repetitions(walked)


def bridged_at_length(rings: Rings, limit: int) -> Flags:
    """Annotations of which it takes more steps than a limit to find the bridges to their holes.

    Args:
        rings: outlines in pixels, some with holes.
        limit: edges and points that may be looked at, for all holes of an annotation together.
    """
    rings_of = np.diff(rings.polygon_offsets[rings.annotation_offsets])
    holes_of = rings_of - np.diff(rings.annotation_offsets)
    points_of = np.diff(rings.ring_offsets[rings.polygon_offsets[rings.annotation_offsets]])
    # An edge and a point for each pair of a hole and a point are the most there can be.
    found: Flags = 2 * holes_of * points_of > limit
    if not found.any():
        return found
    cut = _without_crossings(rings.where(found))
    steps = _steps(cut, steps_to_edges)
    few = steps <= limit
    steps[few] += _steps(cut.where(few), steps_to_points)
    found[found] = steps > limit
    return found


def _steps(rings: Rings, steps_of: Callable[[Rings, Ints, Ints], Ints]) -> Ints:
    """Steps that are taken for all holes of each annotation."""
    holes = _holes(rings)
    polygons = np.diff(rings.annotation_offsets)
    annotation = np.repeat(np.arange(polygons.size), polygons)[polygons_of_rings(rings)[holes]]
    steps = steps_of(rings, holes, _leftmost_points(rings)) if holes.size else holes
    return owner_sums(annotation, steps, polygons.size)


def _without_crossings(rings: Rings) -> Rings:
    """The same regions; polygons with holes whose rings cross are replaced by what they cover."""
    with_holes = np.diff(rings.polygon_offsets) > 1
    star_shaped = np.ones(rings.ring_offsets.size - 1, np.bool_)
    crossed = ~are_valid(rings, star_shaped) & with_holes
    if not crossed.any():
        return rings
    cut = rings.where_polygon(crossed)
    polygons, polygon = polygons_inside(cut)
    pieces = rings_of_polygons(polygons, polygon, int(np.count_nonzero(crossed)))
    # As polygons first, then as annotations: pieces of one polygon stay where it stood.
    whole = rings.where_polygon(~crossed)
    parts = Rings.concat([whole, pieces])
    place = np.argsort(np.concatenate((np.flatnonzero(~crossed), np.flatnonzero(crossed))))
    placed = parts.take(place)
    counts = np.diff(placed.annotation_offsets)
    polygons_of_annotation = reduce_spans(np.add, counts, rings.annotation_offsets)
    return Rings(
        placed.points,
        placed.ring_offsets,
        placed.polygon_offsets,
        offsets_of(polygons_of_annotation),
    )


def _holes(rings: Rings) -> Ints:
    """Indices of the rings that are holes."""
    is_hole = np.ones(rings.ring_offsets.size - 1, np.bool_)
    is_hole[rings.polygon_offsets[:-1]] = False
    return np.flatnonzero(is_hole)


def _turned_against_outer(rings: Rings, holes: Ints) -> Rings:
    """Rings of which every hole runs in the other direction than its outer ring."""
    turns = _signed_areas(rings) > 0
    outer = rings.polygon_offsets[:-1][polygons_of_rings(rings)[holes]]
    turned = np.zeros(turns.size, np.bool_)
    turned[holes] = turns[holes] == turns[outer]
    sizes = np.diff(rings.ring_offsets)
    place = ragged_arange(sizes)
    backwards = np.repeat(turned, sizes)
    place[backwards] = (np.repeat(sizes, sizes) - 1 - place)[backwards]
    order = np.repeat(rings.ring_offsets[:-1], sizes) + place
    return rings.map_points(lambda points: points[order])


def _signed_areas(rings: Rings) -> Floats:
    x, y = rings.points.T
    next_x, next_y = rings.points[following_points(rings)].T
    return reduce_spans(np.add, x * next_y - next_x * y, rings.ring_offsets)


def _leftmost_points(rings: Rings) -> Ints:
    """Index of the leftmost point of each ring; of several the one with the smallest y."""
    sizes = np.diff(rings.ring_offsets)
    ring = np.repeat(np.arange(sizes.size), sizes)
    order = np.lexsort((rings.points[:, 1], rings.points[:, 0], ring))
    return order[rings.ring_offsets[:-1]]


def _walk(rings: Rings, holes: Ints, start: Ints, end: Ints) -> Ints:
    """Points in the order in which the keyhole ring of each polygon passes them.

    Every hole adds two steps: the way back over its bridge passes both ends again.

    Args:
        rings: polygons with holes.
        holes: indices of the holes.
        start: point of each hole that its bridge begins at.
        end: point of another ring that it leads to.
    """
    points, bridges = rings.points.shape[0], holes.size
    again_at_start = points + np.arange(bridges)
    again_at_end = again_at_start + bridges
    passed = np.concatenate((np.arange(points), start, end))
    polygon = np.repeat(polygons_of_rings(rings), np.diff(rings.ring_offsets))

    following = following_points(rings)
    before = np.empty(points, np.int64)
    before[following] = np.arange(points)
    after = np.concatenate((following, again_at_end, np.zeros(bridges, np.int64)))
    # The outer ring ends the walk, and a hole ends where it began.
    after[rings.ring_offsets[rings.polygon_offsets[:-1] + 1] - 1] = passed.size
    after[before[start]] = again_at_start
    # From one point several bridges may lead away: one after the other.
    order = np.argsort(end, kind="stable")
    first = np.flatnonzero(np.diff(end[order], prepend=-1))
    last = np.append(first[1:], bridges) - 1
    goes_on = after[end[order[first]]]
    after[again_at_end[order[:-1]]] = start[order[1:]]
    after[again_at_end[order[last]]] = goes_on
    after[end[order[first]]] = start[order[first]]
    return passed[np.lexsort((-_steps_to_end(after), polygon[passed]))]


def _steps_to_end(after: Ints) -> Ints:
    """Number of nodes from each node of linked lists to the end of its list.

    Args:
        after: node after each node; the number of nodes after a last one.
    """
    end = after.size
    jump, steps = np.append(after, end), np.append(np.ones(end, np.int64), 0)
    # Each round doubles how far a node sees.
    for _ in range(end.bit_length()):
        steps, jump = steps + steps[jump], jump[jump]
    return steps[:-1]


def _without_repetitions(rings: Rings) -> Rings:
    """Rings without points that repeat the one before, which bridges without a length make."""
    previous = np.empty(rings.points.shape[0], np.int64)
    previous[following_points(rings)] = np.arange(previous.size)
    repeated = (rings.points == rings.points[previous]).all(axis=1)
    if not repeated.any():
        return rings
    kept = reduce_spans(np.add, (~repeated).astype(np.int64), rings.ring_offsets)
    return Rings(
        rings.points[~repeated],
        offsets_of(kept),
        rings.polygon_offsets,
        rings.annotation_offsets,
    )
