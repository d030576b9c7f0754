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
    chunks,
    export_tables,
    normalise_tables,
    snapshot_raw_labels,
)
from tests.integration.exports import Exported, export_files, export_rows, read_export
from tests.integration.label_rows import (
    Json,
    answered,
    box,
    image_row,
    image_unit,
    label_row,
    polygon,
    rectangle,
    skeleton,
    video_row,
)
from tests.integration.ontologies import category, checklist, ontology, radio
from tests.integration.promises import check_promises

SAMPLE = Path(__file__).parents[2] / "definitions" / "sample"
KIND, FLAGS = radio("Kind", "Car", "Lorry"), checklist("Flags", "Wet", "Dark")
WHOLE, PIECES, SINGLE_ROWS = 1 << 24, 6000, 1


def numbered_row(number: int, **more: Any) -> Json:
    """A label row of one image with two objects, of which the second is good in most rows."""
    ring = rectangle(0.1, 0.1, 0.2, 0.3) if number % 7 else [0.1, 0.1, 0.5, 0.5]
    objects = [box("car", 0.01 * number), polygon(f"roof-{number}", [ring])]
    answers = {"car": [answered(KIND, ("Car", "Lorry")[number % 2]), answered(FLAGS, ["Wet"])]}
    return image_row(f"image-{number:02}", *objects, object_answers=answers, **more)


def repeating_rows() -> list[Json]:
    """Label rows of which some show the same file, or are editions of the same row, far apart."""
    rows = [numbered_row(number) for number in range(24)]
    older = numbered_row(3, last_edited_at="2020-01-01 00:00:00")
    newer = numbered_row(5, last_edited_at="2026-01-01 00:00:00")
    film = {0: [box("car")], 4: [box("car"), box("van")]}
    same_film = {4: [box("car", 0.5), box("dog")], 2: [box("dog")]}
    points = {"tail": (0.1, 0.2), "nose": (0.5, 0.4)}
    return [
        video_row("film", film),
        *rows[:12],
        older,
        numbered_row(4, branch_name="drafts", label_hash="draft"),
        label_row(image_unit("dog", skeleton("rex", points)), label_hash=None),
        *rows[12:],
        newer,
        numbered_row(8, label_hash="second look at 8"),
        label_row(image_unit("cat", skeleton("tom", {"ear": (0.3, 0.3)})), label_hash=None),
        video_row("film", same_film, label_hash="second look at the film"),
    ]


REPEATING = repeating_rows()
NODES = [category("bounding_box", KIND, FLAGS), category("polygon"), category("skeleton")]


def content(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of an export; the manifest without what tells of the run."""
    for path in sorted(folder.iterdir()):
        if path.name != "manifest.json":
            yield path.name, path.read_bytes()
        else:
            manifest = json.loads(path.read_bytes())
            del manifest["run"]
            yield path.name, json.dumps(manifest).encode()


def said(exported: Exported) -> Json:
    """Everything that an export says, but for how its tables are divided.

    A row that another part supersedes is known by its tables alone: its findings have no path.
    """
    names = ("lineage.parquet", "findings.parquet")
    manifest = {key: value for key, value in exported.manifest.items() if key != "run"}
    del manifest["tables"]
    manifest["files"] = [entry for entry in manifest["files"] if entry["path"] not in names]
    findings = [json.dumps(row | {"path": None}) for row in exported.findings]
    return {
        "coco": (exported.folder / "annotations.json").read_bytes(),
        "manifest": manifest,
        "lineage": exported.lineage,
        "findings": sorted(findings),
    }


@pytest.fixture(scope="module")
def divided(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Exported]:
    """The export of the repeating rows by the size of its parts."""
    made = {}
    for size in (WHOLE, PIECES, SINGLE_ROWS):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(chunks, "CHUNK_BYTES", size)
            folder = tmp_path_factory.mktemp("parts")
            made[size] = export_rows(REPEATING, ontology(*NODES), folder)
    return made


@pytest.mark.parametrize("size", [PIECES, SINGLE_ROWS])
def test_parts_of_another_size_make_the_same_export(
    size: int, divided: dict[int, Exported]
) -> None:
    assert said(divided[size]) == said(divided[WHOLE])
    check_promises(divided[size], REPEATING, divided[size].folder.parent / "labels.json")


def test_rows_that_show_one_file_share_its_images_however_far_apart(
    divided: dict[int, Exported],
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
    assert exported.codes("note").count("shared_data_hash") == 2


def test_of_two_editions_of_a_row_the_newest_counts_however_far_apart(
    divided: dict[int, Exported],
) -> None:
    exported = divided[SINGLE_ROWS]

    edited = {
        row["label_hash"]: row["last_edited_at"][:4]
        for row in exported.manifest["inputs"]["label_rows"]
        if "label_hash" in row
    }
    assert (edited["row-image-03"], edited["row-image-05"]) == ("2025", "2026")
    assert exported.codes("skipped").count("superseded_row") == 4


def test_any_number_of_workers_makes_the_same_bytes(
    divided: dict[int, Exported], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_BYTES", PIECES)
    shared = export_rows(REPEATING, ontology(*NODES), tmp_path, workers=3)

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


def test_stage_by_stage_makes_the_same_export(divided: dict[int, Exported], tmp_path: Path) -> None:
    labels = divided[WHOLE].folder.parent / "labels.json"
    raw = snapshot_raw_labels(str(labels), str(tmp_path / "raw_labels"))
    nodes = build_ontology(str(labels.with_name("ontology.json")), raw, str(tmp_path / "ontology"))
    tables = normalise_tables(raw, nodes, str(tmp_path / "tables"))

    result = export_tables(tables, nodes, str(tmp_path / "exports"), ExportSettings(), run={})

    assert said(read_export(Path(result.url))) == said(divided[WHOLE])


def shuffled(value: Any, dice: random.Random) -> Any:
    """The same JSON with the keys of every object in another order."""
    if isinstance(value, list):
        return [shuffled(inner, dice) for inner in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    dice.shuffle(keys)
    return {key: shuffled(value[key], dice) for key in keys}


def keep_order(before: Json, after: Json) -> None:
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
    other = export_rows(mixed, shuffled(json.loads(given.read_bytes()), dice), tmp_path)

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
    assert sorted(plain.codes()) == sorted(other.codes())
