"""Rows that a later edition in another part supersedes leave nothing but findings."""

from coco_dagster.tables.normalise import normalise_rows
from coco_dagster.tables.schemas import FINDINGS, LABEL_TABLES
from coco_dagster.tables.superseded import CODE, without_label_rows
from tests.label_rows import (
    answer,
    classified,
    group_row,
    image_unit,
    label_row,
    object_answers,
    placed,
    space,
)
from tests.normalised import numbered, ontology_index
from tests.objects import box


def row_with_everything(name: str) -> dict[str, object]:
    unit = image_unit([box("o"), box("bad", {"x": 1}), box("gone", isDeleted=True)], [placed("c")])
    return label_row(
        {f"file-{name}": unit},
        label_hash=name,
        object_answers=object_answers({"o": [answer("x", "y")]})
        | {"sound": {"shape": "audio", "range": [[0, 1]]}},
        classification_answers=classified("c"),
    )


def test_every_object_of_a_superseded_row_is_skipped_once() -> None:
    rows = numbered([row_with_everything("a"), row_with_everything("b")])
    tables = normalise_rows(rows, ontology_index()).tables
    kept = without_label_rows(tables, ["a"])
    for name, table in kept.items():
        assert table.schema == LABEL_TABLES[name]
        assert "a" not in table["label_hash"].to_pylist() or name == "findings"
    skipped = [row for row in kept["findings"].to_pylist() if row["label_hash"] == "a"]
    assert {row["code"] for row in skipped} == {CODE}
    ends = [row["object_hash"] for row in skipped if row["outcome"] == "skipped"]
    assert sorted(ends) == ["bad", "gone", "o", "sound"]
    assert [row["outcome"] for row in skipped].count("note") == 1


def test_other_rows_keep_all_they_have() -> None:
    rows = numbered([row_with_everything("a"), row_with_everything("b")])
    tables = normalise_rows(rows, ontology_index()).tables
    alone = normalise_rows(numbered([row_with_everything("b")]), ontology_index()).tables
    kept = without_label_rows(tables, ["a"])
    for name in LABEL_TABLES:
        if name in ("findings", "label_rows"):
            continue
        assert kept[name].to_pylist() == alone[name].to_pylist()


def test_the_space_of_a_superseded_object_is_kept() -> None:
    row = group_row({"s": space("image", {0: [box()]})}, "a")
    tables = normalise_rows(numbered([row]), ontology_index()).tables
    found = without_label_rows(tables, ["a"])["findings"]
    assert found.schema == FINDINGS
    assert [row["space"] for row in found.to_pylist() if row["outcome"] == "skipped"] == ["s"]
