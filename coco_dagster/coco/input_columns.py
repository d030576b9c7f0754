"""What rendering reads of the normalised tables."""

from collections.abc import Mapping
from typing import Final

from coco_dagster.tables.schemas import LABEL_TABLES

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
