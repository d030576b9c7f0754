"""Reports within a step. They are made for people: none of their failures fails the step."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import dagster as dg

from coco_dagster.orchestrate.report_metadata import (
    PREVIEW,
    PREVIEW_ROWS,
    row_preview,
    with_report,
)
from coco_dagster.tables.schemas import TABLES

if TYPE_CHECKING:
    from coco_dagster.export.result import ExportResult
    from coco_dagster.orchestrate.store import MergedTables
    from coco_dagster.report.settings import ReportSettings
    from coco_dagster.tables.store import TableSet

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

        since = _earlier_export(context, asset, partition, result.url)
        report = report_export(result.url, settings, since, labels.scan)
        for reason, number in report.picture_problems.items():
            context.log.warning(f"{number} images of the report have no picture: {reason}.")
        return with_report(metadata, report)
    except Exception as error:
        context.log.warning(f"The report could not be made: {type(error).__name__}: {error}")
        return dict(metadata)


def _earlier_export(
    context: dg.AssetExecutionContext, asset: dg.AssetKey, partition: str | None, url: str
) -> str | None:
    """The export that the asset held before, if it is still there.

    One with other content: running again on the same labels leaves the report as it is.
    """
    from coco_dagster.report.published_export import is_export

    partitions = None if partition is None else [partition]
    records = dg.AssetRecordsFilter(asset_key=asset, asset_partitions=partitions)
    for record in context.instance.fetch_materializations(records, _LOOKED_BACK).records:
        event = record.asset_materialization
        place = event.metadata.get("path") if event is not None else None
        earlier = getattr(place, "path", None)
        if earlier is not None and earlier != url and is_export(earlier):
            return str(earlier)
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
