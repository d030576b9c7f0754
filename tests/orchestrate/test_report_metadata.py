"""What can be looked at on asset pages, and how large it may become."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg
import polars as pl
from dagster_shared.serdes import serialize_value

from coco_dagster.orchestrate.metadata import MOST_CATEGORIES
from coco_dagster.orchestrate.report_metadata import (
    PREVIEW_ROWS,
    category_table,
    report_metadata,
    row_preview,
    with_report,
)
from coco_dagster.report.findings import FindingCode
from coco_dagster.report.report import CategoryRow, Report
from coco_dagster.tables.schemas import TABLES


def row(name: str, annotations: int = 1, change: int | None = None) -> CategoryRow:
    return CategoryRow(name, "polygon", annotations, 1, 0.25, change)


def report(**facts: Any) -> Report:
    defaults: dict[str, Any] = {
        "url": "out/report.html",
        "bytes": 1,
        "categories": [row("Boat")],
        "findings": [],
        "since": None,
        "contact_sheet": "data:image/webp;base64,AAAA",
        "pictures": 0,
        "picture_problems": {},
    }
    return Report(**{**defaults, **facts})


def test_what_is_looked_at_comes_first_and_numbers_stay_numbers() -> None:
    found = with_report({"images": 3, "findings": {"x": 1}}, report_metadata(report()))
    assert list(found) == ["contact_sheet", "report", "images", "findings", "largest_categories"]
    assert found["contact_sheet"].md_str == "![annotated images](data:image/webp;base64,AAAA)"
    assert found["images"] == 3


def test_without_page_and_sheet_there_is_nothing_of_them() -> None:
    found = with_report({}, report_metadata(report(url=None, contact_sheet=None)))
    assert list(found) == ["largest_categories"]


def test_findings_by_code_replace_their_bare_numbers() -> None:
    codes = [FindingCode("too_few_points", "rejected", "error", 4)]
    found = with_report(
        {"findings": {"too_few_points": 4}}, report_metadata(report(findings=codes))
    )
    (record,) = found["findings"].records
    assert record.data == {
        "finding": "too_few_points",
        "outcome": "rejected",
        "severity": "error",
        "times": 4,
    }


def test_categories_are_compared_where_there_is_an_earlier_export() -> None:
    alone = category_table([row("Boat", 3)])
    compared = category_table([row("Boat", 3, -2), row("Buoy", 1, 0)])
    assert "change" not in alone.records[0].data
    assert [record.data["change"] for record in compared.records] == [-2, 0]


def test_the_largest_categories_come_first_and_are_capped() -> None:
    found = category_table([row(f"c{number}", number) for number in range(200)])
    assert len(found.records) == MOST_CATEGORIES
    assert found.records[0].data["category"] == "c199"


def test_first_rows_of_any_table_are_small() -> None:
    long = pl.DataFrame(
        {
            "text": ["x" * 100_000] * 50,
            "numbers": [[0.1] * 10_000] * 50,
            "time": [datetime(2025, 1, 2, 3, 4, 5, 678, UTC)] * 50,
            "missing": [None] * 50,
            "flag": [True] * 50,
        }
    )
    found = row_preview(long)
    assert len(found.records) == PREVIEW_ROWS
    record = found.records[0].data
    assert record["time"] == "2025-01-02 03:04:05+00:00"
    assert (record["missing"], record["flag"]) == ("", True)
    assert str(record["numbers"]).startswith("10000: [0.1")
    assert len(serialize_value(found)) < 3000


def test_every_table_can_be_previewed() -> None:
    for schema in TABLES.values():
        empty = pl.DataFrame(pl.from_arrow(schema.empty_table()))
        assert [column.name for column in row_preview(empty).schema.columns] == schema.names


def test_a_preview_is_a_table_of_dagster() -> None:
    assert isinstance(row_preview(pl.DataFrame({"a": [1]})), dg.TableMetadataValue)
