"""Areas by the even-odd rule, against sums over vertical slabs."""

from collections.abc import Callable, Iterator
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from coco_dagster.coco.areas import region_areas
from coco_dagster.coco.rings import Rings

Ring = list[tuple[float, float]]
Outline = list[list[Ring]]
Builder = Callable[[Any], Rings]


Edge = tuple[int, tuple[float, float], tuple[float, float]]


def edges_of(outline: Outline) -> list[Edge]:
    """Edges that are not vertical, from left to right, with the number of their ring."""
    rings = [ring for polygon in outline for ring in polygon]
    return [
        (number, min(start, end), max(start, end))
        for number, ring in enumerate(rings)
        for start, end in pairwise([*ring, ring[0]])
        if start[0] != end[0]
    ]


def height(edge: Edge, x: float) -> float:
    _, (x1, y1), (x2, y2) = edge
    return y1 + (y2 - y1) * (x - x1) / (x2 - x1)


def crossings(edges: list[Edge]) -> Iterator[float]:
    """Where edges cross: there, the order in which a vertical line meets them changes."""
    for one, other in combinations(edges, 2):
        left, right = max(one[1][0], other[1][0]), min(one[2][0], other[2][0])
        before, after = (height(one, x) - height(other, x) for x in (left, right))
        if left < right and before * after < 0:
            yield left + (right - left) * before / (before - after)


def slab_area(outline: Outline) -> float:
    """Area by the even-odd rule, from vertical slabs in which no two edges cross."""
    edges = edges_of(outline)
    polygon_of = [number for number, polygon in enumerate(outline) for _ in polygon]
    outer = {polygon_of.index(number) for number in set(polygon_of)}
    area = 0.0
    for left, right in pairwise(
        sorted({x for _, *ends in edges for x, _ in ends} | set(crossings(edges)))
    ):
        middle = (left + right) / 2
        spanning = [edge for edge in edges if edge[1][0] < middle < edge[2][0]]
        spanning.sort(key=lambda edge: height(edge, middle))
        inside: set[int] = set()
        for lower, upper in pairwise(spanning):
            inside ^= {lower[0]}
            full = {polygon_of[ring] for ring in inside & outer}
            if full - {polygon_of[ring] for ring in inside - outer}:
                area += (right - left) * (height(upper, middle) - height(lower, middle))
    return area


def square(x: float, y: float, size: float) -> Ring:
    return [(x, y), (x + size, y), (x + size, y + size), (x, y + size)]


def star(points: int, step: int, radius: float = 10) -> Ring:
    angles = 2 * np.pi * step * np.arange(points) / points
    return [(float(radius * np.sin(a)), float(-radius * np.cos(a))) for a in angles]


@st.composite
def outlines(draw: st.DrawFn) -> Outline:
    step = draw(st.sampled_from([0.0, 1.0, 5.0]))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))

    def ring(centre: Any) -> Ring:
        points = centre + random.uniform(-20, 20, (random.integers(3, 9), 2))
        if step:
            points = np.round(points / step) * step
        if len(np.unique(points, axis=0)) < 3:
            points = centre + np.array([(0, 0), (3, 1), (7, 4)])
        return [(float(x), float(y)) for x, y in points]

    spread = draw(st.sampled_from([20, 1000]))
    rings = draw(st.lists(st.integers(1, 3), max_size=4))
    centres = random.uniform(0, spread, (len(rings), 2))
    return [[ring(c) for _ in range(n)] for n, c in zip(rings, centres, strict=True)]


SELF_CROSSING_HOLES: Outline = [
    [[(16, 10), (19, -10), (14, 15), (8, 2)]],
    [
        [(22, 12), (3, 20), (8, -4), (0, 11), (22, 4), (1, -11), (24, 14)],
        [(-6, 29), (17, 25), (7, 9), (14, -6), (16, 3), (-12, 28), (-1, 11)],
        [(24, 4), (22, 26), (17, -9), (-11, 8), (2, -5), (18, 3)],
    ],
    [[(24, 12), (9, 27), (5, 15), (30, 14), (17, 24), (23, 27), (35, 9)]],
]


def test_holes_that_cross_themselves_and_each_other(rings_of: Builder) -> None:
    """Overlays of triangles in GEOS give 350.459 here."""
    assert region_areas(rings_of([SELF_CROSSING_HOLES])).tolist() == pytest.approx([345.527652])


@given(drawn=st.lists(outlines(), max_size=3))
def test_area_is_that_of_slabs_without_crossings(rings_of: Builder, drawn: list[Outline]) -> None:
    expected = [slab_area(outline) for outline in drawn]
    assert region_areas(rings_of(drawn)).tolist() == pytest.approx(expected, rel=1e-9, abs=1e-7)


@pytest.mark.parametrize(
    ("outline", "area"),
    [
        pytest.param([[square(0, 0, 20)]], 400, id="square"),
        pytest.param([[square(0, 0, 20)[::-1]]], 400, id="counter-clockwise"),
        pytest.param([[square(0, 0, 20)], [square(30, 0, 20)]], 800, id="two squares"),
        pytest.param([[square(0, 0, 20)], [square(10, 0, 20)]], 600, id="squares that overlap"),
        pytest.param([[square(0, 0, 20)], [square(20, 0, 20)]], 800, id="squares that touch"),
        pytest.param([[square(0, 0, 20)]] * 30, 400, id="one square thirty times"),
        pytest.param([[square(25 * n, 0, 20)] for n in range(40)], 16_000, id="forty squares"),
        pytest.param([[[(0, 0), (20, 20), (20, 0), (0, 20)]]], 200, id="bow-tie"),
        pytest.param(
            [[[(0, 0), (10, 10), (20, 0), (20, 20), (10, 10), (0, 20)]]],
            200,
            id="bow-tie with a vertex at the crossing",
        ),
        pytest.param([[square(0, 0, 20) * 2]], 0, id="twice around"),
        pytest.param([[square(0, 0, 20), square(5, 5, 10)]], 300, id="hole"),
        pytest.param(
            [[square(0, 0, 20), square(5, 5, 10)], [square(8, 8, 4)]], 316, id="island in a hole"
        ),
        pytest.param([[square(0, 0, 20), square(10, 10, 20)]], 300, id="hole over the edge"),
        pytest.param(
            [[square(0, 0, 20), square(5, 5, 10), square(10, 10, 8)]], 261, id="holes that overlap"
        ),
        pytest.param(
            [[square(0, 0, 20), [(5, 5), (15, 15), (15, 5), (5, 15)]]], 350, id="bow-tie as a hole"
        ),
        pytest.param([], 0, id="nothing"),
    ],
)
def test_area(rings_of: Builder, outline: Outline, area: float) -> None:
    assert region_areas(rings_of([outline])).tolist() == pytest.approx([area], abs=1e-9)


def test_middle_of_a_pentagram_is_outside(rings_of: Builder) -> None:
    pentagram = star(5, 2)
    whole = shapely.convex_hull(shapely.MultiPoint(pentagram)).area
    middle = 10 * np.cos(2 * np.pi / 5) / np.cos(np.pi / 5)
    inner = shapely.Polygon(star(5, 1, middle)).area
    tips = 5 * 0.5 * (2 * middle * np.sin(np.pi / 5)) * (10 - middle * np.cos(np.pi / 5))
    area = region_areas(rings_of([[[pentagram]]]))[0]
    assert area == pytest.approx(tips)
    assert area < whole - inner


@pytest.mark.parametrize("scale", [1, 1e-3, 1e6])
@pytest.mark.parametrize(
    "ring",
    [
        [(0.1, 0.1), (0.2, 0.2), (0.7, 0.7)],
        [(1281.3, 777.7), (1281.4, 777.8), (1281.9, 778.3), (1281.35, 777.75)],
        [(3, 3), (3, 9), (3, 5)],
    ],
)
def test_collinear_rings_have_no_area(rings_of: Builder, ring: Ring, scale: float) -> None:
    scaled = [(x * scale, y * scale) for x, y in ring]
    assert region_areas(rings_of([[[scaled]]])).tolist() == [0]


def test_small_rings_keep_their_area(rings_of: Builder) -> None:
    area = region_areas(rings_of([[[square(4000, 3000, 1e-5)]]]))[0]
    assert area == pytest.approx(1e-10, rel=1e-4)


def test_areas_do_not_depend_on_what_stands_beside(rings_of: Builder) -> None:
    outlines = [
        [[square(0, 0, 20)], [square(10, 0, 20)]],
        [[star(5, 2)]],
        [],
        [[square(0, 0, 20), square(5, 5, 10)]],
        [[[(0, 0), (5, 1), (9, 9)]]],
    ]
    together = region_areas(rings_of(outlines)).tolist()
    assert together == [region_areas(rings_of([outline]))[0] for outline in outlines]


@pytest.mark.parametrize("exponent", [12, 50, 149])
def test_rings_beyond_every_image_have_a_finite_area(rings_of: Builder, exponent: int) -> None:
    points = np.random.default_rng(exponent).uniform(-1, 1, (12, 2)) * 10.0**exponent
    assert np.isfinite(region_areas(rings_of([[[points]], [[points], [points / 2]]]))).all()


def test_ring_that_crosses_itself_thousands_of_times(rings_of: Builder) -> None:
    points = np.random.default_rng(0).uniform(0, 100, (120, 2))
    assert 0 < region_areas(rings_of([[[points]]]))[0] < 10_000
