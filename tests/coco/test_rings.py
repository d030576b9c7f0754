"""Outlines: their points, bounds and text."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coco_dagster.coco.rings import Rings, reduce_spans

Builder = Callable[[Any], Rings]
NUMBERS = st.floats(-1e6, 1e6)
OUTLINES = st.lists(
    st.lists(
        st.lists(
            st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=5), min_size=1, max_size=3
        ),
        max_size=3,
    ),
    max_size=4,
)

SQUARE = [(0, 0), (4, 0), (4, 4), (0, 4)]
HOLE = [(1, 1), (2, 1), (2, 2)]


@given(outlines=OUTLINES)
def test_text_holds_all_rings(rings_of: Builder, outlines: Any) -> None:
    expected = [
        [[n for point in ring for n in point] for polygon in annotation for ring in polygon]
        for annotation in outlines
    ]
    assert [json.loads(text) for text in rings_of(outlines).segmentation(None)] == expected


@given(outlines=OUTLINES, seed=st.integers(0, 2**16))
def test_chosen_annotations_are_those_alone(rings_of: Builder, outlines: Any, seed: int) -> None:
    chosen = np.random.default_rng(seed).random(len(outlines)) < 0.5
    some = rings_of(outlines).where(chosen)
    expected = rings_of([o for o, flag in zip(outlines, chosen, strict=True) if flag])
    assert some.points.tolist() == expected.points.tolist()
    assert some.ring_offsets.tolist() == expected.ring_offsets.tolist()
    assert some.polygon_offsets.tolist() == expected.polygon_offsets.tolist()
    assert some.annotation_offsets.tolist() == expected.annotation_offsets.tolist()


@pytest.mark.parametrize("repeats", [0, 1, 3])
def test_closing_points_are_dropped(rings_of: Builder, repeats: int) -> None:
    closed = [[[SQUARE + SQUARE[:1] * repeats, HOLE]], [[HOLE + HOLE[:1] * repeats]]]
    rings = rings_of(closed).without_closing_points()
    assert rings.points.tolist() == rings_of([[[SQUARE, HOLE]], [[HOLE]]]).points.tolist()
    assert rings.ring_offsets.tolist() == [0, 4, 7, 10]


def test_repeated_points_within_a_ring_are_kept(rings_of: Builder) -> None:
    ring = [(0, 0), (4, 0), (4, 0), (0, 0), (0, 4)]
    assert len(rings_of([[[ring]]]).without_closing_points().points) == 5


def test_ring_of_one_place_keeps_a_point(rings_of: Builder) -> None:
    assert rings_of([[[[(1, 1)] * 4]]]).without_closing_points().points.tolist() == [[1, 1]]


def test_bounding_boxes_enclose_the_outer_rings(rings_of: Builder) -> None:
    far_hole = [(50, 50), (60, 50), (60, 60)]
    rings = rings_of([[[SQUARE, far_hole], [HOLE]], [], [[[(-3, 9)]]]])
    assert rings.bounding_boxes().tolist() == [[0, 0, 4, 4], [0, 0, 0, 0], [-3, 9, 0, 0]]


def test_holes_are_told_from_parts(rings_of: Builder) -> None:
    rings = rings_of([[[SQUARE], [HOLE]], [[SQUARE, HOLE]], [], [[SQUARE]]])
    assert rings.has_holes.tolist() == [False, True, False, False]


def test_closed_rings_end_where_they_start(rings_of: Builder) -> None:
    points, offsets = rings_of([[[SQUARE, HOLE]]]).closed()
    assert points.tolist() == [[*p] for p in (*SQUARE, SQUARE[0], *HOLE, HOLE[0])]
    assert offsets.tolist() == [0, 5, 9]


def test_spans_without_values_reduce_to_zero() -> None:
    offsets = np.array([0, 0, 2, 2, 3, 3])
    assert reduce_spans(np.add, np.array([1.0, 2.0, 4.0]), offsets).tolist() == [0, 3, 0, 4, 0]
