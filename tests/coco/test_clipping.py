"""Outlines cut to frames, against shapely's overlay of each one on its own."""

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from coco_dagster.coco.areas import region_areas
from coco_dagster.coco.clipping import (
    clip_paths,
    clip_rings,
    points_outside,
    reaching_out,
    widen_paths,
)
from coco_dagster.coco.rings import Rings, there_and_back
from tests.coco.conftest import RingsBuilder

WIDTH, HEIGHT = 20, 10
FRAME = shapely.box(0, 0, WIDTH, HEIGHT)

Point = tuple[float, float]
Polygon = list[list[Point]]


def frames(count: int) -> Any:
    return np.tile([float(WIDTH), float(HEIGHT)], (count, 1))


def as_shapely(polygon: Polygon) -> Any:
    """What a polygon covers by the even-odd rule, made valid piece by piece."""
    outer, *holes = (shapely.make_valid(shapely.Polygon(ring)) for ring in polygon)
    for hole in holes:
        outer = outer.difference(hole)
    return outer


def regions_of(rings: Rings) -> list[Any]:
    """What each annotation covers; every ring of the outlines is simple."""
    regions = []
    for start, stop in zip(rings.annotation_offsets, rings.annotation_offsets[1:], strict=False):
        parts = []
        for polygon in range(start, stop):
            first, last = rings.polygon_offsets[polygon : polygon + 2]
            outer, *holes = (
                rings.points[rings.ring_offsets[ring] : rings.ring_offsets[ring + 1]]
                for ring in range(first, last)
            )
            parts.append(shapely.Polygon(outer, holes))
        assert all(part.is_valid for part in parts)
        regions.append(shapely.union_all(parts))
    return regions


coordinates = st.tuples(st.integers(-15, 35), st.integers(-15, 25))
rings = st.lists(coordinates, min_size=3, max_size=8).filter(lambda ring: len(set(ring)) >= 3)


@given(st.lists(st.lists(rings.map(lambda ring: [ring]), min_size=1, max_size=2), max_size=5))
def test_rings_however_drawn_are_cut_as_shapely_cuts_them(
    rings_of: RingsBuilder, annotations: list[list[Polygon]]
) -> None:
    clipped = clip_rings(rings_of(annotations).without_closing_points(), frames(len(annotations)))
    for region, polygons in zip(regions_of(clipped), annotations, strict=True):
        expected = shapely.union_all([as_shapely(polygon) for polygon in polygons]) & FRAME
        assert region.symmetric_difference(expected).area == pytest.approx(0, abs=1e-9)
        assert not region.area or region.within(FRAME)


@st.composite
def polygons_with_holes(draw: st.DrawFn) -> Polygon:
    """A star around a place, with squares cut out of it."""
    x, y = draw(st.integers(-10, 25)), draw(st.integers(-10, 15))
    radii = draw(st.lists(st.integers(3, 15), min_size=3, max_size=9))
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    outer = [
        (x + r * float(np.cos(angle)), y + r * float(np.sin(angle)))
        for r, angle in zip(radii, angles, strict=True)
    ]
    corners = draw(st.lists(st.tuples(st.integers(-6, 6), st.integers(-6, 6)), max_size=3))
    holes = [
        [(x + dx + u, y + dy + v) for u, v in ((0, 0), (1.5, 0), (1.5, 1.5), (0, 1.5))]
        for dx, dy in corners
    ]
    return [outer, *([(float(px), float(py)) for px, py in hole] for hole in holes)]


@given(polygons_with_holes())
def test_holes_are_cut_too(rings_of: RingsBuilder, polygon: Polygon) -> None:
    clipped = clip_rings(rings_of([[polygon]]), frames(1))
    expected = as_shapely(polygon) & FRAME
    assert region_areas(clipped)[0] == pytest.approx(expected.area, abs=1e-6)
    assert (clipped.points >= 0).all()
    assert (clipped.points <= [WIDTH, HEIGHT]).all()


def test_every_annotation_is_cut_to_its_own_frame(rings_of: RingsBuilder) -> None:
    square = [[(-5.0, -5.0), (50.0, -5.0), (50.0, 50.0), (-5.0, 50.0)]]
    sizes = np.array([[7.0, 3.0], [20.0, 40.0]])
    clipped = clip_rings(rings_of([[square], [square]]), sizes)
    assert clipped.bounding_boxes().tolist() == [[0, 0, 7, 3], [0, 0, 20, 40]]


@pytest.mark.parametrize("far", [1e9, 1e15, 1e300])
def test_what_is_endlessly_far_is_cut_all_the_same(rings_of: RingsBuilder, far: float) -> None:
    inside = [[(-far, -far), (far, -far), (far, far), (-far, far)]]
    outside = [[(far, 1.0), (2 * far, 1.0), (2 * far, 5.0)]]
    clipped = clip_rings(rings_of([[inside], [outside]]), frames(2))
    assert region_areas(clipped).tolist() == [WIDTH * HEIGHT, 0]
    assert np.diff(clipped.annotation_offsets).tolist() == [1, 0]


def test_the_edge_of_the_frame_is_inside() -> None:
    points = np.array([[0.0, 0.0], [20.0, 10.0], [-1e-9, 5.0], [5.0, 10.000001]])
    assert points_outside(points, frames(4)).tolist() == [False, False, True, True]


def test_one_point_outside_is_enough(rings_of: RingsBuilder) -> None:
    within = [[(0.0, 0.0), (20.0, 0.0), (20.0, 10.0)]]
    out = [[(0.0, 0.0), (20.5, 0.0), (20.0, 10.0)]]
    rings = rings_of([[within], [within, out], []])
    assert reaching_out(rings, frames(3)).tolist() == [False, True, False]


def test_a_hole_that_reaches_out_is_no_reason_to_cut(rings_of: RingsBuilder) -> None:
    within, hole = [(0.0, 0.0), (20.0, 0.0), (20.0, 10.0)], [(5.0, 2.0), (9.0, 2.0), (9.0, -5.0)]
    assert reaching_out(rings_of([[[within, hole]]]), frames(1)).tolist() == [False]


def path_of(*points: Point) -> Rings:
    return there_and_back(np.array(points), np.array([len(points)]), np.array([2 * len(points)]))


simple_points = st.lists(coordinates, min_size=2, max_size=6, unique=True)


@given(simple_points)
def test_paths_are_cut_as_shapely_cuts_lines(points: list[Point]) -> None:
    clipped = clip_paths(path_of(*points), frames(1))
    lengths = [
        shapely.LineString(clipped.points[start:stop]).length / 2
        for start, stop in zip(clipped.ring_offsets, clipped.ring_offsets[1:], strict=False)
    ]
    expected = shapely.LineString(points).intersection(FRAME).length
    assert sum(lengths) == pytest.approx(expected)
    assert np.diff(clipped.annotation_offsets).tolist() == [len(lengths)]


@given(simple_points, st.floats(0.5, 5))
def test_a_widened_path_covers_the_path_and_little_more(points: list[Point], width: float) -> None:
    line = shapely.LineString(points)
    (region,) = regions_of(widen_paths(path_of(*points), width))
    # GEOS straightens inner corners by a hundredth of the width.
    assert region.buffer(0.02 * width).covers(line)
    assert line.buffer(width / 2 + 1e-6).buffer(0.02 * width).covers(region)
    assert region.area <= line.length * width + 1e-6 + 0.05 * width**2


def test_a_straight_path_has_flat_ends() -> None:
    (region,) = regions_of(widen_paths(path_of((1.0, 5.0), (11.0, 5.0)), 2.0))
    assert region.equals(shapely.box(1, 4, 11, 6))


def test_a_path_without_length_has_no_area() -> None:
    widened = widen_paths(path_of((1.0, 5.0), (1.0, 5.0)), 2.0)
    assert widened.annotation_offsets.tolist() == [0, 0]
