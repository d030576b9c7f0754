"""What rendering reads: enough, and nothing more."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pyarrow as pa
import pytest

from coco_dagster.coco.input_columns import INPUT_COLUMNS, INPUT_SCHEMAS
from coco_dagster.coco.profiles import ENCORD, TRAINING, ExportSettings
from coco_dagster.coco.writer import FirstIds, Rendering, render_part
from coco_dagster.export.group_files import write_numbered, write_rendered
from coco_dagster.export.ontologies import read_ontology
from coco_dagster.export.row_facts import row_facts
from coco_dagster.tables.normalise import normalise_rows
from coco_dagster.tables.ontology_index import OntologyIndex
from coco_dagster.tables.ontology_tables import ontology_tables
from tests.normalised import numbered

SAMPLE = Path(__file__).parents[2] / "definitions" / "sample"
SETTINGS = [
    ExportSettings(profile=profile, layout=layout, branches=branches)
    for profile in (ENCORD, TRAINING)
    for layout in ("dataset", "data_units", "coco_vid")
    for branches in (("main",), ("other",))
]
Tables = Mapping[str, pa.Table]


@cache
def ontology() -> Tables:
    return ontology_tables(read_ontology(str(SAMPLE / "ontology.json"), iter(())))


@cache
def sample() -> Tables:
    """Tables of the sample, which has every shape and every kind of attribute."""
    rows = numbered(json.loads((SAMPLE / "labels.json").read_text()))
    return normalise_rows(rows, OntologyIndex.from_tables(ontology())).tables


def rendered(tables: Tables, settings: ExportSettings, folder: Path) -> list[object]:
    """All that an export takes from the tables."""
    part = render_part(tables, Rendering.of(ontology(), settings))
    write_rendered(folder, 0, part)
    write_numbered(folder, 0, part, FirstIds(0, 0, 0, 0))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    facts = row_facts(tables["label_rows"], settings.branches)
    return [facts, *((path.name, path.read_bytes()) for path in files)]


def read_alone(tables: Tables) -> dict[str, pa.Table]:
    return {name: tables[name].select(list(columns)) for name, columns in INPUT_COLUMNS.items()}


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: f"{s.profile.name}-{s.layout}")
def test_columns_that_are_read_are_enough(settings: ExportSettings, tmp_path: Path) -> None:
    some = rendered(read_alone(sample()), settings, tmp_path / "some")
    assert some == rendered(sample(), settings, tmp_path / "all")


def test_tables_for_an_export_alone_lack_columns_and_differ_in_nothing_else() -> None:
    rows = numbered(json.loads((SAMPLE / "labels.json").read_text()))
    index = OntologyIndex.from_tables(ontology())
    made = normalise_rows(rows, index, schemas=INPUT_SCHEMAS).tables
    for name, table in made.items():
        assert set(INPUT_COLUMNS.get(name, ())) <= set(table.column_names)
        assert table.equals(sample()[name].select(table.column_names), check_metadata=True)
    assert "created_by" not in made["annotations"].column_names


# Findings are passed on as they are.
READ = [
    (table, column)
    for table, columns in INPUT_COLUMNS.items()
    for column in columns
    if table != "findings"
]


@pytest.mark.parametrize(("table", "column"), READ)
def test_every_column_that_is_read_is_needed(table: str, column: str, tmp_path: Path) -> None:
    tables = read_alone(sample())
    without = {**tables, table: tables[table].drop_columns([column])}

    def render_in_every_way() -> None:
        for number, settings in enumerate(SETTINGS):
            rendered(without, settings, tmp_path / str(number))

    with pytest.raises(Exception, match=column):
        render_in_every_way()
