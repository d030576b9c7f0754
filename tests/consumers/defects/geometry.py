"""Defects of boxes, areas, segmentations and keypoints."""

import math

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from tests.consumers.clean import Json
from tests.consumers.defects.registry import defect, lacking, setting
from tests.consumers.runners.looking import run_lengths

HOLE = [16.0, 16.0, 32.0, 16.0, 32.0, 28.0, 16.0, 28.0]
"""A ring in the first annotation."""

# Boxes, areas, crowds

lacking("bbox_missing", "no `bbox`", "annotations", "bbox")
setting("bbox_null", "`bbox` is null", "annotations", bbox=None)
setting("bbox_empty", "`bbox` is `[]`", "annotations", bbox=[])
setting(
    "bbox_zero_width",
    "`bbox` with w = 0",
    "annotations",
    as_written=True,
    bbox=[8.0, 8.0, 0.0, 28.0],
)
setting(
    "bbox_negative",
    "`bbox` with w < 0",
    "annotations",
    as_written=True,
    bbox=[40.0, 8.0, -32.0, 28.0],
)
setting(
    "bbox_thin", "`bbox` with w = 0.5", "annotations", as_written=True, bbox=[8.0, 8.0, 0.5, 28.0]
)
setting(
    "bbox_outside",
    "`bbox` outside of the image",
    "annotations",
    as_written=True,
    bbox=[200.0, 8.0, 9.0, 9.0],
)
lacking("area_missing", "no `area`", "annotations", "area")
setting("area_null", "`area` is null", "annotations", area=None)
setting("area_zero", "`area` is 0", "annotations", area=0.0)
lacking("iscrowd_missing", "no `iscrowd`", "annotations", "iscrowd")
setting("ignore_key", "`ignore` is 1", "annotations", ignore=1)
setting("crowd", "`iscrowd` 1 on one annotation, with a polygon", "annotations", iscrowd=1)
setting("crowd_everywhere", "`iscrowd` 1 everywhere", "annotations", every=True, iscrowd=1)

# Segmentations

lacking("segmentation_missing", "no `segmentation`", "annotations", "segmentation")
setting("segmentation_null", "`segmentation` is null", "annotations", segmentation=None)
setting("segmentation_empty", "`segmentation` is `[]`", "annotations", segmentation=[])
setting("segmentation_empty_ring", "`segmentation` is `[[]]`", "annotations", segmentation=[[]])
setting("segmentation_point", "a ring of 1 point", "annotations", segmentation=[[8.0, 8.0]])
setting("segmentation_line", "a ring of 2 points", "annotations", segmentation=[[8.0, 8, 40, 36]])


@defect("a ring with an odd number of coordinates")
def segmentation_odd(coco: Json) -> None:
    coco["annotations"][0]["segmentation"][0].pop()


@defect("a coordinate is NaN")
def segmentation_nan(coco: Json) -> None:
    coco["annotations"][0]["segmentation"][0][0] = math.nan


def _pixels(coco: Json, entry: Json) -> NDArray[np.uint8]:
    (image,) = (image for image in coco["images"] if image["id"] == entry["image_id"])
    rings = coco_mask.frPyObjects(entry["segmentation"], image["height"], image["width"])
    pixels: NDArray[np.uint8] = coco_mask.decode(coco_mask.merge(rings))
    return pixels


def _compressed(pixels: NDArray[np.uint8]) -> Json:
    encoded = coco_mask.encode(np.asfortranarray(pixels))
    return {"size": list(encoded["size"]), "counts": encoded["counts"].decode()}


def with_hole(coco: Json) -> None:
    """No defect, but what one of them means."""
    entry = coco["annotations"][0]
    outer, inner = _pixels(coco, entry), _pixels(coco, entry | {"segmentation": [HOLE]})
    entry["segmentation"] = run_lengths(outer - inner)


@defect("the second ring is meant as a hole", meant=with_hole)
def segmentation_hole(coco: Json) -> None:
    coco["annotations"][0]["segmentation"].append(list(HOLE))


@defect("run lengths as text, `iscrowd` 0")
def rle_compressed(coco: Json) -> None:
    entry = coco["annotations"][0]
    entry["segmentation"] = _compressed(_pixels(coco, entry))


@defect("run lengths as a list, `iscrowd` 0")
def rle_list(coco: Json) -> None:
    entry = coco["annotations"][0]
    entry["segmentation"] = run_lengths(_pixels(coco, entry))


@defect("run lengths as a list and `iscrowd` 1, on one annotation")
def rle_crowd(coco: Json) -> None:
    rle_list(coco)
    coco["annotations"][0]["iscrowd"] = 1


@defect("run lengths and `iscrowd` 1 everywhere, as Encord writes masks")
def rle_crowd_everywhere(coco: Json) -> None:
    for entry in coco["annotations"]:
        entry["segmentation"] = _compressed(_pixels(coco, entry))
        entry["iscrowd"] = 1


@defect("run lengths of another size than the image")
def rle_size(coco: Json) -> None:
    rle_list(coco)
    coco["annotations"][0]["segmentation"]["size"].reverse()


@defect("run lengths that are longer than the mask")
def rle_long(coco: Json) -> None:
    rle_list(coco)
    coco["annotations"][0]["segmentation"]["counts"][-1] += 50


# Keypoints

setting("keypoints_null", "`keypoints` is null", "annotations", "poses", keypoints=None)
setting(
    "keypoints_null_on_boxes",
    "`keypoints` null on annotations without any, as hotcoco saves them",
    "annotations",
    every=True,
    keypoints=None,
    num_keypoints=None,
)
lacking(
    "keypoints_missing",
    "an annotation without keypoints beside others",
    "annotations",
    "keypoints",
    "num_keypoints",
    file="poses",
)
lacking("num_keypoints_missing", "no `num_keypoints`", "annotations", "num_keypoints", file="poses")
setting("num_keypoints_null", "`num_keypoints` null", "annotations", "poses", num_keypoints=None)


@defect("one of three keypoints is left out", "poses")
def keypoints_short(coco: Json) -> None:
    del coco["annotations"][0]["keypoints"][6:]
    coco["annotations"][0]["num_keypoints"] = 2


@defect("a number of keypoint coordinates that is no multiple of 3", "poses")
def keypoints_odd(coco: Json) -> None:
    coco["annotations"][0]["keypoints"].pop()


def with_plain_category(coco: Json) -> None:
    """What this defect says is what it means."""
    coco["categories"].append({"id": 2, "name": "box", "supercategory": "bounding_box"})


@defect("a category without keypoints beside one with", "poses", meant=with_plain_category)
def keypoints_category_plain(coco: Json) -> None:
    with_plain_category(coco)


setting(
    "keypoints_category_text",
    '`keypoints` of a category is `"keypoint"`, as Encord writes it',
    "categories",
    keypoints="keypoint",
)
setting(
    "keypoints_category_text_of_poses",
    '`keypoints` of a category that has some is `"keypoint"`',
    "categories",
    "poses",
    keypoints="keypoint",
)
