"""Annotations: their keys, their order, their tracks, and what is said of their object."""

from pathlib import Path
from typing import Any

import pytest

from tests.exports import Export, export_rows
from tests.label_rows import (
    JSON,
    action,
    answer,
    chosen,
    image_unit,
    label_row,
    object_actions,
    object_answers,
    video_row,
)
from tests.objects import BOX, bitmask, box, drawn, point, polygon, skeleton
from tests.ontologies import SHAPES, attribute, object_node, ontology, option

RELATION = attribute("rel", "text", name="#relation")
NODES = ontology(
    object_node(
        "bounding_box",
        attribute("speed", "radio", option("fast"), option("slow"), name="Speed", dynamic=True),
        attribute("colour", "radio", option("red"), option("blue"), name="Colour"),
        attribute("flags", "checklist", option("old"), option("wet"), name="Flags"),
        attribute("note", "text", name="Note"),
        attribute("size", "numeric", name="Size"),
        attribute(
            "kind",
            "radio",
            option(
                "car",
                attribute(
                    "make",
                    "radio",
                    option("good", attribute("year", "numeric", name="Year")),
                    option("bad"),
                    name="Make",
                ),
                label="Car",
            ),
            option("bike", label="Bike"),
            name="Kind",
        ),
        RELATION,
    ),
    templates=[],
)
UNANSWERED = {
    "Colour": None,
    "old": False,
    "wet": False,
    "Note": None,
    "Size": None,
    "Kind": None,
    "Speed": None,
}

EVERY_SHAPE = [
    box("bounding_box"),
    drawn("rotatable_bounding_box", "rotatableBoundingBox", BOX | {"theta": 30}, "rotatable"),
    polygon("polygon"),
    drawn("polyline", "polyline", [{"x": 0, "y": 0}, {"x": 1, "y": 1}], "polyline"),
    point("point"),
    skeleton("skeleton"),
    bitmask("bitmask"),
    drawn("circle", "circle", {"x": 0.5, "y": 0.5, "r": 0.1}, "circle"),
    drawn("ellipse", "ellipse", {"x": 0.5, "y": 0.5, "rx": 0.1, "ry": 0.2}, "ellipse"),
    drawn(
        "cuboid_2d", "cuboid_2d", {"front": [0, 0, 1, 0, 1, 1], "offset": {"x": 1, "y": 0}}, "2d"
    ),
]


def export(tmp_path: Path, *rows: JSON, nodes: JSON | None = None) -> Export:
    return export_rows(tmp_path, list(rows), nodes)


def answered(tmp_path: Path, *given: JSON) -> JSON:
    row = label_row([box("o")], object_answers=object_answers({"o": given}))
    (found,) = export(tmp_path, row, nodes=NODES).attributes
    return dict(found)


def test_every_shape_is_an_annotation_with_its_keys_in_order(tmp_path: Path) -> None:
    found = export(tmp_path, label_row(EVERY_SHAPE))
    keys = ["id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation"]
    for entry, shape in zip(found.annotations, SHAPES, strict=True):
        keypoints = ["keypoints"] * (shape in ("point", "skeleton"))
        assert list(entry) == [*keys, *keypoints, "num_keypoints", "attributes"]
        assert found.coco["categories"][entry["category_id"] - 1]["supercategory"] == shape
        assert [entry["id"], entry["image_id"]] == [SHAPES.index(shape), 0]
        rotation = ["rotation"] * (shape == "rotatable_bounding_box")
        assert list(entry["attributes"]) == [
            "track_id", "encord_track_uuid", "manual_annotation", *rotation, "classifications",
        ]  # fmt: skip
        assert entry["iscrowd"] == (shape == "bitmask")


def test_annotations_come_by_image_then_as_listed(tmp_path: Path) -> None:
    found = export(
        tmp_path,
        video_row({10: [box("z"), box("a")], 9: [box("m"), box("b")]}, "1"),
        label_row([box("y"), point("c"), box("x")], label_hash="2"),
    )
    order = [entry["encord_track_uuid"] for entry in found.attributes]
    assert order == ["m", "b", "z", "a", "y", "c", "x"]
    assert [entry["id"] for entry in found.annotations] == list(range(7))
    assert [entry["image_id"] for entry in found.annotations] == [0, 0, 1, 1, 2, 2, 2]


def test_a_track_is_one_object_of_one_row_by_first_appearance(tmp_path: Path) -> None:
    found = export(
        tmp_path,
        video_row({5: [box("b"), box("a")], 1: [box("a")], 7: [box("c"), box("b")]}, "1"),
        label_row([box("a")], label_hash="2"),
    )
    assert [(entry["encord_track_uuid"], entry["track_id"]) for entry in found.attributes] == [
        ("a", 1),
        ("b", 2),
        ("a", 1),
        ("c", 3),
        ("b", 2),
        ("a", 4),
    ]


def test_an_object_of_several_images_of_a_group_is_one_track(tmp_path: Path) -> None:
    units = {f"f{n}": image_unit([box("o")], data_sequence=n) for n in range(3)}
    found = export(tmp_path, label_row(units, "img_group"))
    assert [entry["track_id"] for entry in found.attributes] == [1, 1, 1]


def test_lost_objects_leave_no_gap_between_tracks(tmp_path: Path) -> None:
    found = export(
        tmp_path, label_row([box("a", {"x": 1}), box("b"), box("c", shape="x"), box("d")])
    )
    assert [entry["track_id"] for entry in found.attributes] == [1, 2]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), (False, False), ("missing", True), (None, True), (5, True)],
)
def test_manual_annotation_is_a_bool(tmp_path: Path, value: Any, expected: bool) -> None:
    entry = box(manualAnnotation=value)
    if value == "missing":
        del entry["manualAnnotation"]
    found = export(tmp_path, label_row([entry]))
    assert found.attributes[0]["manual_annotation"] is expected
    assert found.notes == ["malformed_field"] * (value in (None, 5) and value is not True)


@pytest.mark.parametrize(
    ("theta", "rotation"), [(30, 30), (-720.5, -720.5), (None, 0), ("gone", 0)]
)
def test_rotatable_boxes_say_how_far_they_are_turned(
    tmp_path: Path, theta: Any, rotation: float
) -> None:
    geometry = BOX | ({} if theta == "gone" else {"theta": theta})
    entry = drawn("rotatable_bounding_box", "rotatableBoundingBox", geometry)
    assert export(tmp_path, label_row([entry])).attributes[0]["rotation"] == rotation


def test_the_angle_of_another_shape_is_no_rotation(tmp_path: Path) -> None:
    circle = drawn("circle", "circle", {"x": 0.5, "y": 0.5, "r": 0.1, "theta": 30})
    assert "rotation" not in export(tmp_path, label_row([circle])).attributes[0]


def test_unanswered_attributes_are_listed_static_ones_first(tmp_path: Path) -> None:
    found = answered(tmp_path)["classifications"]
    assert found == UNANSWERED
    assert list(found) == list(UNANSWERED)


def test_answers_of_every_type(tmp_path: Path) -> None:
    found = answered(
        tmp_path,
        answer("size", 2.5),
        answer("flags", chosen("wet")),
        answer("note", 'a "b"\n'),
        answer("colour", chosen("blue")),
    )["classifications"]
    assert found == UNANSWERED | {
        "Colour": "blue",
        "wet": True,
        "Note": 'a "b"\n',
        "Size": 2.5,
    }


def test_nested_answers_follow_the_option_they_are_nested_below(tmp_path: Path) -> None:
    found = answered(
        tmp_path,
        answer("year", 1999),
        answer("make", chosen("good")),
        answer("kind", chosen("car")),
    )["classifications"]
    assert found == UNANSWERED | {"Kind": "Car", "Make": "good", "Year": 1999}
    assert list(found)[-4:] == ["Kind", "Make", "Year", "Speed"]


def test_nested_answers_below_an_option_that_is_not_chosen_are_left_out(tmp_path: Path) -> None:
    found = answered(
        tmp_path, answer("kind", chosen("bike")), answer("make", chosen("good")), answer("year", 5)
    )["classifications"]
    assert found == UNANSWERED | {"Kind": "Bike"}


def test_dynamic_answers_are_those_of_the_frame(tmp_path: Path) -> None:
    actions = object_actions(
        {
            "o": [
                action("speed", chosen("fast"), (0, 5)),
                action("speed", chosen("slow"), (2, 3), (8, 10**9)),
            ]
        }
    )
    frames = {n: [box("o")] for n in (0, 2, 3, 4, 5, 6, 8, 9)}
    found = export(tmp_path, video_row(frames, object_actions=actions), nodes=NODES)
    assert [entry["classifications"]["Speed"] for entry in found.attributes] == [
        "fast", "slow", "slow", "fast", "fast", None, "slow", "slow",
    ]  # fmt: skip


def test_dynamic_answers_of_an_image_group_count_in_its_sequence(tmp_path: Path) -> None:
    units = {f"f{n}": image_unit([box("o")], data_sequence=str(n)) for n in (0, 1, 7)}
    actions = object_actions({"o": [action("speed", chosen("fast"), (1, 6))]})
    row = label_row(units, "img_group", object_actions=actions)
    found = export(tmp_path, row, nodes=NODES)
    speeds = [entry["classifications"]["Speed"] for entry in found.attributes]
    assert speeds == [None, "fast", None]


def test_dynamic_answers_of_one_space_are_not_those_of_another(tmp_path: Path) -> None:
    space = {
        "space_type": "image",
        "width": 9,
        "height": 9,
        "labels": {"0": {"objects": [box("o")]}},
    }
    actions = [
        action("speed", chosen("fast"), (0, 0), spaceId="s"),
        action("speed", chosen("slow"), (0, 0), spaceId="t"),
    ]
    row = label_row(
        {"g": {"data_type": "group"}},
        "group",
        spaces={"s": space, "t": space, "u": space},
        object_actions=object_actions({"o": actions}),
    )
    found = export(tmp_path, row, nodes=NODES)
    assert [entry["classifications"]["Speed"] for entry in found.attributes] == [
        "fast",
        "slow",
        None,
    ]
    assert [entry["track_id"] for entry in found.attributes] == [1, 1, 1]


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("p", "p"),
        (["p"], "p"),
        (["p", "q"], ["p", "q"]),
        ([{"objectHash": "q"}, {"featureHash": "polygon"}], ["q", "polygon"]),
        ("gone", "gone"),
        (["q", "q"], "q"),
    ],
)
def test_relations_stand_beside_the_classifications(
    tmp_path: Path, given: Any, written: Any
) -> None:
    row = label_row(
        [box("o"), box("p"), box("q")],
        object_answers=object_answers({"o": [answer("rel", given)]}),
    )
    first, *others = export(tmp_path, row, nodes=NODES).attributes
    assert first["#relation"] == written
    assert "#relation" not in first["classifications"]
    assert all("#relation" not in other for other in others)


@pytest.mark.parametrize("given", ["", [], None, [""]])
def test_no_relation_is_no_key(tmp_path: Path, given: Any) -> None:
    assert "#relation" not in answered(tmp_path, answer("rel", given))


def test_a_relation_holds_on_its_frames(tmp_path: Path) -> None:
    actions = object_actions({"o": [action("rel", "o", (1, 2))]})
    frames = {n: [box("o")] for n in range(4)}
    found = export(tmp_path, video_row(frames, object_actions=actions), nodes=NODES)
    assert ["#relation" in entry for entry in found.attributes] == [False, True, True, False]


def test_names_of_all_kinds_are_json(tmp_path: Path) -> None:
    nasty = 'a"b\\c\n\x01\u2028é😀,"x":{[]}'
    nodes = ontology(
        object_node(
            "bounding_box",
            attribute("r", "radio", option("o", label=nasty), name=nasty),
            attribute("t", "text", name=nasty + "2"),
            attribute("#", "text", name="#" + nasty),
            name=nasty,
        )
    )
    given = [answer("r", chosen("o")), answer("t", nasty), answer("#", nasty)]
    row = label_row([box("o")], object_answers=object_answers({"o": given}))
    found = export(tmp_path, row, nodes=nodes)
    assert found.attributes[0]["classifications"] == {nasty: nasty, nasty + "2": nasty}
    assert found.attributes[0]["#" + nasty] == nasty
    assert found.coco["categories"][0]["name"] == nasty


def test_no_user_is_named_in_an_export(tmp_path: Path) -> None:
    entry = box(createdBy="jane.SECRET@example.com", lastEditedBy="jane.SECRET@example.com")
    bad = box(
        "bad", {"x": 1}, createdBy="jane.SECRET@example.com", reviews=[{"a": "b.SECRET@c.de"}]
    )
    unit = image_unit([entry, bad], data_link="https://host/a.jpg?X-Amz-Signature=SECRET")
    row = label_row({"f": unit}, assigned_user_email="joe.SECRET@example.com")
    unreadable = {"label_hash": "u", "user": "joe.SECRET@example.com"}
    found = export(tmp_path, row, unreadable)
    assert (found.rejected, found.notes) == (["malformed_geometry"], ["unreadable_row"])
    for path in (tmp_path / "out").iterdir():
        assert b"SECRET" not in path.read_bytes()
    assert "SECRET" not in str(found)
