"""Bugs of the Encord SDK's own COCO exporter (0.1.211), one test for each, named after it.

Section 9 of the export contract lists them; none of them may come back.
"""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.integration.exports import Exported, export_rows
from tests.integration.label_rows import (
    Json,
    Point,
    action,
    answered,
    bitmask,
    box,
    circle,
    classification_answer,
    classified,
    cuboid_2d,
    dicom_unit,
    ellipse,
    group_row,
    image_row,
    image_space,
    image_unit,
    label_row,
    labelled,
    nifti_unit,
    point,
    polygon,
    polyline,
    rectangle,
    rotatable_box,
    skeleton,
    video_row,
    video_space,
    video_unit,
)
from tests.integration.ontologies import (
    SHAPES,
    category,
    checklist,
    classification,
    numeric,
    ontology,
    option,
    radio,
    shapes_ontology,
    template,
    text,
)

ALL_SHAPES = shapes_ontology()
STATE = radio("State", "Moving", "Parked", dynamic=True)
LIGHTS = checklist("Lights", "Brake", "Left", "Right", dynamic=True)
SPEED = numeric("Speed", dynamic=True)
NOTE = text("Note", dynamic=True)
WEATHER = classification(radio("Weather", "Sun", "Rain"))


def lying(answer: Json, *names: str) -> Json:
    """An answer whose options bear other names than in the ontology, as old rows have them."""
    pairs = zip(answer["answers"], names, strict=True)
    return answer | {"answers": [chosen | {"name": name} for chosen, name in pairs]}


def without(entry: Json, *keys: str) -> Json:
    """An object or row that lacks some keys."""
    return {key: value for key, value in entry.items() if key not in keys}


def lost(exported: Exported) -> list[tuple[str, str, str | None]]:
    """Code, outcome and object of every finding that is no note."""
    keys = ("code", "outcome", "object_hash")
    found = [tuple(row[key] for key in keys) for row in exported.findings]
    return [(code, outcome, name) for code, outcome, name in found if outcome != "note"]


# Attributes


def test_dynamic_attributes_looked_up_by_image_id_instead_of_frame(tmp_path: Path) -> None:
    moving = action(STATE, "Moving", (40, 41))
    parked = action(STATE, "Parked", (0, 2))
    row = video_row(
        "v",
        {40: [box("car")], 41: [box("car")], 50: [box("car")]},
        object_actions={"car": [moving, parked]},
    )
    before = image_row("a", box("dog", featureHash="dog"))
    given = ontology(category("bounding_box", STATE), category("bounding_box", name="dog"))

    exported = export_rows([before, row], given, tmp_path)

    assert exported.classifications("car", 40) == {"State": "Moving"}
    assert exported.classifications("car", 41) == {"State": "Moving"}
    assert exported.classifications("car", 50) == {"State": None}


def test_actions_cached_from_the_first_row(tmp_path: Path) -> None:
    rows = [
        video_row(name, {0: [box("car")]}, object_actions={"car": [action(STATE, state, (0, 0))]})
        for name, state in (("first", "Moving"), ("second", "Parked"))
    ]

    exported = export_rows(rows, ontology(category("bounding_box", STATE)), tmp_path)

    states = [entry["attributes"]["classifications"] for entry in exported.annotations]
    assert states == [{"State": "Moving"}, {"State": "Parked"}]


def test_option_answers_matched_by_name(tmp_path: Path) -> None:
    kind, flags = radio("Kind", "Car", "Lorry"), checklist("Flags", "Wet", "Dark")
    row = image_row(
        "a",
        box("car"),
        object_answers={
            "car": [
                lying(answered(kind, "Lorry"), "Car"),
                lying(answered(flags, ["Dark"]), "Flags"),
            ]
        },
    )

    exported = export_rows([row], ontology(category("bounding_box", kind, flags)), tmp_path)

    assert exported.classifications("car") == {"Kind": "Lorry", "Wet": False, "Dark": True}


def test_the_last_checklist_action_wins(tmp_path: Path) -> None:
    actions = [
        action(LIGHTS, ["Brake"], (0, 5)),
        action(LIGHTS, ["Left"], (3, 8)),
    ]
    frames = {number: [box("car")] for number in (0, 4, 8, 9)}
    row = video_row("v", frames, object_actions={"car": actions})

    exported = export_rows([row], ontology(category("bounding_box", LIGHTS)), tmp_path)

    lights = [exported.classifications("car", frame) for frame in frames]
    assert [[name for name, on in given.items() if on] for given in lights] == [
        ["Brake"],
        ["Brake", "Left"],
        ["Left"],
        [],
    ]


def test_same_named_options_overwriting_each_other(tmp_path: Path) -> None:
    front, back = checklist("Front", "Dent", "Dirt"), checklist("Back", "Dent", "Rust")
    answers = [answered(front, ["Dent"]), answered(back, ["Rust"])]
    row = image_row("a", box("car"), object_answers={"car": answers})

    exported = export_rows([row], ontology(category("bounding_box", front, back)), tmp_path)

    assert exported.classifications("car") == {
        "Front/Dent": True,
        "Dirt": False,
        "Back/Dent": False,
        "Rust": True,
    }


def test_nested_attributes_dropped(tmp_path: Path) -> None:
    doors = radio("Doors", "Two", "Four")
    kind = radio("Kind", option("Car", doors), "Lorry")
    answers = [answered(doors, "Four"), answered(kind, "Car")]
    row = image_row("a", box("car"), object_answers={"car": answers})

    exported = export_rows([row], ontology(category("bounding_box", kind)), tmp_path)

    assert exported.classifications("car") == {"Kind": "Car", "Doors": "Four"}


def test_an_unanswered_radio_losing_the_whole_export(tmp_path: Path) -> None:
    kind = radio("Kind", "Car")
    row = image_row("a", box("car"), object_answers={"car": [answered(kind, None)]})

    exported = export_rows([row], ontology(category("bounding_box", kind)), tmp_path)

    assert exported.classifications("car") == {"Kind": None}


@pytest.mark.parametrize("dialect", ["on the frame", "by range"])
def test_frame_classifications_dropped(dialect: str, tmp_path: Path) -> None:
    root = WEATHER["attributes"][0]
    answer = classification_answer(WEATHER, answered(root, "Rain"))
    unit = video_unit("v", {3: []})
    if dialect == "on the frame":
        unit["labels"]["3"]["classifications"] = [classified("weather", WEATHER)]
    else:
        answer |= {"range": [[3, 4]]}
    row = label_row(unit, classification_answers={"weather": answer})

    exported = export_rows([row], ontology(WEATHER), tmp_path)

    frames = [image["encord"]["frame"] for image in exported.images]
    assert frames == ([3] if dialect == "on the frame" else [3, 4])
    given = [image["encord"]["classifications"] for image in exported.images]
    assert given == [{"Weather": "Rain"}] * len(frames)


# Shapes


def test_circle_dropped(tmp_path: Path) -> None:
    exported = export_rows([image_row("a", circle("disc", 0.5, 0.5, 0.1))], ALL_SHAPES, tmp_path)

    disc = exported.annotation("disc")
    assert disc["bbox"] == pytest.approx([40, 15, 20, 20])
    assert disc["area"] == pytest.approx(np.pi * 10 * 10)


def test_ellipse_dropped(tmp_path: Path) -> None:
    oval = ellipse("oval", 0.5, 0.5, 0.1, 0.4, theta=90)
    exported = export_rows([image_row("a", oval)], ALL_SHAPES, tmp_path)

    assert exported.annotation("oval")["bbox"] == pytest.approx([30, 15, 40, 20])
    assert exported.annotation("oval")["area"] == pytest.approx(np.pi * 10 * 20)


def test_2d_cuboid_dropped(tmp_path: Path) -> None:
    crate = cuboid_2d("crate", rectangle(0.1, 0.2, 0.2, 0.4), (0.1, 0.0))
    exported = export_rows([image_row("a", crate)], ALL_SHAPES, tmp_path)

    assert exported.annotation("crate")["bbox"] == pytest.approx([10, 10, 30, 20])
    assert exported.annotation("crate")["area"] == pytest.approx(30 * 20)


def test_rotated_boxes_not_enclosed(tmp_path: Path) -> None:
    boat = rotatable_box("boat", 0.4, 0.4, 0.2, 0.2, theta=90)
    exported = export_rows([image_row("a", boat)], ALL_SHAPES, tmp_path)

    drawn = exported.annotation("boat")
    assert drawn["bbox"] == pytest.approx([45, 15, 10, 20])
    assert drawn["segmentation"][0] == pytest.approx([55, 15, 55, 35, 45, 35, 45, 15])
    assert drawn["area"] == pytest.approx(20 * 10)
    assert drawn["attributes"]["rotation"] == 90


def test_polygon_masks_from_truncated_vertices_with_a_drawn_border(tmp_path: Path) -> None:
    squares = [[rectangle(x, 0.2, 0.2, 0.4)] for x in (0.1, 0.6)]
    exported = export_rows([image_row("a", polygon("roofs", *squares))], ALL_SHAPES, tmp_path)

    assert exported.annotation("roofs")["area"] == pytest.approx(800)
    assert exported.annotation("roofs")["iscrowd"] == 0
    assert len(exported.annotation("roofs")["segmentation"]) == 2


def test_masks_with_holes_from_truncated_vertices_with_a_drawn_border(tmp_path: Path) -> None:
    ring = [rectangle(0.1, 0.2, 0.2, 0.4), rectangle(0.15, 0.3, 0.1, 0.2)]
    exported = export_rows([image_row("a", polygon("frame", ring))], ALL_SHAPES, tmp_path)

    frame = exported.annotation("frame")
    assert frame["area"] == pytest.approx(20 * 20 - 10 * 10)
    assert exported.mask("frame").sum() == 20 * 20 - 10 * 10


def test_islands_in_holes_erased(tmp_path: Path) -> None:
    lake = [rectangle(0.1, 0.1, 0.4, 0.8), rectangle(0.2, 0.3, 0.2, 0.4)]
    island = [rectangle(0.25, 0.4, 0.1, 0.2)]
    exported = export_rows([image_row("a", polygon("lake", lake, island))], ALL_SHAPES, tmp_path)

    area = 40 * 40 - 20 * 20 + 10 * 10
    assert exported.annotation("lake")["area"] == pytest.approx(area)
    assert exported.mask("lake").sum() == area
    assert exported.mask("lake")[25, 30]


@pytest.mark.parametrize(
    ("visibility", "v"), [("visible", 2), ("occluded", 1), ("selfOccluded", 1), ("invisible", 0)]
)
def test_visibility_strings_all_read_as_visible(visibility: str, v: int, tmp_path: Path) -> None:
    nose = {"x": 0.5, "y": 0.5, "visibility": visibility}
    points: dict[str, Point | Json] = {"nose": nose, "tail": (0.1, 0.2)}
    given = ontology(category("skeleton"), templates=[template("nose", "tail")])

    exported = export_rows([image_row("a", skeleton("dog", points))], given, tmp_path)

    seen = [50, 25, v] if v else [0, 0, 0]
    assert exported.annotation("dog")["keypoints"] == [*seen, 10, 10, 2]
    assert exported.annotation("dog")["num_keypoints"] == (2 if v else 1)


# Data groups


def test_groups_crash(tmp_path: Path) -> None:
    spaces = {"front": image_space(box("car")), "film": video_space({7: [box("car")]})}
    exported = export_rows([group_row("group", spaces)], ALL_SHAPES, tmp_path)

    places = [(image["encord"]["data_hash"], image["encord"]["frame"]) for image in exported.images]
    assert places == [("front", 0), ("film", 7)]
    tracks = [entry["attributes"]["track_id"] for entry in exported.annotations]
    assert tracks == [1, 1]


# One bad thing losing the whole export


def test_missing_object_answers_losing_the_whole_export(tmp_path: Path) -> None:
    colour = radio("Colour", "Red")
    rows = [
        without(image_row("none", box("a")), "object_answers", "object_actions"),
        image_row("orphan", box("b")) | {"object_answers": {}},
        image_row("good", box("c"), object_answers={"c": [answered(colour, "Red")]}),
    ]

    exported = export_rows(rows, ontology(category("bounding_box", colour)), tmp_path)

    given = {name: exported.classifications(name)["Colour"] for name in "abc"}
    assert given == {"a": None, "b": None, "c": "Red"}
    assert exported.findings == []


def test_missing_manual_annotation_losing_the_whole_export(tmp_path: Path) -> None:
    row = image_row("a", without(box("bare"), "manualAnnotation"), box("b", manualAnnotation=False))

    exported = export_rows([row], ALL_SHAPES, tmp_path)

    assert exported.annotation("bare")["attributes"]["manual_annotation"] is True
    assert exported.annotation("b")["attributes"]["manual_annotation"] is False
    assert exported.findings == []


def test_missing_width_losing_the_whole_export(tmp_path: Path) -> None:
    bad = label_row(without(image_unit("bad", box("a")), "width"))

    exported = export_rows([bad, image_row("good", box("b"))], ALL_SHAPES, tmp_path)

    assert exported.object_hashes == ["b"]
    assert {"width", "height"}.isdisjoint(exported.image(0, "bad"))
    ((_, outcome, name),) = lost(exported)
    assert (outcome, name) == ("rejected", "a")


def test_an_unknown_feature_hash_losing_the_whole_export(tmp_path: Path) -> None:
    row = image_row("a", box("stranger", featureHash="gone"), box("known"))

    exported = export_rows([row], ALL_SHAPES, tmp_path)

    assert exported.object_hashes == ["known"]
    assert lost(exported) == [("unknown_feature", "rejected", "stranger")]


@pytest.mark.parametrize("form", ["polygon", "polygons", "list", "empty"])
def test_one_2_point_polygon_losing_the_whole_export(form: str, tmp_path: Path) -> None:
    line = polygon("line", [[0.1, 0.1, 0.5, 0.5]])
    if form != "polygons":
        line = without(line, "polygons")
    if form == "list":
        line["polygon"] = list(line["polygon"].values())
    elif form == "empty":
        line["polygon"] = {}

    exported = export_rows([image_row("a", line, box("good"))], ALL_SHAPES, tmp_path)

    assert exported.object_hashes == ["good"]
    ((_, outcome, name),) = lost(exported)
    assert (outcome, name) == ("rejected", "line")


def test_deleted_objects_exported(tmp_path: Path) -> None:
    row = image_row("a", box("gone", isDeleted=True), box("here", isDeleted=False))

    exported = export_rows([row], ALL_SHAPES, tmp_path)

    assert exported.object_hashes == ["here"]
    assert lost(exported) == [("deleted", "skipped", "gone")]


# Order


@pytest.mark.parametrize("unit", [video_unit, dicom_unit, nifti_unit])
def test_json_key_order_taken_for_frame_order(unit: Any, tmp_path: Path) -> None:
    frames = {10: [box("late")], 2: [box("early")], 9: [box("middle")]}

    exported = export_rows([label_row(unit("v", frames))], ALL_SHAPES, tmp_path)

    assert [image["encord"]["frame"] for image in exported.images] == [2, 9, 10]
    assert exported.object_hashes == ["early", "middle", "late"]


def test_json_key_order_taken_for_the_order_of_a_group(tmp_path: Path) -> None:
    first, second = image_unit("first", box("a")), image_unit("second", box("b"))
    row = label_row(second | {"data_sequence": "10"}, first | {"data_sequence": "9"})

    exported = export_rows([row], ALL_SHAPES, tmp_path)

    assert [image["encord"]["data_hash"] for image in exported.images] == ["first", "second"]
    assert [image["encord"]["frame"] for image in exported.images] == [9, 10]


def test_json_key_order_taken_for_keypoint_order(tmp_path: Path) -> None:
    points = {"tail": (0.1, 0.2), "nose": (0.5, 0.4)}
    given = ontology(category("skeleton"), templates=[template("nose", "ear", "tail")])

    exported = export_rows([image_row("a", skeleton("dog", points))], given, tmp_path)

    assert exported.categories[0]["keypoints"] == ["nose", "ear", "tail"]
    assert exported.annotation("dog")["keypoints"] == [50, 20, 2, 0, 0, 0, 10, 10, 2]


@pytest.mark.parametrize(("shape", "size"), [("polygon", 12), ("polyline", 12)])
def test_json_key_order_taken_for_the_order_of_points(
    shape: str, size: int, tmp_path: Path
) -> None:
    angles = np.linspace(0, 2 * np.pi, size, endpoint=False)
    points = [(0.5 + 0.1 * np.cos(a), 0.5 + 0.1 * np.sin(a)) for a in angles]
    entry = polyline("o", *points)[shape] if shape == "polyline" else {}
    if shape == "polygon":
        entry = polygon("o", [list(np.ravel(points))])["polygon"]
    shuffled = dict(sorted(entry.items()))
    assert list(shuffled) != list(entry)

    row = image_row("a", labelled("o", shape, {shape: shuffled}))
    exported = export_rows([row], ALL_SHAPES, tmp_path)

    (ring,) = exported.annotation("o")["segmentation"]
    assert ring[: 2 * size] == pytest.approx(np.ravel(np.array(points) * [100, 50]).tolist())


# Speed


def test_time_growing_with_images_times_objects(tmp_path: Path) -> None:
    def seconds(images: int) -> float:
        rows = [image_row(f"i{number}", box("a"), box("b")) for number in range(images)]
        folder = tmp_path / str(images)
        folder.mkdir()
        best = float("inf")
        for _ in range(3):
            started = time.process_time()
            exported = export_rows(rows, ALL_SHAPES, folder)
            best = min(best, time.process_time() - started)
            assert len(exported.annotations) == 2 * images
        return best

    # Eight times the images would take up to 64 times as long if time were quadratic.
    assert seconds(2400) < 16 * seconds(300)


def test_every_shape_beside_every_other_one(tmp_path: Path) -> None:
    mask = np.zeros((50, 100), bool)
    mask[10:20, 30:60] = True
    drawn = [
        box("bounding_box"),
        rotatable_box("rotatable_bounding_box", 0.2, 0.2, 0.2, 0.2, theta=30),
        polygon("polygon", [rectangle(0.1, 0.1, 0.2, 0.2)]),
        polyline("polyline", (0.1, 0.1), (0.3, 0.3)),
        point("point", 0.5, 0.5),
        skeleton("skeleton", {"nose": (0.5, 0.5)}),
        bitmask("bitmask", mask),
        circle("circle", 0.5, 0.5, 0.1),
        ellipse("ellipse", 0.5, 0.5, 0.1, 0.2),
        cuboid_2d("cuboid_2d", rectangle(0.1, 0.1, 0.2, 0.2), (0.1, 0.1)),
    ]

    exported = export_rows([image_row("a", *drawn)], ALL_SHAPES, tmp_path)

    assert exported.object_hashes == list(SHAPES)
    names = [entry["name"] for entry in exported.categories]
    assert [names[entry["category_id"] - 1] for entry in exported.annotations] == list(SHAPES)
    assert json.dumps(exported.coco)
    assert exported.annotation("bitmask")["bbox"] == [30, 10, 30, 10]
