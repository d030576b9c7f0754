"""An export over partitions is the export of the undivided source, byte for byte."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.export import (
    ExportResult,
    build_ontology,
    chunks,
    export_coco,
    export_tables,
    find_partitions,
    normalise_tables,
    snapshot_partitions,
    source_order,
)
from tests.integration.test_reproducibility import NODES, repeating_rows

SHARDS = ("b.json", "a", "c d.jsonl")


def rows_of_datasets() -> list[dict[str, Any]]:
    """Rows of three datasets in turn, with files and label rows that several of them share."""
    rows = repeating_rows()
    for number, row in enumerate(rows):
        name = "ABC"[number % 3]
        row |= {"dataset_hash": f"hash-{name}", "dataset_title": f"Data set {name}"}
    rows[5] |= {"dataset_hash": None, "dataset_title": None}
    return rows


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of label rows, with files and a folder that hold none."""
    folder = tmp_path_factory.mktemp("partitions")
    rows = rows_of_datasets()
    labels = folder / "labels"
    (labels / "a" / "deep").mkdir(parents=True)
    (labels / "b.json").write_text(json.dumps(rows[::4]))
    (labels / "a" / "one.json").write_text(json.dumps(rows[1]))
    (labels / "a" / "deep" / "two.json").write_text(json.dumps(rows[2::4] + rows[3::4]))
    (labels / "c d.jsonl").write_text(
        "\n".join(json.dumps(row) for row in rows[5::4]) + '\n{"data_units": 3}\n'
    )
    (labels / "ontology.json").write_text(json.dumps(NODES))
    (labels / "read me.txt").write_text("no labels")
    return folder


def content(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of an export; the manifest without what tells of the run."""
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        if path.name == "manifest.json":
            manifest = json.loads(data)
            del manifest["run"]
            data = json.dumps(manifest).encode()
        yield path.name, data


@pytest.fixture(scope="module")
def whole(source: Path) -> dict[bool, ExportResult]:
    """Exports of the undivided source, with the ontology derived and given."""
    labels = source / "labels"
    return {
        derived: export_coco(
            labels,
            None if derived else labels / "ontology.json",
            source / f"whole-{derived}",
            workers=1,
        )
        for derived in (False, True)
    }


class Partitions:
    """The export of all partitions of a source."""

    def __init__(self, source: Path, storage: Path, division: Any, derived: bool = False) -> None:
        labels, self.root = str(source / "labels"), str(storage)
        self.ontology = None if derived else f"{labels}/ontology.json"
        self.keys = find_partitions(labels, division, workers=1)
        roots = {key: f"{self.root}/raw/{key}" for key in self.keys}
        self.raw = snapshot_partitions(labels, roots, division, workers=1)
        self.nodes = build_ontology(self.ontology, list(self.raw.values()), f"{self.root}/nodes")
        self.tables = {
            key: normalise_tables(raw, self.nodes, f"{self.root}/tables/{key}", 1)
            for key, raw in self.raw.items()
        }

    def export(self, settings: ExportSettings | None = None) -> ExportResult:
        tables = list(self.tables.values())
        settings = settings or ExportSettings()
        return export_tables(tables, self.nodes, f"{self.root}/exports", settings, {}, 1)


@pytest.mark.parametrize(
    ("division", "size", "derived"),
    [
        ("dataset", 1, True),
        ("dataset", 4_000, False),
        ("dataset", 1 << 24, False),
        ("shard", 1, False),
        ("shard", 4_000, True),
    ],
)
def test_all_partitions_together_make_the_export_of_the_whole(
    source: Path,
    whole: dict[bool, ExportResult],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    division: str,
    size: int,
    derived: bool,
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_BYTES", size)
    for name in ("LABELS", "RAW_LABELS"):
        narrow = replace(getattr(source_order, name), window_weight=min(size, 10))
        monkeypatch.setattr(source_order, name, narrow)
    made = Partitions(source, tmp_path, division, derived).export()
    assert made.export_id == whole[derived].export_id
    assert dict(content(Path(made.url))) == dict(content(source / f"whole-{derived}"))
