"""The same input and settings give the same bytes, however the work is divided."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from benchmarks.datasets import Recipe, write_dataset
from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.export import (
    build_ontology,
    export_tables,
    normalise_tables,
    snapshot_raw_labels,
)
from tests.exports import Export, divide_into, export_files, export_rows
from tests.integration.promises import check_promises
from tests.label_rows import (
    JSON,
    answer,
    chosen,
    image_unit,
    label_row,
    object_answers,
    video_unit,
)
from tests.objects import BOX, box, polygons, rectangle, skeleton
from tests.ontologies import checklist, object_node, ontology, radio

SAMPLE = Path(__file__).parents[2] / "definitions" / "sample"
WHOLE, PIECES, SINGLE_ROWS = 1 << 24, 6000, 1
NODES = ontology(
    object_node("bounding_box", radio("Kind", "Car", "Lorry"), checklist("Flags", "Wet", "Dark")),
    templates=[],
)

# The fixture is expensive; all of its tests share it.
pytestmark = pytest.mark.xdist_group("reproducibility")


def numbered_row(number: int, **fields: Any) -> JSON:
    """A label row of one image with two objects, of which the second is good in most rows."""
    ring = rectangle(0.1, 0.1, 0.2, 0.3) if number % 7 else [0.1, 0.1, 0.5, 0.5]
    objects = [box("car", BOX | {"x": 0.01 * number}), polygons(f"roof-{number}", [ring])]
    kind = answer("Kind", chosen(("Car", "Lorry")[number % 2]))
    answers = object_answers({"car": [kind, answer("Flags", chosen("Wet"))]})
    name = f"image-{number:02}"
    facts = {"label_hash": f"row-{name}", "object_answers": answers} | fields
    return label_row({name: image_unit(objects)}, **facts)


def film_row(label_hash: str, frames: dict[int, list[JSON]]) -> JSON:
    return label_row({"film": video_unit(frames)}, "video", label_hash)


def nameless_row(name: str, points: dict[str, tuple[float, float]]) -> JSON:
    return label_row({name: image_unit([skeleton(name, points)])}, label_hash=None)


def repeating_rows() -> list[JSON]:
    """Label rows of which some show the same file, or are editions of the same row, far apart."""
    rows = [numbered_row(number) for number in range(24)]
    return [
        film_row("film", {0: [box("car")], 4: [box("car"), box("van")]}),
        *rows[:12],
        numbered_row(3, last_edited_at="2020-01-01 00:00:00"),
        numbered_row(4, branch_name="drafts", label_hash="draft"),
        nameless_row("dog", {"tail": (0.1, 0.2), "nose": (0.5, 0.4)}),
        *rows[12:],
        numbered_row(5, last_edited_at="2026-01-01 00:00:00"),
        numbered_row(8, label_hash="second look at 8"),
        nameless_row("cat", {"ear": (0.3, 0.3)}),
        film_row("second look", {4: [box("car", BOX | {"x": 0.5}), box("dog")], 2: [box("dog")]}),
    ]


REPEATING = repeating_rows()


def content(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of an export; the manifest without what tells of the run."""
    for path in sorted(folder.iterdir()):
        if path.name != "manifest.json":
            yield path.name, path.read_bytes()
        else:
            manifest = json.loads(path.read_bytes())
            del manifest["run"]
            yield path.name, json.dumps(manifest).encode()


@pytest.fixture(scope="module")
def divided(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Export]:
    """The export of the repeating rows by the size of its parts."""
    made = {}
    for size in (WHOLE, PIECES, SINGLE_ROWS):
        with pytest.MonkeyPatch.context() as patch:
            divide_into(patch, size)
            made[size] = export_rows(tmp_path_factory.mktemp("parts"), REPEATING, NODES)
    return made


@pytest.mark.parametrize("size", [PIECES, SINGLE_ROWS])
def test_parts_of_another_size_make_the_same_export(size: int, divided: dict[int, Export]) -> None:
    assert dict(content(divided[size].folder)) == dict(content(divided[WHOLE].folder))
    check_promises(divided[size], REPEATING, divided[size].folder.parent / "labels.json")


def test_rows_that_show_one_file_share_its_images_however_far_apart(
    divided: dict[int, Export],
) -> None:
    exported = divided[SINGLE_ROWS]

    images = [image for image in exported.images if image["encord"]["data_hash"] == "film"]
    assert sorted(image["encord"]["frame"] for image in images) == [0, 2, 4]
    shared = exported.image(4, "film")
    on_film = [entry for entry in exported.annotations if entry["image_id"] == shared["id"]]
    names = [entry["attributes"]["encord_track_uuid"] for entry in on_film]
    assert names == ["car", "van", "car", "dog"]
    tracks = [entry["attributes"]["track_id"] for entry in on_film]
    assert len(set(tracks)) == 4
    assert exported.notes.count("shared_data_hash") == 2


def test_of_two_editions_of_a_row_the_newest_counts_however_far_apart(
    divided: dict[int, Export],
) -> None:
    exported = divided[SINGLE_ROWS]

    exported_rows = {origin["row_sha256"] for origin in exported.lineage}
    edited = {
        row["label_hash"]: row["last_edited_at"][:4]
        for row in exported.manifest["inputs"]["label_rows"]
        if row["sha256"] in exported_rows and "label_hash" in row
    }
    assert (edited["row-image-03"], edited["row-image-05"]) == ("2025", "2026")
    assert exported.skipped.count("superseded_row") == 4


def test_any_number_of_workers_makes_the_same_bytes(
    divided: dict[int, Export], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    divide_into(monkeypatch, PIECES)
    shared = export_rows(tmp_path, REPEATING, NODES, workers=3)

    assert dict(content(shared.folder)) == dict(content(divided[PIECES].folder))


@pytest.mark.parametrize("derived", [False, True], ids=["given ontology", "derived ontology"])
def test_another_process_with_another_hash_seed_makes_the_same_bytes(
    derived: bool, tmp_path: Path
) -> None:
    labels, given = SAMPLE / "labels.json", None if derived else SAMPLE / "ontology.json"
    here = export_files(labels, given, tmp_path / "here")

    there = tmp_path / "there"
    command = [sys.executable, "-m", "coco_dagster.cli", "export", str(labels), "--out", str(there)]
    command += ["--ontology", str(given)] if given else []
    environment = os.environ | {"PYTHONHASHSEED": "4711"}
    subprocess.run(command, env=environment, check=True, capture_output=True)

    assert dict(content(there)) == dict(content(here.folder))


def test_stage_by_stage_makes_the_same_export(divided: dict[int, Export], tmp_path: Path) -> None:
    labels = divided[WHOLE].folder.parent / "labels.json"
    raw = snapshot_raw_labels(str(labels), str(tmp_path / "raw_labels"))
    nodes = build_ontology(str(labels.with_name("ontology.json")), raw, str(tmp_path / "ontology"))
    tables = normalise_tables(raw, nodes, str(tmp_path / "tables"))

    result = export_tables(tables, nodes, str(tmp_path / "exports"), ExportSettings(), run={})

    assert dict(content(Path(result.url))) == dict(content(divided[WHOLE].folder))


def shuffled(value: Any, dice: random.Random) -> Any:
    """The same JSON with the keys of every object in another order."""
    if isinstance(value, list):
        return [shuffled(inner, dice) for inner in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    dice.shuffle(keys)
    return {key: shuffled(value[key], dice) for key in keys}


def keep_order(before: JSON, after: JSON) -> None:
    """Put back the order of the spaces of a row, which is that of their images."""
    if before.get("spaces"):
        after["spaces"] = {name: after["spaces"][name] for name in before["spaces"]}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("source", ["sample", "generated"])
def test_shuffled_keys_change_neither_ids_nor_order(source: str, seed: int, tmp_path: Path) -> None:
    folder = SAMPLE
    if source == "generated":
        folder = tmp_path / "generated"
        write_dataset(folder, Recipe(images=40, videos=2, frames=12))
    labels, given = folder / "labels.json", folder / "ontology.json"
    dice = random.Random(seed)
    rows = json.loads(labels.read_bytes())
    mixed = [shuffled(row, dice) for row in rows]
    for before, after in zip(rows, mixed, strict=True):
        keep_order(before, after)

    plain = export_files(labels, given, tmp_path / "plain")
    other = export_rows(tmp_path, mixed, shuffled(json.loads(given.read_bytes()), dice))

    version = {"version": None}
    assert plain.coco["info"] | version == other.coco["info"] | version
    for section in ("categories", "images", "annotations"):
        texts = [json.dumps(exported.coco[section]) for exported in (plain, other)]
        assert texts[0] == texts[1]
    lineage = [
        pq.read_table(exported.folder / "lineage.parquet").drop_columns("row_sha256")
        for exported in (plain, other)
    ]
    assert lineage[0].equals(lineage[1])
    assert plain.codes() == other.codes()
