"""Findings on files and on the ontology, which belong to no label row."""

from collections.abc import Iterable

import pyarrow as pa

from coco_dagster.encord.label_row import Note
from coco_dagster.tables.findings import FindingRows, Place


def file_findings(notes: Iterable[Note]) -> pa.Table:
    """Notes as a table of the schema `FINDINGS`."""
    rows = FindingRows()
    for note in notes:
        rows.add(note.code, "note", Place(path=note.path), note.message, note.raw)
    return rows.table()
