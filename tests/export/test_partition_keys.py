"""Keys of partitions are safe in paths, and tell apart what differs."""

import re

import pytest

from coco_dagster.encord.row_dataset import Dataset
from coco_dagster.errors import SettingsError
from coco_dagster.export.partition_keys import (
    KEY_PATTERN,
    WITHOUT_DATASET,
    checked_key,
    checked_keys,
    dataset_key,
    shard_key,
)


@pytest.mark.parametrize(
    ("path", "key"),
    [("a.json", "a.json"), ("2026-01/deep/a.json", "2026-01"), ("b_2/a.json", "b_2")],
)
def test_shard_with_a_safe_name_is_called_by_it(path: str, key: str) -> None:
    assert shard_key(path) == key


@pytest.mark.parametrize("top", ["a b", "..x", "ünïcode", "x" * 200, ".hidden", "日本", "a%2fb"])
def test_other_names_become_keys_that_are_safe_and_differ(top: str) -> None:
    keys = {shard_key(f"{top}.json"), shard_key(f"{top}!.json")}
    assert len(keys) == 2
    assert all(re.fullmatch(KEY_PATTERN, key) for key in keys)


def test_datasets_of_one_title_have_keys_of_their_own() -> None:
    one, other = dataset_key(Dataset("1", "Harbour")), dataset_key(Dataset("2", "Harbour"))
    assert one != other
    assert {one.rsplit("-", 1)[0], other.rsplit("-", 1)[0]} == {"Harbour"}


def test_rows_that_name_no_dataset_share_a_partition() -> None:
    assert dataset_key(Dataset(None, None)) == WITHOUT_DATASET


@pytest.mark.parametrize("key", ["", "../x", "a/b", "-a", "a b", "x" * 121, "a\n"])
def test_unsafe_keys_are_refused(key: str) -> None:
    with pytest.raises(SettingsError, match="no key of a partition"):
        checked_key(key)


def test_keys_are_kept_once_and_in_order() -> None:
    assert checked_keys(["b", "a", "b"]) == ["b", "a"]
