"""The findings that are shown of an export that may have very many."""

from collections.abc import Sequence
from typing import Any, Final

import polars as pl
from msgspec import Struct

from coco_dagster.report.coco_survey import ImageKey
from coco_dagster.report.published_export import PublishedExport

MOST_FINDINGS: Final = 300
"""Findings that are shown one by one, of all codes in turn."""

_COLUMNS: Final = (
    "code",
    "outcome",
    "severity",
    "label_hash",
    "data_hash",
    "frame",
    "object_hash",
    "path",
    "message",
    "raw",
)
_SEVERITIES: Final = ("error", "warning", "info")


class FindingCode(Struct, frozen=True):
    """A kind of finding, with the number of times that it occurs."""

    code: str
    outcome: str
    severity: str
    count: int


class ShownFindings(Struct, frozen=True):
    """Findings of an export.

    Attributes:
        codes: all kinds of findings, the gravest first.
        rows: the findings that are shown, with the columns of `findings.parquet`.
        total: number of all findings.
    """

    codes: list[FindingCode]
    rows: list[dict[str, Any]]
    total: int


def read_findings(export: PublishedExport, images: Sequence[ImageKey]) -> ShownFindings:
    """Read the findings batch by batch.

    Args:
        export: the export.
        images: the images that are shown; what was found on them comes first.
    """
    shown = pl.DataFrame(
        list(images), schema={"data_hash": pl.String, "frame": pl.Int64}, orient="row"
    ).with_columns(pl.lit(True).alias("of_image"))
    kept = pl.DataFrame()
    counts = []
    for batch in export.findings(_COLUMNS):
        counts.append(batch.group_by("code", "outcome", "severity").len("count"))
        marked = batch.join(shown, on=["data_hash", "frame"], how="left", maintain_order="left")
        kept = _first_of_each_code(marked if kept.is_empty() else pl.concat([kept, marked]))
    codes = pl.concat(counts)
    rows = kept.select(_COLUMNS).to_dicts()
    return ShownFindings(_codes(codes), rows, int(codes["count"].sum()))


def _first_of_each_code(findings: pl.DataFrame) -> pl.DataFrame:
    """So many findings as are shown, of all codes in turn, in the order that they had."""
    numbered = findings.with_row_index("position")
    order = numbered.sort(pl.col("of_image").is_null(), "position")
    turn = pl.int_range(pl.len()).over("code")
    first = order.with_columns(turn.alias("turn")).sort("turn", "position").head(MOST_FINDINGS)
    return first.sort("position").drop("position", "turn")


def _codes(counts: pl.DataFrame) -> list[FindingCode]:
    totals = counts.group_by("code", "outcome", "severity").agg(pl.col("count").sum())
    rows = [FindingCode(*row) for row in totals.iter_rows()]
    return sorted(rows, key=lambda row: (_SEVERITIES.index(row.severity), -row.count, row.code))
