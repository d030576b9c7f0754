"""What materialisations say of themselves."""

import dagster as dg
import pytest

from coco_dagster.orchestrate.metadata import (
    MOST_CATEGORIES,
    column_schema,
    label_column_lineage,
    largest_categories,
    ontology_column_lineage,
    ontology_column_schema,
    uri,
)
from coco_dagster.tables.schemas import ANNOTATIONS, LABEL_ROWS, ONTOLOGY_TABLES

RAW = dg.AssetKey(["boats", "raw_labels"])
ONTOLOGY = dg.AssetKey(["boats", "ontology"])


def test_columns_have_types_descriptions_and_nullability() -> None:
    columns = {column.name: column for column in column_schema(ANNOTATIONS).columns}
    assert columns["frame"].type == "int64"
    assert columns["frame"].description
    assert columns["frame"].constraints.nullable is False
    assert columns["theta"].constraints.nullable is True


def test_only_a_key_of_one_column_is_unique() -> None:
    assert [c.name for c in column_schema(LABEL_ROWS).columns if c.constraints.unique] == [
        "label_hash"
    ]
    assert not [c for c in column_schema(ANNOTATIONS).columns if c.constraints.unique]


def test_columns_of_the_ontology_are_named_by_table() -> None:
    names = [column.name for column in ontology_column_schema().columns]
    assert names == [
        f"{table}.{name}" for table, schema in ONTOLOGY_TABLES.items() for name in schema.names
    ]


@pytest.mark.parametrize(
    ("column", "sources"),
    [
        ("row_sha256", [("raw_labels", "row_sha256")]),
        ("dataset_title", [("raw_labels", "json")]),
    ],
)
def test_label_rows_come_from_the_raw_labels(column: str, sources: list[tuple[str, str]]) -> None:
    lineage = label_column_lineage(LABEL_ROWS, RAW, ONTOLOGY).deps_by_column[column]
    assert [(dep.asset_key.path[-1], dep.column_name) for dep in lineage] == sources


def test_hash_of_an_ontology_node_comes_from_the_ontology_too() -> None:
    lineage = label_column_lineage(ANNOTATIONS, RAW, ONTOLOGY).deps_by_column["feature_hash"]
    assert {(dep.asset_key, dep.column_name) for dep in lineage} == {
        (RAW, "json"),
        (ONTOLOGY, "categories.feature_hash"),
    }


def test_every_column_has_a_lineage() -> None:
    lineage = label_column_lineage(ANNOTATIONS, RAW, ONTOLOGY)
    assert list(lineage.deps_by_column) == ANNOTATIONS.names


def test_ontology_from_a_file_has_no_column_lineage() -> None:
    assert not ontology_column_lineage(None).deps_by_column


def test_derived_ontology_comes_from_the_raw_labels() -> None:
    deps = ontology_column_lineage(RAW).deps_by_column["options.label"]
    assert [(dep.asset_key, dep.column_name) for dep in deps] == [(RAW, "json")]


def test_largest_categories_come_first_and_are_capped() -> None:
    counts = {f"c{number:03}": number for number in range(200)}
    records = largest_categories(counts).records
    assert len(records) == MOST_CATEGORIES
    assert records[0].data == {"category": "c199", "annotations": 199}


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("s3://bucket/tables", "s3://bucket/tables"),
        ("memory://tables", "memory://tables"),
        ("/data/my tables", "file:///data/my%20tables"),
    ],
)
def test_location_as_uri(location: str, expected: str) -> None:
    assert uri(location) == expected
