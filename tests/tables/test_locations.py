"""Which paths may be followed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coco_dagster.coco.file_name_templates import safe_component
from coco_dagster.encord.row_dataset import Dataset
from coco_dagster.export.partition_keys import KEY_PATTERN, dataset_key, shard_key
from coco_dagster.tables.locations import inner_path, stays_below


@pytest.mark.parametrize("path", ["a", "a/b.json", "...", ".hidden", "a..b/c", "ü/~/%2E"])
def test_a_path_that_stays_is_taken(path: str) -> None:
    assert stays_below(path)
    assert inner_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        *("", "/etc/passwd", "..", "../a", "a/../../b", "a/..", ".", "a//b", "a/", "./a"),
        *("a\\..\\b", "C:/a", "s3://bucket/a", "zip::a", "a\0b"),
    ],
)
def test_a_path_that_may_leave_is_refused(path: str) -> None:
    assert not stays_below(path)
    with pytest.raises(ValueError, match="leads out of its folder"):
        inner_path(path)


@given(st.text(min_size=1))
def test_whatever_names_are_made_from_they_stay(text: str) -> None:
    keys = (dataset_key(Dataset(text, text)), shard_key(text))
    assert all(re.fullmatch(KEY_PATTERN, key) for key in keys)
    assert all(map(stays_below, (safe_component(text), *keys)))
