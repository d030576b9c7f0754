"""What the profile `training` does to geometry: one test for each rule of the contract."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from coco_dagster.coco.profiles import ENCORD, TRAINING, Profile
from tests.annotation_tables import (
    EVERY_SHAPE,
    HEIGHT,
    HOLE,
    SQUARE,
    WIDTH,
    annotation,
    bitmask,
    left_out,
    polygon,
    rendered,
    skeleton,
)

BUFFERED = replace(TRAINING, polyline_width=4.0)
KEYHOLE = replace(TRAINING, holes="keyhole")


def training(*rows: dict[str, Any], profile: Profile = TRAINING) -> list[dict[str, Any]]:
    return rendered(*rows, profile=profile)


def points_of(ring: list[float]) -> set[tuple[float, float]]:
    return set(zip(ring[::2], ring[1::2], strict=True))


def test_what_lies_within_the_image_is_written_as_encord_writes_it() -> None:
    rows = [row for row in EVERY_SHAPE if row["shape"] not in ("polyline", "point", "skeleton")]
    as_drawn, fitted = rendered(*rows, profile=ENCORD), training(*rows)
    assert [entry | {"iscrowd": 0} for entry in as_drawn] == fitted


@pytest.mark.parametrize("row", [bitmask(np.eye(30)), polygon((SQUARE, HOLE))])
def test_run_lengths_are_no_crowd(row: dict[str, Any]) -> None:
    (entry,) = training(row)
    assert isinstance(entry["segmentation"], dict)
    assert entry["iscrowd"] == 0


def test_a_box_is_cut_at_the_edges_of_the_image() -> None:
    (entry,) = training(annotation("bounding_box", -0.1, 0.9, 0.3, 0.4))
    assert entry["bbox"] == pytest.approx([0, 90, 40, 10])
    assert entry["segmentation"][0] == pytest.approx([0, 90, 40, 90, 40, 100, 0, 100])
    assert entry["area"] == pytest.approx(400)


def test_a_box_keeps_the_order_of_its_corners() -> None:
    (entry,) = training(annotation("bounding_box", 0.5, 0.5, 2, 0.25))
    assert entry["segmentation"] == [[100, 50, 200, 50, 200, 75, 100, 75]]


def test_a_turned_box_becomes_what_is_left_of_it() -> None:
    # A square of 40 px on its corner, of which the left half lies outside.
    (entry,) = training(
        annotation("rotatable_bounding_box", -0.1, 0.3, 0.2, 0.4, theta=45.0), profile=TRAINING
    )
    half = 20 * 2**0.5
    assert entry["bbox"] == pytest.approx([0, 50 - half, half, 2 * half])
    assert entry["area"] == pytest.approx(40 * 40 / 2)
    assert len(entry["segmentation"][0]) == 6


def test_a_polygon_is_cut() -> None:
    triangle = (-0.5, 0.0, 0.5, 0.0, 0.5, 1.0)
    (entry,) = training(polygon((triangle,)))
    assert entry["bbox"] == pytest.approx([0, 0, 100, 100])
    assert entry["area"] == pytest.approx(100 * 100 / 2 + 100 * 50 / 2)
    assert points_of(entry["segmentation"][0]) == {(0, 0), (100, 0), (100, 100), (0, 50)}


def test_a_polygon_may_fall_into_parts() -> None:
    # A U that opens to the right, whose bend lies left of the image.
    u = (-0.1, 0.1, 0.2, 0.1, 0.2, 0.3, -0.05, 0.3, -0.05, 0.7, 0.2, 0.7, 0.2, 0.9, -0.1, 0.9)
    (entry,) = training(polygon((u,)))
    assert sorted(sorted(points_of(ring)) for ring in entry["segmentation"]) == [
        [(0, 10), (0, 30), (40, 10), (40, 30)],
        [(0, 70), (0, 90), (40, 70), (40, 90)],
    ]
    assert entry["area"] == pytest.approx(2 * 40 * 20)


def test_a_part_outside_the_image_is_dropped() -> None:
    (entry,) = training(polygon((SQUARE,), ((1.1, 0.1, 1.2, 0.1, 1.2, 0.3),)))
    assert len(entry["segmentation"]) == 1
    assert entry["bbox"] == pytest.approx([20, 10, 20, 20])


def test_a_bow_tie_is_cut_as_the_even_odd_rule_sees_it() -> None:
    # Crosses itself at (0, 50); one half lies outside.
    (entry,) = training(polygon(((-0.2, 0.3, 0.2, 0.7, 0.2, 0.3, -0.2, 0.7),)))
    assert entry["area"] == pytest.approx(40 * 40 / 2)
    assert entry["bbox"] == pytest.approx([0, 30, 40, 40])


def test_a_hole_at_the_edge_becomes_part_of_the_outline() -> None:
    outer = (-0.1, 0.1, 0.3, 0.1, 0.3, 0.9, -0.1, 0.9)
    hole = (-0.05, 0.4, 0.1, 0.4, 0.1, 0.6, -0.05, 0.6)
    (entry,) = training(polygon((outer, hole)))
    assert isinstance(entry["segmentation"], list)
    assert entry["area"] == pytest.approx(60 * 80 - 20 * 20)


def test_a_hole_within_stays_one() -> None:
    outer = (-0.1, 0.1, 0.3, 0.1, 0.3, 0.9, -0.1, 0.9)
    hole = (0.1, 0.4, 0.2, 0.4, 0.2, 0.6, 0.1, 0.6)
    (entry,) = training(polygon((outer, hole)))
    assert entry["segmentation"]["size"] == [HEIGHT, WIDTH]
    assert entry["area"] == pytest.approx(60 * 80 - 20 * 20)
    assert entry["bbox"] == pytest.approx([0, 10, 60, 80])


@pytest.mark.parametrize(
    "row",
    [
        annotation("circle", 0.0, 0.5, 0.2, 1.0),
        annotation("ellipse", 0.0, 0.5, 0.2, 0.4, theta=None),
    ],
)
def test_a_curve_is_cut(row: dict[str, Any]) -> None:
    (entry,) = training(row)
    assert entry["bbox"] == pytest.approx([0, 10, 40, 80], abs=1e-9)
    assert entry["area"] == pytest.approx(np.pi * 40 * 40 / 2, rel=0.01)


def test_a_curve_whose_box_alone_reaches_out_has_a_box_within() -> None:
    # Turned, its highest point lies between two vertices of the ring.
    row = annotation("ellipse", 0.5, 0.4, 0.15, 0.1, theta=77.0)
    (drawn,) = rendered(row)
    top = drawn["bbox"][1]
    moved = row | {"coordinates": [0.5, 0.4 - (top + 0.001) / HEIGHT, 0.15, 0.1]}
    (before,), (entry,) = rendered(moved), training(moved)
    assert before["bbox"][1] == pytest.approx(-0.001)
    assert min(entry["segmentation"][0][1::2]) > 0
    assert entry["bbox"][1] == 0
    assert entry["area"] == before["area"]


def test_a_cuboid_is_cut() -> None:
    (entry,) = training(annotation("cuboid_2d", *SQUARE, 0.9, 0.1, 1.2, 0.1, 1.2, 0.3, 0.9, 0.3))
    assert entry["bbox"] == pytest.approx([20, 10, 180, 20])


FAR = 1e6
OUTSIDE = [
    annotation("bounding_box", 1.1, 0.1, 0.2, 0.2),
    annotation("bounding_box", 1.0, 0.1, 0.2, 0.2),
    annotation("rotatable_bounding_box", -0.9, 0.1, 0.2, 0.2, theta=10.0),
    polygon(((1.1, 0.1, 1.2, 0.1, 1.2, 0.3),)),
    polygon(((FAR, 0.1, FAR + 1, 0.1, FAR + 1, 0.3),)),
    annotation("circle", -0.5, 0.5, 0.1, 1.0),
    annotation("cuboid_2d", *(x + 2 for x in SQUARE), *(x + 2 for x in SQUARE)),
]


@pytest.mark.parametrize("row", OUTSIDE)
def test_what_lies_outside_is_left_out(row: dict[str, Any]) -> None:
    assert left_out(row, profile=TRAINING) == ["outside_image"]
    assert left_out(row, profile=ENCORD) == [None]
    assert training(row) == []


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (annotation("bounding_box", 0.1, 0.1, 0.004, 0.2), "too_small"),
        (annotation("bounding_box", 0.1, 0.1, 0.005, 0.01), None),
        (annotation("bounding_box", 0.1, 0.1, 0.0, 0.2), "no_area"),
        (annotation("bounding_box", 0.9975, 0.1, 0.2, 0.2), "too_small"),
        (polygon(((0.1, 0.1, 0.2, 0.2, 0.3, 0.3),)), "no_area"),
        (polygon(((0.1, 0.1, 0.2, 0.1, 0.2, 0.105),)), "too_small"),
        (annotation("rotatable_bounding_box", 0.1, 0.1, 0.002, 0.002, theta=9.0), "too_small"),
        (annotation("circle", 0.5, 0.5, 0.002, 1.0), "too_small"),
        (annotation("cuboid_2d", *SQUARE[:6], *SQUARE[:6]), None),
        (annotation("cuboid_2d", 0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.1, 0.1), "no_area"),
        (bitmask([[1]]), None),
    ],
)
def test_what_is_too_small_is_left_out(row: dict[str, Any], code: str | None) -> None:
    assert left_out(row, profile=TRAINING) == [code]
    assert left_out(row, profile=ENCORD) == [None]


def test_only_the_smallest_side_that_was_set_is_left_out() -> None:
    row = annotation("bounding_box", 0.1, 0.1, 0.04, 0.2)
    assert left_out(row, profile=replace(TRAINING, min_side=8.0)) == [None]
    assert left_out(row, profile=replace(TRAINING, min_side=8.5)) == ["too_small"]


def test_what_is_left_out_leaves_the_others_in_order() -> None:
    rows = [EVERY_SHAPE[0], OUTSIDE[0], EVERY_SHAPE[2], OUTSIDE[3], EVERY_SHAPE[0]]
    assert training(*rows) == training(EVERY_SHAPE[0], EVERY_SHAPE[2], EVERY_SHAPE[0])


# Polylines


def test_a_polyline_becomes_an_area_of_the_width() -> None:
    (entry,) = training(annotation("polyline", 0.1, 0.5, 0.6, 0.5), profile=BUFFERED)
    assert points_of(entry["segmentation"][0]) == {(20, 48), (20, 52), (120, 48), (120, 52)}
    assert (entry["bbox"], entry["area"]) == ([20, 48, 100, 4], 400)
    assert entry["iscrowd"] == 0


def test_a_widened_polyline_is_cut_at_the_edge() -> None:
    (entry,) = training(annotation("polyline", -0.5, 0.01, 0.5, 0.01), profile=BUFFERED)
    assert entry["bbox"] == [0, 0, 100, 3]


def test_a_polyline_around_something_has_a_hole() -> None:
    closed = annotation("polyline", 0.1, 0.1, 0.4, 0.1, 0.4, 0.7, 0.1, 0.7, 0.1, 0.1)
    (entry,) = training(closed, profile=BUFFERED)
    assert isinstance(entry["segmentation"], dict)
    assert entry["area"] == pytest.approx(2 * 4 * (60 + 60), rel=0.02)


@pytest.mark.parametrize("profile", [BUFFERED, replace(BUFFERED, min_side=None)])
def test_a_polyline_of_one_place_has_no_area(profile: Profile) -> None:
    assert left_out(annotation("polyline", 0.5, 0.5, 0.5, 0.5), profile=profile) == ["no_area"]


def test_a_width_makes_areas_of_polylines_in_any_profile() -> None:
    row = annotation("polyline", -0.5, 0.5, 0.5, 0.5)
    (entry,) = rendered(row, profile=replace(ENCORD, polyline_width=2.0))
    assert (entry["bbox"], entry["area"]) == ([-100, 49, 200, 2], 400)


def test_a_path_is_cut_where_it_leaves_the_image() -> None:
    profile = replace(ENCORD, coordinates="clipped")
    row = annotation("polyline", -0.5, 0.5, 0.5, 0.5, 0.5, 2.0)
    (entry,) = rendered(row, profile=profile)
    assert entry["segmentation"] == [[0, 50, 100, 50, 100, 100, 100, 100, 100, 50, 0, 50]]
    assert (entry["bbox"], entry["area"]) == ([0, 50, 100, 50], 0)
    assert left_out(annotation("polyline", -1, -1, -2, -2), profile=profile) == ["outside_image"]


# Points and skeletons


def test_a_point_gets_a_box_of_one_pixel_around_it() -> None:
    (entry,) = training(annotation("point", 0.25, 0.5))
    assert entry == {
        "bbox": [49.5, 49.5, 1, 1],
        "area": 1,
        "iscrowd": 0,
        "segmentation": [[49.5, 49.5, 50.5, 49.5, 50.5, 50.5, 49.5, 50.5]],
        "keypoints": [50, 50, 2],
        "num_keypoints": 1,
    }


def test_the_box_of_a_point_at_the_edge_is_cut() -> None:
    (entry,) = training(annotation("point", 1.0, 0.0))
    assert (entry["bbox"], entry["area"]) == ([199.5, 0, 0.5, 0.5], 0.25)
    assert entry["keypoints"] == [200, 0, 2]


def test_a_skeleton_has_the_area_and_the_outline_of_its_box() -> None:
    row = skeleton(("wrist", 0.1, 0.2, 2), ("thumb", 0.3, 0.4, 1))
    (entry,) = training(row)
    assert entry["keypoints"] == [20, 20, 2, 60, 40, 1, 0, 0, 0]
    assert (entry["bbox"], entry["area"]) == ([20, 20, 40, 20], 800)
    assert entry["segmentation"] == [[20, 20, 60, 20, 60, 40, 20, 40]]


def test_only_a_short_side_of_a_box_grows() -> None:
    (entry,) = training(skeleton(("wrist", 0.1, 0.2, 2), ("thumb", 0.3, 0.202, 2)))
    assert entry["bbox"] == pytest.approx([20, 19.6, 40, 1])


@pytest.mark.parametrize("place", [(-0.01, 0.5), (1.01, 0.5), (0.5, -0.01), (0.5, 1.01)])
def test_keypoints_outside_count_as_not_labelled(place: tuple[float, float]) -> None:
    (entry,) = training(skeleton(("wrist", 0.1, 0.2, 2), ("thumb", *place, 2)))
    assert entry["keypoints"] == [20, 20, 2, 0, 0, 0, 0, 0, 0]
    assert entry["num_keypoints"] == 1
    assert entry["bbox"] == pytest.approx([19.5, 19.5, 1, 1])


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (annotation("point", 1.5, 0.5), "outside_image"),
        (skeleton(("wrist", -0.1, 0.2, 2), ("thumb", 0.3, 1.4, 1)), "outside_image"),
        (skeleton(("wrist", 0.1, 0.2, 0)), "no_visible_keypoint"),
    ],
)
def test_points_of_which_none_is_left_are_left_out(row: dict[str, Any], code: str) -> None:
    assert left_out(row, profile=TRAINING) == [code]
    assert left_out(row, profile=ENCORD) == [None]


def test_points_are_never_too_small() -> None:
    rows = [annotation("point", 0.5, 0.5), skeleton(("wrist", 0, 0, 2))]
    assert left_out(*rows, profile=replace(TRAINING, min_side=50.0)) == [None, None]


def test_a_skeleton_without_a_visible_point_is_kept_where_boxes_do_not_grow() -> None:
    profile = replace(TRAINING, keypoint_box_side=None)
    row = skeleton(("wrist", 0.1, 0.2, 0))
    assert left_out(row, profile=profile) == [None]
    assert training(row, profile=profile)[0]["bbox"] == [0, 0, 0, 0]


# Rounding


@pytest.mark.parametrize("precision", [0, 1, 3])
def test_rounded_boxes_stay_within_the_image_and_keep_an_area(precision: int) -> None:
    profile = replace(BUFFERED, coordinate_precision=precision, min_side=0.0)
    rows = [
        annotation("bounding_box", 0.99777, 0.1, 1.0, 0.2),
        annotation("bounding_box", 0.5, 0.1, 1e-5, 0.2),
        annotation("point", 1.0, 1.0),
        annotation("point", 0.0, 0.0),
        annotation("circle", 0.999, 0.999, 0.1, 1.0),
    ]
    for entry in training(*rows, profile=profile):
        x, y, w, h = entry["bbox"]
        assert min(x, y) >= 0
        assert min(w, h, entry["area"]) > 0
        assert round(x + w, precision) <= WIDTH
        assert round(y + h, precision) <= HEIGHT


# All of it


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high).map(lambda number: round(number, 3))


@st.composite
def anything(draw: st.DrawFn) -> dict[str, Any]:
    """An annotation of any shape, that may lie anywhere."""
    shape = draw(st.sampled_from(["box", "turned", "polygon", "line", "circle", "points"]))
    place = [draw(numbers(-1.5, 1.5)) for _ in range(2)]
    if shape == "box":
        return annotation("bounding_box", *place, *(draw(numbers(0, 3)) for _ in range(2)))
    if shape == "turned":
        theta = draw(numbers(0, 360))
        size = [draw(numbers(0, 3)) for _ in range(2)]
        return annotation("rotatable_bounding_box", *place, *size, theta=theta)
    if shape == "circle":
        return annotation("circle", *place, draw(numbers(0.001, 2)), draw(numbers(0.1, 3)))
    count = draw(st.integers(3, 7))
    coordinates = [draw(numbers(-1.5, 1.5)) for _ in range(2 * count)]
    if shape == "line":
        return annotation("polyline", *coordinates)
    if shape == "points":
        named = zip(["wrist", "thumb", "index"], coordinates, coordinates[1:], strict=False)
        return skeleton(*((name, x, y, 2) for name, x, y in named))
    # Fewer than three places are no ring, and normalisation rejects them.
    assume(len(points_of(coordinates)) >= 3)
    return polygon((tuple(coordinates),))


@given(st.lists(anything(), max_size=8))
def test_whatever_is_drawn_training_writes_what_trainers_load(rows: list[dict[str, Any]]) -> None:
    codes = left_out(*rows, profile=BUFFERED)
    entries = training(*rows, profile=BUFFERED)
    assert len(entries) == codes.count(None)
    for entry in entries:
        x, y, w, h = entry["bbox"]
        assert min(x, y) >= 0
        assert x + w <= WIDTH + 1e-9
        assert y + h <= HEIGHT + 1e-9
        least = 0.5 if "keypoints" in entry else 1
        assert min(w, h) >= least - 1e-9
        assert entry["area"] > 0
        assert entry["iscrowd"] == 0
        if isinstance(entry["segmentation"], dict):
            continue
        assert entry["segmentation"]
        places = [point for ring in entry["segmentation"] for point in points_of(ring)]
        for ring in entry["segmentation"]:
            assert len(points_of(ring)) >= 3
        assert all(0 <= px <= WIDTH and 0 <= py <= HEIGHT for px, py in places)
        if "keypoints" in entry:
            continue
        low, high = np.min(places, axis=0), np.max(places, axis=0)
        # The box of a curve is that of the curve, which leaves its ring by 0.25 px at most.
        assert np.abs(np.array([*low, *high]) - [x, y, x + w, y + h]).max() <= 0.25 + 1e-9


def test_outlines_without_measure_are_left_out_and_others_are_not() -> None:
    dice = np.random.default_rng(0)
    scribble = polygon((tuple(dice.random(600).tolist()),))
    crowded = polygon((SQUARE,) * 6)
    profile = replace(ENCORD, max_rings=5)
    rows = (scribble, polygon((SQUARE,)), crowded, bitmask(np.eye(30)))
    assert left_out(*rows, profile=profile) == ["tangled", None, "too_many_rings", None]
    raised = replace(profile, max_rings=6, max_crossings=10**6)
    assert left_out(*rows, profile=raised) == [None] * 4


def test_a_scribble_that_is_to_be_widened_is_left_out_and_its_neighbours_are_not() -> None:
    dice = np.random.default_rng(0)
    scribble = annotation("polyline", *dice.random(2000).tolist())
    rows = [annotation("polyline", *ends) for ends in ((0.1, 0.1, 0.5, 0.5), (0.2, 0.2, 0.2, 0.9))]
    among = (rows[0], scribble, rows[1])
    assert left_out(*among, profile=BUFFERED) == [None, "tangled", None]
    assert training(*among, profile=BUFFERED) == training(*rows, profile=BUFFERED)
