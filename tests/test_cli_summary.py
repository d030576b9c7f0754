"""What the command line tells on a terminal when an export is done."""

from io import StringIO

from rich.console import Console

from coco_dagster.cli.summary import MOST_CATEGORIES, print_summary
from coco_dagster.export.result import ExportResult


def summary(per_category: dict[str, int], findings: dict[str, int] | None = None) -> list[str]:
    written = StringIO()
    result = ExportResult(
        export_id="0123456789abcdef",
        url="coco",
        images=2,
        annotations=sum(per_category.values()),
        skipped=0,
        rejected=1,
        objects=0,
        categories=len(per_category),
        per_category=per_category,
        findings=findings or {},
        files=[],
    )
    print_summary(result, Console(width=120, file=written))
    return [line.rstrip() for line in written.getvalue().splitlines()]


def test_categories_stand_in_their_order_with_number_and_share() -> None:
    lines = summary({"Boat": 1000, "Buoy": 3000})
    assert [line.split()[:3] for line in lines[1:3]] == [
        ["Boat", "1,000", "25.0%"],
        ["Buoy", "3,000", "75.0%"],
    ]


def test_bars_are_as_long_as_the_numbers() -> None:
    bars = [line.split()[-1] for line in summary({"a": 10, "b": 5, "c": 10})[1:4]]
    assert [len(bar) for bar in bars] == [24, 12, 24]


def test_of_very_many_categories_the_largest_are_listed() -> None:
    lines = summary({f"category {number:03}": number for number in range(100)})
    listed = [line for line in lines if line.strip().startswith("category")]
    assert len(listed) == MOST_CATEGORIES
    assert "category 060" in listed[0]
    assert f"and {100 - MOST_CATEGORIES} categories with fewer annotations" in lines


def test_findings_are_counted_by_code() -> None:
    lines = summary({"Boat": 1}, {"too_few_points": 1200})
    assert ["too_few_points", "1,200"] in [line.split() for line in lines]


def test_names_are_no_markup_and_an_empty_export_is_no_error() -> None:
    assert any("[red]Boat" in line for line in summary({"[red]Boat": 1}))
    assert any(line.startswith("2 images, 0 annotations") for line in summary({}))
