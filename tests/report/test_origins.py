"""Who made an annotation, and its way back to the label."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from coco_dagster.export import export_coco
from coco_dagster.export.result import ExportResult
from coco_dagster.report.inspection import Inspection, inspect_export
from coco_dagster.report.published_export import PublishedExport
from tests.label_rows import JSON, image_unit, label_row, space, video_row
from tests.label_rows import group_row as data_group
from tests.objects import box
from tests.ontologies import ontology
from tests.report.conftest import SAMPLE


def inspected(folder: Path, labels: Path, nodes: Path) -> Inspection:
    """An export that was looked at while its tables were there."""
    found: list[Inspection] = []

    def inspect(result: ExportResult, scan: Callable[[str], pl.LazyFrame]) -> None:
        found.append(inspect_export(PublishedExport(result.url), 200, None, scan))

    export_coco(labels, nodes, folder / "out", workers=1, inspect=inspect)
    return found[0]


def of_rows(folder: Path, *rows: JSON) -> Inspection:
    (folder / "labels.json").write_text(json.dumps(rows))
    (folder / "ontology.json").write_text(json.dumps(ontology()))
    return inspected(folder, folder / "labels.json", folder / "ontology.json")


def at(row: Any, path: str) -> Any:
    """What lies at a JSON path of keys and positions, as `["key"]`, `.key` or `[0]`."""
    expression = path.removeprefix("$")
    while expression:
        if expression.startswith("."):
            end = min(
                (at for at in map(expression[1:].find, ".[") if at >= 0), default=len(expression)
            )
            row, expression = row[expression[1 : end + 1]], expression[end + 1 :]
        else:
            inner, _, rest = expression[1:].partition("]")
            row, expression = row[json.loads(inner)], rest
    return row


def test_the_path_of_every_annotation_leads_to_its_object(tmp_path: Path) -> None:
    found = inspected(tmp_path, SAMPLE / "labels.json", SAMPLE / "ontology.json")
    rows = json.loads((SAMPLE / "labels.json").read_text())
    for origin in found.origins.values():
        row = rows[origin["source_index"]]
        assert row["label_hash"] == origin["label_hash"]
        assert at(row, origin["path"])["objectHash"] == origin["object_hash"]


def test_no_address_of_an_annotator_is_told(tmp_path: Path) -> None:
    found = inspected(tmp_path, SAMPLE / "labels.json", SAMPLE / "ontology.json")
    told = json.dumps(list(found.origins.values()), default=str)
    assert "created_by" in told
    assert "@" not in told


def test_who_made_and_edited_an_annotation_and_when(tmp_path: Path) -> None:
    made = {
        "createdBy": "ann@example.com",
        "createdAt": "Mon, 13 Jan 2025 08:33:55 UTC",
        "lastEditedBy": "reviewer",
        "lastEditedAt": "Tue, 14 Jan 2025 09:00:00 UTC",
        "confidence": 0.5,
    }
    (origin,) = of_rows(tmp_path, label_row([box("o", None, **made)])).origins.values()
    assert origin["created_by"].startswith("user-")
    assert origin["created_at"] == "2025-01-13 08:33 UTC"
    assert (origin["last_edited_by"], origin["confidence"]) == ("reviewer", 0.5)
    assert origin["last_edited_at"] == "2025-01-14 09:00 UTC"


def test_frames_and_spaces_have_paths_of_their_own(tmp_path: Path) -> None:
    frames = space("image", {0: [box("in space")]})
    found = of_rows(
        tmp_path,
        video_row({3: [box("a"), box("b")]}, "video"),
        data_group({"left": frames}, "group"),
    )
    paths = {origin["object_hash"]: origin["path"] for origin in found.origins.values()}
    assert paths["b"] == '$.data_units["clip"].labels["3"].objects[1]'
    assert paths["in space"].endswith('.labels["0"].objects[0]')


def test_a_row_without_a_hash_is_found_by_its_content(tmp_path: Path) -> None:
    unit = image_unit([box("o")])
    (origin,) = of_rows(tmp_path, label_row({"file": unit}, label_hash=None)).origins.values()
    assert "label_hash" not in origin
    assert (origin["source_file"], origin["source_index"]) == ("labels.json", 0)


def test_a_label_row_of_another_branch_is_not_taken_for_the_exported_one(tmp_path: Path) -> None:
    both = [
        label_row({"file": image_unit([box("o", None, createdBy=who)])}, label_hash=who, **fields)
        for who, fields in (("other", {"branch_name": "draft"}), ("main", {}))
    ]
    (origin,) = of_rows(tmp_path, *both).origins.values()
    assert origin["created_by"] == "main"
