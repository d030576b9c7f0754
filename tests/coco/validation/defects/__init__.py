"""One defect each: every case that is known to hurt a consumer."""

from tests.coco.validation.defects import (
    of_boxes,
    of_categories,
    of_files,
    of_identifiers,
    of_images,
    of_keypoints,
    of_segmentations,
)
from tests.coco.validation.defects.defect import INITIALS, Defect

__all__ = ["DEFECTS", "INITIALS", "Defect"]

DEFECTS = [
    *of_identifiers.DEFECTS,
    *of_boxes.DEFECTS,
    *of_segmentations.DEFECTS,
    *of_keypoints.DEFECTS,
    *of_categories.DEFECTS,
    *of_images.DEFECTS,
    *of_files.DEFECTS,
]
