"""What shows only in numbers: sizes, distinct points, overflow."""

import math
from typing import Any

import pytest

from tests.label_rows import JSON, image_unit, label_row
from tests.normalised import normalised
from tests.objects import BOX, box, drawn, point, polygon


def code(entry: JSON, **size: Any) -> str | None:
    """Code with which an object is rejected, if it is."""
    tables = normalised(label_row({"f": image_unit([entry], **size)}))
    rejected = [row["code"] for row in tables["findings"] if row["outcome"] == "rejected"]
    assert len(rejected) + len(tables["annotations"]) == 1
    return rejected[0] if rejected else None


@pytest.mark.parametrize("key", ["w", "h"])
@pytest.mark.parametrize(("value", "expected"), [(-1e-9, "negative_size"), (0, None), (-0.0, None)])
@pytest.mark.parametrize("shape", ["bounding_box", "rotatable_bounding_box"])
def test_boxes_may_be_flat_but_not_negative(
    shape: str, key: str, value: float, expected: str | None
) -> None:
    name = {"bounding_box": "boundingBox", "rotatable_bounding_box": "rotatableBoundingBox"}[shape]
    assert code(drawn(shape, name, BOX | {key: value})) == expected


@pytest.mark.parametrize("geometry", [{"x": -5, "y": -5, "w": 20, "h": 20}, BOX | {"x": 3}])
def test_boxes_may_reach_over_the_frame(geometry: JSON) -> None:
    assert code(box("o", geometry)) is None


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([(0, 0), (1, 0), (1, 1)], None),
        ([(0, 0), (1, 0), (1, 1), (0, 0)], None),
        ([(0, 0), (0.5, 0.5), (1, 1)], None),
        ([(0, 0), (1, 0), (0, 0)], "too_few_points"),
        ([(0, 0), (1, 0), (1, 0), (0, 0)], "too_few_points"),
        ([(0, 0)] * 9, "too_few_points"),
        ([(0, 0)] * 5 + [(1, 0), (1, 1)], None),
        ([(0.0, 0), (-0.0, 0), (0, 1)], "too_few_points"),
    ],
)
def test_a_ring_needs_three_distinct_points(
    points: list[tuple[float, float]], expected: str | None
) -> None:
    assert code(polygon("o", points)) == expected


def test_a_polygon_needs_an_outer_ring_and_no_hole_stands_in_for_it() -> None:
    assert (
        code(drawn("polygon", "polygons", [[[0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 1, 1]]])) is not None
    )


@pytest.mark.parametrize("x", [1e300, -1e300, 4e304])
def test_numbers_that_stay_finite_are_no_overflow(x: float) -> None:
    assert code(point("o", x, 0)) is None
    assert code(box("o", {"x": x, "y": 0, "w": 0.5, "h": 0.5})) is None
    line = {"0": {"x": x, "y": 0}, "1": {"x": -x, "y": 0}}
    assert code(drawn("polyline", "polyline", line)) is None


@pytest.mark.parametrize("x", [1e307, -1e307, 1.7e308])
def test_numbers_that_overflow_in_pixels_are_rejected(x: float) -> None:
    assert code(point("o", x, 0)) == "overflow"
    assert code(box("o", {"x": x, "y": 0, "w": 0.5, "h": 0.5})) == "overflow"


@pytest.mark.parametrize(("size", "expected"), [(1e100, None), (1e151, None), (1e155, "overflow")])
def test_an_area_that_overflows_is_rejected(size: float, expected: str | None) -> None:
    assert code(box("o", {"x": 0, "y": 0, "w": size, "h": size})) == expected


@pytest.mark.parametrize("shape", ["circle", "ellipse", "polygon", "cuboid_2d"])
@pytest.mark.parametrize(("size", "expected"), [(1e100, None), (1e160, "overflow")])
def test_areas_of_other_shapes_overflow_too(shape: str, size: float, expected: str | None) -> None:
    geometry = {
        "circle": {"x": 0, "y": 0, "r": size},
        "ellipse": {"x": 0, "y": 0, "rx": size, "ry": size},
        "polygon": [{"x": 0, "y": 0}, {"x": size, "y": 0}, {"x": 0, "y": size}],
        "cuboid_2d": {"front": [0, 0, size, 0, 0, size], "offset": {"x": 1, "y": 1}},
    }[shape]
    assert code(drawn(shape, shape, geometry)) == expected


@pytest.mark.parametrize("ratio", [0, 1, 1e300])
def test_a_back_face_that_is_not_a_number_is_rejected(ratio: float) -> None:
    far = {"front": [1e308, 0, 1, 0, 1, 1], "vanishingPoint": {"x": -1e308, "y": 0}}
    assert code(drawn("cuboid_2d", "cuboid_2d", far | {"scaleRatio": ratio})) == "overflow"


@pytest.mark.parametrize("theta", [0, -720.5, 1e300, 5e-324])
def test_any_finite_angle_will_do(theta: float) -> None:
    assert math.isfinite(theta)
    entry = drawn("rotatable_bounding_box", "rotatableBoundingBox", BOX | {"theta": theta})
    assert code(entry) is None


@pytest.mark.parametrize(("side", "expected"), [(30_000, None), (40_000, "overflow")])
def test_holes_need_a_mask_of_the_frame(side: int, expected: str | None) -> None:
    rings = [[0, 0, 1, 0, 1, 1], [0.1, 0.1, 0.2, 0.1, 0.2, 0.2]]
    whole = drawn("polygon", "polygons", [rings])
    assert code(whole, width=side, height=side) == expected
    assert code(drawn("polygon", "polygons", [rings[:1]]), width=side, height=side) is None


def test_the_size_of_the_frame_is_judged_first() -> None:
    assert code(box("o", BOX | {"w": -1}), width=0) == "unknown_frame_size"
