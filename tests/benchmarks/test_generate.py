"""The label rows that benchmarks run on."""

import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from benchmarks.datasets import Recipe, write_dataset
from benchmarks.generate import SHAPES, Dice, Json, ellipse_mask, make_ontology, make_video_row


def written(folder: Path, recipe: Recipe) -> tuple[bytes, bytes]:
    dataset = write_dataset(folder, recipe)
    return dataset.labels.read_bytes(), dataset.ontology.read_bytes()


def rows_of(folder: Path, recipe: Recipe) -> list[Json]:
    rows: list[Json] = json.loads(written(folder, recipe)[0])
    return rows


def test_the_same_recipe_gives_the_same_bytes(tmp_path: Path) -> None:
    recipe = Recipe(images=20, videos=2, frames=3, seed=7)
    assert written(tmp_path / "a", recipe) == written(tmp_path / "b", recipe)


def test_another_seed_gives_other_rows(tmp_path: Path) -> None:
    first = written(tmp_path / "a", Recipe(images=5, seed=1))
    assert first != written(tmp_path / "b", Recipe(images=5, seed=2))


def test_a_dataset_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    recipe = Recipe(images=2)
    write_dataset(tmp_path, recipe).labels.write_bytes(b"[]")
    assert write_dataset(tmp_path, recipe).size == 2


def test_a_dataset_of_another_recipe_is_replaced(tmp_path: Path) -> None:
    write_dataset(tmp_path, Recipe(images=3))
    assert len(rows_of(tmp_path, Recipe(images=2))) == 2


def test_a_dataset_without_rows_is_an_empty_array(tmp_path: Path) -> None:
    assert rows_of(tmp_path, Recipe()) == []


def test_objects_are_counted_over_images_and_frames(tmp_path: Path) -> None:
    recipe = Recipe(images=10, videos=2, frames=4)
    dataset = write_dataset(tmp_path, recipe)
    assert dataset.images == 10 + 2 * 4
    assert dataset.objects == dataset.labels.read_bytes().count(b'"objectHash"') - sum(
        len(row["object_answers"]) for row in rows_of(tmp_path, recipe)
    )


def test_every_shape_of_the_ontology_is_drawn(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, Recipe(images=300))
    units = [unit for row in rows for unit in row["data_units"].values()]
    drawn = {entry["shape"] for unit in units for entry in unit["labels"]["objects"]}
    assert drawn == set(SHAPES)


def test_every_object_is_in_the_ontology_and_has_answers(tmp_path: Path) -> None:
    rows, ontology = map(json.loads, written(tmp_path, Recipe(images=50)))
    nodes = {node["featureNodeHash"] for node in ontology["objects"]}
    for row in rows:
        (unit,) = row["data_units"].values()
        objects = unit["labels"]["objects"]
        assert {entry["featureHash"] for entry in objects} <= nodes
        assert {entry["objectHash"] for entry in objects} == set(row["object_answers"])


def test_an_object_of_a_video_is_on_all_frames() -> None:
    dice = Dice(3)
    row = make_video_row(dice, make_ontology(dice), frames=5)
    (unit,) = row["data_units"].values()
    tracks = [{entry["objectHash"] for entry in f["objects"]} for f in unit["labels"].values()]
    assert len(tracks) == 5
    assert all(track == set(row["object_answers"]) for track in tracks)


@pytest.mark.parametrize("box", [(0, 0, 1, 1), (3, 2, 10, 7), (0, 0, 40, 20), (30, 13, 10, 7)])
def test_a_mask_fills_an_ellipse_row_by_row(box: tuple[int, int, int, int]) -> None:
    width, height = 40, 20
    counts = ellipse_mask(width, height, box).encode()
    grid = coco_mask.decode({"size": [width, height], "counts": counts}).T
    left, top, box_width, box_height = box
    assert grid.shape == (height, width)
    assert grid[top : top + box_height, left : left + box_width].sum() == grid.sum()
    assert (grid.any(axis=1).nonzero()[0] == np.arange(top, top + box_height)).all()


def test_no_copy_has_a_hash_of_another(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path, Recipe(images=300, copies=40))
    rows = json.loads(dataset.labels.read_bytes())
    assert len({row["data_hash"] for row in rows}) == len(rows) == 300 * 40


def test_copies_hold_the_same_labels_of_other_files(tmp_path: Path) -> None:
    once = write_dataset(tmp_path / "once", Recipe(images=3))
    thrice = write_dataset(tmp_path / "thrice", Recipe(images=3, copies=3))
    rows = json.loads(thrice.labels.read_bytes())
    assert (thrice.images, thrice.objects) == (9, 3 * once.objects)
    assert rows[:3] == json.loads(once.labels.read_bytes())
    for key in ("label_hash", "data_hash"):
        assert len({row[key] for row in rows}) == 9
    for row in rows:
        assert list(row["data_units"]) == [row["data_hash"]]
    assert [row["object_answers"] for row in rows] == 3 * [
        row["object_answers"] for row in rows[:3]
    ]
