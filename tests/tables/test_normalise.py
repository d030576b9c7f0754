"""Every object of the input ends as exactly one annotation, or skipped, or rejected."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coco_dagster.tables.schemas import LABEL_TABLES, table_key
from tests.label_rows import (
    JSON,
    as_json,
    dicom_unit,
    flat,
    group_row,
    image_unit,
    label_row,
    space,
    video_row,
    video_unit,
)
from tests.normalised import normalised
from tests.objects import (
    BOX,
    bitmask,
    box,
    circle,
    drawn,
    ellipse,
    point,
    polygon,
    polyline,
    rotatable_box,
    skeleton,
)
from tests.ontologies import object_node, ontology
from tests.spoilt_rows import NODES, every_kind_of_row, spoil

Tables = dict[str, list[JSON]]


def ends(tables: Tables, outcome: str) -> list[str]:
    return [row["code"] for row in tables["findings"] if row["outcome"] == outcome]


def hashes(tables: Tables) -> list[str]:
    return [row["object_hash"] for row in tables["annotations"]]


def objects_add_up(tables: Tables) -> bool:
    given = sum(row["objects"] for row in tables["label_rows"])
    superseded = sum(
        row["code"] == "superseded_row" and row["outcome"] == "skipped"
        for row in tables["findings"]
    )
    ended = len(ends(tables, "skipped")) + len(ends(tables, "rejected"))
    return bool(given + superseded == len(tables["annotations"]) + ended)


@pytest.mark.parametrize(
    ("entry", "outcome", "code"),
    [
        (box("bad", isDeleted=True), "skipped", "deleted"),
        (box("bad", {"x": 1}, isDeleted=True), "skipped", "deleted"),
        (box("bad", shape="hologram"), "skipped", "unknown_shape"),
        (box("bad", shape="cuboid"), "skipped", "shape_not_in_images"),
        (box("bad", shape="segmentation"), "skipped", "shape_not_in_images"),
        (box("bad", shape="audio"), "skipped", "shape_not_in_images"),
        (box("bad", shape=None), "rejected", "missing_shape"),
        (box("bad", featureHash="gone"), "rejected", "unknown_feature"),
        (box("bad", featureHash=None), "rejected", "missing_feature_hash"),
        (box("bad", objectHash=None), "rejected", "missing_object_hash"),
        (box("bad", boundingBox=None), "rejected", "missing_geometry"),
        (box("bad", BOX | {"w": -0.1}), "rejected", "negative_size"),
        (box("bad", BOX | {"x": "0.1"}), "rejected", "malformed_geometry"),
        (box("bad", BOX | {"x": True}), "rejected", "malformed_geometry"),
        (box("bad", BOX | {"x": 1e308}), "rejected", "overflow"),
        (box("bad", {"x": 0, "y": 0, "w": 1e200, "h": 1e200}), "rejected", "overflow"),
        (rotatable_box("bad", BOX), "", ""),
        (rotatable_box("bad", BOX | {"h": -1}), "rejected", "negative_size"),
        (polygon("bad", [(0, 0), (1, 1)]), "rejected", "too_few_points"),
        (polygon("bad", []), "rejected", "too_few_points"),
        (polygon("bad", [(0, 0), (1, 1), (0, 0), (1, 1)]), "rejected", "too_few_points"),
        (polygon("bad", [(0, 0), (1, 1), (2, 2)]), "", ""),
        (drawn("polygon", "polygons", [[]], "bad"), "rejected", "too_few_points"),
        (polyline("bad", [(0, 0)]), "rejected", "too_few_points"),
        (polyline("bad", []), "rejected", "too_few_points"),
        (point("bad", "0", 0), "rejected", "malformed_geometry"),
        (point("bad", None, 0), "rejected", "malformed_geometry"),
        (drawn("point", "point", {}, "bad"), "rejected", "malformed_geometry"),
        (drawn("skeleton", "skeleton", {}, "bad"), "rejected", "malformed_geometry"),
        (circle("bad", r=0), "rejected", "negative_size"),
        (circle("bad", r=-1), "rejected", "negative_size"),
        (
            drawn("circle", "circle", {"x": 0, "y": 0, "r": 1, "stretch": 0}, "bad"),
            "rejected",
            "negative_size",
        ),
        (ellipse("bad", ry=0), "rejected", "negative_size"),
        (
            drawn("cuboid_2d", "cuboid_2d", {"front": [0, 0, 1, 0, 1, 1]}, "bad"),
            "rejected",
            "malformed_geometry",
        ),
        (
            drawn(
                "cuboid_2d",
                "cuboid_2d",
                {
                    "front": [1e308, 0, 1, 0, 1, 1],
                    "vanishingPoint": {"x": -1e308, "y": 0},
                    "scaleRatio": 0,
                },
                "bad",
            ),
            "rejected",
            "overflow",
        ),
        (bitmask("bad", mask={"rleString": 5}), "rejected", "malformed_geometry"),
        (bitmask("bad", mask={"rleString": "[16>000Q3" * 9}), "rejected", None),
        (bitmask("bad", mask={"rleString": "ü"}), "rejected", None),
        (bitmask("bad", mask={"rleString": ""}), "rejected", None),
        (bitmask("bad", mask={"top": "0"}), "rejected", "malformed_geometry"),
        (bitmask("bad", mask={"width": 10**6, "height": 10**6}), "rejected", None),
        (None, "rejected", "malformed_object"),
        (5, "rejected", "malformed_object"),
        ([], "rejected", "malformed_object"),
    ],
)
def test_a_bad_object_ends_with_its_code_and_costs_no_other(
    entry: Any, outcome: str, code: str | None
) -> None:
    tables = normalised(label_row([box("before"), entry, box("after")]))
    found = [row for row in tables["findings"] if row["outcome"] != "note"]
    assert [row["outcome"] for row in found] == ([outcome] if outcome else [])
    assert sorted(set(hashes(tables)) - {"bad"}) == ["after", "before"]
    assert objects_add_up(tables)
    for row in found:
        assert row["code"] == code or code is None
        assert (row["label_hash"], row["data_hash"], row["frame"]) == ("row", "file-row", 0)
        assert row["path"].startswith('$.data_units["file-row"].labels.objects[1]')
        assert (row["raw"] is None) == (outcome == "skipped")


def test_frames_without_a_size_keep_their_image_and_reject_their_objects() -> None:
    for size in ({"width": None}, {"height": 0}, {"width": "x"}, {"width": -5, "height": None}):
        tables = normalised(label_row({"f": image_unit([box(), point("p")], **size)}))
        assert ends(tables, "rejected") == ["unknown_frame_size"] * 2
        assert [(row["width"], row["height"]) for row in tables["frames"]] == [(None, None)]


def test_a_slice_without_its_own_size_takes_that_of_the_unit() -> None:
    slices = {
        "0": {"objects": [box()], "metadata": {"width": 64, "height": 32}},
        "1": {"objects": [box()], "metadata": {"width": None, "height": 0}},
        "2": {"objects": [box()], "metadata": None},
        "3": {"objects": [box()]},
    }
    tables = normalised(label_row({"d": dicom_unit(slices)}, "dicom"))
    assert [(row["width"], row["height"]) for row in tables["frames"]] == [
        (64, 32),
        (200, 100),
        (200, 100),
        (200, 100),
    ]


@pytest.mark.parametrize("key", ["01", "1.5", "-1", "x", "", "12345678901", 'a"b', "back\\slash"])
def test_objects_under_a_key_that_is_no_frame_are_rejected(key: str) -> None:
    tables = normalised(video_row({key: [box("bad"), {"objectHash": "worse"}], "3": [box()]}))
    found = [row for row in tables["findings"] if row["outcome"] == "rejected"]
    assert [row["code"] for row in found] == ["bad_frame_key", "missing_feature_hash"]
    for row in found:
        assert row["frame"] is None
        assert row["object_hash"] in row["raw"]
    assert [row["frame"] for row in tables["frames"]] == [3]
    assert objects_add_up(tables)


def test_the_path_of_a_malformed_object_leads_to_its_fault() -> None:
    bad = {"objectHash": "bad", "featureHash": "bounding_box", "shape": "bounding_box"}
    for row in (
        label_row([bad | {"boundingBox": {"x": 0, "y": 0, "w": 0, "h": "1"}}]),
        video_row({"7": [bad | {"boundingBox": {"x": 0, "y": 0, "w": 0, "h": "1"}}]}),
    ):
        (finding,) = [row for row in normalised(row)["findings"] if row["outcome"] == "rejected"]
        assert finding["path"].endswith(".objects[0].boundingBox.h")
        assert finding["path"].count("$") == 1


@pytest.mark.parametrize("data_type", ["audio", "pdf", "plain_text", "scene", "time_series", "new"])
def test_objects_in_files_without_pixels_are_skipped(data_type: str) -> None:
    units = {
        "flat": image_unit([box()], [{"classificationHash": "c"}]),
        "keyed": video_unit({0: [box(), None], "a#1": [box()]}),
    }
    tables = normalised(label_row(units, data_type))
    assert ends(tables, "skipped") == ["media_without_pixels"] * 4
    assert tables["frames"] == []
    assert objects_add_up(tables)


@pytest.mark.parametrize("space_type", ["pdf", "point_cloud", "scene_image", "html", "new", None])
def test_objects_in_spaces_without_pixels_are_skipped(space_type: Any) -> None:
    tables = normalised(group_row({"s": space(space_type, {}, labels=flat([box(), 5]))}))
    assert ends(tables, "skipped") == ["media_without_pixels"] * 2
    assert {row["space"] for row in tables["findings"]} == {"s"}
    assert objects_add_up(tables)


@pytest.mark.parametrize("shape", ["audio", "text", "time_range"])
def test_objects_that_are_ranges_are_skipped_once_each(shape: str) -> None:
    answers = {
        "a/1": {"shape": shape, "range": [[0, 5], [7, 9]], "classifications": []},
        "b": {"shape": "bounding_box", "classifications": []},
        "orphan": {"classifications": []},
    }
    tables = normalised(label_row([box("b")], object_answers=answers))
    (finding,) = tables["findings"]
    assert (finding["outcome"], finding["object_hash"]) == ("skipped", "a/1")
    assert finding["path"] == '$.object_answers["a/1"]'
    assert objects_add_up(tables)


def test_a_second_object_with_the_same_hash_on_a_frame_is_rejected() -> None:
    tables = normalised(video_row({0: [box("o"), box("p"), box("o")], 1: [box("o")]}))
    assert ends(tables, "rejected") == ["repeated_object"]
    assert [(row["frame"], row["object_hash"]) for row in tables["annotations"]] == [
        (0, "o"),
        (0, "p"),
        (1, "o"),
    ]


@pytest.mark.parametrize(
    "earlier",
    [box("o", isDeleted=True), box("o", {"x": 1}), box("o", BOX | {"w": -1}), box("o", shape="x")],
)
def test_an_object_whose_earlier_namesake_is_lost_counts_as_the_first(earlier: JSON) -> None:
    tables = normalised(label_row([earlier, box("o"), box("o")]))
    assert [row["annotation_index"] for row in tables["annotations"]] == [1]
    assert ends(tables, "rejected").count("repeated_object") == 1


def test_files_that_are_one_file_share_their_frames_and_their_order() -> None:
    root = space("image", {0: [box("c"), box("a"), box("b")]})
    row = label_row({"f": image_unit([box("b"), box("z")])}, spaces={"root": root})
    tables = normalised(row)
    assert len(tables["frames"]) == 1
    by_index = sorted(tables["annotations"], key=lambda row: int(row["annotation_index"]))
    assert [row["object_hash"] for row in by_index] == ["b", "z", "c", "a"]
    (finding,) = [row for row in tables["findings"] if row["outcome"] == "rejected"]
    assert (finding["code"], finding["path"]) == (
        "repeated_object",
        '$.spaces.root.labels["0"].objects[2]',
    )
    assert '"objectHash":"b"' in finding["raw"].replace(" ", "")


def test_a_shape_other_than_the_ontology_s_is_exported_with_a_note() -> None:
    tables = normalised(label_row([polygon(featureHash="bounding_box")]))
    assert [row["shape"] for row in tables["annotations"]] == ["polygon"]
    assert ends(tables, "note") == ["shape_differs"]


def test_an_object_of_a_class_without_images_is_rejected() -> None:
    nodes = ontology()
    nodes["objects"].append(object_node("cuboid"))
    tables = normalised(label_row([box(featureHash="cuboid")]), nodes=nodes)
    assert ends(tables, "rejected") == ["no_category"]


def test_points_that_the_template_lacks_are_noted() -> None:
    tables = normalised(label_row([skeleton(points=("a", "b", "extra"))]))
    assert ends(tables, "note") == ["unknown_skeleton_point"]
    assert len(tables["annotations"]) == 1


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (bitmask(mask={"left": 195}), "cropped_mask"),
        (
            drawn(
                "polygon", "polygons", [[[0, 0, 1, 0, 1, 1]], [[0, 0, 0, 0]], [[0, 0, 1, 1, 0, 0]]]
            ),
            "degenerate_ring",
        ),
    ],
)
def test_what_is_mended_is_noted(entry: JSON, code: str) -> None:
    tables = normalised(label_row([entry]))
    assert ends(tables, "note") == [code]
    assert len(tables["annotations"]) == 1


def test_a_visibility_that_is_unknown_is_noted() -> None:
    entry = skeleton()
    entry["skeleton"]["1"]["visibility"] = "gone"
    tables = normalised(label_row([entry]))
    assert ends(tables, "note") == ["unknown_visibility"]
    assert tables["annotations"][0]["keypoint_visibility"] == [2, 2]


def test_notes_are_not_made_for_objects_that_are_rejected() -> None:
    entry = skeleton(points=("a", "extra"), featureHash="bounding_box")
    entry["skeleton"]["0"] |= {"x": 1e308, "visibility": "gone"}
    tables = normalised(label_row([entry]))
    assert [row["code"] for row in tables["findings"]] == ["overflow"]


def test_an_unreadable_row_costs_no_other_row() -> None:
    rows = [label_row([box()], label_hash="a"), 5, label_row([box()], label_hash="b"), "{}"]
    tables = normalised(*rows)
    assert [row["label_hash"] for row in tables["label_rows"]] == ["a", "b"]
    found = [row for row in tables["findings"] if row["code"] == "unreadable_row"]
    assert [row["path"] for row in found] == ["labels.json[1]", "labels.json[3]"]
    assert {row["severity"] for row in found} == {"error"}


@pytest.mark.parametrize(
    ("dates", "kept"),
    [
        (("2025-01-01 00:00:00", "2025-01-02 00:00:00"), 1),
        (("2025-01-02 00:00:00", "Wed, 01 Jan 2025 00:00:00 GMT"), 0),
        (("2025-01-01 00:00:00", "2025-01-01 00:00:00"), 0),
        ((None, "2025-01-01 00:00:00"), 1),
        (("2025-01-01 00:00:00", None), 0),
        ((None, None), 0),
        (("yesterday", "2025-01-01 00:00:00"), 1),
    ],
)
def test_of_rows_with_one_hash_the_newest_is_kept(dates: tuple[Any, Any], kept: int) -> None:
    answers = {"sound": {"shape": "audio", "range": [[0, 1]]}}
    rows = [
        label_row([box(f"o{n}"), None], last_edited_at=date, object_answers=answers)
        for n, date in enumerate(dates)
    ]
    tables = normalised(*rows)
    assert [row["source_index"] for row in tables["label_rows"]] == [kept]
    assert hashes(tables) == [f"o{kept}"]
    assert ends(tables, "skipped").count("superseded_row") == 3
    assert objects_add_up(tables)


def test_rows_without_a_hash_are_rows_of_their_own_even_if_they_are_equal() -> None:
    row = label_row({"f": image_unit([box()])}, label_hash=None)
    tables = normalised(row, row, row | {"label_hash": ""})
    names = [row["label_hash"] for row in tables["label_rows"]]
    assert len(set(names)) == 3
    assert all(name.startswith("unnamed:") for name in names)


@pytest.mark.parametrize("text", ["yesterday", "2025-99-99 00:00:00", "99"])
def test_a_date_that_is_none_is_noted(text: str) -> None:
    tables = normalised(label_row([box()], last_edited_at=text, created_at=None))
    (finding,) = tables["findings"]
    assert (finding["code"], finding["path"]) == ("malformed_date", "$.last_edited_at")


def test_users_are_named_unless_by_e_mail() -> None:
    entry = box(createdBy="Jane.Doe@Example.com", lastEditedBy="user-17")
    other = box("p", createdBy="jane.doe@example.com", lastEditedBy=None)
    first, second = normalised(label_row([entry, other]))["annotations"]
    assert first["created_by"] == second["created_by"]
    assert "@" not in first["created_by"]
    assert (first["last_edited_by"], second["last_edited_by"]) == ("user-17", None)


def test_links_are_kept_without_their_queries() -> None:
    unit = image_unit([box()], data_link="https://u:p@host/a.png?X-Amz-Signature=SECRET")
    (found,) = normalised(label_row({"f": unit}))["data_units"]
    assert found["link"] == "https://host/a.png"


def test_many_rejected_objects_of_a_large_row_take_no_time() -> None:
    frames = {number: [box(f"o{number}")] for number in range(4000)}
    unit = video_unit(frames, width=None)
    tables = normalised(label_row({"v": unit}, "video"))
    assert len(ends(tables, "rejected")) == 4000


@given(st.integers(0, 2**32))
def test_whatever_is_spoilt_the_objects_add_up(seed: int) -> None:
    dice = random.Random(seed)
    rows = [as_json(spoil(row, dice, 0.02)) for row in every_kind_of_row()]
    tables = normalised(*rows, nodes=NODES)
    assert objects_add_up(tables)
    for name, schema in LABEL_TABLES.items():
        keys = [tuple(row[column] for column in table_key(schema)) for row in tables[name]]
        assert len(set(keys)) == len(keys) or name == "findings"
    frames = {(row["label_hash"], row["data_hash"], row["frame"]) for row in tables["frames"]}
    for row in tables["annotations"]:
        assert (row["label_hash"], row["data_hash"], row["frame"]) in frames


def test_a_track_begins_on_its_first_frame_wherever_that_is_listed() -> None:
    own = video_unit({0: [box("other")], 5: [box("o")]})
    again = space("video", {0: [box("o")]})
    tables = normalised(label_row({"f": own}, "video", spaces={"f": again}))
    tracks = {row["object_hash"]: row for row in tables["objects"]}
    assert (tracks["o"]["first_frame"], tracks["o"]["number_of_frames"]) == (0, 2)


@pytest.mark.parametrize("others", [[], [video_row({0: [box("t")], 1: [box("t")]})]])
def test_objects_on_one_frame_each_are_the_same_beside_tracks(others: list[JSON]) -> None:
    own = video_unit({0: [box("a")], 5: [box("b"), circle("c")]})
    again = space("video", {0: [box("d")]})
    row = label_row({"f": own}, "video", label_hash="singles", spaces={"f": again})
    tables = normalised(row, *others)
    objects = [row for row in tables["objects"] if row["label_hash"] == "singles"]
    facts = ("object_hash", "shape", "first_data_hash", "first_frame", "number_of_frames")
    assert [tuple(row[fact] for fact in facts) for row in objects] == [
        ("a", "bounding_box", "f", 0, 1),
        ("d", "bounding_box", "f", 0, 1),
        ("b", "bounding_box", "f", 5, 1),
        ("c", "circle", "f", 5, 1),
    ]
