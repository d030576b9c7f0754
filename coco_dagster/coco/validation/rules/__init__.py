"""The table of rules: what can be wrong with a COCO file, and who minds."""

from typing import Final

from coco_dagster.coco.validation.rules.of_boxes import BOX_RULES, CROWD_RULES
from coco_dagster.coco.validation.rules.of_categories import CATEGORY_RULES
from coco_dagster.coco.validation.rules.of_files import FILE_RULES
from coco_dagster.coco.validation.rules.of_identifiers import IDENTIFIER_RULES
from coco_dagster.coco.validation.rules.of_images import IMAGE_RULES
from coco_dagster.coco.validation.rules.of_keypoints import KEYPOINT_RULES
from coco_dagster.coco.validation.rules.of_segmentations import POLYGON_RULES, RLE_RULES

RULES: Final = {
    rule.code: rule
    for rule in (
        *FILE_RULES,
        *IMAGE_RULES,
        *CATEGORY_RULES,
        *IDENTIFIER_RULES,
        *BOX_RULES,
        *CROWD_RULES,
        *POLYGON_RULES,
        *RLE_RULES,
        *KEYPOINT_RULES,
    )
}
"""Code → rule, in the order in which findings are told."""
