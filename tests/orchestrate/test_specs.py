"""What is known of each asset before it is made."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import pytest

from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.orchestrate.pipeline import Export, Pipeline
from coco_dagster.orchestrate.specs import asset_specs
from coco_dagster.tables.schemas import LABEL_TABLES, TABLES

REVIEWED = ExportSettings(branches=("main", "review"))
ASSETS = ("raw_labels", "ontology", *LABEL_TABLES, "coco")


def specs(**settings: Any) -> dict[str, dg.AssetSpec]:
    defaults: dict[str, Any] = {"name": "boats", "labels": "labels", "ontology": "ontology.json"}
    return asset_specs(Pipeline(**{**defaults, **settings}))


def upstream(spec: dg.AssetSpec) -> set[str]:
    return {dep.asset_key.path[-1] for dep in spec.deps}


def changed(settings: Mapping[str, Any]) -> set[str]:
    """Assets whose code version another setting changes."""
    before, after = specs(), specs(**settings)
    return {name for name in before if before[name].code_version != after[name].code_version}


def test_there_is_an_asset_for_each_stage_and_each_table_of_labels() -> None:
    assert tuple(specs()) == ASSETS


@pytest.mark.parametrize("asset", ASSETS)
def test_asset_has_prefix_group_description_kinds_and_code_version(asset: str) -> None:
    spec = specs()[asset]
    assert spec.key == dg.AssetKey(["boats", asset])
    assert spec.group_name == "boats"
    assert spec.description
    assert spec.kinds
    assert spec.code_version


@pytest.mark.parametrize("table", LABEL_TABLES)
def test_table_comes_from_raw_labels_and_ontology(table: str) -> None:
    assert upstream(specs()[table]) == {"raw_labels", "ontology"}


def test_export_comes_from_tables_and_ontology() -> None:
    assert upstream(specs()["coco"]) == {*LABEL_TABLES, "ontology"}


def test_ontology_from_a_file_has_no_upstream() -> None:
    assert upstream(specs()["ontology"]) == set()


def test_ontology_without_a_file_comes_from_raw_labels() -> None:
    assert upstream(specs(ontology=None)["ontology"]) == {"raw_labels"}


@pytest.mark.parametrize("table", ["raw_labels", *LABEL_TABLES])
def test_columns_are_described_before_the_table_is_made(table: str) -> None:
    columns = specs()[table].metadata["dagster/column_schema"].columns
    assert [column.name for column in columns] == TABLES[table].names
    assert all(column.description for column in columns)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"labels": "other"}, {"raw_labels"}),
        ({"ontology": None}, {"ontology"}),
        ({"exports": {"coco": Export(settings=REVIEWED)}}, {"coco"}),
        ({"workers": 2}, set()),
    ],
    ids=["labels", "ontology", "export", "workers"],
)
def test_setting_marks_only_its_own_asset_as_outdated(
    settings: dict[str, Any], expected: set[str]
) -> None:
    assert changed(settings) == expected


def test_several_exports_hang_off_one_set_of_tables() -> None:
    exports = {"coco": Export(), "reviewed": Export(settings=REVIEWED)}
    made = specs(exports=exports)
    assert upstream(made["coco"]) == upstream(made["reviewed"])
