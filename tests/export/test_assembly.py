"""What groups leave behind becomes the files of an export, and no two images have one name."""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coco_dagster.errors import ExportError
from coco_dagster.export.assembly import (
    check_file_names,
    coco_info,
    iso_date,
    write_findings,
)
from coco_dagster.export.places import TableFolder
from coco_dagster.export.row_facts import RowFacts
from coco_dagster.tables.findings import FindingRows, Place
from coco_dagster.tables.parts import part_path, write_part


def folder_of(tmp_path: Path) -> TableFolder:
    return TableFolder(str(tmp_path / "rendered"), "arrow")


def write_names(rendered: TableFolder, group: int, names: list[str]) -> None:
    table = pa.table({"file_name": pa.array(names, pa.string())})
    write_part(rendered.path, group, {"file_names": table}, "arrow")


@pytest.mark.parametrize(
    ("date", "text"),
    [
        (dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC), "2024-01-02T03:04:05Z"),
        (dt.datetime(2024, 1, 2, 3, 4, 5, 60, tzinfo=dt.UTC), "2024-01-02T03:04:05.000060Z"),
        (dt.datetime(9, 1, 2, tzinfo=dt.UTC), "0009-01-02T00:00:00Z"),
        (
            dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.timezone(dt.timedelta(hours=2))),
            "2024-01-02T01:04:05Z",
        ),
    ],
)
def test_dates_are_iso_8601_in_utc(date: dt.datetime, text: str) -> None:
    assert iso_date(date) == text


def test_info_has_no_nulls_and_its_keys_in_order() -> None:
    date = dt.datetime(2024, 1, 2, tzinfo=dt.UTC)
    info = coco_info(RowFacts(frozenset({"b", "a"}), date, 0), "id")
    assert info == {
        "description": "a, b",
        "date_created": "2024-01-02T00:00:00Z",
        "year": 2024,
        "version": "id",
        "contributor": "Encord",
        "url": "",
    }
    assert list(info)[:3] == ["description", "date_created", "year"]
    assert list(coco_info(RowFacts(frozenset(), None, 0), "id")) == [
        "description",
        "version",
        "contributor",
        "url",
    ]


@pytest.mark.parametrize("groups", [[], [[]], [["a", "b"], ["c"]], [["a"], [], ["A", "a "]]])
def test_names_that_differ_pass(tmp_path: Path, groups: list[list[str]]) -> None:
    rendered = folder_of(tmp_path)
    for number, names in enumerate(groups):
        write_names(rendered, number, names)
    check_file_names(rendered, len(groups))


@pytest.mark.parametrize("groups", [[["a", "a"]], [["a", "b"], ["c"], ["b"]], [["z", "z"], ["z"]]])
def test_names_that_repeat_fail_with_the_name(tmp_path: Path, groups: list[list[str]]) -> None:
    rendered = folder_of(tmp_path)
    for number, names in enumerate(groups):
        write_names(rendered, number, names)
    with pytest.raises(ExportError, match=r"stand for more than one image, such as `[abz]`"):
        check_file_names(rendered, len(groups))


def test_names_of_one_hash_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = folder_of(tmp_path)
    write_names(rendered, 0, ["a", "b", "c"])
    monkeypatch.setattr(
        pl.Series, "hash", lambda series: pl.Series(np.zeros(len(series), np.uint64))
    )
    check_file_names(rendered, 1)


def test_findings_of_files_come_first_then_those_of_the_groups(tmp_path: Path) -> None:
    def table(*places: Any) -> pa.Table:
        rows = FindingRows()
        for code, label_hash in places:
            rows.add(code, "note", Place(label_hash), "message")
        return rows.table()

    rendered = folder_of(tmp_path)
    groups = [table(("b", "row"), ("c", "unnamed:1")), table(), table(("a", "z"))]
    for number, group in enumerate(groups):
        write_part(rendered.path, number, {"findings": group}, "arrow")
    assert part_path(rendered.path, "findings", 0, "arrow").exists()
    write_findings(tmp_path / "f.parquet", table(("z", None)), rendered, len(groups))
    found = pq.read_table(tmp_path / "f.parquet").to_pylist()
    assert [(row["code"], row["label_hash"]) for row in found] == [
        ("z", None),
        ("b", "row"),
        ("c", None),
        ("a", "z"),
    ]
