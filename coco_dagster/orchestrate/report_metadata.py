"""What can be looked at on asset pages: pictures of annotations, categories, findings, first rows.

Every event stays in the event log for ever: what is written here has a size that no data set can
exceed (see `contact_sheet.MOST_BYTES`, `MOST_CATEGORIES`, `PREVIEW_ROWS` and `PREVIEW_LETTERS`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import dagster as dg

from coco_dagster.orchestrate.metadata import MOST_CATEGORIES

if TYPE_CHECKING:
    import polars as pl

    from coco_dagster.report.report import CategoryRow, Report

CONTACT_SHEET: Final = "contact_sheet"
REPORT: Final = "report"
LARGEST_CATEGORIES: Final = "largest_categories"
FINDINGS: Final = "findings"
COMPARED_WITH: Final = "compared_with"
REPORT_METADATA: Final = (CONTACT_SHEET, REPORT, LARGEST_CATEGORIES, FINDINGS, COMPARED_WITH)
"""Names of what a report adds to the metadata of an export."""

PREVIEW: Final = "preview"

PREVIEW_ROWS: Final = 5
"""Rows of a table that its asset page shows."""

PREVIEW_LETTERS: Final = 40
"""Letters of a text, or of a list, that a preview shows at most."""

_CELL_TYPES: Final = (bool, int, float, str)


def report_metadata(report: "Report") -> dict[str, Any]:
    """What a report adds to the metadata of an export.

    Args:
        report: the report on it.
    """
    shown: dict[str, Any] = {}
    if report.contact_sheet is not None:
        picture = f"![annotated images]({report.contact_sheet})"
        shown[CONTACT_SHEET] = dg.MetadataValue.md(picture)
    if report.url is not None:
        shown[REPORT] = dg.MetadataValue.path(report.url)
    shown[LARGEST_CATEGORIES] = category_table(report.categories)
    if report.findings:
        shown[FINDINGS] = _finding_table(report)
    if report.since is not None:
        shown[COMPARED_WITH] = report.since
    return shown


def with_report(metadata: Mapping[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata of an export with that of its report: what is looked at comes first.

    Args:
        metadata: what the export says of itself.
        shown: what the report adds.
    """
    first = {name: shown[name] for name in (CONTACT_SHEET, REPORT) if name in shown}
    return {**first, **metadata, **shown}


def category_table(categories: Sequence["CategoryRow"]) -> dg.TableMetadataValue:
    """The categories with the most annotations, at most `MOST_CATEGORIES` of them.

    Args:
        categories: all categories.
    """
    largest = sorted(categories, key=lambda row: -row.annotations)[:MOST_CATEGORIES]
    compares = any(row.change is not None for row in largest)
    columns = [
        dg.TableColumn("category", "string"),
        dg.TableColumn("annotations", "int"),
        dg.TableColumn("share", "string", description="Share of all annotations."),
        dg.TableColumn("images", "int", description="Images that show the category."),
    ]
    if compares:
        columns.append(
            dg.TableColumn("change", "int", description="Annotations more than in the last export.")
        )
    columns.append(dg.TableColumn("shape", "string"))
    records = []
    for row in largest:
        record: dict[str, str | int] = {
            "category": row.name,
            "annotations": row.annotations,
            "share": f"{row.share:.1%}",
            "images": row.images,
        }
        if compares:
            record["change"] = row.change or 0
        records.append(dg.TableRecord({**record, "shape": row.shape}))
    return dg.MetadataValue.table(records, dg.TableSchema(columns))


def _finding_table(report: "Report") -> dg.TableMetadataValue:
    columns = [
        dg.TableColumn("finding", "string"),
        dg.TableColumn("outcome", "string"),
        dg.TableColumn("severity", "string"),
        dg.TableColumn("times", "int"),
    ]
    records = [
        dg.TableRecord(
            {
                "finding": row.code,
                "outcome": row.outcome,
                "severity": row.severity,
                "times": row.count,
            }
        )
        for row in report.findings
    ]
    return dg.MetadataValue.table(records, dg.TableSchema(columns))


def row_preview(rows: "pl.DataFrame") -> dg.TableMetadataValue:
    """The first rows of a table, with long texts and lists cut short.

    Args:
        rows: the table, or its beginning.
    """
    shown = rows.head(PREVIEW_ROWS)
    columns = [dg.TableColumn(name, str(kind).lower()) for name, kind in shown.schema.items()]
    records = [
        dg.TableRecord({name: _cell(value) for name, value in row.items()})
        for row in shown.iter_rows(named=True)
    ]
    return dg.MetadataValue.table(records, dg.TableSchema(columns))


def _cell(value: Any) -> str | int | float | bool:
    if isinstance(value, str):
        return _shortened(value)
    if isinstance(value, _CELL_TYPES):
        return value
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, list):
        return _shortened(f"{len(value)}: {value}")
    return _shortened(str(value))


def _shortened(text: str) -> str:
    return text if len(text) <= PREVIEW_LETTERS else f"{text[: PREVIEW_LETTERS - 1]}…"
