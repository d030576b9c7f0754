"""What must hold of the tables, found part by part."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from coco_dagster.orchestrate.table_checks import (
    Orphans,
    input_objects,
    orphaned_annotations,
    repeated_keys,
)
from coco_dagster.tables.part_store import store_part
from coco_dagster.tables.schemas import TABLES
from coco_dagster.tables.store import TableSet, publish_table_set

Part = Mapping[str, Sequence[Mapping[str, Any]]]

FILLING = {pa.string(): "", pa.int64(): 0, pa.int32(): 0, pa.bool_(): False}


def table(name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows of a table; what is not given is null or, in required columns, zero."""
    schema = TABLES[name]
    required = {field.name: FILLING.get(field.type, []) for field in schema if not field.nullable}
    return pa.Table.from_pylist([{**required, **row} for row in rows], schema=schema)


def publish(root: Path, *parts: Part) -> TableSet:
    stored = [
        store_part(str(root), str(number), {name: table(name, rows) for name, rows in part.items()})
        for number, part in enumerate(parts)
    ]
    return publish_table_set(str(root), "0" * 16, stored, {}, tuple(parts[0]))


def frame(label_hash: str, number: int) -> dict[str, Any]:
    return {"label_hash": label_hash, "data_hash": "d", "frame": number}


def annotation(label_hash: str, number: int, feature_hash: str) -> dict[str, Any]:
    return frame(label_hash, number) | {"object_hash": "o", "feature_hash": feature_hash}


@pytest.mark.parametrize(
    ("parts", "repeated"),
    [
        ([[]], 0),
        ([[frame("a", 0), frame("a", 1)], [frame("b", 0)]], 0),
        ([[frame("a", 0), frame("a", 0)]], 1),
        ([[frame("a", 0), frame("a", 0), frame("a", 0)], [frame("b", 0)]], 2),
        ([[frame("a", 0)], [frame("a", 0), frame("b", 0)]], 1),
    ],
    ids=["no rows", "all differ", "twice in a part", "three times", "in two parts"],
)
def test_repeated_keys_are_counted(
    tmp_path: Path, parts: list[list[dict[str, Any]]], repeated: int
) -> None:
    tables = publish(tmp_path, *({"frames": rows} for rows in parts))
    assert repeated_keys(tables, "frames") == repeated


def test_keys_with_nulls_are_compared_as_well(tmp_path: Path) -> None:
    answer = {"label_hash": "a", "option_hash": None, "frame_from": None}
    tables = publish(tmp_path, {"answers": [answer, answer]})
    assert repeated_keys(tables, "answers") == 1


def test_annotations_without_frame_or_category_are_counted(tmp_path: Path) -> None:
    labels = publish(
        tmp_path / "labels",
        {"frames": [frame("a", 0)], "annotations": [annotation("a", 0, "boat")]},
        {
            "frames": [frame("b", 0)],
            "annotations": [annotation("b", 0, "boat"), annotation("b", 1, "goat")],
        },
    )
    categories = [{"feature_hash": "boat", "kind": "object"}]
    ontology = publish(tmp_path / "ontology", {"categories": categories})
    assert orphaned_annotations(labels, ontology) == Orphans(1, 1)


def test_classification_is_no_category_of_an_annotation(tmp_path: Path) -> None:
    labels = publish(
        tmp_path / "labels",
        {"frames": [frame("a", 0)], "annotations": [annotation("a", 0, "weather")]},
    )
    categories = [{"feature_hash": "weather", "kind": "classification"}]
    ontology = publish(tmp_path / "ontology", {"categories": categories})
    assert orphaned_annotations(labels, ontology) == Orphans(0, 1)


def test_input_objects_are_added_up_over_the_parts(tmp_path: Path) -> None:
    rows = [{"label_hash": name, "objects": number} for name, number in (("a", 2), ("b", 3))]
    tables = publish(tmp_path, *({"label_rows": [row], "findings": []} for row in rows))
    assert input_objects(tables) == 5


def test_objects_of_superseded_label_rows_are_input_objects(tmp_path: Path) -> None:
    findings = [
        {"code": "superseded_row", "outcome": "note", "label_hash": "a"},
        {"code": "superseded_row", "outcome": "skipped", "label_hash": "a"},
        {"code": "unknown_shape", "outcome": "skipped", "label_hash": "a"},
    ]
    label_rows = [{"label_hash": "a", "objects": 2}]
    assert input_objects(publish(tmp_path, {"label_rows": label_rows, "findings": findings})) == 3


def test_no_label_rows_have_no_objects(tmp_path: Path) -> None:
    assert input_objects(publish(tmp_path, {"label_rows": [], "findings": []})) == 0
