"""Exports in the profiles `training` and `strict`: ids, categories, files, and what is left out."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from coco_dagster.coco.profiles import STRICT, TRAINING, ExportSettings, Profile
from coco_dagster.errors import ExportError
from tests.exports import Export, export_rows
from tests.label_rows import JSON, image_unit, label_row, video_row
from tests.objects import (
    bitmask,
    box,
    drawn,
    every_shape,
    point,
    polygon,
    polyline,
    skeleton,
)
from tests.ontologies import object_node, ontology, template

OUTSIDE = {"x": 1.5, "y": 0.1, "w": 0.1, "h": 0.1}


def exported(
    folder: Path, rows: list[JSON], nodes: JSON | None = None, profile: Profile = TRAINING
) -> Export:
    return export_rows(folder, rows, nodes, ExportSettings(profile=profile))


def both(found: Export) -> tuple[JSON, JSON]:
    """`annotations.json` and `keypoints.json`."""
    (areas,), (keypoints,) = found.files.values()
    return areas, keypoints


def test_points_and_skeletons_have_a_file_of_their_own(tmp_path: Path) -> None:
    found = exported(tmp_path, [label_row(every_shape())])
    assert list(found.files) == ["annotations.json", "keypoints.json"]
    areas, keypoints = both(found)
    assert [entry["supercategory"] for entry in keypoints["categories"]] == ["point", "skeleton"]
    names = [entry["attributes"]["encord_track_uuid"] for entry in keypoints["annotations"]]
    assert names == ["point", "skeleton"]
    assert len(areas["annotations"]) == 7
    assert found.skipped == ["shape_without_form"]


def test_every_category_counts_from_1_in_its_file(tmp_path: Path) -> None:
    nodes = ontology(object_node("point"), object_node("polygon"), object_node("skeleton"))
    areas, keypoints = both(exported(tmp_path, [label_row(every_shape())], nodes))
    for coco in (areas, keypoints):
        numbers = [entry["id"] for entry in coco["categories"]]
        assert numbers == list(range(1, len(numbers) + 1))
        shapes = {entry["id"]: entry["supercategory"] for entry in coco["categories"]}
        for entry in coco["annotations"]:
            assert shapes[entry["category_id"]] == entry["attributes"]["encord_track_uuid"]


def test_polylines_have_no_category_unless_they_have_a_width(tmp_path: Path) -> None:
    rows = [label_row([polyline()])]
    areas, _ = both(exported(tmp_path, rows))
    assert "polyline" not in [entry["name"] for entry in areas["categories"]]
    areas, _ = both(exported(tmp_path, rows, profile=replace(TRAINING, polyline_width=2.0)))
    assert "polyline" in [entry["name"] for entry in areas["categories"]]
    assert len(areas["annotations"]) == 1


def test_both_files_list_all_images_with_the_same_ids(tmp_path: Path) -> None:
    rows = [label_row([box()]), label_row({"b": image_unit([point()])}, label_hash="2")]
    areas, keypoints = both(exported(tmp_path, [*rows, video_row({3: [box()]}, "v")]))
    assert areas["images"] == keypoints["images"]
    assert [image["id"] for image in areas["images"]] == [1, 2, 3]
    assert [entry["image_id"] for entry in areas["annotations"]] == [1, 3]
    assert [entry["image_id"] for entry in keypoints["annotations"]] == [2]


def test_annotation_ids_run_through_both_files(tmp_path: Path) -> None:
    rows = [video_row({1: [box("a"), point("b"), box("c")], 2: [point("b"), box("a")]})]
    areas, keypoints = both(exported(tmp_path, rows))
    assert [entry["id"] for entry in areas["annotations"]] == [1, 3, 5]
    assert [entry["id"] for entry in keypoints["annotations"]] == [2, 4]
    tracks = [entry["attributes"]["track_id"] for entry in areas["annotations"]]
    assert (tracks, [e["attributes"]["track_id"] for e in keypoints["annotations"]]) == (
        [1, 3, 1],
        [2, 2],
    )


def test_what_is_left_out_takes_no_id_and_no_track(tmp_path: Path) -> None:
    gone = [box("o", OUTSIDE), polyline("l"), box("tiny", OUTSIDE | {"x": 0.5, "w": 0.001})]
    areas, _ = both(found := exported(tmp_path, [label_row([*gone, box("a"), box("b")])]))
    assert [entry["id"] for entry in areas["annotations"]] == [1, 2]
    assert [entry["attributes"]["track_id"] for entry in areas["annotations"]] == [1, 2]
    assert found.skipped == ["outside_image", "shape_without_form", "too_small"]
    counts = found.manifest["counts"]
    assert (counts["objects"], counts["annotations"], counts["skipped"]) == (5, 2, 3)


def test_the_finding_on_what_is_left_out_says_where_it_is(tmp_path: Path) -> None:
    found = exported(tmp_path, [video_row({7: [box(), box("gone", OUTSIDE)]}, "v")])
    (finding,) = found.findings
    expected = {
        "code": "outside_image",
        "outcome": "skipped",
        "severity": "info",
        "label_hash": found.lineage[0]["label_hash"],
        "data_hash": found.lineage[0]["data_hash"],
        "space": None,
        "frame": 7,
        "object_hash": "gone",
        "path": f'$.data_units["{found.lineage[0]["data_hash"]}"].labels["7"].objects[1]',
        "message": "Nothing of it lies within the image.",
        "raw": None,
    }
    assert finding == expected


def test_categories_of_one_name_are_told_apart_in_their_file(tmp_path: Path) -> None:
    nodes = {
        "objects": [
            object_node("polygon", name="Person"),
            object_node("bounding_box", name="Person"),
            object_node("skeleton", name="Person"),
        ],
        "skeleton_templates": [template("a", "b")],
    }
    areas, keypoints = both(exported(tmp_path, [label_row([polygon()])], nodes))
    assert [entry["name"] for entry in areas["categories"]] == [
        "Person (polygon)",
        "Person (bounding_box)",
    ]
    assert [entry["name"] for entry in keypoints["categories"]] == ["Person"]


def test_skeletons_have_every_point_of_their_template(tmp_path: Path) -> None:
    nodes = ontology(templates=[template("a", "b", "c", edges=[(0, 2)])])
    _, keypoints = both(exported(tmp_path, [label_row([skeleton("s", {"c": (0.5, 0.5)})])], nodes))
    (category,) = (e for e in keypoints["categories"] if e["name"] == "skeleton")
    assert (category["keypoints"], category["skeleton"]) == (["a", "b", "c"], [[1, 3]])
    assert keypoints["annotations"][0]["keypoints"] == [0, 0, 0, 0, 0, 0, 100, 50, 2]


def test_images_without_a_size_are_left_out_with_what_is_on_them(tmp_path: Path) -> None:
    unit = image_unit([box("lost")], width=None)
    rows = [label_row({"a": unit}, label_hash="1"), label_row([box()], label_hash="2")]
    areas, keypoints = both(found := exported(tmp_path, rows))
    assert [image["id"] for image in areas["images"]] == [1]
    assert areas["images"] == keypoints["images"]
    assert found.notes == ["image_without_size"]
    assert len(found.rejected) == 1
    assert found.manifest["counts"]["images"] == 1


@pytest.mark.parametrize(
    "entry",
    [
        # Its category is in the other file, or has other keypoints.
        point(featureHash="polygon"),
        box(featureHash="point"),
        box(featureHash="polyline"),
        point(featureHash="skeleton"),
        skeleton(featureHash="point"),
    ],
)
def test_a_shape_that_its_category_cannot_hold_is_left_out(tmp_path: Path, entry: JSON) -> None:
    found = exported(tmp_path, [label_row([entry])])
    assert found.skipped == ["shape_not_of_category"]


def test_another_shape_with_an_area_is_exported(tmp_path: Path) -> None:
    areas, _ = both(exported(tmp_path, [label_row([box(featureHash="polygon")])]))
    assert len(areas["annotations"]) == 1


def test_the_lineage_names_the_file_of_each_annotation(tmp_path: Path) -> None:
    found = exported(tmp_path, [label_row([box("a"), point("b"), box("c")])])
    assert [(row["file"], row["annotation_id"], row["image_id"]) for row in found.lineage] == [
        ("annotations.json", 1, 1),
        ("keypoints.json", 2, 1),
        ("annotations.json", 3, 1),
    ]


def test_the_manifest_counts_what_is_in_each_file(tmp_path: Path) -> None:
    found = exported(tmp_path, [label_row([box("a"), point("b"), box("c")])])
    files = {file["path"]: file for file in found.manifest["files"]}
    assert (files["annotations.json"]["images"], files["annotations.json"]["annotations"]) == (1, 2)
    assert (files["keypoints.json"]["images"], files["keypoints.json"]["annotations"]) == (1, 1)
    assert sum(files["keypoints.json"]["annotations_per_category"].values()) == 1
    assert found.manifest["counts"]["categories"] == 9
    assert found.result.per_category["bounding_box"] == 2
    assert found.result.per_category["point"] == 1


def test_settings_may_be_changed_one_by_one(tmp_path: Path) -> None:
    profile = replace(TRAINING, keypoints="same_file", first_category_id=0, first_image_id=10)
    found = exported(tmp_path, [label_row([box(), point("p")])], profile=profile)
    assert list(found.files) == ["annotations.json"]
    assert [entry["id"] for entry in found.categories] == list(range(9))
    assert [image["id"] for image in found.images] == [10]
    assert len(found.annotations) == 2


# strict


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (box("x", OUTSIDE), "outside_image"),
        (box("x", OUTSIDE | {"x": 0.5, "w": 0.001}), "too_small"),
        (polyline("x"), "shape_without_form"),
        (point("x", 2, 2), "outside_image"),
        (point("x", featureHash="polygon"), "shape_not_of_category"),
        (box("x", {"x": 1}), "malformed_geometry"),
        (drawn("heptagon", "heptagon", {}, "x"), "unknown_shape"),
    ],
)
def test_strict_publishes_nothing_where_an_object_would_be_lost(
    tmp_path: Path, entry: JSON, code: str
) -> None:
    rows = [label_row([box("kept"), entry], label_hash="row")]
    with pytest.raises(ExportError) as error:
        exported(tmp_path, rows, profile=STRICT)
    for word in ("strict", "1 of them", "object x", "frame 0", "label row row", code, "on_loss"):
        assert word in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_strict_lists_the_first_losses_and_counts_them_all(tmp_path: Path) -> None:
    rows = [
        label_row([box(str(number), OUTSIDE)], label_hash=f"row-{number:02d}")
        for number in range(25)
    ]
    with pytest.raises(ExportError) as error:
        exported(tmp_path, rows, profile=STRICT)
    message = str(error.value)
    assert "25 of them" in message
    assert "and 15 more" in message
    assert "row-09" in message
    assert "row-10" not in message


def lossless_rows() -> list[JSON]:
    """What the settings leave out, or what has no pixels, is no loss."""
    deleted = box("deleted", isDeleted=True)
    sound = {"sound": {"shape": "audio", "range": [[0, 1]]}}
    old = label_row([box("old", OUTSIDE)], label_hash="twice", last_edited_at="2020-01-01 00:00:00")
    return [
        label_row([box(), bitmask("m", np.ones((100, 200), bool)), deleted], label_hash="1"),
        label_row([box("b", OUTSIDE)], label_hash="2", branch_name="review"),
        label_row({"a": {"data_type": "audio/mpeg"}}, "audio", "3", object_answers=sound),
        old,
        label_row({"t": image_unit([box()])}, label_hash="twice"),
    ]


def test_strict_exports_where_nothing_is_lost(tmp_path: Path) -> None:
    areas, _ = both(found := exported(tmp_path, lossless_rows(), profile=STRICT))
    assert len(areas["annotations"]) == 3
    assert set(found.skipped) == {
        "deleted",
        "branch_not_exported",
        "media_without_pixels",
        "superseded_row",
    }
    trained = exported(tmp_path / "training", lossless_rows())
    assert [strip(coco) for coco in both(found)] == [strip(coco) for coco in both(trained)]


def strip(coco: JSON) -> dict[str, Any]:
    return {key: value for key, value in coco.items() if key != "info"}
