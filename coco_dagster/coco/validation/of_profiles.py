"""Rules that an export breaks because its profile says so."""

from collections.abc import Mapping
from typing import Final

from coco_dagster.coco.profiles import Profile

_WITHOUT_SIZE: Final = ("bbox_zero_side", "area_zero", "bbox_below_one_pixel")

_BROKEN_BY: Final[tuple[tuple[str, object, tuple[str, ...]], ...]] = (
    ("first_annotation_id", 0, ("annotation_id_zero",)),
    ("first_category_id", 0, ("category_id_zero",)),
    ("rle_iscrowd", 1, ("rle_iscrowd_1", "all_annotations_crowd")),
    ("keypoints", "same_file", ("keypoints_missing", "category_without_keypoints")),
    ("keypoint_box_side", None, (*_WITHOUT_SIZE, "polygon_point", "segmentation_empty")),
    ("polylines", "path", (*_WITHOUT_SIZE, "polygon_without_area")),
    ("coordinates", "as_drawn", ("bbox_outside_image",)),
    ("min_side", None, (*_WITHOUT_SIZE, "polygon_without_area")),
    ("images_without_size", "keep", ("image_size_missing",)),
    ("category_names", "as_given", ("duplicate_category_name",)),
)
"""Setting, value of it, and the rules that an export breaks then."""


def broken_on_purpose(profile: Profile) -> Mapping[str, str]:
    """Codes of the rules that a profile breaks, and the setting that says so."""
    return {
        code: f"{setting}: {'none' if value is None else value}"
        for setting, value, codes in reversed(_BROKEN_BY)
        if getattr(profile, setting) == value
        for code in codes
    }
