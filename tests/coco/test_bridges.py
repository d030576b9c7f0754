"""Bridges are those that a look at all points of the polygon finds, without looking at them all."""

import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from coco_dagster.coco import bridges
from coco_dagster.coco.bridges import bridge_ends, following_points, steps_to_points
from coco_dagster.coco.keyholes import bridged_at_length
from coco_dagster.coco.mask_outlines import outlined
from coco_dagster.coco.masks import Masks
from coco_dagster.coco.rings import Rings
from coco_dagster.encord.run_lengths import Ints

Pixels = NDArray[np.bool_]


def outlines_with_holes(*pixels: Pixels) -> Rings:
    encoded = [coco_mask.encode(np.asfortranarray(each, np.uint8)) for each in pixels]
    height, width = np.array([each.shape for each in pixels]).T
    masks = Masks(
        pl.Series([each["counts"].decode() for each in encoded]),
        width,
        height,
        np.array([each.sum() for each in pixels], np.float64),
        np.zeros((len(pixels), 4)),
    )
    rings = outlined(masks)
    return rings.where(rings.has_holes)


def holes_and_starts(rings: Rings) -> tuple[Ints, Ints]:
    """The rings that are holes, and the leftmost point of every ring."""
    offsets = rings.ring_offsets
    starts = [
        min(range(start, stop), key=lambda n: tuple(rings.points[n]))
        for start, stop in itertools.pairwise(offsets)
    ]
    outer = set(rings.polygon_offsets[:-1].tolist())
    holes = [ring for ring in range(offsets.size - 1) if ring not in outer]
    return np.array(holes, np.int64), np.array(starts, np.int64)


def plain_end(rings: Rings, hole: int, starts: Ints) -> int:
    """The end of one bridge, from all points of the polygon."""
    polygon = int(np.searchsorted(rings.polygon_offsets, hole, side="right")) - 1
    place = {ring: (*rings.points[start], ring) for ring, start in enumerate(starts)}
    further = [
        ring
        for ring in range(rings.polygon_offsets[polygon], rings.polygon_offsets[polygon + 1])
        if place[ring] < place[hole]
    ]
    points = [n for ring in further for n in range(*rings.ring_offsets[ring : ring + 2].tolist())]
    following = following_points(rings)
    at_x, at_y = rings.points[starts[hole]]

    def meeting(n: int) -> tuple[bool, float]:
        (x, y), (next_x, next_y) = rings.points[n], rings.points[following[n]]
        if (x, y) == (at_x, at_y):
            return True, x
        if (y <= at_y) == (next_y <= at_y):
            return False, -np.inf
        meets = x + (next_x - x) * ((at_y - y) / (next_y - y))
        return False, meets if meets <= at_x else -np.inf

    edge = max(points, key=lambda n: (*meeting(n), n))
    touching, crossing = meeting(edge)
    ends = [edge] if touching else [edge, int(following[edge])]
    seen = min(ends, key=lambda n: (*rings.points[n], n != edge))
    seen_x, seen_y = rings.points[seen]

    def steepness(n: int) -> float | None:
        x, y = rings.points[n]
        share = (y - at_y) / (seen_y - at_y) if seen_y != at_y else 0.0
        left, right = crossing + (seen_x - crossing) * share, at_x + (seen_x - at_x) * share
        inside = 0 < share <= 1 and left <= x <= right and x < at_x
        return abs(y - at_y) / (at_x - x) if inside else None

    inside = [(n, steep) for n in points if (steep := steepness(n)) is not None]
    return max(inside, key=lambda p: (-p[1], rings.points[p[0]][0], p[0]))[0] if inside else seen


@given(st.lists(arrays(np.bool_, st.tuples(st.integers(3, 9), st.integers(3, 9))), min_size=1))
def test_bridges_are_those_that_a_look_at_all_points_finds(pixels: list[Pixels]) -> None:
    rings = outlines_with_holes(np.ones((1, 1), np.bool_), *(each for each in pixels if each.any()))
    holes, starts = holes_and_starts(rings)
    expected = [plain_end(rings, hole, starts) for hole in holes.tolist()]
    assert bridge_ends(rings, holes, starts).tolist() == expected


@given(seed=st.integers(0, 2**32), pairs=st.integers(1, 50))
def test_bridges_are_the_same_in_batches_of_any_size(seed: int, pairs: int) -> None:
    pixels = np.random.default_rng(seed).random((2, 12, 12)) < 0.7
    rings = outlines_with_holes(*pixels)
    holes, starts = holes_and_starts(rings)
    together = bridge_ends(rings, holes, starts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bridges, "_BATCH_PAIRS", pairs)
        assert bridge_ends(rings, holes, starts).tolist() == together.tolist()


def grid_of_holes(side: int) -> Pixels:
    """A mask with a hole at every other pixel of every other row."""
    odd = np.arange(2 * side + 1) % 2 == 1
    holes: Pixels = np.logical_and.outer(odd, odd)
    return ~holes


def test_holes_are_not_compared_with_all_points(monkeypatch: pytest.MonkeyPatch) -> None:
    rings = outlines_with_holes(grid_of_holes(50))
    holes, starts = holes_and_starts(rings)
    looked_at = []
    for name in ("_look_left", "_look_around"):
        look = getattr(bridges, name)

        def counted(view: object, point: Ints, *rest: Ints, look=look) -> None:  # type: ignore[no-untyped-def]
            looked_at.append(point.size)
            look(view, point, *rest)

        monkeypatch.setattr(bridges, name, counted)
    bridge_ends(rings, holes, starts)
    assert holes.size == 2_500
    assert sum(looked_at) < holes.size * rings.points.shape[0] / 50
    steps = [bridges.steps_to_edges(rings, holes, starts), steps_to_points(rings, holes, starts)]
    # Of edges and points, those of rings that do not reach further left are not looked at.
    assert sum(looked_at) / 3 < sum(map(np.sum, steps)) < 5 * sum(looked_at)


@pytest.mark.parametrize("turned", [False, True])
def test_outlines_whose_holes_all_lie_level_are_told(turned: bool) -> None:
    fence = np.ones((3, 201), np.bool_)
    fence[1, 1::2] = False
    outlines = [fence.T if turned else fence, grid_of_holes(10)]
    rings = outlines_with_holes(*outlines)
    assert bridged_at_length(rings, limit=60_000).tolist() == [False, False]
    assert bridged_at_length(rings, limit=6_000).tolist() == [True, False]
