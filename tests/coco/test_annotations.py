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
    group_row,
    image_group_row,
    image_unit,
    label_row,
    object_actions,
    object_answers,
    space,
    video_row,
)
from tests.objects import BOX, box, ellipse, every_shape, point, rotatable_box
from tests.ontologies import (
    SHAPES,
    checklist,
    numeric,
    object_node,
    ontology,
    option,
    radio,
    text,
)

MAKE = radio("make", option("good", numeric("year", name="Year")), "bad", name="Make")
NODES = ontology(
    object_node(
        "bounding_box",
        radio("speed", "fast", "slow", name="Speed", dynamic=True),
        radio("colour", "red", "blue", name="Colour"),
        checklist("flags", "old", "wet", name="Flags"),
        text("note", name="Note"),
        numeric("size", name="Size"),
        radio("kind", option("car", MAKE, label="Car"), option("bike", label="Bike"), name="Kind"),
        text("rel", name="#relation"),
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


def export(tmp_path: Path, *rows: JSON, nodes: JSON | None = None) -> Export:
    return export_rows(tmp_path, list(rows), nodes)


def answered(tmp_path: Path, *given: JSON) -> JSON:
    row = label_row([box("o")], object_answers=object_answers({"o": given}))
    (found,) = export(tmp_path, row, nodes=NODES).attributes
    return dict(found)


def test_every_shape_is_an_annotation_with_its_keys_in_order(tmp_path: Path) -> None:
    found = export(tmp_path, label_row(every_shape()))
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
    assert found.object_hashes == ["m", "b", "z", "a", "y", "c", "x"]
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
    found = export(tmp_path, image_group_row([[box("o")]] * 3))
    assert [entry["track_id"] for entry in found.attributes] == [1, 1, 1]


def test_lost_objects_leave_no_gap_between_tracks(tmp_path: Path) -> None:
    found = export(
        tmp_path, label_row([box("a", {"x": 1}), box("b"), box("c", shape="x"), box("d")])
    )
    assert [entry["track_id"] for entry in found.attributes] == [1, 2]


@pytest.mark.parametrize("value", [True, False])
def test_manual_annotation_is_that_of_the_label(tmp_path: Path, value: bool) -> None:
    found = export(tmp_path, label_row([box(manualAnnotation=value)]))
    assert (found.attributes[0]["manual_annotation"], found.notes) == (value, [])


def test_manual_annotation_is_true_where_the_label_does_not_say(tmp_path: Path) -> None:
    entry = box()
    del entry["manualAnnotation"]
    found = export(tmp_path, label_row([entry]))
    assert (found.attributes[0]["manual_annotation"], found.notes) == (True, [])


@pytest.mark.parametrize("value", [None, 5])
def test_manual_annotation_that_is_no_bool_is_true_with_a_note(tmp_path: Path, value: Any) -> None:
    found = export(tmp_path, label_row([box(manualAnnotation=value)]))
    assert (found.attributes[0]["manual_annotation"], found.notes) == (True, ["malformed_field"])


def test_rotatable_boxes_say_how_far_they_are_turned(tmp_path: Path) -> None:
    turned: dict[str, JSON] = {
        "a": {"theta": 30},
        "b": {"theta": -720.5},
        "c": {"theta": None},
        "d": {},
    }
    objects = [rotatable_box(name, BOX | theta) for name, theta in turned.items()]
    found = export(tmp_path, label_row(objects))
    assert [entry["rotation"] for entry in found.attributes] == [30, -720.5, 0, 0]


def test_the_angle_of_another_shape_is_no_rotation(tmp_path: Path) -> None:
    assert "rotation" not in export(tmp_path, label_row([ellipse(theta=30)])).attributes[0]


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
    actions = [
        action("speed", chosen("fast"), (0, 0), spaceId="s"),
        action("speed", chosen("slow"), (0, 0), spaceId="t"),
    ]
    spaces = dict.fromkeys("stu", space("image", {0: [box("o")]}))
    row = group_row(spaces, object_actions=object_actions({"o": actions}))
    found = export(tmp_path, row, nodes=NODES)
    assert [entry["classifications"]["Speed"] for entry in found.attributes] == [
        "fast",
        "slow",
        None,
    ]
    assert [entry["track_id"] for entry in found.attributes] == [1, 1, 1]


RELATIONS = {
    "one": ("p", "p"),
    "one in a list": (["p"], "p"),
    "several": (["p", "q"], ["p", "q"]),
    "object or class": ([{"objectHash": "q"}, {"featureHash": "polygon"}], ["q", "polygon"]),
    "unknown": ("gone", "gone"),
    "twice the same": (["q", "q"], "q"),
}


@pytest.fixture(scope="module")
def related(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """Objects with relations, and two without."""
    answers = {name: [answer("rel", given)] for name, (given, _) in RELATIONS.items()}
    objects = [box(name) for name in (*RELATIONS, "p", "q")]
    row = label_row(objects, object_answers=object_answers(answers))
    return export(tmp_path_factory.mktemp("related"), row, nodes=NODES)


@pytest.mark.parametrize("name", RELATIONS)
def test_relations_stand_beside_the_classifications(related: Export, name: str) -> None:
    attributes = related.annotation(name)["attributes"]
    assert attributes["#relation"] == RELATIONS[name][1]
    assert "#relation" not in attributes["classifications"]


@pytest.mark.parametrize("name", ["p", "q"])
def test_what_a_relation_leads_to_has_none(related: Export, name: str) -> None:
    assert "#relation" not in related.annotation(name)["attributes"]


def test_no_relation_is_no_key(tmp_path: Path) -> None:
    nothing = {"a": "", "b": [], "c": None, "d": [""]}
    answers = object_answers({name: [answer("rel", given)] for name, given in nothing.items()})
    row = label_row([box(name) for name in nothing], object_answers=answers)
    found = export(tmp_path, row, nodes=NODES)
    assert ["#relation" in entry for entry in found.attributes] == [False] * 4


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
            radio("r", option("o", label=nasty), name=nasty),
            text("t", name=nasty + "2"),
            text("#", name="#" + nasty),
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
