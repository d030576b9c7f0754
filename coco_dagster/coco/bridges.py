"""Bridges from holes to another ring of their polygon, over which keyhole rings reach them.

From its leftmost point a hole looks to the left: what it sees first there is the outer ring or
another hole, whose leftmost point lies further left. The first edge to the left is found on a level
line; then, within the triangle of the hole's point, the crossing and the edge's left end, the point
nearest to the line, which is in sight.

Holes are ordered by their height, and so are points. An edge then meets the level lines of a run of
holes, and a triangle spans a run of points, so that a hole is never compared with all points of its
polygon, unless they all lie level with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from coco_dagster.coco.rings import Floats, Rings
from coco_dagster.encord.run_lengths import Flags, Ints, bounded_batches, ragged_arange

_BATCH_PAIRS: Final = 2**20


def following_points(rings: Rings) -> Ints:
    """Index of the point after each point of a ring, around the ring."""
    following = np.arange(1, rings.points.shape[0] + 1)
    following[rings.ring_offsets[1:] - 1] = rings.ring_offsets[:-1]
    return following


def polygons_of_rings(rings: Rings) -> Ints:
    """The polygon that each ring belongs to."""
    sizes = np.diff(rings.polygon_offsets)
    return np.repeat(np.arange(sizes.size), sizes)


def bridge_ends(rings: Rings, holes: Ints, leftmost: Ints) -> Ints:
    """The point of another ring that the leftmost point of each hole is joined to.

    Args:
        rings: polygons whose rings do not cross.
        holes: indices of holes.
        leftmost: index of the leftmost point of each ring.
    """
    view = _View(rings, holes, leftmost)
    crossing, seen = _first_edges(view)
    end = seen.copy()
    for point, pair in view.points_up_to(seen):
        _look_around(view, point, pair, crossing, seen, end)
    return end


def steps_to_edges(rings: Rings, holes: Ints, leftmost: Ints) -> Ints:
    """How many edges are looked at for each hole. The arguments are those of `bridge_ends`."""
    return _View(rings, holes, leftmost).edge_counts


def steps_to_points(rings: Rings, holes: Ints, leftmost: Ints) -> Ints:
    """How many points are looked at for each hole, which takes looking at all edges to tell."""
    view = _View(rings, holes, leftmost)
    _, seen = _first_edges(view)
    _, sizes = view.spans_up_to(seen)
    return sizes


def _first_edges(view: "_View") -> tuple[Floats, Ints]:
    """Where the level line of each hole first meets an edge: x, and the edge's left end."""
    crossing, seen = np.empty(view.holes.size), np.empty(view.holes.size, np.int64)
    for point, pair in view.edges_at_level():
        _look_left(view, point, pair, crossing, seen)
    return crossing, seen


def _look_left(view: "_View", point: Ints, pair: Ints, crossing: Floats, seen: Ints) -> None:
    """Fill in where the level lines of some holes first meet an edge, and its left end.

    Args:
        view: the holes.
        point: starts of the edges that each hole may see.
        pair: the hole that each edge is for, ascending.
        crossing: of each hole, x of where its line meets an edge.
        seen: of each hole, the left end of the edge.
    """
    (x, y), (next_x, next_y) = view.points[point].T, view.points[view.following[point]].T
    at_x, at_y = view.at[pair].T
    spanning = (y <= at_y) != (next_y <= at_y)
    rise = np.where(spanning, next_y - y, 1.0)
    meets = np.where(spanning, x + (next_x - x) * ((at_y - y) / rise), -np.inf)
    meets[meets > at_x] = -np.inf
    touching = (x == at_x) & (y == at_y)
    meets[touching] = at_x[touching]
    hole, edge = _last_of_greatest((touching, meets), pair)
    goes_left = ((next_x < x) | ((next_x == x) & (next_y < y))) & ~touching
    crossing[hole] = meets[edge]
    seen[hole] = np.where(goes_left, view.following[point], point)[edge]


def _look_around(
    view: "_View", point: Ints, pair: Ints, crossing: Floats, seen: Ints, end: Ints
) -> None:
    """Fill in the points nearest to the level lines of some holes, where one hides the edge's end.

    Args:
        view: the holes.
        point: points that may be in sight of each hole.
        pair: the hole that each point is for, ascending.
        crossing: of each hole, x of where its line meets an edge.
        seen: of each hole, the left end of the edge.
        end: of each hole, the point in sight.
    """
    (x, y), (at_x, at_y) = view.points[point].T, view.at[pair].T
    third = view.points[seen[pair]]
    inside = _in_triangles(view.points[point], view.at[pair], crossing[pair], third)
    steepness = np.abs(y - at_y) / np.where(inside, at_x - x, 1.0)
    hole, nearest = _last_of_greatest((inside, -steepness, x), pair)
    end[hole] = np.where(inside[nearest], point[nearest], seen[hole])


@dataclass(frozen=True)
class _View:
    """Holes and what lies level with them.

    Attributes:
        rings: polygons whose rings do not cross.
        holes: indices of holes.
        leftmost: index of the leftmost point of each ring.
    """

    rings: Rings
    holes: Ints
    leftmost: Ints

    @property
    def points(self) -> Floats:
        """All points."""
        return self.rings.points

    @cached_property
    def following(self) -> Ints:
        """Index of the point after each point, around its ring."""
        return following_points(self.rings)

    @cached_property
    def at(self) -> Floats:
        """The leftmost point of each hole."""
        return self.points[self.leftmost[self.holes]]

    @cached_property
    def edge_counts(self) -> Ints:
        """Number of edges that meet the level line of each hole."""
        first, last = self._edge_spans
        steps = np.bincount(first, minlength=self.holes.size + 1)
        steps -= np.bincount(last, minlength=self.holes.size + 1)
        counts = np.empty(self.holes.size, np.int64)
        counts[self._holes_by_level] = np.cumsum(steps)[:-1]
        return counts

    @cached_property
    def _edge_spans(self) -> tuple[Ints, Ints]:
        """Of the holes by level, the first whose line each edge meets, and the first beyond."""
        levels = self._level[self.leftmost[self.holes]][self._holes_by_level]
        ends = self._level, self._level[self.following]
        low, high = np.minimum(*ends), np.maximum(*ends)
        return np.searchsorted(levels, low), np.searchsorted(levels, high)

    def edges_at_level(self) -> Iterator[tuple[Ints, Ints]]:
        """Edges that meet the level line of a hole, and those that start in its point.

        Yields:
            Starts of edges and the holes they are for, in their order; those of some holes each.
        """
        by_level = self._holes_by_level
        first, last = self._edge_spans
        for chosen in bounded_batches(self.edge_counts[by_level] + 1, _BATCH_PAIRS):
            start = np.clip(first, chosen.start, chosen.stop)
            sizes = np.clip(last, chosen.start, chosen.stop) - start
            edge = np.repeat(np.arange(sizes.size), sizes)
            hole = by_level[np.repeat(start, sizes) + ragged_arange(sizes)]
            yield self._further(by_level[chosen], edge, hole)

    def points_up_to(self, seen: Ints) -> Iterator[tuple[Ints, Ints]]:
        """Points that lie higher or lower than a hole's point, but not beyond the point it sees.

        Args:
            seen: the point that each hole sees.

        Yields:
            Points and the holes they are for, in their order; those of some holes each.
        """
        first, sizes = self.spans_up_to(seen)
        for chosen in bounded_batches(sizes, _BATCH_PAIRS):
            hole = np.repeat(np.arange(chosen.start, chosen.stop), sizes[chosen])
            place = np.repeat(first[chosen], sizes[chosen]) + ragged_arange(sizes[chosen])
            point = self._points_by_level[place]
            reaches = self._reaches_further(point, hole)
            yield _in_order(point[reaches], hole[reaches])

    def spans_up_to(self, seen: Ints) -> tuple[Ints, Ints]:
        """Of the points by level, the first that `points_up_to` yields of each hole, and how many.

        Args:
            seen: the point that each hole sees.
        """
        levels = self._level[self._points_by_level]
        at, to = self._level[self.leftmost[self.holes]], self._level[seen]
        before = np.searchsorted(levels, at), np.searchsorted(levels, to)
        after = np.searchsorted(levels, at, "right"), np.searchsorted(levels, to, "right")
        first = np.where(to > at, after[0], before[1])
        return first, np.where(to > at, after[1], before[0]) - first

    def _further(self, holes: Ints, edge: Ints, hole: Ints) -> tuple[Ints, Ints]:
        """Edges of rings that reach further left than the holes, and those that touch these."""
        touching, touched = self._touching(holes)
        # Every hole sees the outer ring if it sees nothing else.
        outer = self.rings.polygon_offsets[self._polygon[self.leftmost[self.holes[holes]]]]
        point = np.concatenate((edge, touching))
        pair = np.concatenate((hole, touched))
        reaches = self._reaches_further(point, pair)
        point = np.concatenate((point[reaches], self.leftmost[outer]))
        return _in_order(point, np.concatenate((pair[reaches], holes)))

    def _touching(self, holes: Ints) -> tuple[Ints, Ints]:
        """Points in the very place of the leftmost points of some holes, and the holes."""
        places, by_place = self._places
        own = places[self.leftmost[self.holes[holes]]]
        ordered = places[by_place]
        first = np.searchsorted(ordered, own)
        sizes = np.searchsorted(ordered, own, "right") - first
        return by_place[np.repeat(first, sizes) + ragged_arange(sizes)], np.repeat(holes, sizes)

    def _reaches_further(self, point: Ints, hole: Ints) -> Flags:
        """Whether the ring of each point reaches further left than the hole.

        Of rings that reach equally far the first one counts as reaching further.
        """
        flags: Flags = self._rank[self._ring[point]] < self._rank[self.holes[hole]]
        return flags

    @cached_property
    def _ring(self) -> Ints:
        sizes = np.diff(self.rings.ring_offsets)
        return np.repeat(np.arange(sizes.size), sizes)

    @cached_property
    def _polygon(self) -> Ints:
        return polygons_of_rings(self.rings)[self._ring]

    @cached_property
    def _rank(self) -> Ints:
        """Place of each ring among all, by its leftmost point."""
        x, y = self.points[self.leftmost].T
        rank = np.empty(self.leftmost.size, np.int64)
        rank[np.lexsort((y, x))] = np.arange(self.leftmost.size)
        return rank

    @cached_property
    def _level(self) -> Ints:
        """Number of each point's polygon and height: the larger, the larger y is."""
        return self._numbered(self.points[:, 1])

    @cached_property
    def _places(self) -> tuple[Ints, Ints]:
        """Number of each point's polygon and place, and the points in the order of these."""
        numbers = self._numbered(self.points[:, 0] + 1j * self.points[:, 1])
        return numbers, np.argsort(numbers, kind="stable")

    @cached_property
    def _points_by_level(self) -> Ints:
        return np.argsort(self._level, kind="stable")

    @cached_property
    def _holes_by_level(self) -> Ints:
        return np.argsort(self._level[self.leftmost[self.holes]], kind="stable")

    def _numbered(self, values: NDArray[Any]) -> Ints:
        distinct, number = np.unique(values, return_inverse=True)
        numbers: Ints = self._polygon * distinct.size + number
        return numbers


def _in_order(point: Ints, hole: Ints) -> tuple[Ints, Ints]:
    """Pairs by their holes, and by their points where those are the same."""
    order = np.lexsort((point, hole))
    return point[order], hole[order]


def _last_of_greatest(values: tuple[NDArray[Any], ...], owner: Ints) -> tuple[Ints, Ints]:
    """Position of what is greatest for each owner: by the first values, then by the next.

    Args:
        values: arrays to compare by.
        owner: owner of each value, ascending.

    Returns:
        The owners that have a value, and the position of each one's.
    """
    order = np.lexsort((*values[::-1], owner))
    ends = np.flatnonzero(np.diff(owner, append=-1))
    return owner[ends], order[ends]


def _in_triangles(points: Floats, first: Floats, second_x: Floats, third: Floats) -> Flags:
    """Whether points lie within triangles, and left of their first corner.

    Args:
        points: the points, shape (n, 2).
        first: first corner of each point's triangle, shape (n, 2).
        second_x: x of the second corner, which is as high as the first; at most that of the first.
        third: third corner, shape (n, 2); at most as far right as the second.
    """
    (x, y), (first_x, first_y), (third_x, third_y) = points.T, first.T, third.T
    height = third_y - first_y
    tall = height != 0
    share = (y - first_y) / np.where(tall, height, 1.0)
    second_x = np.where(np.isfinite(second_x), second_x, third_x)
    left = second_x + (third_x - second_x) * share
    right = first_x + (third_x - first_x) * share
    inside: Flags = tall & (share > 0) & (share <= 1) & (x >= left) & (x <= right) & (x < first_x)
    return inside
