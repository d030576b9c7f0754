"""The geometry of each shape becomes flat numbers, as drawn and in order."""

from typing import Any

import msgspec
import pytest

from coco_dagster.encord.object_label import ObjectLabel
from coco_dagster.encord.shapes import (
    GEOMETRY_KEYS,
    SHAPES,
    Drawn,
    GeometryError,
    Rings,
    Turn,
)
from tests.label_rows import JSON, as_json
from tests.objects import bitmask, drawn, point, skeleton

VISIBLE = 2
POINTS = {"0": {"x": 0, "y": 0.1}, "1": {"x": 0.5, "y": 0.2}, "2": {"x": 0.3, "y": 0.4}}
FLAT = [0.0, 0.1, 0.5, 0.2, 0.3, 0.4]


def label_of(entry: JSON) -> ObjectLabel:
    return msgspec.json.decode(as_json(entry), type=ObjectLabel)


def read(entry: JSON) -> Any:
    label = label_of(entry)
    return SHAPES[label.shape](label)


def error_of(entry: JSON) -> GeometryError:
    with pytest.raises(GeometryError) as caught:
        read(entry)
    return caught.value


@pytest.mark.parametrize(
    ("entry", "coordinates", "theta"),
    [
        (
            drawn("bounding_box", "boundingBox", {"x": 1, "y": 2, "w": 3, "h": 4}),
            [1, 2, 3, 4],
            None,
        ),
        (
            drawn(
                "rotatable_bounding_box",
                "rotatableBoundingBox",
                {"x": 1, "y": 2, "w": 3, "h": 4, "theta": 30},
            ),
            [1, 2, 3, 4],
            30,
        ),
        (drawn("polygon", "polygon", POINTS), FLAT, None),
        (drawn("polygon", "polygon", list(POINTS.values())), FLAT, None),
        (drawn("polyline", "polyline", POINTS), FLAT, None),
        (drawn("polyline", "polyline", list(POINTS.values())), FLAT, None),
        (drawn("polyline", "polyline", {"0": {"x": 1, "y": 2, "z": 3}}), [1, 2], None),
        (point(), [0.5, 0.5], None),
        (drawn("circle", "circle", {"x": 1, "y": 2, "r": 3}), [1, 2, 3, 1], 0),
        (
            drawn("circle", "circle", {"x": 1, "y": 2, "r": 3, "stretch": 2, "theta": 9}),
            [1, 2, 3, 2],
            9,
        ),
        (drawn("ellipse", "ellipse", {"x": 1, "y": 2, "rx": 3, "ry": 4}), [1, 2, 3, 4], 0),
        (
            drawn("ellipse", "ellipse", {"x": 1, "y": 2, "rx": 3, "ry": 4, "theta": None}),
            [1, 2, 3, 4],
            0,
        ),
        (
            drawn(
                "cuboid_2d", "cuboid_2d", {"front": [0, 0, 1, 0, 1, 1], "offset": {"x": 2, "y": 3}}
            ),
            [0, 0, 1, 0, 1, 1, 2, 3, 3, 3, 3, 4],
            None,
        ),
        (
            drawn(
                "cuboid_2d",
                "cuboid_2d",
                {
                    "front": [0, 0, 4, 0, 4, 8],
                    "vanishingPoint": {"x": 2, "y": 4},
                    "scaleRatio": 0.5,
                },
            ),
            [0, 0, 4, 0, 4, 8, 1, 2, 3, 2, 3, 6],
            None,
        ),
    ],
)
def test_reads_every_form_that_the_label_format_lists(
    entry: JSON, coordinates: list[float], theta: float | None
) -> None:
    expected = Drawn([*map(float, coordinates)], None if theta is None else Turn(theta))
    assert read(entry) == expected


def test_every_shape_has_its_key() -> None:
    assert SHAPES.keys() == GEOMETRY_KEYS.keys()


@pytest.mark.parametrize("theta", ["missing", None])
def test_a_missing_theta_is_zero(theta: Any) -> None:
    geometry = {"x": 1, "y": 2, "w": 3, "h": 4} | ({} if theta == "missing" else {"theta": theta})
    assert read(drawn("rotatable_bounding_box", "rotatableBoundingBox", geometry)).detail == Turn(0)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("geometry", ["missing", None])
def test_a_shape_without_its_geometry_is_rejected(shape: str, geometry: Any) -> None:
    key = GEOMETRY_KEYS[shape][-1]
    entry = drawn(shape, key, geometry)
    if geometry == "missing":
        del entry[key]
    assert error_of(entry).code == "missing_geometry"


def test_points_stand_in_the_order_of_their_keys() -> None:
    points = {"10": {"x": 10, "y": 0}, "2": {"x": 2, "y": 0}, "1": {"x": 1, "y": 0}}
    assert read(drawn("polyline", "polyline", points)).coordinates == [1, 0, 2, 0, 10, 0]


@pytest.mark.parametrize("key", ["a", "", "1.5", "9" * 5000])
@pytest.mark.parametrize("shape", ["polygon", "polyline", "point", "skeleton"])
def test_points_under_keys_that_are_no_numbers_are_rejected(shape: str, key: str) -> None:
    assert error_of(drawn(shape, shape, {key: {"x": 0, "y": 0}})).code == "malformed_geometry"


def test_polygons_win_over_the_polygon_beside_them() -> None:
    rings = [[[0, 0, 1, 0, 1, 1], [0.1, 0.1, 0.2, 0.1, 0.2, 0.2]], [[5, 5, 6, 5, 6, 6]]]
    found = read(drawn("polygon", "polygon", POINTS, polygons=rings))
    assert found.detail == Rings([3, 3, 3], [2, 1])
    assert found.coordinates[:6] == [0, 0, 1, 0, 1, 1]


@pytest.mark.parametrize("polygons", [None, []])
def test_empty_polygons_leave_the_polygon(polygons: Any) -> None:
    assert read(drawn("polygon", "polygon", POINTS, polygons=polygons)) == Drawn(FLAT)


def test_an_odd_number_of_coordinates_is_rejected_where_it_stands() -> None:
    error = error_of(drawn("polygon", "polygons", [[[0, 0, 1, 0, 1, 1]], [[0, 0, 1]]]))
    assert (error.code, error.path) == ("malformed_geometry", ".polygons[1][0]")


@pytest.mark.parametrize("value", [5, "x", {"0": {"x": 1}}, [{"x": "0", "y": 0}], {"0": [0, 0]}])
def test_a_polygon_in_a_form_of_its_own_is_rejected(value: Any) -> None:
    error = error_of(drawn("polygon", "polygon", value))
    assert error.code == "malformed_geometry"
    assert error.path.startswith(".polygon")


@pytest.mark.parametrize("points", [{}, {"0": {"x": 0, "y": 0}, "1": {"x": 1, "y": 1}}])
def test_a_point_has_one_place(points: JSON) -> None:
    assert error_of(drawn("point", "point", points)).code == "malformed_geometry"


def test_a_skeleton_needs_points() -> None:
    assert error_of(drawn("skeleton", "skeleton", {})).code == "malformed_geometry"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({}, 2),
        ({"visibility": None}, 2),
        ({"visibility": "visible"}, 2),
        ({"visibility": "occluded"}, 1),
        ({"visibility": "selfOccluded"}, 1),
        ({"visibility": "SELF_OCCLUDED"}, 1),
        ({"visibility": "invisible"}, 0),
        ({"visible": True}, 2),
        ({"occluded": True}, 1),
        ({"selfOccluded": True}, 1),
        ({"invisible": True}, 0),
        ({"invisible": True, "occluded": True, "selfOccluded": True}, 0),
        ({"invisible": False, "occluded": False, "selfOccluded": False, "visible": True}, 2),
        ({"invisible": None, "occluded": None}, 2),
        ({"visibility": "gone"}, None),
    ],
)
def test_visibility_is_read_in_both_notations(flags: JSON, expected: int | None) -> None:
    points = read(drawn("skeleton", "skeleton", {"0": {"x": 0, "y": 0} | flags})).detail
    assert points.visibility == [VISIBLE if expected is None else expected]
    assert (points.note is None) == (expected is not None)


def test_an_unknown_visibility_is_visible_with_a_note() -> None:
    entry = skeleton()
    entry["skeleton"]["0"]["visibility"] = "gone"
    points = read(entry).detail
    assert points.visibility == [2, 2]
    assert points.note is not None


def test_a_mask_keeps_its_grid() -> None:
    found = read(bitmask(mask={"top": 1, "left": 2.0}))
    grid = found.detail
    assert (grid.top, grid.left, grid.width, grid.height) == (1, 2, 20, 10)
    assert (found.coordinates, grid.rle) == ([], "[16>000Q3")


def test_a_mask_without_a_place_stands_at_the_top_left() -> None:
    grid = read(bitmask(mask={"top": None, "left": None, "width": None, "height": None})).detail
    assert (grid.top, grid.left, grid.width, grid.height) == (0, 0, None, None)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("width", 0),
        ("height", -1),
        ("width", 1.5),
        ("top", 0.5),
        ("left", 1e300),
        ("top", 10**30),
    ],
)
def test_a_grid_that_is_no_whole_number_of_pixels_is_rejected(key: str, value: Any) -> None:
    error = error_of(bitmask(mask={key: value}))
    assert (error.code, error.path) == ("malformed_geometry", f".bitmask.{key}")


@pytest.mark.parametrize(
    "geometry",
    [
        {"front": [0, 0, 1, 1], "offset": {"x": 0, "y": 0}},
        {"front": [0, 0, 1, 1, 2], "offset": {"x": 0, "y": 0}},
        {"front": [], "offset": {"x": 0, "y": 0}},
        {"front": [0, 0, 1, 0, 1, 1]},
        {"front": [0, 0, 1, 0, 1, 1], "vanishingPoint": {"x": 0, "y": 0}},
        {"front": [0, 0, 1, 0, 1, 1], "scaleRatio": 1},
    ],
)
def test_a_cuboid_needs_a_face_and_a_way_back(geometry: JSON) -> None:
    assert error_of(drawn("cuboid_2d", "cuboid_2d", geometry)).code == "malformed_geometry"


@pytest.mark.parametrize("count", [3, 1_001])
def test_any_number_of_points_in_any_order_is_put_in_order(count: int) -> None:
    ordered = {str(number): {"x": number, "y": 0} for number in range(count)}
    backwards = dict(reversed(ordered.items()))
    for points in (ordered, backwards):
        found = read(drawn("polyline", "polyline", points)).coordinates
        assert found[::2] == list(range(count))
