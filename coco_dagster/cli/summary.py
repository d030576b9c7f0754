"""What `coco-dagster export` tells on a terminal when it is done."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from coco_dagster.export.result import ExportResult

MOST_CATEGORIES: Final = 40
"""Categories that are listed; an export of very many shows the largest."""

_BAR_LENGTH: Final = 24
_BAR: Final = "█"
_HALF_BAR: Final = "▌"


def print_summary(result: "ExportResult", console: Console) -> None:
    """Print tables of categories and findings, and one line with the totals.

    Args:
        result: the export.
        console: where to print.
    """
    console.print(category_table(result.per_category))
    hidden = len(result.per_category) - MOST_CATEGORIES
    if hidden > 0:
        console.print(f"and {hidden:,} categories with fewer annotations", style="dim")
    if result.findings:
        console.print(_finding_table(result.findings))
    console.print(
        f"{result.images:,} images, {result.annotations:,} annotations, {result.skipped:,} skipped "
        f"and {result.rejected:,} rejected in {escape(result.url)} (export {result.export_id})",
        highlight=False,
    )


def category_table(per_category: Mapping[str, int]) -> Table:
    """Categories with their annotations, in their order; of many, the largest.

    Args:
        per_category: annotations by name of the category.
    """
    largest = sorted(per_category, key=lambda name: -per_category[name])[:MOST_CATEGORIES]
    shown = set(largest)
    total = sum(per_category.values()) or 1
    most = max(per_category.values(), default=0) or 1
    table = Table("Category", box=None)
    table.add_column("Annotations", justify="right")
    table.add_column("Share", justify="right")
    table.add_column("")
    for name, count in per_category.items():
        if name in shown:
            table.add_row(escape(name), f"{count:,}", f"{count / total:.1%}", _bar(count / most))
    return table


def _bar(share: float) -> str:
    halves = round(share * _BAR_LENGTH * 2)
    return _BAR * (halves // 2) + _HALF_BAR * (halves % 2)


def _finding_table(findings: Mapping[str, int]) -> Table:
    table = Table("Finding", box=None)
    table.add_column("Times", justify="right")
    for code, count in findings.items():
        table.add_row(escape(code), f"{count:,}")
    return table
