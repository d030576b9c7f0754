"""Outlines that cross too often are told from those that do so often enough for a drawing."""

import time

import numpy as np
import pytest

from coco_dagster.coco.areas import region_areas
from coco_dagster.coco.crossings import crossing_often
from tests.coco.conftest import RingsBuilder


def zigzag(teeth: int) -> list[tuple[float, float]]:
    """A ring whose base line is crossed twice by each of its teeth."""
    teeth_at = [(x + 0.5, (-1.0, 1.0)[x % 2]) for x in range(2 * teeth)]
    return [(-1.0, 0.0), (2.0 * teeth + 1, 0.0), *teeth_at[::-1]]


def scribble(points: int) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in np.random.default_rng(0).random((points, 2)) * 1000]


@pytest.mark.parametrize(("limit", "expected"), [(200, True), (1000, False)])
def test_crossings_are_held_against_the_limit(
    rings_of: RingsBuilder, limit: int, expected: bool
) -> None:
    rings = rings_of([[[zigzag(200)]]])
    assert crossing_often(rings, np.ones(1, np.bool_), limit).tolist() == [expected]


def test_rings_of_one_annotation_cross_each_other_too(rings_of: RingsBuilder) -> None:
    combs = [
        [(0.0, 0.0), *((x + 0.5, 100.0 * (x % 2)) for x in range(100)), (100.0, 0.0)],
        [(0.0, 0.0), *((100.0 * (y % 2), y + 0.5) for y in range(100)), (0.0, 100.0)],
    ]
    together, apart = rings_of([[[comb] for comb in combs]]), rings_of([[[comb]] for comb in combs])
    assert crossing_often(together, np.ones(1, np.bool_), 1000).tolist() == [True]
    assert crossing_often(apart, np.ones(2, np.bool_), 1000).tolist() == [False, False]


def test_only_suspects_are_looked_at(rings_of: RingsBuilder) -> None:
    rings = rings_of([[[scribble(300)]], [[scribble(300)]]])
    assert crossing_often(rings, np.array([False, True]), 100).tolist() == [False, True]


def test_a_scribble_has_no_area_and_its_neighbours_keep_theirs(rings_of: RingsBuilder) -> None:
    square = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]
    bow_tie = [(0.0, 0.0), (20.0, 20.0), (20.0, 0.0), (0.0, 20.0)]
    rings = rings_of([[[square]], [[scribble(1000)]], [[bow_tie]], [[square], [square]]])
    areas = region_areas(rings, 10_000).tolist()
    assert areas == pytest.approx([100, np.nan, 200, 100], nan_ok=True)


def test_a_scribble_of_a_million_crossings_takes_seconds_at_most(rings_of: RingsBuilder) -> None:
    rings = rings_of([[[scribble(3000)]]])
    start = time.perf_counter()
    assert np.isnan(region_areas(rings, 10_000)).all()
    assert time.perf_counter() - start < 30


def test_many_faces_of_one_polygon_have_the_area_that_few_at_a_time_have(
    rings_of: RingsBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    rings = rings_of([[[scribble(60), scribble(40)[:20]], [scribble(30)]]])
    expected = region_areas(rings)
    monkeypatch.setattr("coco_dagster.coco.regions._BATCH_EDGES", 500)
    assert region_areas(rings).tolist() == pytest.approx(expected.tolist())


@pytest.mark.parametrize(("step", "area"), [(15.0, 600 * 100.0), (5.0, 599 * 50.0 + 100)])
def test_many_polygons_in_a_row_count_once_where_they_overlap(
    rings_of: RingsBuilder, step: float, area: float
) -> None:
    corners = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
    squares = [[[(x + step * n, y) for x, y in corners]] for n in range(600)]
    assert region_areas(rings_of([squares])).tolist() == pytest.approx([area])
