"""Reports within a step. They are made for people: none of their failures fails the step."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import dagster as dg
import msgspec

from coco_dagster.orchestrate.report_metadata import (
    PREVIEW,
    PREVIEW_ROWS,
    REPORT,
    REPORT_METADATA,
    report_metadata,
    row_preview,
    with_report,
)
from coco_dagster.tables.locations import file_bytes, location
from coco_dagster.tables.schemas import TABLES

if TYPE_CHECKING:
    from coco_dagster.export.result import ExportResult
    from coco_dagster.orchestrate.store import MergedTables
    from coco_dagster.report.settings import ReportSettings
    from coco_dagster.tables.store import TableSet

REPORT_CONTENT: Final = "report_content"
"""Metadata of an export: digest of what its report was made from."""

_LOOKED_BACK: Final = 20
_ONTOLOGY_TABLE: Final = "categories"
_NOT_SHOWN: Final = {"raw_labels": ("json",)}


def reported(
    context: dg.AssetExecutionContext,
    metadata: Mapping[str, Any],
    asset: dg.AssetKey,
    result: "ExportResult",
    settings: "ReportSettings",
    labels: "TableSet | MergedTables",
    partition: str | None = None,
) -> dict[str, Any]:
    """Write the report on an export, and add to the metadata what people look at.

    Args:
        context: execution context of the step.
        metadata: what the export says of itself.
        asset: key of the export's asset.
        result: the published export.
        settings: what is shown.
        labels: tables that the export was made from.
        partition: partition that the export is of; None of one over all label rows.
    """
    try:
        from coco_dagster.report.report import report_export

        earlier = _earlier_metadata(context, asset, partition)
        since = _earlier_export(earlier, result.url)
        content = _content(result, settings, since)
        may_be_known = result.reused and settings.pictures is None
        known = _known_report(earlier, content) if may_be_known else None
        if known is not None:
            return with_report(metadata, {**known, REPORT_CONTENT: content})
        report = report_export(result.url, settings, since, labels.scan)
        for reason, number in report.picture_problems.items():
            context.log.warning(f"{number} images of the report have no picture: {reason}.")
        return with_report(metadata, {**report_metadata(report), REPORT_CONTENT: content})
    except Exception as error:
        context.log.warning(f"The report could not be made: {type(error).__name__}: {error}")
        return dict(metadata)


_Metadata = Mapping[str, dg.MetadataValue[Any]]


def _earlier_metadata(
    context: dg.AssetExecutionContext, asset: dg.AssetKey, partition: str | None
) -> list[_Metadata]:
    """Metadata of the last materialisations of an export, the newest first."""
    partitions = None if partition is None else [partition]
    records = dg.AssetRecordsFilter(asset_key=asset, asset_partitions=partitions)
    found = context.instance.fetch_materializations(records, _LOOKED_BACK).records
    events = (record.asset_materialization for record in found)
    return [event.metadata for event in events if event is not None]


def _earlier_export(earlier: Sequence[_Metadata], url: str) -> str | None:
    """The export that the asset held before, if it is still there.

    One with other content: running again on the same labels leaves the report as it is.
    """
    from coco_dagster.report.published_export import is_export

    for metadata in earlier:
        place = getattr(metadata.get("path"), "path", None)
        if place is not None and place != url and is_export(place):
            return str(place)
    return None


def _content(result: "ExportResult", settings: "ReportSettings", since: str | None) -> str:
    """Digest of all that a report is made from, but for pictures, which may change."""
    from coco_dagster.lineage.manifest import library_versions

    facts = (library_versions(), result.url, result.export_id, settings, since)
    return sha256(msgspec.json.encode(facts)).hexdigest()


def _known_report(earlier: Sequence[_Metadata], content: str) -> dict[str, Any] | None:
    """What a report that is still there added to the metadata."""
    for metadata in earlier:
        made_from = metadata.get(REPORT_CONTENT)
        if made_from is None or made_from.value != content:
            continue
        page = getattr(metadata.get(REPORT), "path", None)
        if page is None or file_bytes(location(page)) is not None:
            return {name: metadata[name] for name in REPORT_METADATA if name in metadata}
    return None


def previewed(
    context: dg.AssetExecutionContext, metadata: Mapping[str, Any], tables: "TableSet", table: str
) -> dict[str, Any]:
    """Add the first rows of a table to its metadata.

    Args:
        context: execution context of the step.
        metadata: what the table says of itself.
        tables: the published tables.
        table: name of the table among them.
    """
    try:
        hidden = _NOT_SHOWN.get(table, ())
        columns = [name for name in TABLES[table].names if name not in hidden]
        rows = tables.scan(table).select(columns).head(PREVIEW_ROWS).collect()
        return {**metadata, PREVIEW: row_preview(rows)}
    except Exception as error:
        context.log.warning(f"There is no preview of {table}: {type(error).__name__}: {error}")
        return dict(metadata)


def previewed_ontology(
    context: dg.AssetExecutionContext, metadata: Mapping[str, Any], tables: "TableSet"
) -> dict[str, Any]:
    """Add the first classes of an ontology to its metadata.

    Args:
        context: execution context of the step.
        metadata: what the ontology says of itself.
        tables: the published tables of the ontology.
    """
    return previewed(context, metadata, tables, _ONTOLOGY_TABLE)
