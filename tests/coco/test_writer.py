"""The text of a COCO file: one object a line, numbers that read back, ids without gaps."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO

from coco_dagster.coco.profiles import ENCORD, ExportSettings
from coco_dagster.coco.writer import FirstIds, Rendering, annotation_lines, image_lines, render_part
from coco_dagster.coco.writer import text_buffer as text_of
from coco_dagster.encord.ontology import parse_ontology
from coco_dagster.tables.normalise import normalise_rows
from coco_dagster.tables.ontology_tables import ontology_tables
from tests.exports import export_rows
from tests.label_rows import JSON, image_unit, label_row, video_row
from tests.normalised import numbered, ontology_index
from tests.objects import BOX, box, point, polygon
from tests.ontologies import ontology


def rendered(*rows: JSON) -> Any:
    text = json.dumps(ontology()).encode()
    tables = ontology_tables(parse_ontology(text, "ontology.json"))
    normalised = normalise_rows(numbered(rows), ontology_index()).tables
    return render_part(normalised, Rendering.of(tables, ExportSettings()))


def test_each_image_and_each_annotation_has_a_line_of_its_own(tmp_path: Path) -> None:
    export_rows(tmp_path, [label_row([box("a"), box("b")]), video_row({5: [box()]}, "v")])
    lines = (tmp_path / "out" / "annotations.json").read_text("utf-8").split("\n")
    objects = [json.loads(line.rstrip(",")) for line in lines if line.startswith('{"id"')]
    assert [entry["id"] for entry in objects] == [*range(1, 11), 0, 1, 0, 1, 2]
    assert lines[-1] == ""


def test_the_file_has_its_keys_in_order_and_pycocotools_loads_it(tmp_path: Path) -> None:
    found = export_rows(tmp_path, [label_row([box(), polygon("p")])])
    assert list(found.coco) == ["info", "licenses", "categories", "images", "annotations"]
    assert found.coco["licenses"] == []
    coco = COCO(tmp_path / "out" / "annotations.json")
    assert len(coco.getAnnIds()) == 2
    assert all(coco.annToMask(coco.anns[number]).sum() > 0 for number in coco.anns)


@pytest.mark.parametrize("rows", [[], [label_row([])], [{"label_hash": "u"}]])
def test_an_export_may_be_empty(tmp_path: Path, rows: list[JSON]) -> None:
    found = export_rows(tmp_path, rows)
    assert found.annotations == []
    assert len(found.images) == (len(rows) if rows == [label_row([])] else 0)
    assert found.manifest["counts"]["annotations"] == 0
    assert found.lineage == []


def test_an_ontology_without_objects_is_one(tmp_path: Path) -> None:
    found = export_rows(tmp_path, [label_row([box()])], {"objects": []})
    assert (found.coco["categories"], found.rejected) == ([], ["unknown_feature"])


@settings(max_examples=settings().max_examples // 2)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=2))
def test_numbers_are_the_shortest_text_that_reads_back(numbers: list[float]) -> None:
    x, y = numbers
    line = text_of(annotation_lines(rendered(label_row([point("o", x, y)])), FirstIds(0, 0, 1)))
    text = bytes(line).decode()
    found = json.loads(text.lstrip(",\n"))
    assert found["segmentation"] == [[x * 200, y * 100]]
    for token in re.findall(r'"bbox":\[([^]]*)', text)[0].split(","):
        digits = token.replace("-", "").replace(".", "").partition("e")[0].strip("0")
        assert len(digits) <= 17
        shortest = repr(float(token)).replace("-", "").replace(".", "").partition("e")[0]
        assert len(digits) <= len(shortest.strip("0")) or float(token) == 0


def test_a_coordinate_is_a_fraction_times_a_size(tmp_path: Path) -> None:
    geometry = {"x": 0.1, "y": 1 / 3, "w": 0.7, "h": -0.0}
    found = export_rows(tmp_path, [label_row([box("o", geometry)])])
    assert found.annotations[0]["bbox"] == [0.1 * 200, (1 / 3) * 100, 0.7 * 200, 0]


def test_ids_follow_those_of_the_parts_before() -> None:
    part = rendered(label_row([box("a"), box("b")]), label_row([box("a")], label_hash="2"))
    first = FirstIds(image=100, annotation=1000, track=10)
    images = [json.loads(line.strip(",\n")) for line in image_lines(part, first).to_list()]
    found = [json.loads(line.strip(",\n")) for line in annotation_lines(part, first).to_list()]
    assert [entry["id"] for entry in images] == [100, 101]
    assert [(entry["id"], entry["image_id"]) for entry in found] == [
        (1000, 100),
        (1001, 100),
        (1002, 101),
    ]
    assert [entry["attributes"]["track_id"] for entry in found] == [10, 11, 12]
    assert part.tracks == 3


def test_a_part_without_annotations_has_no_tracks() -> None:
    part = rendered(label_row([]))
    assert part.tracks == 0
    assert bytes(text_of(annotation_lines(part, FirstIds(0, 0, 1)))) == b""


@given(st.lists(st.text(max_size=8)))
def test_the_text_of_lines_is_all_of_them_in_a_row(lines: list[str]) -> None:
    series = pl.Series(lines, dtype=pl.String)
    assert bytes(text_of(series)).decode() == "".join(lines)
    assert bytes(text_of(series[1:])).decode() == "".join(lines[1:])


def test_info_is_made_of_the_rows_alone(tmp_path: Path) -> None:
    rows = [
        label_row([], label_hash="1", dataset_title="B", last_edited_at="2023-05-01 10:00:00"),
        label_row(
            [], "image", "2", dataset_title="A", last_edited_at="Mon, 01 Jan 2024 10:00:00 GMT"
        ),
        label_row([], label_hash="3", dataset_title="B", last_edited_at=None),
        label_row([], label_hash="4", dataset_title=None, last_edited_at="never"),
    ]
    found = export_rows(tmp_path, rows)
    assert found.coco["info"] == {
        "description": "A, B",
        "date_created": "2024-01-01T10:00:00Z",
        "year": 2024,
        "version": found.result.export_id,
        "contributor": "Encord",
        "url": "",
    }


def test_info_without_dates_and_titles_has_no_nulls(tmp_path: Path) -> None:
    row = label_row([], last_edited_at=None, dataset_title=None)
    info = export_rows(tmp_path, [row]).coco["info"]
    assert list(info) == ["description", "version", "contributor", "url"]
    assert info["description"] == ""


def test_coordinates_are_rounded_only_if_asked_for(tmp_path: Path) -> None:
    profile = msgspec.structs.replace(ENCORD, coordinate_precision=1)
    geometry = BOX | {"x": 1 / 3}
    unit = image_unit([box("o", geometry), point("far", 1e300, 0.123456)])
    found = export_rows(
        tmp_path, [label_row({"f": unit})], settings=ExportSettings(profile=profile)
    )
    assert found.annotations[0]["bbox"] == [66.7, 20, 60, 40]
    assert found.annotations[1]["keypoints"] == [1e300 * 200, 12.3, 2]
