"""`coco-dagster export`."""

import gc
import json
import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click
import msgspec

from coco_dagster.cli.failures import one_paragraph_on_failure
from coco_dagster.cli.progress_bar import progress_bar
from coco_dagster.cli.report import ReportOnExport, report_options, told
from coco_dagster.cli.settings_options import (
    SettingsCommand,
    changed_settings,
    settings_options,
    splits_of,
)
from coco_dagster.coco.profiles import LAYOUTS, PROFILES, ExportSettings
from coco_dagster.export.processes import one_of, started_ahead

if TYPE_CHECKING:
    from coco_dagster.export import ExportResult


@click.command(cls=SettingsCommand)
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
    type=click.Choice(tuple(PROFILES)),
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
@report_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@settings_options
@click.pass_context
def export(
    context: click.Context,
    /,
    labels: str,
    ontology: str | None,
    out: str,
    profile: str,
    layout: Any,
    branches: tuple[str, ...],
    workers: int | None,
    report: bool,
    pictures: str | None,
    since: str | None,
    as_json: bool,
    shares: tuple[str, ...],
    datasets: tuple[str, ...],
    **_: Any,
) -> None:
    """Export LABELS as COCO into a folder.

    LABELS is a JSON file of label rows (an array, a single row, or JSON lines; .gz and .zst too),
    a folder or a zip of such files, or the fsspec URL of any of these (s3://…, gs://…).

    The folder gets annotations.json, manifest.json (what went in and what came out),
    lineage.parquet (where each annotation came from) and findings.parquet (everything that was
    skipped, rejected or mended, and why). It appears as a whole or not at all. Malformed labels do
    not fail the export: they are counted and listed.

    The profile encord follows Encord's own description of its COCO export; training is what models
    are trained and scored with (ids from 1, shapes clipped to the image, points and skeletons in
    keypoints.json); strict is training, and fails where an object would be lost. Each setting of a
    profile has an option of its own, which changes that one setting.

    \b
    Layouts:
      dataset     annotations.json, with splits train.json, val.json, …
      data_units  the same, as a list of COCO objects, one for each data unit
      archive     annotations.zip, with a COCO file for each data unit
      coco        annotations/instances_train.json
      roboflow    train/_annotations.coco.json
      coco_vid    annotations.json with videos, frames and instances

    \b
    Examples:
      coco-dagster export labels.json --ontology ontology.json --out export
      coco-dagster export s3://bucket/labels/ --out export --branch consensus --json
      coco-dagster export labels.json --out coco --profile training --layout coco
          --split train=0.8,val=0.2 --holes keyhole --polyline-width 3
    """  # noqa: D301
    with one_paragraph_on_failure(), ExitStack() as stack:
        settings = ExportSettings(
            profile=msgspec.structs.replace(PROFILES[profile], **changed_settings(context)),
            layout=layout,
            splits=tuple(splits_of(shares, datasets).values()),
            branches=branches or ("main",),
        )
        # The libraries that follow are imported a fifth faster without it, and nothing in the
        # process has cycles that matter.
        gc.disable()
        processes = started_ahead(labels, workers)
        if processes is not None:
            stack.callback(processes.end)
        for name, value in one_of(processes.workers if processes else 1).items():
            os.environ.setdefault(name, value)
        progress = stack.enter_context(progress_bar())
        reporter = ReportOnExport(out, pictures, since, progress) if report else None
        from coco_dagster.export import export_coco

        result = export_coco(
            labels,
            ontology,
            out,
            settings,
            workers=workers,
            progress=progress,
            processes=processes,
            inspect=reporter,
        )
    if as_json:
        click.echo(json.dumps(_as_json(result)))
    elif sys.stdout.isatty():
        from rich.console import Console

        from coco_dagster.cli.summary import print_summary

        print_summary(result, Console())
        if reporter is not None and reporter.report is not None:
            click.echo(told(reporter.report))


def _as_json(result: "ExportResult") -> dict[str, Any]:
    import msgspec

    facts: dict[str, Any] = msgspec.to_builtins(result)
    keys = ("export_id", "images", "annotations", "skipped", "rejected", "files", "seconds")
    return {key: facts[key] for key in keys}
