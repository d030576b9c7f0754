"""Real COCO files turned into Encord label rows and back."""

import json
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from tests.exports import Export, export_rows
from tests.integration import coco_labels
from tests.integration.promises import check_promises, load_coco
from tests.integration.shared_data import SHARED, WHY_SKIPPED
from tests.label_rows import JSON

FOLDER = SHARED / "data" / "coco"
KEYPOINTS = "mmpose_coco_keypoints.json"
FILES = ["coco_tiny_val2017.json", "coco_val2014_100.json", KEYPOINTS]

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not FOLDER.is_dir(), reason=WHY_SKIPPED),
    pytest.mark.xdist_group("coco round trip"),
]


class RoundTrip(NamedTuple):
    """A COCO file, the label rows made of it, and their export."""

    path: Path
    coco: JSON
    rows: list[JSON]
    exported: Export

    @property
    def pairs(self) -> list[tuple[JSON, JSON]]:
        """Annotations of the file, each with that of the export."""
        keyed = {
            entry["attributes"]["encord_track_uuid"]: entry for entry in self.exported.annotations
        }
        return [(entry, keyed[str(entry["id"])]) for entry in self.coco["annotations"]]


def round_trip(name: str, shape: str, folder: Path) -> RoundTrip:
    coco = json.loads((FOLDER / name).read_bytes())
    draw = {"bounding_box": coco_labels.boxes, "polygon": coco_labels.masks}.get(shape)
    if draw is None:
        names = coco["categories"][0]["keypoints"]
        draw = partial(coco_labels.keypoints, names=names)
    rows = coco_labels.as_label_rows(coco, draw)
    exported = export_rows(folder, rows, coco_labels.as_ontology(coco, shape))
    return RoundTrip(FOLDER / name, coco, rows, exported)


@pytest.fixture(scope="module", params=FILES, ids=lambda name: name.removesuffix(".json"))
def drawn_as_boxes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> RoundTrip:
    return round_trip(request.param, "bounding_box", tmp_path_factory.mktemp("boxes"))


@pytest.fixture(scope="module", params=FILES, ids=lambda name: name.removesuffix(".json"))
def drawn_as_masks(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> RoundTrip:
    return round_trip(request.param, "polygon", tmp_path_factory.mktemp("masks"))


@pytest.fixture(scope="module")
def drawn_as_skeletons(tmp_path_factory: pytest.TempPathFactory) -> RoundTrip:
    return round_trip(KEYPOINTS, "skeleton", tmp_path_factory.mktemp("skeletons"))


def check_same_content(trip: RoundTrip) -> None:
    """Images, annotations and categories are as many, and each stands where it stood."""
    ours, theirs = trip.exported, trip.coco
    assert len(ours.images) == len(theirs["images"])
    assert len(ours.annotations) == len(theirs["annotations"])
    names = [[entry["name"] for entry in side] for side in (ours.categories, theirs["categories"])]
    assert names[0] == names[1]
    titles = {image["id"]: image["file_name"] for image in theirs["images"]}
    our_titles = {image["id"]: image["image_title"] for image in ours.images}
    categories = {entry["id"]: entry["name"] for entry in theirs["categories"]}
    for before, after in trip.pairs:
        assert our_titles[after["image_id"]] == titles[before["image_id"]]
        assert names[0][after["category_id"] - 1] == categories[before["category_id"]]


def test_boxes_come_back(drawn_as_boxes: RoundTrip) -> None:
    check_same_content(drawn_as_boxes)
    for before, after in drawn_as_boxes.pairs:
        assert after["bbox"] == pytest.approx(before["bbox"], abs=1e-6)


def test_masks_come_back(drawn_as_masks: RoundTrip) -> None:
    check_same_content(drawn_as_masks)
    theirs = load_coco(drawn_as_masks.path)
    ours = load_coco(drawn_as_masks.exported.folder / "annotations.json")
    for before, after in drawn_as_masks.pairs:
        image = theirs.imgs[before["image_id"]]
        drawn = coco_labels.as_drawn(before, image["width"], image["height"])
        assert (theirs.annToMask(drawn) == ours.annToMask(after)).all()
        if isinstance(before["segmentation"], list):
            assert np.allclose(_numbers(before), _numbers(after), rtol=0, atol=1e-9)


def _numbers(annotation: JSON) -> list[float]:
    """Coordinates of all rings, without points that only close one: exports have none."""
    rings = annotation["segmentation"]
    opened = [ring[:-2] if ring[:2] == ring[-2:] else ring for ring in rings]
    return [number for ring in opened for number in ring]


def test_run_lengths_come_back(drawn_as_masks: RoundTrip) -> None:
    for before, after in drawn_as_masks.pairs:
        if isinstance(before["segmentation"], dict):
            height, width = before["segmentation"]["size"]
            encoded = coco_mask.frPyObjects(before["segmentation"], height, width)
            assert after["segmentation"]["counts"] == encoded["counts"].decode()
            assert after["segmentation"]["size"] == [height, width]
            assert after["iscrowd"] == before["iscrowd"] == 1


def test_keypoints_come_back(drawn_as_skeletons: RoundTrip) -> None:
    check_same_content(drawn_as_skeletons)
    for before, after in drawn_as_skeletons.pairs:
        assert after["keypoints"] == pytest.approx(before["keypoints"], abs=1e-6)
        assert after["keypoints"][2::3] == before["keypoints"][2::3]
        assert after["num_keypoints"] == before["num_keypoints"]


def test_skeletons_come_back(drawn_as_skeletons: RoundTrip) -> None:
    (before,), (after,) = (
        drawn_as_skeletons.coco["categories"],
        drawn_as_skeletons.exported.categories,
    )
    assert after["keypoints"] == before["keypoints"]
    assert after["skeleton"] == sorted(before["skeleton"])


def test_exports_of_masks_keep_their_promises(drawn_as_masks: RoundTrip) -> None:
    check(drawn_as_masks)


def test_exports_of_skeletons_keep_their_promises(drawn_as_skeletons: RoundTrip) -> None:
    check(drawn_as_skeletons)


def check(trip: RoundTrip) -> None:
    check_promises(trip.exported, trip.rows, trip.exported.folder.parent / "labels.json")
