"""Rasterised outlines, against pycocotools."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from coco_dagster.coco import rasters
from coco_dagster.coco.rasters import rasterise
from coco_dagster.coco.rings import Rings

Outline = list[list[list[tuple[float, float]]]]


def without(mask: dict[str, Any], hole: dict[str, Any]) -> dict[str, Any]:
    outside = coco_mask.encode(np.asfortranarray(1 - coco_mask.decode(hole)))
    return dict(coco_mask.merge([mask, outside], intersect=True))


def by_pycocotools(outline: Outline, width: int, height: int) -> dict[str, Any]:
    """Union of the outer rings, each without its holes."""
    polygons = []
    for polygon in outline:
        rings = [[number for point in ring for number in point] for ring in polygon]
        mask, *holes = coco_mask.frPyObjects(rings, height, width)
        for hole in holes:
            mask = without(mask, hole)
        polygons.append(mask)
    return dict(coco_mask.merge(polygons))


def square(x: float, y: float, size: float) -> list[tuple[float, float]]:
    return [(x, y), (x + size, y), (x + size, y + size), (x, y + size)]


@st.composite
def outlines(draw: st.DrawFn) -> tuple[Outline, int, int]:
    width, height = draw(st.tuples(*[st.integers(1, 40)] * 2))
    reach = draw(st.sampled_from([1, 1, 3, 30]))
    step = draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))

    def ring() -> list[tuple[float, float]]:
        points = random.uniform(-0.3, 1.3, (random.integers(3, 12), 2)) * [width, height] * reach
        if step:
            points = np.round(points / step) * step
        return [(float(x), float(y)) for x, y in points]

    polygons = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    return [[ring() for _ in range(rings)] for rings in polygons], width, height


@given(drawn=st.lists(outlines(), max_size=4))
def test_rasterising_is_that_of_pycocotools(
    rings_of: Callable[[Any], Rings], drawn: list[tuple[Outline, int, int]]
) -> None:
    sizes = np.array([size for _, *size in drawn], np.int64).reshape(-1, 2)
    masks = rasterise(rings_of([outline for outline, *_ in drawn]), *sizes.T)
    expected = [by_pycocotools(*each) for each in drawn]
    assert masks.counts.to_list() == [rle["counts"].decode() for rle in expected]
    assert masks.area.tolist() == [int(coco_mask.area(rle)) for rle in expected]
    assert masks.bbox.tolist() == [coco_mask.toBbox(rle).tolist() for rle in expected]


def test_small_batches_change_nothing(
    rings_of: Callable[[Any], Rings], monkeypatch: pytest.MonkeyPatch
) -> None:
    outline = [[square(2, 3, 20), square(8, 8, 5)], [square(30, 1, 9)]]
    rings, size = rings_of([outline] * 9), (np.full(9, 50), np.full(9, 40))
    whole = rasterise(rings, *size).counts.to_list()
    monkeypatch.setattr(rasters, "_BATCH_CROSSINGS", 100)
    assert rasterise(rings, *size).counts.to_list() == whole


@pytest.mark.parametrize(
    ("outline", "area"),
    [
        pytest.param([[square(0, 0, 20)], [square(30, 0, 20)]], 800, id="two squares"),
        pytest.param([[square(0, 0, 20), square(5, 5, 10)]], 300, id="hole"),
        pytest.param(
            [[square(0, 0, 20), square(5, 5, 10)], [square(8, 8, 4)]], 316, id="island in a hole"
        ),
        pytest.param([[square(0, 0, 20), square(10, 10, 20)]], 300, id="hole over the edge"),
        pytest.param([[square(0, 0, 20), square(0, 0, 20)]], 0, id="hole as large as its polygon"),
        pytest.param(
            [[square(0, 0, 20), square(5, 5, 10), square(10, 10, 8)]], 261, id="holes that overlap"
        ),
        pytest.param([[square(30, 20, 100)]], 20 * 20, id="over the frame's edge"),
        pytest.param([[square(500, 20, 10)]], 0, id="outside"),
        pytest.param([[square(-1e9, -1e9, 2e9)]], 50 * 40, id="far around the frame"),
        pytest.param([[square(-1e150, -1e150, 2e150)]], 50 * 40, id="as far as numbers go"),
    ],
)
def test_pixels(rings_of: Callable[[Any], Rings], outline: Outline, area: int) -> None:
    masks = rasterise(rings_of([outline]), np.array([50]), np.array([40]))
    assert masks.area.tolist() == [area]


def test_points_far_outside_cost_nothing(rings_of: Callable[[Any], Rings]) -> None:
    points = np.random.default_rng(0).uniform(-1e12, 1e12, (2000, 2))
    rings = rings_of([[[points]]])
    start = time.perf_counter()
    rasterise(rings, np.array([640]), np.array([480]))
    assert time.perf_counter() - start < 5
