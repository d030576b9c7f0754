"""What rendering reads of the normalised tables."""

from collections.abc import Collection, Mapping
from typing import Final

import pyarrow as pa

from coco_dagster.tables.schemas import LABEL_TABLES, OBJECTS, table_key

_NOT_READ: Final[Mapping[str, frozenset[str]]] = {
    "label_rows": frozenset(
        (
            "data_title",
            "data_type",
            "dataset_hash",
            "label_status",
            "annotation_task_status",
            "created_at",
            "frames",
        )
    ),
    "data_units": frozenset(
        ("data_sequence", "width", "height", "frames_per_second", "number_of_frames")
    ),
    "objects": frozenset(LABEL_TABLES["objects"].names),
    "annotations": frozenset(
        ("confidence", "created_at", "created_by", "last_edited_at", "last_edited_by")
    ),
    "answers": frozenset(("parent_option_hash", "text", "number")),
    "relations": frozenset(("resolved_as",)),
}

INPUT_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    table: columns
    for table, schema in LABEL_TABLES.items()
    if (columns := tuple(c for c in schema.names if c not in _NOT_READ.get(table, ())))
}
"""Columns by table; a table that is not named is not read."""


def _with_columns(schema: pa.Schema, columns: Collection[str]) -> pa.Schema:
    return pa.schema([field for field in schema if field.name in columns], schema.metadata)


INPUT_SCHEMAS: Final[Mapping[str, pa.Schema]] = {
    **LABEL_TABLES,
    "annotations": _with_columns(LABEL_TABLES["annotations"], INPUT_COLUMNS["annotations"]),
    "objects": _with_columns(OBJECTS, table_key(OBJECTS)),
}
"""Tables for an export alone, without the columns that take most to make and that it does not read.

Of `objects` it states how many there are.
"""
