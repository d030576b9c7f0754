"""pycocotools on a sample of a COCO file."""

from typing import Any

import pytest

from coco_dagster.coco.settings import settings_from
from coco_dagster.orchestrate.coco_sample import coco_sample
from coco_dagster.orchestrate.self_evaluation import complaints_of_pycocotools, evaluated
from tests.exports import Export, export_rows
from tests.label_rows import JSON, image_unit, label_row
from tests.objects import bitmask, box, point, polygon, polyline, skeleton

SHAPES = [
    box("a"),
    polygon("b"),
    bitmask("c"),
    polyline("d"),
    point("e"),
    skeleton("f", {"nose": (0.4, 0.4), "tail": (0.6, 0.7)}),
]


def rows(images: int) -> list[JSON]:
    return [
        label_row({f"file-{n}": image_unit(SHAPES)}, label_hash=f"row-{n}") for n in range(images)
    ]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Export]:
    """Exports of nine images of every kind, by profile and layout."""
    settings: dict[str, dict[str, Any]] = {
        "encord": {},
        "training": {"profile": "training"},
        "data_units": {"layout": "data_units"},
    }
    return {
        name: export_rows(tmp_path_factory.mktemp(name), rows(9), settings=settings_from(given))
        for name, given in settings.items()
    }


def sampled(exported: Export, images: int = 100, file: str = "annotations.json") -> JSON:
    return coco_sample(str(exported.folder / file), images)


@pytest.mark.parametrize("profile", ["encord", "training", "data_units"])
def test_a_sample_holds_whole_images(exported: dict[str, Export], profile: str) -> None:
    sample = sampled(exported[profile], 4)
    assert len({image["encord"]["data_hash"] for image in sample["images"]}) == 4
    each = len(sampled(exported[profile])["annotations"]) // 9
    assert len(sample["annotations"]) == 4 * each
    assert {entry["image_id"] for entry in sample["annotations"]} == {1, 2, 3, 4}
    assert sample == sampled(exported[profile], 4)


@pytest.mark.parametrize(
    ("profile", "file"),
    [
        ("encord", "annotations.json"),
        ("training", "annotations.json"),
        ("training", "keypoints.json"),
        ("data_units", "annotations.json"),
    ],
)
def test_exports_load_and_find_themselves(
    exported: dict[str, Export], profile: str, file: str
) -> None:
    sample = sampled(exported[profile], file=file)
    assert complaints_of_pycocotools(sample) == []
    assert all(result.precision in (None, pytest.approx(1.0)) for result in evaluated(sample))
    assert any(result.annotations for result in evaluated(sample))


def test_what_has_no_area_is_left_out_of_the_score(exported: dict[str, Export]) -> None:
    boxes, masks, keypoints = evaluated(sampled(exported["encord"]))
    assert (boxes.annotations, boxes.left_out) == (36, 18)
    assert (masks.annotations, masks.left_out) == (27, 27)
    assert (keypoints.annotations, keypoints.left_out) == (9, 0)


def spoilt(exported: dict[str, Export], **changes: Any) -> JSON:
    sample = sampled(exported["training"], 1)
    sample["annotations"][0] |= changes
    return sample


def test_annotation_that_evaluation_passes_over_is_found(
    exported: dict[str, Export],
) -> None:
    boxes, *_ = evaluated(spoilt(exported, category_id=99))
    assert (boxes.annotations, boxes.passed_over) == (3, 1)
    assert not boxes.is_perfect
    assert "1 of 3 annotations are passed over" in boxes.described()


@pytest.mark.parametrize(
    "changes",
    [{"segmentation": [["a", 1.0, 2.0, 3.0, 4.0, 5.0]]}, {"segmentation": {"size": [1, 1]}}],
)
def test_annotation_that_pycocotools_cannot_read_is_a_complaint(
    exported: dict[str, Export], changes: dict[str, Any]
) -> None:
    assert len(complaints_of_pycocotools(spoilt(exported, **changes))) == 1


def test_images_of_one_id_are_a_complaint(exported: dict[str, Export]) -> None:
    sample = sampled(exported["training"], 2)
    sample["images"][1]["id"] = sample["images"][0]["id"]
    sample["annotations"] = []
    assert "it finds (1, 0," in complaints_of_pycocotools(sample)[0]
