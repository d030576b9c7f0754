"""What is read of an export, against a plain recount of its files."""

import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coco_dagster.coco.settings import settings_from
from coco_dagster.export import export_coco
from coco_dagster.report.box_statistics import GRID, SIDE_EDGES
from coco_dagster.report.inspection import Inspection, inspect_export
from coco_dagster.report.published_export import PublishedExport
from tests.exports import export_rows
from tests.label_rows import JSON, image_unit, label_row, video_row
from tests.objects import box, every_shape
from tests.report.conftest import SAMPLE, Reported

SPLITS = {"train": 0.6, "val": 0.4}


def exported(folder: Path, **settings: Any) -> Inspection:
    """The sample, exported with settings and read."""
    export_coco(
        SAMPLE / "labels.json",
        SAMPLE / "ontology.json",
        folder,
        settings_from(settings),
        workers=1,
    )
    return inspect_export(PublishedExport(str(folder)), 200)


def coco_objects(folder: Path) -> Iterator[tuple[str, JSON]]:
    """Every COCO object of an export, with the path of its file."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for entry in manifest["files"]:
        path = folder / entry["path"]
        if entry.get("images") is None:
            continue
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for member in archive.namelist():
                    yield entry["path"], json.loads(archive.read(member))
        else:
            held = json.loads(path.read_text())
            for coco in held if isinstance(held, list) else [held]:
                yield entry["path"], coco


@pytest.mark.parametrize(
    ("profile", "layout", "splits"),
    [
        ("encord", "dataset", {}),
        ("encord", "data_units", SPLITS),
        ("encord", "archive", {}),
        ("training", "dataset", {}),
        ("training", "archive", SPLITS),
        ("training", "coco", SPLITS),
        ("training", "roboflow", {}),
        ("encord", "coco_vid", {}),
    ],
)
def test_every_layout_is_read_as_a_whole(
    tmp_path: Path, profile: str, layout: str, splits: dict[str, float]
) -> None:
    given = {"splits": splits} if splits else {}
    inspection = exported(tmp_path / "out", profile=profile, layout=layout, **given)
    per_category: Counter[tuple[str, str]] = Counter()
    per_image: Counter[tuple[str, int]] = Counter()
    shown_on: dict[tuple[str, str], set[tuple[str, int]]] = {}
    split_of: dict[tuple[str, int], str] = {}
    for path, coco in coco_objects(tmp_path / "out"):
        names = {
            entry["id"]: (entry["name"], entry["supercategory"]) for entry in coco["categories"]
        }
        keys = {
            image["id"]: (image["encord"]["data_hash"], image["encord"]["frame"])
            for image in coco["images"]
        }
        per_image.update(dict.fromkeys(keys.values(), 0))
        split_of |= {key: name for key in keys.values() for name in splits if name in path}
        for annotation in coco["annotations"]:
            name, key = names[annotation["category_id"]], keys[annotation["image_id"]]
            per_category[name] += 1
            per_image[key] += 1
            shown_on.setdefault(name, set()).add(key)
    named = [(entry.name, entry.shape) for entry in inspection.categories.entries]
    lineage = inspection.lineage
    assert dict(zip(named, lineage.annotations, strict=True)) == {
        name: per_category[name] for name in named
    }
    assert dict(zip(named, lineage.images, strict=True)) == {
        name: len(shown_on.get(name, ())) for name in named
    }
    assert lineage.objects_per_image == Counter(n for n in per_image.values() if n)
    assert {image.key: len(image.annotations) for image in inspection.images} == per_image
    assert {image.key: inspection.split_of(image.file) for image in inspection.images} == {
        key: split_of.get(key) for key in per_image
    }


def test_tracks_are_counted_over_frames(tmp_path: Path) -> None:
    frames = {0: [box("long"), box("short")], 1: [box("long")], 5: [box("long")]}
    rows = [video_row(frames), label_row([box("long")], label_hash="other")]
    export = export_rows(tmp_path, rows)
    found = inspect_export(PublishedExport(str(export.folder)), 10)
    assert found.lineage.track_lengths == {3: 1, 1: 2}


def test_images_without_annotations_are_shown_too(tmp_path: Path) -> None:
    rows = [label_row([], label_hash=f"empty {number}") for number in range(30)]
    rows += [label_row([box()], label_hash=f"full {number}") for number in range(30)]
    export = export_rows(tmp_path, rows)
    found = inspect_export(PublishedExport(str(export.folder)), 20)
    assert len(found.images) == 20
    assert sum(not image.annotations for image in found.images) == 2


def test_the_images_of_findings_are_shown(tmp_path: Path) -> None:
    rows = [label_row([box()], label_hash=f"row {number:03}") for number in range(300)]
    spoilt = label_row([box("good"), box("bad", {"x": 1})], label_hash="spoilt")
    export = export_rows(tmp_path, [*rows, spoilt])
    found = inspect_export(PublishedExport(str(export.folder)), 10)
    assert "file-spoilt" in {image.key[0] for image in found.images}


def test_an_empty_export_has_nothing_to_show(tmp_path: Path) -> None:
    export = export_rows(tmp_path, [])
    found = inspect_export(PublishedExport(str(export.folder)), 10)
    assert (found.images, found.findings.total, found.lineage.track_lengths) == ([], 0, {})


def test_boxes_are_counted_by_size_and_place(tmp_path: Path) -> None:
    big = {"x": 0.5, "y": 0.5, "w": 0.5, "h": 0.5}
    tiny = {"x": 0.0, "y": 0.0, "w": 0.01, "h": 0.01}
    unit = image_unit([box("big", big), box("tiny", tiny)], width=400, height=200)
    export = export_rows(tmp_path, [label_row({"file": unit})])
    boxes = inspect_export(PublishedExport(str(export.folder)), 10).coco.boxes
    side = np.sqrt(200 * 100)
    assert boxes.sides.sum(axis=0).tolist() == [
        1 if number in (0, int(np.digitize(side, SIDE_EDGES))) else 0
        for number in range(len(SIDE_EDGES) + 1)
    ]
    cells = np.flatnonzero(boxes.centres.sum(axis=0))
    assert [divmod(int(cell), GRID) for cell in cells] == [(0, 0), (12, 12)]


def test_objects_outside_their_image_count_for_its_border(tmp_path: Path) -> None:
    far = {"x": 5, "y": -3, "w": 0.1, "h": 0.1}
    export = export_rows(tmp_path, [label_row([box("far", far)])])
    boxes = inspect_export(PublishedExport(str(export.folder)), 10).coco.boxes
    assert divmod(int(np.flatnonzero(boxes.centres.sum(axis=0))[0]), GRID) == (0, GRID - 1)


def test_an_image_of_unknown_size_is_shown_without_annotations(tmp_path: Path) -> None:
    unit = image_unit(every_shape(), width=None)
    export = export_rows(tmp_path, [label_row({"file": unit})])
    found = inspect_export(PublishedExport(str(export.folder)), 10)
    assert found.coco.boxes.centres.sum() == 0
    assert [image.annotations for image in found.images] == [[]]


def test_origins_of_an_export_alone_are_hashes(sample_report: Reported) -> None:
    found = inspect_export(PublishedExport(str(sample_report.folder)), 200)
    assert len(found.origins) == 130
    assert {key for origin in found.origins.values() for key in origin} == {
        "label_hash",
        "object_hash",
        "row_sha256",
    }
