"""The job in stages gives what it gives in one go, and does nothing twice."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.errors import StorageError
from coco_dagster.export import (
    ExportResult,
    build_ontology,
    export_coco,
    export_tables,
    normalise_tables,
    snapshot_raw_labels,
)
from coco_dagster.tables.schemas import LABEL_TABLES, table_key
from coco_dagster.tables.store import TableSet
from tests.exports import divide_into
from tests.label_rows import JSON, as_json, label_row
from tests.objects import box
from tests.spoilt_rows import NODES, every_kind_of_row

FILES = ("annotations.json", "lineage.parquet", "findings.parquet")


def write(folder: Path, rows: Any = None, nodes: JSON | None = NODES) -> tuple[str, str | None]:
    """A folder of label rows, with a file that holds none, and the ontology."""
    labels, ontology = folder / "labels", folder / "nodes.json"
    labels.mkdir(parents=True, exist_ok=True)
    (labels / "rows.json").write_text(as_json(every_kind_of_row() if rows is None else rows))
    (labels / "notes.txt").write_text("no labels")
    ontology.write_text(as_json(nodes))
    return str(labels), str(ontology) if nodes is not None else None


class Stages:
    """All stages in order, with what each published."""

    def __init__(
        self, folder: Path, labels: str, ontology: str | None, workers: int = 1, **settings: Any
    ) -> None:
        root = str(folder / "storage")
        self.raw: TableSet = snapshot_raw_labels(labels, f"{root}/raw", workers=workers)
        self.nodes: TableSet = build_ontology(ontology, self.raw, f"{root}/nodes")
        self.tables: TableSet = normalise_tables(self.raw, self.nodes, f"{root}/tables", workers)
        self.result: ExportResult = export_tables(
            self.tables,
            self.nodes,
            f"{root}/exports",
            ExportSettings(**settings),
            {"run_id": "r"},
            workers,
        )


@pytest.mark.parametrize(("chunk_bytes", "derive"), [(1, False), (1 << 30, False), (1, True)])
def test_stages_and_one_go_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int, derive: bool
) -> None:
    divide_into(monkeypatch, chunk_bytes)
    labels, ontology = write(tmp_path)
    ontology = None if derive else ontology
    result = export_coco(labels, ontology, tmp_path / "out", workers=1)
    staged = Stages(tmp_path, labels, ontology)
    assert staged.result.export_id == result.export_id
    for name in FILES:
        assert (Path(staged.result.url) / name).read_bytes() == (
            tmp_path / "out" / name
        ).read_bytes()
    manifests = [
        json.loads((Path(url) / "manifest.json").read_text())
        for url in (result.url, staged.result.url)
    ]
    for manifest in manifests:
        del manifest["run"]
    assert manifests[0] == manifests[1]


def test_a_second_run_finds_everything_and_changes_nothing(tmp_path: Path) -> None:
    labels, ontology = write(tmp_path)
    first = Stages(tmp_path, labels, ontology)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    second = Stages(tmp_path, labels, ontology)
    assert [second.raw.reused, second.nodes.reused, second.tables.reused] == [True] * 3
    assert second.result.reused
    assert second.tables.version == first.tables.version
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")} == files
    same = (
        "export_id",
        "url",
        "images",
        "annotations",
        "skipped",
        "rejected",
        "objects",
        "findings",
    )
    assert [getattr(first.result, name) for name in same] == [
        getattr(second.result, name) for name in same
    ]
    assert first.result.per_category == second.result.per_category
    assert first.result.files == second.result.files


def test_stored_tables_are_sorted_by_their_keys(tmp_path: Path) -> None:
    rows = [*every_kind_of_row(), label_row([box("z"), box("a")], label_hash="0")]
    staged = Stages(tmp_path, *write(tmp_path, rows))
    for name in LABEL_TABLES:
        (part,) = Path(str(staged.tables.parts_folder), name).glob("*.parquet")
        table = pq.ParquetFile(part).read()
        assert table.num_rows
        keys = table.select(table_key(LABEL_TABLES[name]))
        assert keys == keys.sort_by([(column, "ascending") for column in keys.column_names])


def test_no_draft_is_left(tmp_path: Path) -> None:
    labels, ontology = write(tmp_path)
    Stages(tmp_path, labels, ontology)
    left = [path.name for path in (tmp_path / "storage").rglob("*") if path.name.startswith(".")]
    assert left == []


def test_names_follow_the_content_of_the_input(tmp_path: Path) -> None:
    labels, ontology = write(tmp_path)
    first = Stages(tmp_path, labels, ontology)
    write(tmp_path, [label_row([box("other")])])
    second = Stages(tmp_path, labels, ontology)
    assert first.raw.version != second.raw.version
    assert first.nodes.version == second.nodes.version
    assert first.tables.version != second.tables.version
    assert first.result.export_id != second.result.export_id
    exports = tmp_path / "storage" / "exports"
    latest = json.loads((exports / "latest.json").read_text())
    assert latest == {"export_id": second.result.export_id}
    assert (exports / first.result.export_id / "manifest.json").exists()
    write(tmp_path)
    Stages(tmp_path, labels, ontology)
    assert json.loads((exports / "latest.json").read_text()) == {
        "export_id": first.result.export_id
    }


def test_other_settings_are_another_export_of_the_same_tables(tmp_path: Path) -> None:
    labels, ontology = write(tmp_path)
    main = Stages(tmp_path, labels, ontology)
    other = Stages(tmp_path, labels, ontology, branches=("x",))
    assert main.tables.version == other.tables.version
    assert main.result.export_id != other.result.export_id
    assert other.result.annotations == 11


def test_a_source_without_rows_is_an_empty_export(tmp_path: Path) -> None:
    labels, ontology = write(tmp_path, [])
    assert Stages(tmp_path, labels, ontology).result.images == 0


def test_files_that_are_passed_over_are_noted(tmp_path: Path) -> None:
    labels, ontology = write(tmp_path)
    assert Stages(tmp_path, labels, ontology).result.findings["file_passed_over"] == 1


def test_an_export_whose_manifest_is_damaged_says_what_to_do(tmp_path: Path) -> None:
    labels, ontology = write(tmp_path)
    first = Stages(tmp_path, labels, ontology)
    (Path(first.result.url) / "manifest.json").write_text("{")
    with pytest.raises(StorageError, match="damaged"):
        Stages(tmp_path, labels, ontology)


def test_storage_may_be_any_file_system(tmp_path: Path) -> None:
    labels, ontology = write(tmp_path)
    local = Stages(tmp_path, labels, ontology)
    root = f"memory://{tmp_path.name}"
    raw = snapshot_raw_labels(labels, f"{root}/raw", workers=1)
    nodes = build_ontology(ontology, raw, f"{root}/nodes")
    tables = normalise_tables(raw, nodes, f"{root}/tables", 1)
    result = export_tables(tables, nodes, f"{root}/exports", ExportSettings(), {}, 1)
    assert result.export_id == local.result.export_id
    assert result.files[0].sha256 == local.result.files[0].sha256
    again = export_tables(tables, nodes, f"{root}/exports", ExportSettings(), {}, 1)
    assert again.reused


def test_a_stage_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labels, ontology = write(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr("coco_dagster.export.stored_tasks.normalise_rows", fail)
    with pytest.raises(RuntimeError):
        Stages(tmp_path, labels, ontology)
    assert list((tmp_path / "storage" / "tables").glob("*")) == []
    assert not (tmp_path / "storage" / "exports").exists()
