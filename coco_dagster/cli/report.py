"""`coco-dagster report`, and the report that `coco-dagster export` writes when it is told to."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from coco_dagster.cli.failures import one_paragraph_on_failure
from coco_dagster.report.settings import ReportSettings

if TYPE_CHECKING:
    import polars as pl

    from coco_dagster.export.progress import Progress
    from coco_dagster.export.result import ExportResult
    from coco_dagster.report.report import Report

_Command = TypeVar("_Command", bound=Callable[..., Any])

PICTURES: Final = (
    "Folder or fsspec URL with the pictures of the images; without it, annotations are shown on a "
    "plain canvas."
)
SINCE: Final = "Folder or fsspec URL of an earlier export: the report says what changed."


@click.command()
@click.argument("export", metavar="EXPORT")
@click.option("--pictures", metavar="DIR", help=PICTURES)
@click.option("--since", metavar="EXPORT", help=SINCE)
@click.option(
    "--images",
    type=click.IntRange(1, 1000),
    default=ReportSettings().images,
    show_default=True,
    metavar="N",
    help="Images in the gallery at most; a larger export is sampled, always in the same way.",
)
def report(export: str, pictures: str | None, since: str | None, images: int) -> None:
    """Write report.html into EXPORT, the folder of an export or its fsspec URL.

    The page needs nothing but a browser: a gallery that can be searched and filtered, statistics,
    findings, and what changed. `coco-dagster export --report` writes it with more: who made each
    annotation, when, and where it stands in the label row.

    \b
    Examples:
      coco-dagster report coco --pictures images
      coco-dagster report s3://bucket/coco --since s3://bucket/coco-of-last-week
    """  # noqa: D301
    with one_paragraph_on_failure():
        from coco_dagster.report.report import report_export

        settings = ReportSettings(pictures=pictures, images=images, contact_sheet=False)
        click.echo(told(report_export(export, settings, since)))


def report_options(command: _Command) -> _Command:
    """The options of an export that have to do with its report."""
    options = (
        click.option("--report", is_flag=True, help="Write report.html, a page to look at, too."),
        click.option("--pictures", metavar="DIR", help=f"For the report. {PICTURES}"),
        click.option(
            "--since",
            metavar="EXPORT",
            help=f"For the report. {SINCE} Left out: the export that DIR holds now, if any.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


class ReportOnExport:
    """Writes the report on an export as soon as it is published.

    Made before the export, as the earlier export may be what the new one replaces, and a folder
    of pictures that is not there shall be found out at once.

    Args:
        out: where the export will be.
        pictures: folder or URL of pictures.
        since: the earlier export; None is what `out` holds now, if it holds an export.
        progress: told when the report begins and when it is done.
    """

    def __init__(
        self, out: str, pictures: str | None, since: str | None, progress: "Progress"
    ) -> None:
        from coco_dagster.report.changes import export_state
        from coco_dagster.report.pictures.finding import PictureFolder
        from coco_dagster.report.published_export import PublishedExport, is_export

        self._progress = progress
        self._settings = ReportSettings(pictures=pictures, contact_sheet=False)
        if pictures is not None:
            PictureFolder(pictures)
        earlier = since or (out if is_export(out) else None)
        self._earlier = None if earlier is None else export_state(PublishedExport(earlier))
        self.report: Report | None = None

    def __call__(self, result: "ExportResult", scan: Callable[[str], "pl.LazyFrame"]) -> None:
        """Write the report, while the tables of the export are there."""
        from coco_dagster.report.report import report_export

        self._progress("report", 0, 1)
        self.report = report_export(result.url, self._settings, self._earlier, scan)
        self._progress("report", 1, 1)


def told(report: "Report") -> str:
    """What a terminal is told of a report."""
    problems = [
        f"{number} image{'' if number == 1 else 's'} without a picture: {reason}"
        for reason, number in report.picture_problems.items()
    ]
    return "\n".join([f"{report.url} ({report.bytes / 1e6:.1f} MB)", *problems])
