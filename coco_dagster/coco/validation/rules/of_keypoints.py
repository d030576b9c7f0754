"""Rules for `keypoints` and `num_keypoints`."""

from typing import Final

from coco_dagster.coco.validation.consumers import (
    DATUMARO,
    DETECTRON2,
    FASTER_COCO_EVAL,
    FIFTYONE,
    HOTCOCO,
    PYCOCOTOOLS,
    RF_DETR,
    TORCHVISION,
    TRANSFORMERS,
    ULTRALYTICS,
)
from coco_dagster.coco.validation.rules.rule import error, rule, warning

KEYPOINT_RULES: Final = (
    rule(
        "annotation",
        "keypoints_null",
        "the keypoints of an annotation are null, as in files that hotcoco saved",
        "leave the key out where there are none",
        error("raises an error", DETECTRON2, TRANSFORMERS),
    ),
    rule(
        "annotation",
        "keypoints_missing",
        "an annotation has no keypoints, or null, although others of the file have some",
        "put annotations with keypoints into a file of their own",
        error("raises an error when it scores keypoints", PYCOCOTOOLS, FASTER_COCO_EVAL),
        error("scores them as missed", HOTCOCO),
        error("raises an error", DETECTRON2, TRANSFORMERS),
        error("refuses the file as person_keypoints", DATUMARO),
        error("drops the object", ULTRALYTICS, FIFTYONE),
        warning("trains on keypoints that are all unlabelled", RF_DETR),
        warning("passes the annotation on without them", TORCHVISION),
    ),
    rule(
        "annotation",
        "keypoints_malformed",
        "the keypoints of an annotation are not a list of numbers",
        "write x, y, v of each keypoint",
        error("raises an error when it scores keypoints", PYCOCOTOOLS, FASTER_COCO_EVAL),
        error("fails to load", HOTCOCO),
        error("raises an error", DETECTRON2, TRANSFORMERS, RF_DETR, ULTRALYTICS),
    ),
    rule(
        "annotation",
        "keypoints_wrong_length",
        "the keypoints of an annotation are not x, y, v of each keypoint of its category",
        "write all keypoints in the order of the category, 0, 0, 0 where one is not labelled",
        error("raises ValueError when it scores keypoints", PYCOCOTOOLS, FASTER_COCO_EVAL),
        error("raises an error", DETECTRON2, TRANSFORMERS, ULTRALYTICS),
        error("raises an error or cuts keypoints off", RF_DETR, FIFTYONE),
        error("refuses numbers that are no multiple of three", DATUMARO),
        warning("compares the keypoints that are there", HOTCOCO),
        warning("passes on what is there", TORCHVISION),
    ),
    rule(
        "annotation",
        "keypoints_visibility",
        "the visibility of a keypoint is not 0, 1 or 2",
        "write 0 (not labelled), 1 (labelled, hidden) or 2 (visible)",
        error("refuses the file as person_keypoints", DATUMARO),
        warning("takes what is above 0 for labelled", PYCOCOTOOLS, FASTER_COCO_EVAL, HOTCOCO),
    ),
    rule(
        "annotation",
        "num_keypoints_missing",
        "an annotation has keypoints but no num_keypoints",
        "write the number of keypoints with v above 0",
        error("raises KeyError when it scores keypoints", PYCOCOTOOLS),
    ),
    rule(
        "annotation",
        "num_keypoints_null",
        "num_keypoints is null, as in files that hotcoco saved",
        "write the number of keypoints with v above 0",
        warning("raises TypeError where no category lists keypoints", RF_DETR),
    ),
    rule(
        "annotation",
        "num_keypoints_not_int",
        "num_keypoints is a text or a float",
        "write the number of keypoints with v above 0",
        error("fails to load texts", HOTCOCO),
    ),
    rule(
        "annotation",
        "num_keypoints_differs",
        "num_keypoints is not the number of keypoints with v above 0",
        "write that number",
        warning(
            "leaves the annotation out of the score where it is 0",
            PYCOCOTOOLS,
            FASTER_COCO_EVAL,
            HOTCOCO,
        ),
    ),
)
