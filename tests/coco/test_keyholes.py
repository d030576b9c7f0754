"""Keyhole rings cover the pixels that their polygons cover, as pycocotools rasterises them."""

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from coco_dagster.coco.areas import region_areas
from coco_dagster.coco.keyholes import keyholed
from coco_dagster.coco.rasters import rasterise
from coco_dagster.coco.rings import Rings
from tests.coco.conftest import RingsBuilder

WIDTH, HEIGHT = 60, 50

Point = tuple[float, float]
Polygon = list[list[Point]]


def pixels(ring: Any) -> NDArray[np.bool_]:
    flat = [float(number) for point in ring for number in point]
    encoded = coco_mask.frPyObjects([flat], HEIGHT, WIDTH)
    decoded: NDArray[np.bool_] = coco_mask.decode(encoded)[:, :, 0].astype(bool)
    return decoded


def expected_pixels(polygon: Polygon) -> NDArray[np.bool_]:
    outer, *holes = map(pixels, polygon)
    for hole in holes:
        outer &= ~hole
    return outer


def the_ring(rings: Rings) -> list[Point]:
    assert rings.ring_offsets.size == 2
    return [(float(x), float(y)) for x, y in rings.points]


def square(x: float, y: float, size: float) -> list[Point]:
    return [(x, y), (x + size, y), (x + size, y + size), (x, y + size)]


@st.composite
def pierced(draw: st.DrawFn) -> Polygon:
    """A polygon around the middle of the frame with up to seven holes, none of which meet."""
    radii = draw(st.lists(st.floats(12, 24), min_size=4, max_size=12))
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    outer = [
        (30 + r * float(np.cos(a)), 25 + r * float(np.sin(a)))
        for r, a in zip(radii, angles, strict=True)
    ]
    free = shapely.Polygon(outer)
    polygon = [outer]
    for _ in range(draw(st.integers(1, 7))):
        x, y = draw(st.floats(8, 50)), draw(st.floats(4, 44))
        sides = draw(st.integers(3, 6))
        turn = draw(st.floats(0, 6))
        hole = [
            (x + 2.5 * float(np.cos(turn + k)), y + 2.5 * float(np.sin(turn + k)))
            for k in np.linspace(0, 2 * np.pi, sides, endpoint=False)
        ]
        region = shapely.Polygon(hole)
        # Nearer than the grid of rasterisation, two rings may round into each other.
        if free.contains(region.buffer(0.5)):
            polygon.append(hole if draw(st.booleans()) else hole[::-1])
            free = free.difference(region)
    return polygon


@given(st.lists(pierced(), min_size=1, max_size=3))
def test_a_ring_covers_what_the_polygon_covers(
    rings_of: RingsBuilder, polygons: list[Polygon]
) -> None:
    together = keyholed(rings_of([polygons, polygons[:1]]))
    assert np.diff(together.annotation_offsets).tolist() == [len(polygons), 1]
    for polygon in polygons:
        ring = the_ring(keyholed(rings_of([[polygon]])))
        np.testing.assert_array_equal(pixels(ring), expected_pixels(polygon))
        assert set(ring) == {point for given in polygon for point in given}
        # Every bridge runs through the polygon: it crosses no hole.
        region = shapely.Polygon(polygon[0], polygon[1:])
        assert region.buffer(1e-9).covers(shapely.LineString([*ring, ring[0]]))


@given(st.lists(pierced(), min_size=1, max_size=3))
def test_the_rings_cover_the_pixels_of_the_run_lengths(
    rings_of: RingsBuilder, polygons: list[Polygon]
) -> None:
    rings = rings_of([[polygon] for polygon in polygons])
    size = np.full(len(polygons), WIDTH), np.full(len(polygons), HEIGHT)
    assert rasterise(keyholed(rings), *size).counts.equals(rasterise(rings, *size).counts)


def test_the_hole_runs_against_the_outer_ring(rings_of: RingsBuilder) -> None:
    ring = the_ring(keyholed(rings_of([[[square(10, 10, 20), square(15, 15, 5)]]])))
    assert ring == [
        *[(10, 10), (15, 15), (15, 20), (20, 20), (20, 15), (15, 15), (10, 10)],
        *[(30, 10), (30, 30), (10, 30)],
    ]


def test_several_bridges_may_leave_one_point(rings_of: RingsBuilder) -> None:
    triangle: list[Point] = [(2, 25), (58, 2), (58, 48)]
    polygon = [triangle, square(20, 23, 4), square(40, 12, 6), square(40, 30, 6)]
    ring = the_ring(keyholed(rings_of([[polygon]])))
    np.testing.assert_array_equal(pixels(ring), expected_pixels(polygon))
    assert ring.count((2, 25)) >= 2


def test_holes_may_hide_behind_each_other(rings_of: RingsBuilder) -> None:
    holes = [square(10 + 6 * k, 20, 4) for k in range(6)]
    polygon = [square(5, 5, 40), *holes]
    ring = the_ring(keyholed(rings_of([[polygon]])))
    np.testing.assert_array_equal(pixels(ring), expected_pixels(polygon))


@pytest.mark.parametrize(
    "holes",
    [
        # Touching the outer ring in a point, each other in a point, in their leftmost points.
        [[(10.0, 20.0), (20.0, 15.0), (20.0, 25.0)]],
        [square(15, 15, 5), square(20, 20, 5)],
        [[(15.0, 20.0), (25.0, 12.0), (25.0, 18.0)], [(15.0, 20.0), (25.0, 22.0), (25.0, 28.0)]],
        # Sharing a side, overlapping, one within the other, reaching out.
        [square(15, 15, 5), square(20, 15, 5)],
        [square(15, 15, 8), square(20, 18, 8)],
        [square(15, 15, 10), square(18, 18, 3)],
        [square(25, 15, 10)],
        [square(10, 10, 5)],
    ],
)
def test_holes_that_meet(rings_of: RingsBuilder, holes: Polygon) -> None:
    polygon = [square(10, 10, 20), *holes]
    found = keyholed(rings_of([[polygon]]))
    covered = np.zeros((HEIGHT, WIDTH), bool)
    for start, stop in zip(found.ring_offsets, found.ring_offsets[1:], strict=False):
        covered |= pixels(found.points[start:stop])
    np.testing.assert_array_equal(covered, expected_pixels(polygon))
    assert np.diff(found.polygon_offsets).tolist() == [1] * (found.polygon_offsets.size - 1)


def test_a_hole_that_leaves_nothing_leaves_no_ring(rings_of: RingsBuilder) -> None:
    found = keyholed(rings_of([[[square(10, 10, 5), square(10, 10, 5)]], [[square(1, 1, 1)]]]))
    assert np.diff(found.annotation_offsets).tolist() == [0, 1]


def test_polygons_without_holes_stay_as_they_are(rings_of: RingsBuilder) -> None:
    bow_tie: list[Point] = [(0, 0), (5, 5), (5, 0), (0, 5)]
    found = keyholed(rings_of([[[bow_tie], [square(10, 10, 20), square(15, 15, 5)]]]))
    first = found.points[: found.ring_offsets[1]]
    assert [tuple(point) for point in first.tolist()] == bow_tie


def test_many_holes_of_one_polygon(rings_of: RingsBuilder) -> None:
    holes = [square(3 + 3 * (k % 15), 3 + 3 * (k // 15), 2) for k in range(200)]
    polygon = [square(1, 1, 47), *holes]
    found = keyholed(rings_of([[polygon]]))
    np.testing.assert_array_equal(pixels(the_ring(found)), expected_pixels(polygon))
    assert region_areas(found)[0] == pytest.approx(47 * 47 - 200 * 4)
