"""Defects of `keypoints` and `num_keypoints`."""

from tests.coco.validation.coco_files import (
    added,
    all_of,
    annotation,
    annotation_without,
    keypoints,
)
from tests.coco.validation.defects.defect import Defect

DEFECTS = [
    Defect(
        "keypoints null",
        annotation(keypoints=None),
        "keypoints_null keypoints_missing",
        "PFHDUXAO",
        ("keypoints IndexError", "keypoints IndexError", "keypoints 0.683"),
        base=keypoints,
    ),
    Defect(
        "keypoints null without any in the file", annotation(keypoints=None), "keypoints_null", "DX"
    ),
    Defect(
        "no keypoints",
        all_of(annotation_without("keypoints"), annotation_without("num_keypoints")),
        "keypoints_missing",
        "PFHDUXAO",
        ("keypoints KeyError", "keypoints KeyError", "keypoints 0.851"),
        base=keypoints,
    ),
    Defect(
        "keypoints with a text",
        annotation(keypoints=["50", 50, 2, 80, 50, 2, 50, 80, 1]),
        "keypoints_malformed",
        "PFHDUXR",
        ("keypoints UFuncTypeError", "keypoints UFuncTypeError", "all ValueError"),
        base=keypoints,
    ),
    Defect(
        "too few keypoints",
        annotation(keypoints=[50, 50, 2, 80, 50, 2], num_keypoints=2),
        "keypoints_wrong_length",
        "PFDUXRAO",
        ("keypoints ValueError", "keypoints ValueError", ""),
        base=keypoints,
        detects_itself=True,
    ),
    Defect(
        "too many keypoints",
        annotation(keypoints=[50, 50, 2, 80, 50, 2, 1, 1, 1, 2, 2, 1], num_keypoints=4),
        "keypoints_wrong_length",
        "PFDUXRAO",
        ("keypoints ValueError", "keypoints ValueError", "keypoints 0.81"),
        base=keypoints,
    ),
    Defect(
        "keypoints cut off",
        annotation(keypoints=[50, 50, 2, 80, 50, 2, 9], num_keypoints=2),
        "keypoints_wrong_length",
        "PFDUXRAO",
        ("keypoints ValueError", "keypoints ValueError", ""),
        base=keypoints,
    ),
    Defect(
        "visibility 3",
        annotation(keypoints=[50, 50, 3, 80, 50, 2, 50, 80, 1]),
        "keypoints_visibility",
        "A",
        base=keypoints,
    ),
    Defect(
        "no num_keypoints",
        annotation_without("num_keypoints"),
        "num_keypoints_missing",
        "P",
        ("keypoints KeyError", "", ""),
        base=keypoints,
    ),
    Defect(
        "num_keypoints null",
        annotation(num_keypoints=None),
        "",
        "",
        warnings="num_keypoints_null",
        base=keypoints,
    ),
    Defect(
        "num_keypoints a text",
        annotation(num_keypoints="3"),
        "num_keypoints_not_int",
        "H",
        ("", "", "all ValueError"),
        base=keypoints,
    ),
    Defect(
        "num_keypoints 0",
        annotation(num_keypoints=0),
        "",
        "",
        warnings="num_keypoints_differs",
        base=keypoints,
    ),
    Defect(
        "category without keypoints",
        added("categories", {"id": 2, "name": "car", "supercategory": "thing"}),
        "category_without_keypoints",
        "A",
        base=keypoints,
    ),
]
