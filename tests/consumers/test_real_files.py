"""Real COCO files, turned into label rows and exported as `training`, score 1 on the originals."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import faster_coco_eval
import hotcoco
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from coco_dagster.coco.settings import settings_from
from tests.consumers.runners.evaluators import average_precision, detections, loaded
from tests.exports import Export, export_rows
from tests.integration import coco_labels
from tests.integration.shared_data import SHARED, WHY_SKIPPED
from tests.label_rows import JSON

FOLDER = SHARED / "data" / "coco"
POSES = "mmpose_coco_keypoints.json"
FILES = ["coco_tiny_val2017.json", "coco_val2014_100.json", POSES]
EVALUATORS = {
    "pycocotools": (COCO, COCOeval),
    "faster-coco-eval": (faster_coco_eval.COCO, faster_coco_eval.COCOeval_faster),
    "hotcoco": (hotcoco.COCO, hotcoco.COCOeval),
}

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not FOLDER.is_dir(), reason=WHY_SKIPPED),
    pytest.mark.xdist_group("real COCO files"),
]


class Round(NamedTuple):
    """A COCO file and the export that it became."""

    path: Path
    original: JSON
    exported: Export
    file: str

    @property
    def file_of_export(self) -> Path:
        return self.exported.folder / self.file

    @property
    def export(self) -> JSON:
        coco: JSON = json.loads(self.file_of_export.read_bytes())
        return coco

    def as_exported(self, found: list[JSON]) -> list[JSON]:
        """Detections on the original, with the ids of the export."""
        return _renamed(found, self.original, self.export)

    def as_original(self, found: list[JSON]) -> list[JSON]:
        """Detections on the export, with the ids of the original."""
        return _renamed(found, self.export, self.original)


def _renamed(found: list[JSON], before: JSON, after: JSON) -> list[JSON]:
    images = _ids(before["images"], after["images"], _title)
    categories = _ids(before["categories"], after["categories"], lambda entry: entry["name"])
    return [
        entry
        | {
            "image_id": images[entry["image_id"]],
            "category_id": categories[entry["category_id"]],
        }
        for entry in found
    ]


def _ids(before: list[JSON], after: list[JSON], name: Callable[[JSON], str]) -> dict[int, int]:
    ids = {name(entry): entry["id"] for entry in after}
    return {entry["id"]: ids[name(entry)] for entry in before}


def _title(image: JSON) -> str:
    return str(image.get("image_title", image["file_name"]))


def travelled(name: str, shape: str, folder: Path) -> Round:
    original = json.loads((FOLDER / name).read_bytes())
    names = original["categories"][0].get("keypoints")
    draw: Any = {
        "bounding_box": coco_labels.boxes,
        "polygon": coco_labels.masks,
        "skeleton": partial(coco_labels.keypoints, names=names),
    }[shape]
    rows = coco_labels.as_label_rows(original, draw)
    nodes = coco_labels.as_ontology(original, shape)
    exported = export_rows(folder, rows, nodes, settings_from({"profile": "training"}))
    file = "keypoints.json" if shape == "skeleton" else "annotations.json"
    return Round(FOLDER / name, original, exported, file)


@pytest.fixture(scope="module", params=FILES, ids=lambda name: name.removesuffix(".json"))
def masks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Round:
    return travelled(request.param, "polygon", tmp_path_factory.mktemp("masks"))


@pytest.fixture(scope="module", params=FILES, ids=lambda name: name.removesuffix(".json"))
def boxes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Round:
    return travelled(request.param, "bounding_box", tmp_path_factory.mktemp("boxes"))


@pytest.fixture(scope="module")
def poses(tmp_path_factory: pytest.TempPathFactory) -> Round:
    return travelled(POSES, "skeleton", tmp_path_factory.mktemp("poses"))


def test_every_mask_has_the_same_pixels(masks: Round) -> None:
    """Polygons, none of which leaves its image, and the masks of crowds, which are bitmasks."""
    before, after = (loaded(COCO, path) for path in (masks.path, masks.file_of_export))
    keyed = {entry["attributes"]["encord_track_uuid"]: entry for entry in after.anns.values()}
    assert len(keyed) == len(before.anns)
    for entry in before.anns.values():
        image = before.imgs[entry["image_id"]]
        drawn = coco_labels.as_drawn(entry, image["width"], image["height"])
        assert (before.annToMask(drawn) == after.annToMask(keyed[str(entry["id"])])).all()


def test_no_annotation_is_a_crowd(masks: Round) -> None:
    assert {entry["iscrowd"] for entry in masks.export["annotations"]} == {0}


@pytest.mark.parametrize("evaluator", EVALUATORS)
def test_masks_score_1(evaluator: str, masks: Round) -> None:
    check_scores(masks, evaluator, "segm")


@pytest.mark.parametrize("evaluator", EVALUATORS)
def test_boxes_score_1(evaluator: str, boxes: Round) -> None:
    check_scores(boxes, evaluator, "bbox")


@pytest.mark.parametrize("evaluator", EVALUATORS)
def test_poses_score_1(evaluator: str, poses: Round) -> None:
    check_scores(poses, evaluator, "keypoints")


def check_scores(travelled: Round, evaluator: str, kind: str) -> None:
    """The originals found on the export, and the export found on the originals.

    Originals that are crowds or have no labelled keypoint count neither for nor against.
    """
    coco_class, evaluator_class = EVALUATORS[evaluator]
    paths = (travelled.path, travelled.file_of_export)
    original, exported = (loaded(coco_class, path) for path in paths)
    originals, exports = (detections(loaded(COCO, path), kind) for path in paths)
    found = travelled.as_exported(_labelled(originals) if kind == "keypoints" else originals)
    assert average_precision(evaluator_class, exported, found, kind) == pytest.approx(1.0)
    found = travelled.as_original(exports)
    assert average_precision(evaluator_class, original, found, kind) == pytest.approx(1.0)


def test_what_is_left_out_of_the_poses_has_no_labelled_keypoint(poses: Round) -> None:
    kept = {entry["attributes"]["encord_track_uuid"] for entry in poses.export["annotations"]}
    labelled = {
        str(entry["id"])
        for entry in poses.original["annotations"]
        if any(visibility > 0 for visibility in entry["keypoints"][2::3])
    }
    assert kept == labelled
    left_out = len(poses.original["annotations"]) - len(labelled)
    assert poses.exported.skipped == ["no_visible_keypoint"] * left_out


def _labelled(found: list[JSON]) -> list[JSON]:
    return [entry for entry in found if any(v > 0 for v in entry["keypoints"][2::3])]
