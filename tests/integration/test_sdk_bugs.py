"""Bugs of the Encord SDK's own COCO exporter (0.1.211), one test for each, named after it.

Section 9 of the export contract lists them; none of them may come back.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.exports import Export, export_rows
from tests.label_rows import (
    HEIGHT,
    JSON,
    WIDTH,
    action,
    answer,
    chosen,
    classified,
    dicom_unit,
    flat,
    group_row,
    image_unit,
    label_row,
    nifti_unit,
    object_actions,
    object_answers,
    placed,
    space,
    video_row,
    video_unit,
)
from tests.objects import (
    box,
    circle,
    cuboid_2d,
    drawn,
    ellipse,
    polygons,
    polyline,
    rectangle,
    rotatable_box,
    skeleton,
)
from tests.ontologies import (
    checklist,
    classification_node,
    object_node,
    ontology,
    option,
    radio,
    template,
)

STATE = radio("State", "Moving", "Parked", dynamic=True)
LIGHTS = checklist("Lights", "Brake", "Left", "Right", dynamic=True)
WEATHER = classification_node("weather", radio("Weather", "Sun", "Rain"))


def export(folder: Path, *objects: Any) -> Export:
    """Export objects on one image."""
    return export_rows(folder, [label_row(objects)])


def classifications(folder: Path, attributes: list[JSON], *answers: JSON) -> JSON:
    """What the annotation of a car says, given attributes of boxes and their answers."""
    row = label_row([box("car")], object_answers=object_answers({"car": answers}))
    nodes = ontology(object_node("bounding_box", *attributes))
    return export_rows(folder, [row], nodes).classifications("car")


def without(entry: JSON, *keys: str) -> JSON:
    """An object or row that lacks some keys."""
    return {key: value for key, value in entry.items() if key not in keys}


def lost(exported: Export) -> list[tuple[str, str, str | None]]:
    """Code, outcome and object of every finding that is no note."""
    keys = ("code", "outcome", "object_hash")
    found = [tuple(row[key] for key in keys) for row in exported.findings]
    return [(code, outcome, name) for code, outcome, name in found if outcome != "note"]


# Attributes


def test_dynamic_attributes_looked_up_by_image_id_instead_of_frame(tmp_path: Path) -> None:
    actions = [
        action("State", chosen("Moving"), (40, 41)),
        action("State", chosen("Parked"), (0, 2)),
    ]
    frames = {40: [box("car")], 41: [box("car")], 50: [box("car")]}
    row = video_row(frames, object_actions=object_actions({"car": actions}))
    before = label_row([box("dog", featureHash="dog")], label_hash="before")
    dog = object_node("bounding_box", featureNodeHash="dog")
    nodes = ontology(object_node("bounding_box", STATE), dog)

    exported = export_rows(tmp_path, [before, row], nodes)

    assert exported.classifications("car", 40) == {"State": "Moving"}
    assert exported.classifications("car", 41) == {"State": "Moving"}
    assert exported.classifications("car", 50) == {"State": None}


def test_actions_cached_from_the_first_row(tmp_path: Path) -> None:
    rows = []
    for state in ("Moving", "Parked"):
        actions = object_actions({"car": [action("State", chosen(state), (0, 0))]})
        unit = video_unit({0: [box("car")]})
        rows.append(label_row({state: unit}, "video", state, object_actions=actions))

    exported = export_rows(tmp_path, rows, ontology(object_node("bounding_box", STATE)))

    states = [attributes["classifications"] for attributes in exported.attributes]
    assert states == [{"State": "Moving"}, {"State": "Parked"}]


def test_option_answers_matched_by_name(tmp_path: Path) -> None:
    kind, flags = radio("Kind", "Car", "Lorry"), checklist("Flags", "Wet", "Dark")
    lorry, dark = {"name": "Car", "featureHash": "Lorry"}, {"name": "Flags", "featureHash": "Dark"}

    found = classifications(
        tmp_path, [kind, flags], answer("Kind", [lorry]), answer("Flags", [dark])
    )

    assert found == {"Kind": "Lorry", "Wet": False, "Dark": True}


def test_the_last_checklist_action_wins(tmp_path: Path) -> None:
    actions = [
        action("Lights", chosen("Brake"), (0, 5)),
        action("Lights", chosen("Left"), (3, 8)),
    ]
    frames = {number: [box("car")] for number in (0, 4, 8, 9)}
    row = video_row(frames, object_actions=object_actions({"car": actions}))

    exported = export_rows(tmp_path, [row], ontology(object_node("bounding_box", LIGHTS)))

    lights = [exported.classifications("car", frame) for frame in frames]
    assert [[name for name, on in given.items() if on] for given in lights] == [
        ["Brake"],
        ["Brake", "Left"],
        ["Left"],
        [],
    ]


def test_same_named_options_overwriting_each_other(tmp_path: Path) -> None:
    front = checklist("Front", option("front dent", label="Dent"), "Dirt")
    back = checklist("Back", option("back dent", label="Dent"), "Rust")
    answers = [answer("Front", chosen("front dent")), answer("Back", chosen("Rust"))]

    assert classifications(tmp_path, [front, back], *answers) == {
        "Front/Dent": True,
        "Dirt": False,
        "Back/Dent": False,
        "Rust": True,
    }


def test_nested_attributes_dropped(tmp_path: Path) -> None:
    kind = radio("Kind", option("Car", radio("Doors", "Two", "Four")), "Lorry")
    answers = [answer("Doors", chosen("Four")), answer("Kind", chosen("Car"))]

    assert classifications(tmp_path, [kind], *answers) == {"Kind": "Car", "Doors": "Four"}


def test_an_unanswered_radio_losing_the_whole_export(tmp_path: Path) -> None:
    found = classifications(tmp_path, [radio("Kind", "Car")], answer("Kind", []))

    assert found == {"Kind": None}


@pytest.mark.parametrize("dialect", ["on the frame", "by range"])
def test_frame_classifications_dropped(dialect: str, tmp_path: Path) -> None:
    answers = [answer("Weather", chosen("Rain"))]
    if dialect == "on the frame":
        given, labels = classified("c", answers), {3: flat([], [placed("c")])}
    else:
        given, labels = classified("c", answers, range=[[3, 4]]), {}
    row = video_row(labels, classification_answers=given)

    exported = export_rows(tmp_path, [row], ontology(classifications=[WEATHER]))

    frames = [image["encord"]["frame"] for image in exported.images]
    assert frames == ([3] if dialect == "on the frame" else [3, 4])
    found = [image["encord"]["classifications"] for image in exported.images]
    assert found == [{"Weather": "Rain"}] * len(frames)


# Shapes


def test_circle_dropped(tmp_path: Path) -> None:
    disc = export(tmp_path, circle("disc", 0.5, 0.5, 0.1)).annotation("disc")

    assert disc["bbox"] == pytest.approx([80, 30, 40, 40])
    assert disc["area"] == pytest.approx(np.pi * 20 * 20)


def test_ellipse_dropped(tmp_path: Path) -> None:
    oval = export(tmp_path, ellipse("oval", 0.5, 0.5, 0.1, 0.4, theta=90)).annotation("oval")

    assert oval["bbox"] == pytest.approx([60, 30, 80, 40])
    assert oval["area"] == pytest.approx(np.pi * 20 * 40)


def test_2d_cuboid_dropped(tmp_path: Path) -> None:
    drawn_crate = cuboid_2d("crate", rectangle(0.1, 0.2, 0.2, 0.4), (0.1, 0.0))
    crate = export(tmp_path, drawn_crate).annotation("crate")

    assert crate["bbox"] == pytest.approx([20, 20, 60, 40])
    assert crate["area"] == pytest.approx(60 * 40)


def test_rotated_boxes_not_enclosed(tmp_path: Path) -> None:
    geometry = {"x": 0.4, "y": 0.4, "w": 0.2, "h": 0.2, "theta": 90}
    boat = export(tmp_path, rotatable_box("boat", geometry)).annotation("boat")

    assert boat["bbox"] == pytest.approx([90, 30, 20, 40])
    assert boat["segmentation"][0] == pytest.approx([110, 30, 110, 70, 90, 70, 90, 30])
    assert boat["area"] == pytest.approx(40 * 20)
    assert boat["attributes"]["rotation"] == 90


def test_polygon_masks_from_truncated_vertices_with_a_drawn_border(tmp_path: Path) -> None:
    squares = [[rectangle(x, 0.2, 0.2, 0.4)] for x in (0.1, 0.6)]
    roofs = export(tmp_path, polygons("roofs", *squares)).annotation("roofs")

    assert roofs["area"] == pytest.approx(2 * 40 * 40)
    assert roofs["iscrowd"] == 0
    assert len(roofs["segmentation"]) == 2


def test_masks_with_holes_from_truncated_vertices_with_a_drawn_border(tmp_path: Path) -> None:
    rings = [rectangle(0.1, 0.2, 0.2, 0.4), rectangle(0.15, 0.3, 0.1, 0.2)]
    exported = export(tmp_path, polygons("frame", rings))

    assert exported.annotation("frame")["area"] == pytest.approx(40 * 40 - 20 * 20)
    assert exported.mask("frame").sum() == 40 * 40 - 20 * 20


def test_islands_in_holes_erased(tmp_path: Path) -> None:
    lake = [rectangle(0.1, 0.1, 0.4, 0.8), rectangle(0.2, 0.3, 0.2, 0.4)]
    island = [rectangle(0.25, 0.4, 0.1, 0.2)]
    exported = export(tmp_path, polygons("lake", lake, island))

    area = 80 * 80 - 40 * 40 + 20 * 20
    assert exported.annotation("lake")["area"] == pytest.approx(area)
    assert exported.mask("lake").sum() == area
    assert exported.mask("lake")[50, 60]


@pytest.mark.parametrize(
    ("visibility", "v"), [("visible", 2), ("occluded", 1), ("selfOccluded", 1), ("invisible", 0)]
)
def test_visibility_strings_all_read_as_visible(visibility: str, v: int, tmp_path: Path) -> None:
    nose = {"x": 0.5, "y": 0.5, "visibility": visibility}
    dog = export(tmp_path, skeleton("dog", {"a": nose, "b": (0.1, 0.2)})).annotation("dog")

    seen = [100, 50, v] if v else [0, 0, 0]
    assert dog["keypoints"] == [*seen, 20, 20, 2]
    assert dog["num_keypoints"] == (2 if v else 1)


# Data groups


def test_groups_crash(tmp_path: Path) -> None:
    spaces = {
        "front": space("image", {0: [box("car")]}),
        "film": space("video", {7: [box("car")]}),
    }
    exported = export_rows(tmp_path, [group_row(spaces)])

    places = [(image["encord"]["data_hash"], image["encord"]["frame"]) for image in exported.images]
    assert places == [("front", 0), ("film", 7)]
    assert [attributes["track_id"] for attributes in exported.attributes] == [1, 1]


# One bad thing losing the whole export


def test_missing_object_answers_losing_the_whole_export(tmp_path: Path) -> None:
    red = object_answers({"c": [answer("Colour", chosen("Red"))]})
    rows = [
        without(label_row([box("a")], label_hash="1"), "object_answers", "object_actions"),
        label_row([box("b")], label_hash="2", object_answers={}),
        label_row([box("c")], label_hash="3", object_answers=red),
    ]

    nodes = ontology(object_node("bounding_box", radio("Colour", "Red")))
    exported = export_rows(tmp_path, rows, nodes)

    given = {name: exported.classifications(name)["Colour"] for name in "abc"}
    assert given == {"a": None, "b": None, "c": "Red"}
    assert exported.findings == []


def test_missing_manual_annotation_losing_the_whole_export(tmp_path: Path) -> None:
    bare, other = without(box("bare"), "manualAnnotation"), box("other", manualAnnotation=False)
    exported = export(tmp_path, bare, other)

    assert exported.annotation("bare")["attributes"]["manual_annotation"] is True
    assert exported.annotation("other")["attributes"]["manual_annotation"] is False
    assert exported.findings == []


def test_missing_width_losing_the_whole_export(tmp_path: Path) -> None:
    bad = label_row({"bad": without(image_unit([box("a")]), "width")}, label_hash="1")
    good = label_row([box("b")], label_hash="2")

    exported = export_rows(tmp_path, [bad, good])

    assert exported.object_hashes == ["b"]
    assert {"width", "height"}.isdisjoint(exported.image(0, "bad"))
    ((_, outcome, name),) = lost(exported)
    assert (outcome, name) == ("rejected", "a")


def test_an_unknown_feature_hash_losing_the_whole_export(tmp_path: Path) -> None:
    exported = export(tmp_path, box("stranger", featureHash="gone"), box("known"))

    assert exported.object_hashes == ["known"]
    assert lost(exported) == [("unknown_feature", "rejected", "stranger")]


@pytest.mark.parametrize("form", ["polygon", "polygons", "list", "empty"])
def test_one_2_point_polygon_losing_the_whole_export(form: str, tmp_path: Path) -> None:
    line = polygons("line", [[0.1, 0.1, 0.5, 0.5]])
    if form != "polygons":
        line = without(line, "polygons")
    if form == "list":
        line["polygon"] = list(line["polygon"].values())
    elif form == "empty":
        line["polygon"] = {}

    exported = export(tmp_path, line, box("good"))

    assert exported.object_hashes == ["good"]
    ((_, outcome, name),) = lost(exported)
    assert (outcome, name) == ("rejected", "line")


def test_deleted_objects_exported(tmp_path: Path) -> None:
    exported = export(tmp_path, box("gone", isDeleted=True), box("here", isDeleted=False))

    assert exported.object_hashes == ["here"]
    assert lost(exported) == [("deleted", "skipped", "gone")]


# Order


@pytest.mark.parametrize(
    ("data_type", "unit"), [("video", video_unit), ("dicom", dicom_unit), ("nifti", nifti_unit)]
)
def test_json_key_order_taken_for_frame_order(data_type: str, unit: Any, tmp_path: Path) -> None:
    frames = {10: [box("late")], 2: [box("early")], 9: [box("middle")]}

    exported = export_rows(tmp_path, [label_row({"v": unit(frames)}, data_type)])

    assert [image["encord"]["frame"] for image in exported.images] == [2, 9, 10]
    assert exported.object_hashes == ["early", "middle", "late"]


def test_json_key_order_taken_for_the_order_of_a_group(tmp_path: Path) -> None:
    units = {
        "second": image_unit([box("b")], data_sequence="10"),
        "first": image_unit([box("a")], data_sequence="9"),
    }

    exported = export_rows(tmp_path, [label_row(units, "img_group")])

    assert [image["encord"]["data_hash"] for image in exported.images] == ["first", "second"]
    assert [image["encord"]["frame"] for image in exported.images] == [9, 10]


def test_json_key_order_taken_for_keypoint_order(tmp_path: Path) -> None:
    dog = skeleton("dog", {"tail": (0.1, 0.2), "nose": (0.5, 0.4)})
    nodes = ontology(object_node("skeleton"), templates=[template("nose", "ear", "tail")])

    exported = export_rows(tmp_path, [label_row([dog])], nodes)

    assert exported.categories[0]["keypoints"] == ["nose", "ear", "tail"]
    assert exported.annotation("dog")["keypoints"] == [100, 40, 2, 0, 0, 0, 20, 20, 2]


@pytest.mark.parametrize("shape", ["polygon", "polyline"])
def test_json_key_order_taken_for_the_order_of_points(shape: str, tmp_path: Path) -> None:
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    points = [(0.5 + 0.1 * np.cos(a), 0.5 + 0.1 * np.sin(a)) for a in angles]
    ordered = polyline("o", points)["polyline"]
    shuffled = dict(sorted(ordered.items()))
    assert list(shuffled) != list(ordered)

    exported = export(tmp_path, drawn(shape, shape, shuffled, "o"))

    (ring,) = exported.annotation("o")["segmentation"]
    assert ring[:24] == pytest.approx(np.ravel(np.array(points) * [WIDTH, HEIGHT]).tolist())


# Speed


def test_time_growing_with_images_times_objects(tmp_path: Path) -> None:
    def seconds(images: int) -> float:
        rows = [label_row([box("a"), box("b")], label_hash=str(number)) for number in range(images)]
        best = float("inf")
        for _ in range(3):
            started = time.process_time()
            exported = export_rows(tmp_path / str(images), rows)
            best = min(best, time.process_time() - started)
            assert len(exported.annotations) == 2 * images
        return best

    # Eight times the images would take up to 64 times as long if time were quadratic.
    assert seconds(2400) < 16 * seconds(300)
