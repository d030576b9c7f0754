"""Any bytes at all through the readers of label files: rows, or one clean refusal."""

import io

from coco_dagster.encord.byte_window import ByteWindow
from coco_dagster.encord.json_structure import JsonSyntaxError
from coco_dagster.encord.label_row import RowError
from coco_dagster.encord.label_row_reader import LabelRowReader
from coco_dagster.encord.media import labelled_units
from coco_dagster.encord.row_splitter import split_stream

_CHUNK_BYTES = 1 << 12
"""So small that a row of some kilobytes meets every way of being cut."""


def rows_read(data: bytes) -> int | None:
    """Number of the label rows that are read of a file; None where it is refused as a whole.

    Raises:
        Exception: what the readers raised, which they must not: a row that cannot be read is a
            `RowError`, a file that cannot be a `JsonSyntaxError` with its place in the file.
    """
    window = ByteWindow(io.BytesIO(data).readinto, bytearray(_CHUNK_BYTES + 2))
    reader = LabelRowReader()
    rows = 0
    try:
        for run in split_stream(window, _CHUNK_BYTES):
            for start, length in zip(*run.rows, strict=True):
                rows += _is_read(reader, bytes(run.text[start : start + length]))
    except JsonSyntaxError as error:
        if not 0 <= error.offset <= len(data):
            raise AssertionError(f"{error.offset} is no place in {len(data)} bytes") from error
        return None
    return rows


def _is_read(reader: LabelRowReader, row: bytes) -> bool:
    try:
        found, _ = reader.read(row)
        labelled_units(found)
    except RowError:
        return False
    return True
