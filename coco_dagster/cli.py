"""The command line, `coco-dagster`.

Starts fast: what computes is imported only when it is needed, and Dagster never.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console

from coco_dagster import __version__
from coco_dagster.coco.profiles import LAYOUTS, PROFILES, ExportSettings
from coco_dagster.errors import CocoDagsterError
from coco_dagster.export.processes import started_ahead

if TYPE_CHECKING:
    from coco_dagster.export import ExportResult
    from coco_dagster.export.progress import Progress

_STAGES: Final = {
    "labels": "Reading labels",
    "rendering": "Rendering annotations",
    "writing": "Writing COCO",
}
_INTERRUPTED: Final = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="coco-dagster")
def main() -> None:
    """Turn Encord label exports into COCO datasets, with the lineage of every annotation."""


@main.command()
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
    with _one_paragraph_on_failure(), ExitStack() as stack:
        processes = started_ahead(labels, workers)
        if processes is not None:
            stack.callback(processes.end)
            # The cores are busy with the processes; polars reads this when it is imported.
            os.environ.setdefault("POLARS_MAX_THREADS", "1")
        progress = stack.enter_context(_progress_bar())
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


@contextmanager
def _one_paragraph_on_failure() -> Iterator[None]:
    """Failures as one paragraph on standard error and exit code 1, without a traceback."""
    try:
        yield
    except CocoDagsterError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        click.echo("Interrupted; nothing was published.", err=True)
        sys.exit(_INTERRUPTED)
    except MemoryError:
        _fail("There is not enough memory; use fewer workers, and run again.")
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        _fail(f"The system refused: {error.strerror or error}{place}; nothing was published.")
    except Exception as error:
        if os.environ.get("COCO_DAGSTER_TRACEBACK"):
            raise
        _fail(
            f"coco-dagster met a case that it does not know ({type(error).__name__}: {error}); "
            "nothing was published. Please report it; with COCO_DAGSTER_TRACEBACK=1 the whole "
            "traceback is shown."
        )


def _fail(message: str) -> None:
    click.echo(f"Error: {message}", err=True)
    sys.exit(1)


@contextmanager
def _progress_bar() -> Iterator["Progress"]:
    """A progress bar on a terminal, nothing elsewhere."""
    from coco_dagster.export.progress import silent

    if not sys.stderr.isatty():
        yield silent
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(_STAGES[stage], total=total)
            bar.update(tasks[stage], completed=done, total=total)

        yield show


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


if __name__ == "__main__":
    main()
