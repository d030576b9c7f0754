"""Tables and manifests say of which version they are; an older one is read, or says what to do."""

import json
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.errors import StorageError
from coco_dagster.export import (
    build_ontology,
    export_tables,
    normalise_tables,
    snapshot_raw_labels,
)
from coco_dagster.export.result import ExportResult
from coco_dagster.lineage.manifest import FORMAT_VERSION
from coco_dagster.orchestrate.export_checks import read_manifest
from coco_dagster.report.published_export import PublishedExport
from coco_dagster.tables.schemas import SCHEMA_VERSION, TABLES
from coco_dagster.tables.store import latest_table_set
from tests.exports import Export, export_rows
from tests.label_rows import label_row
from tests.objects import box
from tests.stores.label_store import write_rows

ROWS = [label_row([box()])]

COLUMNS = {"1": "41f2c2c5a38675bb"}
"""Digest of the names and types of all columns, by version of the schemas.

Where this fails, columns have changed: if a release has had them, raise `SCHEMA_VERSION` and add
its digest; nobody then mistakes an old table for a new one.
"""

MANIFEST_1 = {
    "format_version": "1",
    "export_id": "0123456789abcdef",
    "profile": "encord",
    "settings": {"profile": {"name": "encord"}, "a setting of": "another release"},
    "inputs": {"label_rows": [], "ontology": {"sha256": "00", "objects": []}},
    "tables": {"frames": {"rows": 0, "sha256": "00"}},
    "files": [
        {
            "path": "annotations.json",
            "bytes": 2,
            "sha256": sha256(b"{}").hexdigest(),
            "images": 0,
            "annotations": 0,
            "annotations_per_category": {},
            "a key of": "another release",
        }
    ],
    "counts": {
        name: 0
        for name in ("images", "objects", "annotations", "skipped", "rejected", "categories")
    },
    "findings": {},
    "run": {},
    "a key of": "another release",
}
"""A manifest as the first release wrote it, and with keys that it did not know."""


def columns_digest() -> str:
    columns = {
        name: [(field.name, str(field.type), field.nullable) for field in schema]
        for name, schema in TABLES.items()
    }
    return sha256(json.dumps(columns, sort_keys=True).encode()).hexdigest()[:16]


def test_the_columns_of_a_version_stay_as_they_are() -> None:
    assert COLUMNS[SCHEMA_VERSION] == columns_digest()


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Export:
    return export_rows(tmp_path_factory.mktemp("versions"), ROWS)


def test_a_manifest_has_its_version_and_keys(export: Export) -> None:
    assert export.manifest["format_version"] == FORMAT_VERSION
    assert export.manifest.keys() == MANIFEST_1.keys() - {"a key of"}
    assert export.manifest["counts"].keys() == MANIFEST_1["counts"].keys()  # type: ignore[attr-defined]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An export of the first release."""
    (tmp_path / "annotations.json").write_text("{}")
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST_1, indent=1))
    return tmp_path


def test_a_manifest_of_the_first_release_is_read(folder: Path) -> None:
    found = PublishedExport(str(folder))
    assert (found.facts.export_id, found.facts.profile) == ("0123456789abcdef", "encord")
    assert [file.path for file in found.coco_files] == ["annotations.json"]
    assert read_manifest(str(folder)).counts["annotations"] == 0


def test_a_manifest_of_another_format_says_what_to_do(folder: Path) -> None:
    later = MANIFEST_1 | {"format_version": "2", "files": "in another form"}
    (folder / "manifest.json").write_text(json.dumps(later, indent=1))
    for read in (PublishedExport, read_manifest):
        with pytest.raises(
            StorageError, match=r"manifest of format 2, this release reads format 1; export it aga"
        ):
            read(str(folder))


def test_an_export_over_one_of_another_format_replaces_it(tmp_path: Path) -> None:
    earlier = export_rows(tmp_path, ROWS).folder / "manifest.json"
    earlier.write_text(json.dumps(MANIFEST_1 | {"format_version": "0"}))
    assert export_rows(tmp_path, ROWS).manifest["format_version"] == FORMAT_VERSION


def run_stages(folder: Path) -> ExportResult:
    raw_labels = snapshot_raw_labels(f"{folder}/labels", f"{folder}/raw", workers=1)
    nodes = build_ontology(f"{folder}/ontology.json", raw_labels, f"{folder}/nodes")
    tables = normalise_tables(raw_labels, nodes, f"{folder}/tables", workers=1)
    return export_tables(tables, nodes, f"{folder}/exports", ExportSettings(), {}, workers=1)


def test_tables_of_another_version_say_what_to_do_and_are_made_anew(tmp_path: Path) -> None:
    write_rows(tmp_path, ROWS)
    first = run_stages(tmp_path)
    for contents in tmp_path.rglob("tables.json"):
        text = contents.read_text()
        version = f'"schema_version": "{SCHEMA_VERSION}"'
        assert version in text
        contents.write_text(text.replace(version, '"schema_version": "0"'))
    with pytest.raises(StorageError, match=r"schema version 0, this release reads .*; materialise"):
        latest_table_set(f"{tmp_path}/tables")
    assert run_stages(tmp_path).export_id == first.export_id
    assert latest_table_set(f"{tmp_path}/tables").read("annotations").num_rows == 1


def test_every_stored_table_carries_the_version_of_its_schema(tmp_path: Path) -> None:
    write_rows(tmp_path, ROWS)
    run_stages(tmp_path)
    files = list(tmp_path.glob("*/parts/*/*.parquet"))
    assert len(files) >= len(TABLES) - 1
    for path in files:
        metadata = pq.read_schema(path).metadata
        assert metadata[b"schema_version"].decode() == SCHEMA_VERSION
