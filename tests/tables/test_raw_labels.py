"""The snapshot of label rows holds every byte of them."""

from hashlib import sha256

import pytest

from coco_dagster.encord.source_chunks import SourceRow
from coco_dagster.tables.findings import FindingRows
from coco_dagster.tables.raw_labels import raw_label_table
from coco_dagster.tables.row_reading import read_rows
from coco_dagster.tables.schemas import RAW_LABELS
from tests.label_rows import label_row
from tests.normalised import numbered
from tests.objects import box

NASTY = [
    b"5",
    b"[]",
    b"null",
    b"{}",
    b'{"label_hash": 5}',
    b'{"label_hash": null}',
    b'{"label_hash": "\xff"}',
    b'{"label_hash": "\\ud800"}',
    b'{"last_edited_at": []}',
    b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
]


def test_bytes_digests_and_places_are_kept() -> None:
    rows = numbered([label_row([box()], label_hash="b"), label_row([], label_hash="a")])
    table, digests = raw_label_table(rows)
    assert table.schema == RAW_LABELS
    assert table["label_hash"].to_pylist() == ["a", "b"]
    assert table["json"].to_pylist() == [rows[1].json, rows[0].json]
    assert digests == [sha256(row.json).hexdigest() for row in rows]


@pytest.mark.parametrize("text", NASTY)
def test_unreadable_rows_are_kept_too(text: bytes) -> None:
    table, _ = raw_label_table([SourceRow("f.json", 3, text)])
    (row,) = table.to_pylist()
    assert row["json"] == text
    assert row["label_hash"].startswith("unnamed:")


def test_equal_rows_without_a_hash_have_keys_of_their_own() -> None:
    row = label_row([], label_hash=None)
    table, _ = raw_label_table([*numbered([row, row]), SourceRow("b.json", 0, b"{}")])
    assert len(set(table["label_hash"].to_pylist())) == 3


def test_a_row_is_called_alike_in_the_snapshot_and_in_the_tables() -> None:
    rows = numbered([label_row([], label_hash=None), label_row([], label_hash="a")])
    table, _ = raw_label_table(rows)
    read = [row.label_hash for row in read_rows(rows, FindingRows(), [])]
    assert sorted(table["label_hash"].to_pylist()) == sorted(read)


def test_no_rows_are_a_table_too() -> None:
    table, digests = raw_label_table([])
    assert (table.num_rows, table.schema, digests) == (0, RAW_LABELS, [])
