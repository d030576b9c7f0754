"""Settings from what users write, and what is said about those that cannot be."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from coco_dagster.coco.profiles import ENCORD, PROFILES, TRAINING, ExportSettings, Profile, Split
from coco_dagster.coco.settings import (
    checked,
    profile_from,
    profile_settings,
    settings_from,
    splits_from,
)
from coco_dagster.errors import SettingsError


def test_a_profile_of_ones_own_is_a_named_one_with_changes() -> None:
    own = profile_from("training", polyline_width=3, holes="keyhole")
    assert own == replace(TRAINING, polyline_width=3.0, holes="keyhole")
    assert profile_from("encord") == ENCORD


@pytest.mark.parametrize("name", PROFILES)
def test_every_setting_can_be_given_as_it_is(name: str) -> None:
    values = {setting: getattr(PROFILES[name], setting) for setting in profile_settings()}
    assert profile_from(name, **values) == PROFILES[name]


@pytest.mark.parametrize("setting", ["min_side", "keypoint_box_side", "file_name_template"])
def test_none_can_be_written_as_a_word(setting: str) -> None:
    assert profile_from("training", **{setting: "none"}) == replace(TRAINING, **{setting: None})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hole": "rle"}, "no setting `hole`; a profile has first_image_id"),
        ({"name": "mine"}, "no setting `name`"),
        ({"holes": "q"}, "`holes` cannot be 'q': it is `rle` or `keyhole`"),
        ({"holes": "none"}, "`holes` cannot be 'none'"),
        ({"rle_iscrowd": 2}, "`rle_iscrowd` cannot be 2: it is `0` or `1`"),
        ({"polyline_width": 0}, "`polyline_width` cannot be 0"),
        ({"polyline_width": float("nan")}, "`polyline_width` cannot be nan"),
        ({"polyline_width": float("inf")}, "`polyline_width` cannot be inf"),
        ({"polyline_width": "3"}, "`polyline_width` cannot be '3'"),
        ({"first_image_id": -1}, "`first_image_id` cannot be -1"),
        ({"first_image_id": True}, "`first_image_id` cannot be True"),
        ({"coordinate_precision": 16}, "`coordinate_precision` cannot be 16"),
    ],
)
def test_a_setting_that_cannot_be_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=r"^[^\n]*$") as error:
        profile_from("training", **changes)
    assert message in str(error.value)


def test_a_profile_that_there_is_none_of_is_named() -> None:
    with pytest.raises(SettingsError, match="no profile `coco`; there are encord, training"):
        profile_from("coco")


@pytest.mark.parametrize(
    ("text", "value"), [("2", 2.0), ("2.5", 2.5), ("1e3", 1000.0), ("none", None)]
)
def test_numbers_may_be_texts_on_a_command_line(text: str, value: float | None) -> None:
    assert profile_settings()["polyline_width"].read(text, is_text=True) == value


@pytest.mark.parametrize("text", ["", "x", "0", "nan", "True"])
def test_a_text_that_is_no_such_number_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="polyline_width"):
        profile_settings()["polyline_width"].read(text, is_text=True)


def test_every_setting_says_what_it_does() -> None:
    for name, setting in profile_settings().items():
        assert setting.name == name in Profile.__struct_fields__
        assert setting.description.endswith(".")
        assert setting.kind in (int, float, str)


def test_an_export_from_plain_values() -> None:
    settings = settings_from(
        {
            "profile": "training",
            "layout": "coco",
            "branches": ["main", "review"],
            "splits": {"train": 0.8, "val": 0.2, "test": ["Holdout"]},
            "min_side": 2,
        }
    )
    assert settings == ExportSettings(
        profile=replace(TRAINING, min_side=2.0),
        layout="coco",
        splits=(Split("train", 0.8), Split("val", 0.2), Split("test", datasets=("Holdout",))),
        branches=("main", "review"),
    )


def test_nothing_given_is_the_default() -> None:
    assert settings_from({}) == ExportSettings()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"laiout": "coco"}, "no setting `laiout`; there are profile, layout, splits, branches"),
        ({"layout": "x"}, "no layout 'x'; there are dataset"),
        ({"profile": "x"}, "no profile `x`"),
        ({"branches": "main"}, "`branches` is 'main'"),
        ({"branches": []}, "`branches` is []"),
        ({"branches": [1]}, "`branches` holds"),
        ({"splits": 0.8}, "`splits` is 0.8"),
        ({"splits": {"a b": 1}}, "split `a b`"),
        ({"splits": {"../x": 1}}, "split `../x`"),
        ({"splits": {"train": "x"}}, "split `train` cannot be 'x'"),
        ({"splits": {"train": 1.5}}, "split `train` cannot be 1.5"),
        ({"splits": {"train": 0.5}}, "shares of the splits (train 0.5) do not add up to 1"),
        ({"splits": {"train": 0.5, "Train": 0.5}}, "Split `train` is named twice"),
        ({"splits": {"a": ["T"], "b": ["T"]}}, "dataset `T` is named twice"),
        ({"file_name_template": "{q}"}, "`{q}` cannot be filled"),
        ({"file_name_template": "/x"}, "makes the path `/x`"),
        ({"file_name_template": "../{data_hash}"}, "makes the path"),
        ({"file_name_template": "{frame:q}"}, "cannot be filled"),
        ({"file_name_template": "{frame.x}"}, "cannot be filled"),
    ],
)
def test_an_export_that_cannot_be_is_explained(given: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as error:
        settings_from(given)
    assert message in str(error.value)


@pytest.mark.parametrize(
    "settings",
    [
        ExportSettings(layout="x"),  # type: ignore[arg-type]
        ExportSettings(profile=replace(ENCORD, holes="x")),
        ExportSettings(profile=replace(ENCORD, coordinate_precision=-1)),
        ExportSettings(splits=(Split("train", 0.1),)),
        ExportSettings(splits=(Split("a/b", 1),)),
        ExportSettings(splits=(Split("a", "x"),)),  # type: ignore[arg-type]
        ExportSettings(branches=()),
    ],
)
def test_settings_made_by_hand_are_checked_too(settings: ExportSettings) -> None:
    with pytest.raises(SettingsError):
        checked(settings)


def test_equal_settings_are_the_same_however_a_number_is_written() -> None:
    by_hand = ExportSettings(profile=replace(TRAINING, polyline_width=3))
    assert repr(checked(by_hand)) == repr(
        settings_from({"profile": "training"} | {"polyline_width": 3})
    )


def test_splits_may_have_shares_and_datasets() -> None:
    given = {"train": {"share": 1, "datasets": ["A"]}, "val": Split("x", 0, ("B",))}
    assert splits_from(given) == (Split("train", 1.0, ("A",)), Split("val", 0.0, ("B",)))


@given(
    st.dictionaries(st.text(max_size=5), st.one_of(st.none(), st.floats(), st.text()), max_size=3)
)
def test_whatever_is_given_as_splits_is_taken_or_explained(given: dict[str, Any]) -> None:
    try:
        splits = settings_from({"splits": given}).splits
    except SettingsError:
        return
    assert sum(split.share for split in splits) == pytest.approx(1 if splits else 0)
