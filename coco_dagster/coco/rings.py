"""Rings in pixels: the form that every shape with an outline passes through.

A shape becomes polygons, a polygon its outer ring and its holes, a ring its points. What a profile
does with outlines (clip them, cut keyholes, rasterise them, write them) it does to `Rings`,
whatever the shape was.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from coco_dagster.coco.number_text import json_texts, lists, rounded
from coco_dagster.encord.run_lengths import Flags, Ints, ragged_arange

Floats: TypeAlias = NDArray[np.float64]


def reduce_spans(reduce: np.ufunc, values: NDArray[Any], offsets: Ints) -> NDArray[Any]:
    """Reduce the values between each two neighbouring offsets; 0 where there are none."""
    result = np.zeros(offsets.size - 1, values.dtype)
    filled = offsets[1:] > offsets[:-1]
    if filled.any():
        result[filled] = reduce.reduceat(values[: offsets[-1]], offsets[:-1][filled])
    return result


def offsets_of(sizes: Ints) -> Ints:
    """Where each of the spans of these sizes starts, and where the last one ends."""
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)))


def in_spans(offsets: Ints, chosen: Ints) -> Ints:
    """Positions of all that the chosen spans hold, span by span.

    Args:
        offsets: where each span starts, and where the last one ends.
        chosen: indices of spans, in any order.
    """
    sizes = offsets[chosen + 1] - offsets[chosen]
    return np.repeat(offsets[chosen], sizes) + ragged_arange(sizes)


class Rings(Struct, frozen=True):
    """Outlines of many annotations, in pixels.

    Rings are open: their last point is not their first one again. An annotation may have no
    polygon; a polygon has at least one ring, the first being the outer one, the others holes.

    Attributes:
        points: x and y of all points, shape (points, 2).
        ring_offsets: ring i has the points `ring_offsets[i]` up to, not including, the next.
        polygon_offsets: polygon i has the rings from `polygon_offsets[i]` on.
        annotation_offsets: annotation i has the polygons from `annotation_offsets[i]` on.
    """

    points: Floats
    ring_offsets: Ints
    polygon_offsets: Ints
    annotation_offsets: Ints

    @classmethod
    def single(cls, points: Floats, sizes: Ints) -> "Rings":
        """One ring per annotation.

        Args:
            points: x and y of all points, shape (points, 2).
            sizes: points of each ring.
        """
        each = np.arange(sizes.size + 1)
        return cls(points, offsets_of(sizes), each, each)

    @classmethod
    def concat(cls, parts: Sequence["Rings"]) -> "Rings":
        """The outlines of all parts in a row; there is at least one part."""

        def joined(level: Callable[["Rings"], Ints]) -> Ints:
            return offsets_of(np.concatenate([np.diff(level(part)) for part in parts]))

        return cls(
            np.concatenate([part.points for part in parts]),
            joined(lambda part: part.ring_offsets),
            joined(lambda part: part.polygon_offsets),
            joined(lambda part: part.annotation_offsets),
        )

    @property
    def ring_annotations(self) -> Ints:
        """The annotation that each ring belongs to."""
        rings = np.diff(self.polygon_offsets[self.annotation_offsets])
        return np.repeat(np.arange(rings.size), rings)

    @property
    def polygon_annotations(self) -> Ints:
        """The annotation that each polygon belongs to."""
        polygons = np.diff(self.annotation_offsets)
        return np.repeat(np.arange(polygons.size), polygons)

    @property
    def point_annotations(self) -> Ints:
        """The annotation that each point belongs to."""
        points = np.diff(self.ring_offsets[self.polygon_offsets[self.annotation_offsets]])
        return np.repeat(np.arange(points.size), points)

    @property
    def has_holes(self) -> Flags:
        """Which annotations have a polygon with a hole."""
        polygons = np.diff(self.annotation_offsets)
        rings = np.diff(self.polygon_offsets[self.annotation_offsets])
        return rings > polygons

    def map_points(self, change: Callable[[Floats], Floats]) -> "Rings":
        """The same rings with other points, as many as before."""
        return Rings(
            change(self.points), self.ring_offsets, self.polygon_offsets, self.annotation_offsets
        )

    def where(self, chosen: Flags) -> "Rings":
        """The outlines of the chosen annotations."""
        polygons = np.repeat(chosen, np.diff(self.annotation_offsets))
        kept = self.where_polygon(polygons)
        return Rings(
            kept.points,
            kept.ring_offsets,
            kept.polygon_offsets,
            offsets_of(np.diff(self.annotation_offsets)[chosen]),
        )

    def take(self, annotations: Ints) -> "Rings":
        """The outlines of the annotations with these indices, in their order."""
        polygons = in_spans(self.annotation_offsets, annotations)
        rings = in_spans(self.polygon_offsets, polygons)
        return Rings(
            self.points[in_spans(self.ring_offsets, rings)],
            offsets_of(np.diff(self.ring_offsets)[rings]),
            offsets_of(np.diff(self.polygon_offsets)[polygons]),
            offsets_of(np.diff(self.annotation_offsets)[annotations]),
        )

    def where_polygon(self, chosen: Flags) -> "Rings":
        """The chosen polygons, each as an annotation of its own."""
        rings = np.repeat(chosen, np.diff(self.polygon_offsets))
        points = np.repeat(rings, np.diff(self.ring_offsets))
        return Rings(
            self.points[points],
            offsets_of(np.diff(self.ring_offsets)[rings]),
            offsets_of(np.diff(self.polygon_offsets)[chosen]),
            np.arange(int(np.count_nonzero(chosen)) + 1),
        )

    def closed(self) -> tuple[Floats, Ints]:
        """Points with the first one of each ring repeated at its end, and the ring offsets."""
        sizes = np.diff(self.ring_offsets)
        offsets = self.ring_offsets + np.arange(self.ring_offsets.size)
        place = ragged_arange(sizes + 1)
        place[offsets[1:] - 1] = 0
        return self.points[place + np.repeat(self.ring_offsets[:-1], sizes + 1)], offsets

    def without_closing_points(self) -> "Rings":
        """Rings of which the last point is not the first one again."""
        rings = self
        while True:
            last = rings.ring_offsets[1:] - 1
            first = rings.ring_offsets[:-1]
            closes = (rings.points[last] == rings.points[first]).all(axis=1) & (last > first)
            if not closes.any():
                return rings
            rings = Rings(
                np.delete(rings.points, last[closes], axis=0),
                offsets_of(np.diff(rings.ring_offsets) - closes),
                rings.polygon_offsets,
                rings.annotation_offsets,
            )

    def polygon_bounds(self) -> Floats:
        """Smallest x and y, largest x and y of each outer ring; shape (polygons, 4)."""
        outer = self.polygon_offsets[:-1]
        low, high = (
            [
                reduce_spans(reduce, self.points[:, axis], self.ring_offsets)[outer]
                for axis in (0, 1)
            ]
            for reduce in (np.minimum, np.maximum)
        )
        return np.column_stack((*low, *high))

    def bounding_boxes(self) -> Floats:
        """x, y, w, h around the outer rings of each annotation; zeros where it has none."""
        bounds = self.polygon_bounds()
        x0, y0, x1, y1 = (
            reduce_spans(reduce, bounds[:, column], self.annotation_offsets)
            for column, reduce in enumerate((np.minimum, np.minimum, np.maximum, np.maximum))
        )
        return np.column_stack((x0, y0, x1 - x0, y1 - y0))

    def segmentation(self, precision: int | None) -> pl.Series:
        """JSON text of each annotation's rings: `[[x1,y1,x2,y2,…],…]`."""
        numbers = rounded(self.points, precision).ravel()
        rings = self.polygon_offsets[self.annotation_offsets]
        return json_texts(lists(numbers, self.ring_offsets * 2, rings))


def one_way(paths: Rings) -> Rings:
    """The way there of lines that `there_and_back` made."""
    sizes = np.diff(paths.ring_offsets) // 2
    start = np.repeat(paths.ring_offsets[:-1], sizes)
    return Rings.single(paths.points[start + ragged_arange(sizes)], sizes)


def there_and_back(points: Floats, sizes: Ints, steps: Ints) -> Rings:
    """One ring per line: its points forth, then back, up to a number of steps.

    Args:
        points: x and y of all lines in a row, shape (points, 2).
        sizes: points of each line.
        steps: points of each ring; twice those of the line go all the way back.
    """
    place = ragged_arange(steps)
    back = np.repeat(2 * sizes - 1, steps) - place
    start = np.repeat(offsets_of(sizes)[:-1], steps)
    return Rings.single(points[start + np.minimum(place, back)], steps)
