"""Turned boxes and ellipses, against shapely and the mathematics of the curve."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import affinity

from coco_dagster.coco.curves import (
    MAX_CHORD_ERROR,
    MIN_VERTICES,
    ellipses,
    sine_cosine,
    turned_boxes,
)
from coco_dagster.coco.rings import Floats

ANGLES = st.floats(-1e4, 1e4)


def corners(box: tuple[float, ...], theta: float) -> Floats:
    return turned_boxes(np.array([box]), np.array([theta])).points


@given(ANGLES)
def test_sine_and_cosine(turns: float) -> None:
    sine, cosine = sine_cosine(np.array([turns]))
    angle = 2 * math.pi * math.fmod(turns, 1)
    assert sine[0] == pytest.approx(math.sin(angle), abs=2e-15)
    assert cosine[0] == pytest.approx(math.cos(angle), abs=2e-15)


@pytest.mark.parametrize("whole", [-3, 0, 1, 1000])
def test_quarters_of_a_turn_are_exact(whole: int) -> None:
    sine, cosine = sine_cosine(whole + np.array([0, 0.25, 0.5, 0.75]))
    assert sine.tolist() == [0, 1, 0, -1]
    assert cosine.tolist() == [1, 0, -1, 0]


@given(
    st.tuples(st.floats(-50, 1000), st.floats(-50, 1000), st.floats(0, 500), st.floats(0, 500)),
    st.floats(-720, 720),
)
def test_corners_are_those_of_shapely(box: tuple[float, ...], theta: float) -> None:
    x, y, w, h = box
    drawn = shapely.LineString([(x, y), (x + w, y), (x + w, y + h), (x, y + h)])
    centre = (x + w / 2, y + h / 2)
    # On screen y points down, so what shapely calls counter-clockwise is clockwise.
    expected = shapely.get_coordinates(affinity.rotate(drawn, theta, origin=centre))
    assert corners(box, theta) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("theta", [0.0, 360.0, -720.0])
def test_box_that_is_not_turned_keeps_its_corners(theta: float) -> None:
    assert corners((0.1, 0.2, 0.7, 0.3), theta).tolist() == [
        [0.1, 0.2],
        [0.1 + 0.7, 0.2],
        [0.1 + 0.7, 0.2 + 0.3],
        [0.1, 0.2 + 0.3],
    ]


def test_box_turns_clockwise_on_screen_from_its_top_left_corner() -> None:
    assert corners((10, 20, 4, 2), 90).tolist() == [[13, 19], [13, 23], [11, 23], [11, 19]]


def ellipse(
    centre: tuple[float, float], radii: tuple[float, float], theta: float
) -> tuple[Floats, Floats, float]:
    rings, boxes, areas = ellipses(np.array([centre]), np.array([radii]), np.array([theta]))
    return rings.points, boxes[0], float(areas[0])


RADII = st.tuples(st.floats(1e-3, 5000), st.floats(1e-3, 5000))


@given(RADII, st.floats(-400, 400))
def test_sides_of_an_ellipse_stay_near_the_curve(radii: tuple[float, float], theta: float) -> None:
    points, _, _ = ellipse((100, 50), radii, theta)
    assert len(points) >= MIN_VERTICES
    # Turned back and scaled to the unit circle, the middle of a side is nearest to the centre.
    turn = math.radians(theta)
    steps = points - [100, 50]
    back = steps @ [[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]
    assert np.hypot(*(back / radii).T) == pytest.approx(np.ones(len(points)))
    middles = (back + np.roll(back, -1, axis=0)) / 2 / radii
    gap = (1 - np.hypot(*middles.T)) * max(radii)
    assert gap.max() <= MAX_CHORD_ERROR


@given(RADII, st.floats(-400, 400))
def test_box_of_an_ellipse_is_that_of_its_curve(radii: tuple[float, float], theta: float) -> None:
    _, box, area = ellipse((100, 50), radii, theta)
    angle, turn = np.linspace(0, 2 * math.pi, 20_001), math.radians(theta)
    x = 100 + radii[0] * np.cos(angle) * math.cos(turn) - radii[1] * np.sin(angle) * math.sin(turn)
    y = 50 + radii[0] * np.cos(angle) * math.sin(turn) + radii[1] * np.sin(angle) * math.cos(turn)
    expected = [x.min(), y.min(), np.ptp(x), np.ptp(y)]
    assert box.tolist() == pytest.approx(expected, rel=1e-6, abs=1e-6 * max(radii))
    assert area == pytest.approx(math.pi * radii[0] * radii[1])


def test_ring_of_a_circle() -> None:
    points, box, _ = ellipse((10, 20), (5, 5), 0)
    assert points[[0, 8, 16, 24]].tolist() == [[15, 20], [10, 25], [5, 20], [10, 15]]
    assert box.tolist() == [5, 15, 10, 10]


def test_vertices_of_one_ellipse_do_not_depend_on_the_others() -> None:
    radii = np.array([[3.0, 4.0], [300.0, 4.0], [1e9, 1.0]])
    together, _, _ = ellipses(np.zeros((3, 2)), radii, np.array([0.0, 10.0, 20.0]))
    alone, _, _ = ellipses(np.zeros((1, 2)), radii[1:2], np.array([10.0]))
    start, stop = together.ring_offsets[1:3]
    assert together.points[start:stop].tolist() == alone.points.tolist()
