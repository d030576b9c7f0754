"""`coco-dagster export`."""

import gc
import json
import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from coco_dagster.cli.failures import one_paragraph_on_failure
from coco_dagster.cli.progress_bar import progress_bar
from coco_dagster.coco.profiles import LAYOUTS, PROFILES, ExportSettings
from coco_dagster.export.processes import one_of, started_ahead

if TYPE_CHECKING:
    from coco_dagster.export import ExportResult


@click.command()
@click.argument("labels")
@click.option(
    "--ontology",
    metavar="FILE",
    help='Ontology as JSON, as Encord shows it or inside {"editor": …}. Without it, classes and '
    "attributes are derived from the labels.",
)
@click.option("--out", required=True, metavar="DIR", help="Folder of the export.")
@click.option(
    "--profile",
    type=click.Choice(sorted(PROFILES)),
    default="encord",
    show_default=True,
    help="How annotations are rendered.",
)
@click.option(
    "--layout",
    type=click.Choice(LAYOUTS),
    default=LAYOUTS[0],
    show_default=True,
    help="How annotations are divided over files.",
)
@click.option(
    "--branch",
    "branches",
    multiple=True,
    metavar="NAME",
    help="Export this branch instead of main; may be repeated.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes to use; by default one for each core. The export is the same with any number.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def export(
    labels: str,
    ontology: str | None,
    out: str,
    profile: str,
    layout: Any,
    branches: tuple[str, ...],
    workers: int | None,
    as_json: bool,
) -> None:
    r"""Export LABELS as COCO into a folder.

    LABELS is a JSON file of label rows (an array, a single row, or JSON lines; .gz and .zst too),
    a folder or a zip of such files, or the fsspec URL of any of these (s3://…, gs://…).

    The folder gets annotations.json, manifest.json (what went in and what came out),
    lineage.parquet (where each annotation came from) and findings.parquet (everything that was
    skipped, rejected or mended, and why). It appears as a whole or not at all. Malformed labels do
    not fail the export: they are counted and listed.

    \b
    Examples:
      coco-dagster export labels.json --ontology ontology.json --out export
      coco-dagster export s3://bucket/labels/ --out export --branch consensus --json
    """
    settings = ExportSettings(
        profile=PROFILES[profile], layout=layout, branches=branches or ("main",)
    )
    with one_paragraph_on_failure(), ExitStack() as stack:
        # The libraries that follow are imported a fifth faster without it, and nothing in the
        # process has cycles that matter.
        gc.disable()
        processes = started_ahead(labels, workers)
        if processes is not None:
            stack.callback(processes.end)
            for name, value in one_of(processes.workers).items():
                os.environ.setdefault(name, value)
        progress = stack.enter_context(progress_bar())
        from coco_dagster.export import export_coco

        result = export_coco(
            labels,
            ontology,
            out,
            settings,
            workers=workers,
            progress=progress,
            processes=processes,
        )
    if as_json:
        click.echo(json.dumps(_as_json(result)))
    elif sys.stdout.isatty():
        _print_summary(result)


def _as_json(result: "ExportResult") -> dict[str, Any]:
    import msgspec

    facts: dict[str, Any] = msgspec.to_builtins(result)
    keys = ("export_id", "images", "annotations", "skipped", "rejected", "files", "seconds")
    return {key: facts[key] for key in keys}


def _print_summary(result: "ExportResult") -> None:
    from rich.table import Table

    console = Console()
    categories = Table("Category", box=None)
    categories.add_column("Annotations", justify="right")
    for name, count in result.per_category.items():
        categories.add_row(name, f"{count:,}")
    console.print(categories)
    if result.findings:
        findings = Table("Finding", box=None)
        findings.add_column("Times", justify="right")
        for code, count in result.findings.items():
            findings.add_row(code, f"{count:,}")
        console.print(findings)
    console.print(
        f"{result.images:,} images, {result.annotations:,} annotations, {result.skipped:,} skipped "
        f"and {result.rejected:,} rejected in {result.url} (export {result.export_id})",
        highlight=False,
    )
