"""Source to COCO in one go: whatever the input, counts add up and nothing is lost in silence."""

import json
import random
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coco_dagster.errors import ExportError, OntologyError, SourceError, StorageError
from coco_dagster.export import export_coco
from coco_dagster.lineage.provenance import LINEAGE
from coco_dagster.tables.schemas import FINDINGS
from tests.exports import Export, divide_into, export_rows
from tests.integration.promises import check_files, check_promises
from tests.label_rows import (
    JSON,
    as_json,
    label_row,
)
from tests.objects import box, skeleton
from tests.ontologies import object_node, ontology
from tests.spoilt_rows import NODES, every_kind_of_row, spoil


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """The export of every kind of row."""
    return export_rows(tmp_path_factory.mktemp("everything"), every_kind_of_row(), NODES)


def test_every_kind_of_row_at_once(everything: Export) -> None:
    found = everything
    check_promises(found, every_kind_of_row(), found.folder.parent / "labels.json")
    # An image, a video's two frames, a slice, three spaces and an image group; the last row.
    assert len(found.annotations) == 11 * (1 + 2 + 1 + 3 + 2) + 1
    assert set(found.skipped) == {
        "branch_not_exported",
        "deleted",
        "media_without_pixels",
        "superseded_row",
        "unknown_shape",
    }
    assert set(found.rejected) == {"unknown_feature"}


def test_files_have_their_columns_and_keys(everything: Export) -> None:
    found = everything
    assert pq.read_schema(found.folder / "lineage.parquet").names == LINEAGE.names
    assert pq.read_schema(found.folder / "findings.parquet").names == FINDINGS.names == [
        "code", "outcome", "severity", "label_hash", "data_hash", "space", "frame", "object_hash",
        "path", "message", "raw",
    ]  # fmt: skip
    assert LINEAGE.names == [
        "file", "annotation_id", "image_id", "category_id", "label_hash", "data_hash", "space",
        "frame", "object_hash", "feature_hash", "row_sha256",
    ]  # fmt: skip
    assert list(found.manifest) == [
        "format_version", "export_id", "profile", "settings", "inputs", "tables", "files",
        "counts", "findings", "run",
    ]  # fmt: skip
    assert set(found.manifest["counts"]) == {
        "images", "objects", "annotations", "skipped", "rejected", "categories",
    }  # fmt: skip
    assert set(found.manifest["inputs"]["label_rows"][0]) == {
        "label_hash", "data_hash", "data_title", "last_edited_at", "sha256", "frames", "objects",
    }  # fmt: skip
    assert all(set(entry) == {"rows", "sha256"} for entry in found.manifest["tables"].values())
    assert sorted(path.name for path in found.folder.iterdir()) == [
        "annotations.json", "findings.parquet", "lineage.parquet", "manifest.json",
    ]  # fmt: skip


def test_no_made_name_of_a_row_is_written(tmp_path: Path) -> None:
    rows = [label_row([box(), None], label_hash=None)] * 2
    found = export_rows(tmp_path, rows)
    assert len(found.annotations) == 2
    for path in found.folder.iterdir():
        assert b"unnamed:" not in path.read_bytes()
    assert "unnamed:" not in str(found)


def test_the_result_is_that_of_the_files(everything: Export) -> None:
    found = everything
    result, counts = found.result, found.manifest["counts"]
    assert {name: getattr(result, name) for name in counts} == counts
    assert result.export_id == found.manifest["export_id"] == found.coco["info"]["version"]
    assert result.findings == found.manifest["findings"]
    assert [file.path for file in result.files] == [
        *(file["path"] for file in found.manifest["files"]), "manifest.json",
    ]  # fmt: skip
    assert sum(result.per_category.values()) == result.annotations
    coco_file = found.manifest["files"][0]
    assert sum(coco_file["annotations_per_category"].values()) == coco_file["annotations"]


@pytest.mark.parametrize(("chunk_bytes", "workers"), [(1, 1), (20_000, 1), (1, 2)])
def test_parts_and_workers_change_no_byte(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    everything: Export,
    chunk_bytes: int,
    workers: int,
) -> None:
    divide_into(monkeypatch, chunk_bytes)
    found = export_rows(tmp_path, every_kind_of_row(), NODES, workers=workers)
    coco = "annotations.json"
    assert (found.folder / coco).read_bytes() == (everything.folder / coco).read_bytes()
    assert found.lineage == everything.lineage
    assert counted(found.findings) == counted(everything.findings)


def counted(findings: list[JSON]) -> Counter[str]:
    """Findings in any order. A row that another part supersedes is known without its path."""
    superseded = {"superseded_row": {"path": None}}
    return Counter(str(row | superseded.get(row["code"], {})) for row in findings)


def test_the_id_names_input_and_settings(tmp_path: Path) -> None:
    rows = [label_row([box()])]
    base = export_rows(tmp_path / "1", rows).result.export_id
    assert len(base) == 16
    assert int(base, 16) >= 0
    assert export_rows(tmp_path / "2", rows).result.export_id == base
    others = {
        export_rows(
            tmp_path / "3", rows, ontology(object_node("bounding_box", name="X"))
        ).result.export_id,
        export_rows(tmp_path / "4", rows * 2).result.export_id,
        export_rows(tmp_path / "5", [label_row([box("p")])]).result.export_id,
        export_rows(tmp_path / "6", as_json(rows).replace(": ", ":")).result.export_id,
        base,
    }
    assert len(others) == 5


def test_what_differs_from_run_to_run_is_in_no_digest(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text(as_json([label_row([box()])]))
    manifests = []
    for run in ("a", "b"):
        export_coco(tmp_path / "labels.json", None, tmp_path / "out", run={"run_id": run})
        manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
        assert manifest["run"]["run_id"] == run
        assert manifest["run"]["versions"]["polars"]
        del manifest["run"]
        manifests.append(manifest)
    assert manifests[0] == manifests[1]


@pytest.mark.parametrize(
    "text",
    [
        '[{"label_hash": "a"',
        '[{"label_hash": NaN}]',
        '[{"label_hash": Infinity}]',
        "5",
        '"x"',
        "",
        "nonsense",
        "[1",
        '[{"a": 01}]',
        "\xff\xfe[]",
    ],
)
def test_a_file_that_is_no_json_fails_with_its_name_and_leaves_nothing(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(SourceError, match=r"labels\.json"):
        export_rows(tmp_path, text)
    assert not (tmp_path / "out").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labels.json", "ontology.json"]


@pytest.mark.parametrize("nodes", ["[]", "5", "{}", "{", '{"objects": 5}'])
def test_a_file_that_is_no_ontology_fails_and_leaves_nothing(tmp_path: Path, nodes: str) -> None:
    (tmp_path / "labels.json").write_text(as_json([label_row([box()])]))
    (tmp_path / "nodes.json").write_text(nodes)
    with pytest.raises(OntologyError, match=r"nodes\.json"):
        export_coco(tmp_path / "labels.json", tmp_path / "nodes.json", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_skeleton_without_a_template_is_noted(tmp_path: Path) -> None:
    rows = [
        label_row([skeleton(points=("x", "y"))], label_hash="1"),
        label_row([skeleton(points=("z", "x"))], label_hash="2"),
    ]
    found = export_rows(tmp_path, rows, ontology(templates=[]))
    assert found.notes == ["skeleton_without_template"]
    (category,) = [c for c in found.coco["categories"] if c["supercategory"] == "skeleton"]
    assert (category["keypoints"], category["skeleton"]) == (["x", "y", "z"], [])
    assert [entry["keypoints"][2::3] for entry in found.annotations] == [[2, 2, 0], [2, 0, 2]]


@settings(max_examples=settings().max_examples // 3)
@given(st.integers(0, 2**32), st.booleans())
def test_whatever_is_spoilt_the_promises_hold(
    tmp_path_factory: pytest.TempPathFactory, seed: int, derive: bool
) -> None:
    dice = random.Random(seed)
    rows = [spoil(row, dice, 0.004) for row in every_kind_of_row()]
    rows = [row for row in rows if isinstance(row, dict)]
    nodes = spoil(NODES, dice, 0.004)
    lists = [nodes.get(key, []) for key in NODES] if isinstance(nodes, dict) else [None]
    if not all(isinstance(entries, list) for entries in lists) or "objects" not in nodes:
        nodes = NODES
    folder = tmp_path_factory.mktemp("spoilt")
    try:
        found = export_rows(folder, rows, nodes, derive=derive)
    except ExportError as error:
        # Entries that are repeated give two images one name, which fails an export.
        if "stand for more than one image" not in str(error):
            raise
        return
    check_files(found, folder / "labels.json")


def test_draft_stays_until_all_who_write_into_it_have_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_there: list[bool] = []

    def write_slowly(path: Path, *_: object) -> None:
        time.sleep(0.2)
        is_there.append(path.parent.exists())

    def fail(*_: object) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr("coco_dagster.export.table_files.write_lineage", write_slowly)
    monkeypatch.setattr("coco_dagster.export.rendering.write_coco_file", fail)
    labels = tmp_path / "labels.json"
    labels.write_text(as_json([label_row([box()])]))
    with pytest.raises(StorageError, match="full"):
        export_coco(labels, None, tmp_path / "out")
    assert is_there == [True]
    assert [path.name for path in tmp_path.iterdir()] == ["labels.json"]
