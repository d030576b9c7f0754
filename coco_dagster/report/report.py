"""The report on an export: a page beside it, and what its asset page shows."""

from pathlib import Path
from typing import Final

from msgspec import Struct

from coco_dagster.lineage.manifest import REPORT_FILE
from coco_dagster.report.changes import ExportState, export_state
from coco_dagster.report.contact_sheet import contact_sheet
from coco_dagster.report.embedded_pictures import (
    EmbeddedPictures,
    data_uri,
    embed_pictures,
    picture_format,
)
from coco_dagster.report.findings import FindingCode
from coco_dagster.report.inspection import Inspection, inspect_export
from coco_dagster.report.origins import ScanTable
from coco_dagster.report.page import render_page
from coco_dagster.report.page_data import page_data
from coco_dagster.report.pictures.finding import PictureFolder
from coco_dagster.report.published_export import PublishedExport
from coco_dagster.report.settings import ReportSettings
from coco_dagster.tables.locations import storage_failures
from coco_dagster.tables.parts import write_atomically
from coco_dagster.tables.staging import work_folder

_DEFAULTS: Final = ReportSettings()


class CategoryRow(Struct, frozen=True):
    """A category of an export.

    Attributes:
        name: its name.
        shape: its shape.
        annotations: number of its annotations; images: number of images that show it.
        share: its share of all annotations, from 0 to 1.
        change: annotations more than in the earlier export; None without one.
    """

    name: str
    shape: str
    annotations: int
    images: int
    share: float
    change: int | None


class Report(Struct, frozen=True):
    """What a report found.

    Attributes:
        url: the page; None if none was asked for.
        bytes: its size.
        categories: all categories, in their order.
        findings: all kinds of findings, the gravest first.
        since: id of the earlier export that this one was compared with.
        contact_sheet: `data:` URI of a sheet of annotated images, if there is one.
        pictures: images of the page that have a picture.
        picture_problems: why other images have none, and how many.
    """

    url: str | None
    bytes: int
    categories: list[CategoryRow]
    findings: list[FindingCode]
    since: str | None
    contact_sheet: str | None
    pictures: int
    picture_problems: dict[str, int]


def report_export(
    export: str,
    settings: ReportSettings = _DEFAULTS,
    since: str | ExportState | None = None,
    scan: ScanTable | None = None,
) -> Report:
    """Write `report.html` into the folder of an export, and say what its asset page shows.

    The same export, earlier export, pictures and settings give the same page.

    Args:
        export: folder or URL of a published export.
        settings: what is shown.
        since: the export before it, to say what changed: its folder or URL, or its state if it is
            there no more.
        scan: opens the tables that the export was made from, by name, to say who made an
            annotation and where it stands in its label row.

    Raises:
        StorageError: there is no export, or the page cannot be written.
        SettingsError: there is no folder of pictures.
    """
    published = PublishedExport(export)
    earlier = export_state(PublishedExport(since)) if isinstance(since, str) else since
    inspection = inspect_export(published, settings.images, earlier, scan)
    pictures = _pictures(settings.pictures, inspection)
    page = b""
    if settings.html:
        page = render_page(page_data(inspection, pictures.uris() if pictures else {}))
        _write(published, page)
    sheet = None
    if settings.contact_sheet:
        sheet = contact_sheet(inspection.images, inspection.categories, pictures)
    return Report(
        url=f"{published.url}/{REPORT_FILE}" if settings.html else None,
        bytes=len(page),
        categories=category_rows(inspection),
        findings=inspection.findings.codes,
        since=inspection.changes.since if inspection.changes else None,
        contact_sheet=None if sheet is None else data_uri(picture_format()[1], sheet),
        pictures=len(pictures.files) if pictures else 0,
        picture_problems=pictures.problems if pictures else {},
    )


def category_rows(inspection: Inspection) -> list[CategoryRow]:
    """The categories of an export with their numbers."""
    total = sum(inspection.lineage.annotations) or 1
    changes = inspection.changes.categories if inspection.changes else {}
    rows = []
    for position, category in enumerate(inspection.categories.entries):
        count = inspection.lineage.annotations[position]
        change = changes.get((category.name, category.shape))
        rows.append(
            CategoryRow(
                category.name,
                category.shape,
                count,
                inspection.lineage.images[position],
                count / total,
                None if change is None else change.after - change.before,
            )
        )
    return rows


def _pictures(source: str | None, inspection: Inspection) -> EmbeddedPictures | None:
    if source is None:
        return None
    return embed_pictures(PictureFolder(source), [image.coco for image in inspection.images])


def _write(export: PublishedExport, page: bytes) -> None:
    target = export.folder / REPORT_FILE
    if isinstance(target, Path):
        write_atomically(target, page)
        return
    with storage_failures(target, "written"), work_folder() as folder:
        # Object stores take the content type from the name of the file that is put there.
        draft = folder / REPORT_FILE
        draft.write_bytes(page)
        target.fs.put_file(str(draft), target.path)
