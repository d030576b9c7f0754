"""`coco-dagster validate`."""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from coco_dagster.cli.failures import one_paragraph_on_failure
from coco_dagster.coco.validation.consumers import CONSUMERS

if TYPE_CHECKING:
    from coco_dagster.coco.validation import FileReport, Finding, ValidationReport

_BROKEN = 1
_UNREADABLE = 2
_SHOWN = 3
# The first character keeps click from joining the lines.
_EXAMPLES = """\b
Examples:
  coco-dagster validate annotations.json
  coco-dagster validate train.json val.json --for pycocotools --for ultralytics
  coco-dagster validate annotations.zip --json
"""


@click.command(epilog=_EXAMPLES)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--for",
    "consumers",
    multiple=True,
    type=click.Choice(CONSUMERS),
    metavar="NAME",
    help=f"Check for this consumer; may be repeated; by default for all: {', '.join(CONSUMERS)}.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def validate(files: tuple[str, ...], consumers: tuple[str, ...], as_json: bool) -> None:
    """Check COCO files, of whatever origin, for what breaks those who read them.

    FILE is a COCO file, a JSON list of COCO objects, or a zip archive of such files; .gz and .zst
    too; a path or an fsspec URL (s3://…, gs://…). It is read as a stream, so its size does not
    matter.

    Each finding has a stable code, and for each consumer a severity. An error: the consumer fails,
    or loses or misreads labels, in one of its ordinary uses. A warning: it copes, at a price. The
    first annotations, images or categories concerned are named by their ids. docs/validation.md
    lists all codes.

    Exit code 0: no errors for the consumers asked for. 1: errors. 2: a file cannot be read, is not
    JSON or is not COCO.
    """
    with one_paragraph_on_failure(_UNREADABLE, "nothing was checked"):
        report = _validated(files, consumers)
    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False))
    elif sys.stdout.isatty():
        _print_tables(report)
    else:
        _print_lines(report)
    sys.exit(0 if report.passed else _BROKEN)


def _validated(files: Sequence[str], consumers: Sequence[str]) -> "ValidationReport":
    from coco_dagster.coco.validation import validate_coco

    if not sys.stderr.isatty():
        return validate_coco(files, consumers or CONSUMERS)
    from rich.console import Console

    with Console(stderr=True).status("Reading COCO"):
        return validate_coco(files, consumers or CONSUMERS)


def _print_lines(report: "ValidationReport") -> None:
    for file in report.files:
        for found in file.findings:
            click.echo(
                f"{file.path}: {found.severity}: {found.code}: {_amount(found)}: {found.message}"
            )
        click.echo(f"{file.path}: {_summary(file)}")


def _print_tables(report: "ValidationReport") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    for file in report.files:
        table = Table("Finding", "Times", "First", "What, for whom, and what to do", box=None)
        table.columns[1].justify = "right"
        for found in file.findings:
            colour = "red" if found.severity == "error" else "yellow"
            first = Text("\n".join(map(str, found.affected[:_SHOWN])))
            code = Text(f"{found.code}\n{found.severity}", style=colour)
            table.add_row(code, f"{found.count:,}", first, Text(found.message))
        if file.findings:
            console.print(table)
        console.print(f"{file.path}: {_summary(file)}", highlight=False, markup=False)


def _amount(found: "Finding") -> str:
    if not found.affected:
        return f"{found.count:,}"
    named = ", ".join(map(str, found.affected[:_SHOWN]))
    return f"{found.count:,} ({named}{', …' if found.count > _SHOWN else ''})"


def _summary(file: "FileReport") -> str:
    errors = sum(found.severity == "error" for found in file.findings)
    objects = f" in {file.coco_objects:,} COCO objects" if file.coco_objects != 1 else ""
    return (
        f"{file.images:,} images, {file.annotations:,} annotations and {file.categories:,} "
        f"categories{objects}; {errors} errors, {len(file.findings) - errors} warnings"
    )
