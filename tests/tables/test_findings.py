"""Findings keep a place and a fragment of the input, and no secrets."""

import pytest

from coco_dagster.tables.findings import (
    RAW_BYTES,
    FindingRows,
    Place,
    concat_findings,
    raw_fragment,
    without_secrets,
)
from coco_dagster.tables.schemas import FINDINGS, table_key


@pytest.mark.parametrize(
    "text",
    [
        "drawn by jane.SECRET@example.com",
        '{"createdBy":"jane.SECRET+x@example.co.uk"}',
        "<jane.SECRET@example.com>",
        "https://host/a.png?X-Amz-Signature=SECRET",
        "see https://host/a.png?a=1&Signature=SECRET, and more",
        "https://host/a.png#access_token=SECRET",
        "https://user:SECRET@host/a.png",
        "https://user:SEC@SECRET@host/a.png",
        "bucket/a.png?sig=SECRET",
        "gs://bucket/a.png?X-Goog-Signature=SECRET",
    ],
)
def test_secrets_are_taken_out(text: str) -> None:
    assert "SECRET" not in without_secrets(text)


@pytest.mark.parametrize(
    "raw",
    [
        rb'{"u": "https:\/\/host\/a.png?Signature=SECRET"}',
        rb'{"u": "https://host/a.png\u003fSignature=SECRET"}',
        rb'{"u": "https:\/\/user:SECRET\u0040host\/a.png"}',
        rb'{"u": "jane.SECRET\u0040example.com"}',
        rb'{"u": "bucket\/a.png\u003Fsig\u003dSECRET"}',
    ],
)
def test_secrets_are_taken_out_of_escaped_json(raw: bytes) -> None:
    assert "SECRET" not in raw_fragment(raw)


@pytest.mark.parametrize(
    "text", ["plain", "https://host/a.png", "#relation", "What?", "a b", "50 % of 3@2", "x > y?"]
)
def test_other_text_is_kept(text: str) -> None:
    assert without_secrets(text).replace("<e-mail>", "3@2") == text


def test_a_fragment_has_at_most_two_kilobytes_of_utf8() -> None:
    fragment = raw_fragment("ü".encode() * 5000)
    assert len(fragment.encode()) <= RAW_BYTES
    assert set(fragment) == {"ü"}


def test_a_fragment_may_be_no_utf8() -> None:
    assert raw_fragment(b'{"a": "\xff"}') == '{"a": "�"}'


def test_paths_and_messages_have_no_secrets() -> None:
    rows = FindingRows()
    place = Place("row", path='$.spaces["https://host/a?sig=SECRET"]')
    rows.add("code", "note", place, "by a.SECRET@b.c", b'"https://h/a?SECRET"')
    (row,) = rows.table().to_pylist()
    assert "SECRET" not in str(row)
    assert row["path"] == '$.spaces["https://host/a"]'


@pytest.mark.parametrize(
    ("outcome", "severity"), [("skipped", "info"), ("rejected", "error"), ("note", "warning")]
)
def test_the_severity_follows_the_outcome(outcome: str, severity: str) -> None:
    rows = FindingRows()
    rows.add("code", outcome, Place(), "message")  # type: ignore[arg-type]
    assert rows.table().to_pylist()[0]["severity"] == severity


def test_no_findings_are_a_table_too() -> None:
    assert FindingRows().table().schema == FINDINGS
    assert concat_findings([]).num_rows == 0


def test_findings_are_sorted_by_their_key() -> None:
    def table(*places: tuple[str | None, int | None, str]) -> FindingRows:
        rows = FindingRows()
        for label_hash, frame, message in places:
            rows.add("code", "note", Place(label_hash, frame=frame), message)
        return rows

    one = table(("b", 1, "x"), ("a", None, "y"), (None, None, "z"), ("a", 3, "m"), ("a", 3, "l"))
    other = table(("a", 3, "l"), (None, None, "z"), ("a", 3, "m"), ("b", 1, "x"), ("a", None, "y"))
    assert one.table() == other.table()
    key = [(name, "ascending") for name in table_key(FINDINGS)]
    assert one.table().sort_by(key) == one.table()
