"""Source to COCO in one go: whatever the input, counts add up and nothing is lost in silence."""

import hashlib
import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coco_dagster.errors import ExportError, OntologyError, SourceError
from coco_dagster.export import export_coco
from coco_dagster.lineage.provenance import LINEAGE
from coco_dagster.tables.schemas import FINDINGS
from tests.exports import Export, divide_into, export_rows
from tests.label_rows import (
    JSON,
    action,
    answer,
    as_json,
    chosen,
    classified,
    dicom_unit,
    flat,
    image_unit,
    keyed,
    label_row,
    object_actions,
    object_answers,
    placed,
    video_unit,
)
from tests.objects import bitmask, box, drawn, point, polygon, skeleton
from tests.ontologies import attribute, classification_node, object_node, ontology, option

NODES = ontology(
    object_node(
        "bounding_box",
        attribute("colour", "radio", option("red", attribute("shade", "text")), option("blue")),
        attribute("flags", "checklist", option("old"), option("wet")),
        attribute("speed", "radio", option("fast"), option("slow"), dynamic=True),
        attribute("rel", "text", name="#relation"),
    ),
    classifications=[
        classification_node("weather", attribute("sky", "radio", option("sun"), option("rain")))
    ],
)


def every_kind_of_row() -> list[JSON]:
    """Rows of every modality with every shape, attribute and placement."""
    ring = [[[0.1, 0.1, 0.5, 0.1, 0.1, 0.5], [0.2, 0.2, 0.3, 0.2, 0.2, 0.3]]]
    front = {"front": [0, 0, 1, 0, 1, 1], "offset": {"x": 1, "y": 0}}
    objects = [
        box("a"),
        drawn("rotatable_bounding_box", "rotatableBoundingBox", box()["boundingBox"], "b"),
        polygon("c"),
        drawn("polygon", "polygons", ring, "d"),
        drawn("polyline", "polyline", [{"x": 0, "y": 0}, {"x": 1, "y": 1}], "e"),
        point("f"),
        skeleton("g"),
        bitmask("h"),
        drawn("circle", "circle", {"x": 0.5, "y": 0.5, "r": 0.1}, "i"),
        drawn("ellipse", "ellipse", {"x": 0.5, "y": 0.5, "rx": 0.1, "ry": 0.2}, "j"),
        drawn("cuboid_2d", "cuboid_2d", front, "k"),
        box("l", isDeleted=True),
        box("m", shape="hologram"),
        box("n", featureHash="gone"),
    ]
    facts: JSON = {
        "object_answers": object_answers(
            {
                "a": [
                    answer("colour", chosen("red")),
                    answer("shade", "dark"),
                    answer("flags", chosen("wet")),
                    answer("rel", "b"),
                ]
            }
        )
        | {"sound": {"shape": "audio", "range": [[0, 5]]}},
        "object_actions": object_actions({"a": [action("speed", chosen("fast"), (0, 3))]}),
        "classification_answers": classified("w", [answer("sky", chosen("sun"))], range=[[0, 2]]),
    }
    size = {"width": 9, "height": 9}
    member = {"data_uuid": "u", "data_title": "a.png"}
    spaces = {
        "s1": {"space_type": "image", "labels": keyed({0: objects})} | size,
        "s2": {
            "space_type": "medical_stack",
            "frames": [size | {"instance_uid": "1"}],
            "labels": keyed({0: objects}),
        },
        "s3": {"space_type": "image_sequence", "frames": [member], "labels": keyed({0: objects})}
        | size,
        "s4": {"space_type": "pdf", "labels": keyed({0: objects})},
    }
    metadata = {"dicom_instance_uid": "1.2"} | size
    frames = {0: objects, 5: flat(objects, [placed("w")])}
    units = {f"g{n}": image_unit(objects, data_sequence=n) for n in range(2)}
    return [
        label_row(objects, label_hash="1", **facts),
        label_row({"v": video_unit(frames)}, "video", "2", **facts),
        label_row({"d": dicom_unit({0: flat(objects) | {"metadata": metadata}})}, "dicom", "3"),
        label_row({"g": {"data_type": "group"}}, "group", "4", spaces=spaces, **facts),
        label_row(units, "img_group", "5", **facts),
        label_row(objects, "pdf", "6"),
        label_row(objects, label_hash="7", branch_name="x"),
        label_row([box("b")], label_hash="1", last_edited_at="2020-01-01 00:00:00"),
        label_row([box("b")], label_hash=None),
    ]


def check_promises(found: Export, rows: list[Any]) -> None:
    """What holds of every export."""
    counts = found.manifest["counts"]
    ends = Counter(row["outcome"] for row in found.findings)
    assert counts["objects"] == counts["annotations"] + counts["skipped"] + counts["rejected"]
    assert counts["annotations"] == len(found.annotations) == len(found.lineage)
    assert (counts["skipped"], counts["rejected"]) == (ends["skipped"], ends["rejected"])
    assert counts["images"] == len(found.images)
    assert counts["categories"] == len(found.coco["categories"])
    codes = Counter(row["code"] for row in found.findings)
    assert found.manifest["findings"] == dict(sorted(codes.items()))
    assert [entry["id"] for entry in found.images] == list(range(len(found.images)))
    assert [entry["id"] for entry in found.annotations] == list(range(len(found.annotations)))
    tracks = [entry["track_id"] for entry in found.attributes]
    assert list(dict.fromkeys(tracks)) == list(range(1, len(set(tracks)) + 1))
    names = [entry["file_name"] for entry in found.images]
    assert len(set(names)) == len(names)
    images = [entry["image_id"] for entry in found.annotations]
    assert images == sorted(images)
    for entry, origin in zip(found.annotations, found.lineage, strict=True):
        image = found.images[entry["image_id"]]
        assert (origin["annotation_id"], origin["image_id"]) == (entry["id"], entry["image_id"])
        assert origin["category_id"] == entry["category_id"]
        assert origin["data_hash"] == image["encord"]["data_hash"]
        assert origin["frame"] == image["encord"]["frame"]
        assert origin["object_hash"] == entry["attributes"]["encord_track_uuid"]
        assert origin["file"] == "annotations.json"
    digests = {hashlib.sha256(as_json(row).encode()).hexdigest() for row in rows}
    assert {origin["row_sha256"] for origin in found.lineage} <= digests
    for file in found.manifest["files"]:
        data = (found.folder / file["path"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file["bytes"], file["sha256"])
    given = sum(row["objects"] for row in found.manifest["inputs"]["label_rows"])
    superseded = sum(
        row["code"] == "superseded_row" and row["outcome"] == "skipped" for row in found.findings
    )
    assert given + superseded == counts["objects"]


def test_every_kind_of_row_at_once(tmp_path: Path) -> None:
    rows = every_kind_of_row()
    found = export_rows(tmp_path, [json.loads(as_json(row)) for row in rows], NODES)
    check_promises(found, rows)
    # 11 shapes on two images, a video's two frames, a slice, three spaces and an image group.
    assert len(found.annotations) == 11 * (1 + 2 + 1 + 3 + 2) + 1
    assert set(found.skipped) == {
        "branch_not_exported",
        "deleted",
        "media_without_pixels",
        "superseded_row",
        "unknown_shape",
    }
    assert set(found.rejected) == {"unknown_feature"}


def test_files_have_their_columns_and_keys(tmp_path: Path) -> None:
    found = export_rows(tmp_path, every_kind_of_row(), NODES)
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


def test_the_result_is_that_of_the_files(tmp_path: Path) -> None:
    found = export_rows(tmp_path, every_kind_of_row(), NODES)
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


@pytest.mark.parametrize("chunk_bytes", [1, 20_000, 1 << 30])
@pytest.mark.parametrize("workers", [1, 2])
def test_parts_and_workers_change_no_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int, workers: int
) -> None:
    rows = every_kind_of_row()
    expected = export_rows(tmp_path / "1", rows, NODES)
    divide_into(monkeypatch, chunk_bytes)
    found = export_rows(tmp_path / "2", rows, NODES, workers=workers)
    assert found.coco == expected.coco
    coco = "annotations.json"
    assert (found.folder / coco).read_bytes() == (expected.folder / coco).read_bytes()
    assert found.lineage == expected.lineage
    for findings in (found.findings, expected.findings):
        for row in findings:
            # An edition that is superseded in another part is known by its tables alone.
            row["path"] = None if row["code"] == "superseded_row" else row["path"]
    assert Counter(map(str, found.findings)) == Counter(map(str, expected.findings))


def test_the_hash_seed_changes_no_byte(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text(as_json(every_kind_of_row()))
    (tmp_path / "ontology.json").write_text(as_json(NODES))
    script = (
        "import sys; from coco_dagster.export import export_coco;"
        f"export_coco({str(tmp_path / 'labels.json')!r}, {str(tmp_path / 'ontology.json')!r},"
        " sys.argv[1], workers=1)"
    )
    for seed in ("0", "1"):
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / seed)],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(filter(None, sys.path))},
            check=True,
        )
    for name in ("annotations.json", "lineage.parquet", "findings.parquet", "manifest.json"):
        assert (tmp_path / "0" / name).read_bytes() == (tmp_path / "1" / name).read_bytes()


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


def nasty(number: random.Random) -> Any:
    """Something that stands where it should not."""
    return number.choice(
        [None, True, 5, -1, 1.5, 10**30, 1e308, "", "x", "5", [], {}, [None], {"0": None}, [[]]]
    )


def spoil(value: Any, number: random.Random) -> Any:
    """The same JSON with some of its values replaced, dropped or repeated."""
    if number.random() < 0.004:
        return nasty(number)
    if isinstance(value, dict):
        return {
            key if number.random() > 0.003 else number.choice(["", "01", "-1", "x", "5"]): spoil(
                entry, number
            )
            for key, entry in value.items()
            if number.random() > 0.004
        }
    if isinstance(value, list):
        entries = [spoil(entry, number) for entry in value if number.random() > 0.005]
        return entries + entries[:1] if number.random() < 0.01 else entries
    return value


@settings(max_examples=settings().max_examples // 3)
@given(st.integers(0, 2**32), st.booleans())
def test_whatever_is_spoilt_the_promises_hold(
    tmp_path_factory: pytest.TempPathFactory, seed: int, derive: bool
) -> None:
    number = random.Random(seed)
    rows = [spoil(row, number) for row in every_kind_of_row()]
    rows = [row for row in rows if isinstance(row, dict)]
    nodes = spoil(NODES, number)
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
    check_promises(found, rows)
