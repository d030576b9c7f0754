"""Label rows that no table holds leave in their findings what a manifest states of them."""

import hashlib
from typing import Any

import pytest

from coco_dagster.tables.normalise import normalise_rows
from coco_dagster.tables.other_rows import OtherRow, other_rows
from tests.label_rows import JSON, as_json, image_unit, label_row
from tests.normalised import numbered, ontology_index
from tests.objects import box

OLD = "2020-01-01 00:00:00"


def findings_of(*rows: Any) -> Any:
    return normalise_rows(numbered(rows), ontology_index()).tables["findings"]


def editions(**older: Any) -> tuple[JSON, JSON]:
    """An older edition of a label row, and the newest one."""
    units = {"file": image_unit([box("a"), box("bad", {"x": 1})])}
    return (
        label_row(units, label_hash="twice", last_edited_at=OLD, **older),
        label_row([box()], label_hash="twice"),
    )


def test_an_older_edition_is_known_by_its_facts() -> None:
    older, newest = editions(data_title="old.jpg")
    (found,) = other_rows(findings_of(newest, older))
    assert found == OtherRow(
        row_sha256=hashlib.sha256(as_json(older).encode()).hexdigest(),
        source_file=found.source_file,
        source_index=1,
        label_hash="twice",
        row_data_hash="file",
        data_title="old.jpg",
        last_edited_at=found.last_edited_at,
        frames=1,
        objects=2,
    )
    assert found.last_edited_at is not None
    assert found.last_edited_at.isoformat() == "2020-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        (None, None),
        ("", ""),
        ('say "so" [1]', 'say "so" [1]'),
        ("é" * 5000, "é" * 200),
        ("of jane@example.com", "of <e-mail>"),
        ("s3://bucket/x.png?signature=secret", "s3://bucket/x.png"),
    ],
)
def test_titles_are_cut_and_hold_no_secrets(title: str | None, expected: str | None) -> None:
    (found,) = other_rows(findings_of(*editions(data_title=title)))
    assert found.data_title == expected


def test_an_unreadable_row_is_known_by_its_digest_alone() -> None:
    (found,) = other_rows(findings_of(label_row([box()]), [1, 2]))
    assert found.row_sha256 == hashlib.sha256(as_json([1, 2]).encode()).hexdigest()
    assert (found.label_hash, found.objects, found.source_index) == (None, 0, 1)


def test_rows_that_the_tables_hold_are_none_of_them() -> None:
    assert list(other_rows(findings_of(label_row([box(), box("bad", {"x": 1})])))) == []


def test_objects_of_an_older_edition_say_where_they_stood() -> None:
    older, newest = editions()
    findings = findings_of(older, newest).to_pylist()
    paths = {
        row["object_hash"]: row["path"]
        for row in findings
        if row["code"] == "superseded_row" and row["outcome"] == "skipped"
    }
    labels = '$.data_units["file"].labels'
    assert paths["a"] == f"{labels}.objects[0]"
    assert paths["bad"].startswith(f"{labels}.objects[1]")
