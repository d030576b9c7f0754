"""Profiles: the table of section 1 of the export contract, and that they are nothing but data."""

import re
from pathlib import Path

import pytest
from msgspec.structs import asdict, replace

import coco_dagster
from coco_dagster.coco.profiles import ENCORD, PROFILES, STRICT, TRAINING, ExportSettings, Profile

PACKAGE = Path(coco_dagster.__file__).parent


@pytest.mark.parametrize(
    ("setting", "encord", "training"),
    [
        ("first_image_id", 0, 1),
        ("first_annotation_id", 0, 1),
        ("first_category_id", 1, 1),
        ("rle_iscrowd", 1, 0),
        ("holes", "rle", "rle"),
        ("bitmasks", "rle", "rle"),
        ("keypoints", "same_file", "own_file"),
        ("keypoint_box_side", None, 1),
        ("polylines", "path", "leave_out"),
        ("polyline_width", None, None),
        ("coordinates", "as_drawn", "clipped"),
        ("min_side", None, 1),
        ("images_without_size", "keep", "leave_out"),
        ("category_names", "as_given", "unique"),
        ("on_loss", "skip", "skip"),
        ("classification_style", "flat", "flat"),
        ("coordinate_precision", None, None),
        ("file_name_template", None, None),
        ("coco_url", "empty", "empty"),
    ],
)
def test_what_profiles_say(setting: str, encord: object, training: object) -> None:
    assert getattr(ENCORD, setting) == encord
    assert getattr(TRAINING, setting) == training


def test_strict_is_training_that_fails_on_losses() -> None:
    assert replace(TRAINING, name="strict", on_loss="fail") == STRICT


def test_profiles_are_known_by_their_names() -> None:
    assert list(PROFILES) == ["encord", "training", "strict"]
    assert all(profile.name == name for name, profile in PROFILES.items())
    assert ExportSettings().profile == PROFILES["encord"]


def test_no_code_depends_on_the_name_of_a_profile() -> None:
    names = "|".join(PROFILES)
    branch = re.compile(rf"""(==|!=|\bin\b)\s*\(?["']({names})["']|profile\.name\s*(==|!=|in\b)""")
    found = [
        f"{path.name}: {line.strip()}"
        for path in PACKAGE.rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if branch.search(line)
    ]
    assert found == []


def test_a_changed_setting_makes_another_profile() -> None:
    assert replace(TRAINING, holes="keyhole") != TRAINING
    assert Profile(**asdict(TRAINING)) == TRAINING
