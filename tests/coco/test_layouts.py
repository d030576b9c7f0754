"""Files of every layout, and what goes into each."""

import pytest
from msgspec.structs import replace

from coco_dagster.coco.layouts import LAYOUT_FORMS, contents_of, export_plan
from coco_dagster.coco.profiles import (
    ENCORD,
    LAYOUTS,
    TRAINING,
    ExportSettings,
    Layout,
    Profile,
    Split,
)
from coco_dagster.encord.shapes import SHAPES
from coco_dagster.errors import SettingsError

HALVES = (Split("train", 0.5), Split("val", 0.5))


def paths(layout: Layout, profile: Profile, *splits: Split) -> list[str]:
    settings = ExportSettings(layout=layout, profile=profile, splits=splits)
    return [file.path for file in export_plan(settings).files]


@pytest.mark.parametrize(
    ("layout", "encord", "training"),
    [
        ("dataset", ["annotations.json"], ["annotations.json", "keypoints.json"]),
        ("data_units", ["annotations.json"], ["annotations.json", "keypoints.json"]),
        ("archive", ["annotations.zip"], ["annotations.zip", "keypoints.zip"]),
        (
            "coco",
            ["annotations/instances_train.json"],
            ["annotations/instances_train.json", "annotations/person_keypoints_train.json"],
        ),
        (
            "roboflow",
            ["train/_annotations.coco.json"],
            ["train/_annotations.coco.json", "train/_keypoints.coco.json"],
        ),
        ("coco_vid", ["annotations.json"], ["annotations.json", "keypoints.json"]),
    ],
)
def test_files_without_splits(layout: Layout, encord: list[str], training: list[str]) -> None:
    assert paths(layout, ENCORD) == encord
    assert paths(layout, TRAINING) == training


@pytest.mark.parametrize(
    ("layout", "files"),
    [
        ("dataset", ["train.json", "val.json"]),
        ("data_units", ["train.json", "val.json"]),
        ("archive", ["train.zip", "val.zip"]),
        ("coco", ["annotations/instances_train.json", "annotations/instances_val.json"]),
        ("roboflow", ["train/_annotations.coco.json", "val/_annotations.coco.json"]),
        ("coco_vid", ["train.json", "val.json"]),
    ],
)
def test_every_split_has_files_of_its_own(layout: Layout, files: list[str]) -> None:
    assert paths(layout, ENCORD, *HALVES) == files
    both = paths(layout, TRAINING, *HALVES)
    assert (both[::2], len(set(both))) == (files, 4)


def test_every_layout_has_a_form() -> None:
    assert set(LAYOUT_FORMS) == set(LAYOUTS)


def test_two_files_never_have_one_path() -> None:
    splits = (Split("a", 0.5), Split("a_keypoints", 0.5))
    with pytest.raises(SettingsError, match=r"a_keypoints\.json"):
        paths("dataset", TRAINING, *splits)
    assert len(paths("dataset", ENCORD, *splits)) == 2


def test_encord_has_every_shape_in_one_file() -> None:
    (content,) = contents_of(ENCORD)
    assert content.shapes == tuple(SHAPES)


def test_training_has_points_and_skeletons_in_a_second_file_and_no_polylines() -> None:
    areas, keypoints = contents_of(TRAINING)
    assert keypoints.shapes == ("point", "skeleton")
    assert set(areas.shapes) == set(SHAPES) - {"point", "skeleton", "polyline"}


def test_polylines_with_a_width_have_an_area() -> None:
    areas, _ = contents_of(replace(TRAINING, polyline_width=2.0))
    assert "polyline" in areas.shapes
