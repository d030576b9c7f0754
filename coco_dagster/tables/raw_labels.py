"""The table `raw_labels`: label rows as received."""

from collections.abc import Sequence
from hashlib import sha256

import msgspec
import pyarrow as pa
from msgspec import Struct

from coco_dagster.encord.label_row import UNREADABLE, RowText
from coco_dagster.tables.dates import read_dates
from coco_dagster.tables.row_reading import RawRow
from coco_dagster.tables.schemas import RAW_LABELS, unnamed_label_hash
from coco_dagster.tables.table_rows import sorted_by_key


class _RowHead(Struct, gc=False):
    label_hash: str | None = None
    last_edited_at: str | None = None


_HEAD_DECODER = msgspec.json.Decoder(_RowHead)


def raw_label_table(rows: Sequence[RawRow]) -> tuple[pa.Table, list[str]]:
    """Label rows as a table of the schema `RAW_LABELS`, sorted by its key.

    Returns:
        The table, and the hex SHA-256 of every row in source order.
    """
    digests = [sha256(row.json).hexdigest() for row in rows]
    heads = [_head(row.json) for row in rows]
    hashes = [
        head.label_hash or unnamed_label_hash(digest, row.source_file, row.source_index)
        for head, digest, row in zip(heads, digests, rows, strict=True)
    ]
    edited = read_dates([head.last_edited_at for head in heads])
    columns = {
        "label_hash": pa.array(hashes, pa.string()),
        "source_file": pa.array([row.source_file for row in rows], pa.string()),
        "source_index": pa.array([row.source_index for row in rows], pa.int64()),
        "last_edited_at": edited,
        "row_sha256": pa.array(digests, pa.string()),
        "json": pa.array([row.json for row in rows], pa.binary()),
    }
    table = pa.Table.from_arrays([columns[name] for name in RAW_LABELS.names], schema=RAW_LABELS)
    return sorted_by_key(table), digests


def _head(row: RowText) -> _RowHead:
    """Hash and date of a row; an unreadable row has neither."""
    try:
        return _HEAD_DECODER.decode(row)
    except UNREADABLE:
        return _RowHead()
