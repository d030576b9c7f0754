"""What materialisations say of themselves: Dagster's standard metadata keys, and ours.

Every event stays in the event log for ever, so nothing here grows with the data set.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import dagster as dg
import pyarrow as pa

from coco_dagster.tables.schemas import (
    ONTOLOGY_TABLES,
    RAW_LABELS,
    TABLES,
    column_description,
    table_key,
)

if TYPE_CHECKING:
    from coco_dagster.export.result import ExportResult
    from coco_dagster.tables.store import TableSet

COLUMN_SCHEMA: Final = "dagster/column_schema"
COLUMN_LINEAGE: Final = "dagster/column_lineage"
ROW_COUNT: Final = "dagster/row_count"
URI: Final = "dagster/uri"

MOST_CATEGORIES: Final = 50
"""Categories that the metadata of an export lists at most."""

_EXPORT_IDS: Final = {
    "file": "COCO file of the export.",
    "annotation_id": "Annotation within its file.",
    "image_id": "Image within its file.",
    "category_id": "Category within its file.",
}
_HOMES: Final = ("annotations", "frames", "label_rows")

_RAW_JSON: Final = "json"
_NODE_SUFFIX: Final = "_hash"


def column_schema(schema: pa.Schema) -> dg.TableSchema:
    """Columns of a table with types, descriptions and keys."""
    return dg.TableSchema(columns=list(_columns(schema, table_key(schema))))


def ontology_column_schema() -> dg.TableSchema:
    """Columns of the tables of the ontology, which are one asset: `<table>.<column>`."""
    return dg.TableSchema(
        columns=[
            column
            for table, schema in ONTOLOGY_TABLES.items()
            for column in _columns(schema, table_key(schema), prefix=f"{table}.")
        ]
    )


def label_column_lineage(
    schema: pa.Schema, raw_labels: dg.AssetKey, ontology: dg.AssetKey
) -> dg.TableColumnLineage:
    """Where the columns of a table come from that is computed from the label rows.

    A column that `raw_labels` has as well is copied, every other one is read from the row's JSON;
    one that holds the hash of a node of the ontology is resolved in the ontology, too.

    Args:
        schema: the table.
        raw_labels: asset of the raw label rows.
        ontology: asset of the ontology.
    """
    nodes = _ontology_nodes()
    return dg.TableColumnLineage(
        {
            name: [
                _raw_label_column(name, raw_labels),
                *([dg.TableColumnDep(ontology, nodes[name])] if name in nodes else []),
            ]
            for name in schema.names
        }
    )


def ontology_column_lineage(raw_labels: dg.AssetKey | None) -> dg.TableColumnLineage:
    """Where the columns of the ontology come from.

    Args:
        raw_labels: asset of the raw label rows that the ontology is derived from; None when it is
            read from a file.
    """
    if raw_labels is None:
        return dg.TableColumnLineage({})
    source = dg.TableColumnDep(raw_labels, _RAW_JSON)
    columns = ontology_column_schema().columns
    return dg.TableColumnLineage({column.name: [source] for column in columns})


def export_column_schema() -> dg.TableSchema:
    """Columns of the table of origins that an export holds, one row for each annotation."""
    from coco_dagster.lineage.provenance import LINEAGE

    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=field.name,
                type=str(field.type),
                description=_EXPORT_IDS.get(field.name) or _described_in_tables(field.name),
                constraints=dg.TableColumnConstraints(nullable=field.nullable),
            )
            for field in LINEAGE
        ]
    )


def export_column_lineage(
    assets: Mapping[str, dg.AssetKey],
) -> dg.TableColumnLineage:
    """Where the columns of the table of origins come from.

    Args:
        assets: keys of the tables' assets by the name of the table.
    """
    return dg.TableColumnLineage(
        {
            column.name: [dg.TableColumnDep(assets[table], column.name)]
            for column in export_column_schema().columns
            if (table := _home_of(column.name)) is not None
        }
    )


def table_metadata(tables: "TableSet", table: str) -> dict[str, Any]:
    """What one materialised table says of itself, its columns aside.

    Args:
        tables: the published tables.
        table: name of the table among them.
    """
    info = tables.tables[table]
    folder = f"{tables.parts_folder}/{table}"
    return {
        ROW_COUNT: info.rows,
        URI: uri(folder),
        "bytes": info.bytes,
        "files": info.parts,
        "sha256": info.sha256,
        "path": dg.MetadataValue.path(folder),
        "reused": tables.reused,
        "parts_computed": tables.computed_parts,
    }


def ontology_metadata(tables: "TableSet") -> dict[str, Any]:
    """What the materialised ontology says of itself: the size of each of its tables.

    Args:
        tables: the published tables of the ontology.
    """
    rows = {name: tables.tables[name].rows for name in ONTOLOGY_TABLES}
    return {
        ROW_COUNT: sum(rows.values()),
        URI: uri(tables.url),
        **rows,
        "bytes": sum(info.bytes for info in tables.tables.values()),
        "path": dg.MetadataValue.path(tables.url),
        "reused": tables.reused,
    }


def export_metadata(result: "ExportResult") -> dict[str, Any]:
    """What a materialised export says of itself.

    Args:
        result: the published export.
    """
    return {
        ROW_COUNT: result.annotations,
        URI: uri(result.url),
        "export_id": result.export_id,
        "images": result.images,
        "annotations": result.annotations,
        "objects": result.objects,
        "skipped": result.skipped,
        "rejected": result.rejected,
        "categories": result.categories,
        "findings": dict(result.findings),
        "largest_categories": largest_categories(result.per_category),
        "bytes": sum(file.bytes for file in result.files),
        "path": dg.MetadataValue.path(result.url),
        "files": [file.path for file in result.files],
        "reused": result.reused,
        **{f"seconds/{step}": round(seconds, 3) for step, seconds in result.seconds.items()},
    }


def largest_categories(per_category: Mapping[str, int]) -> dg.TableMetadataValue:
    """The categories with the most annotations, at most `MOST_CATEGORIES` of them.

    Args:
        per_category: number of annotations by name of the category.
    """
    largest = sorted(per_category.items(), key=lambda item: (-item[1], item[0]))
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord({"category": name, "annotations": annotations})
            for name, annotations in largest[:MOST_CATEGORIES]
        ],
        schema=dg.TableSchema(
            columns=[
                dg.TableColumn("category", "string"),
                dg.TableColumn("annotations", "int"),
            ]
        ),
    )


def uri(location: str) -> str:
    """The location as a URI: itself if it is a URL, else one with the scheme `file`.

    Args:
        location: path of the local file system, or URL.
    """
    return location if "://" in location else Path(location).absolute().as_uri()


def _columns(schema: pa.Schema, key: tuple[str, ...], prefix: str = "") -> Iterator[dg.TableColumn]:
    for field in schema:
        yield dg.TableColumn(
            name=f"{prefix}{field.name}",
            type=str(field.type),
            description=column_description(field),
            constraints=dg.TableColumnConstraints(
                nullable=field.nullable,
                unique=key == (field.name,),
                other=["part of the key"] if field.name in key else [],
            ),
        )


def _home_of(column: str) -> str | None:
    """The first table that has a column, those nearest to the annotation first."""
    return next((table for table in _HOMES if column in TABLES[table].names), None)


def _described_in_tables(column: str) -> str | None:
    table = _home_of(column)
    return None if table is None else column_description(TABLES[table].field(column))


def _raw_label_column(name: str, raw_labels: dg.AssetKey) -> dg.TableColumnDep:
    return dg.TableColumnDep(raw_labels, name if name in RAW_LABELS.names else _RAW_JSON)


def _ontology_nodes() -> dict[str, str]:
    """Columns that hold hashes of nodes of the ontology, and the column that defines them."""
    nodes: dict[str, str] = {}
    for table, schema in ONTOLOGY_TABLES.items():
        for name in schema.names:
            if name.endswith(_NODE_SUFFIX):
                nodes.setdefault(name, f"{table}.{name}")
    return nodes
