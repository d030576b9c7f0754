"""What a profile leaves out of an export, and why.

Every object that is left out becomes a finding with the outcome `skipped`. Whether it was left out
because it cannot be rendered, or because the settings do not want it, decides what a profile that
fails on losses does about it.
"""

from enum import IntEnum
from typing import Final

from msgspec import Struct


class LeftOut(IntEnum):
    """Why an annotation is not rendered; `NOT` where it is."""

    NOT = 0
    OUTSIDE_IMAGE = 1
    TOO_SMALL = 2
    NO_AREA = 3
    NO_VISIBLE_KEYPOINT = 4
    SHAPE_WITHOUT_FORM = 5
    NOT_IN_CATEGORY_FILE = 6
    IN_NO_SPLIT = 7
    IMAGE_WITHOUT_SIZE = 8
    TOO_MANY_RINGS = 9
    TANGLED = 10
    TOO_MANY_RUNS = 11
    TOO_MANY_HOLES = 12
    TOO_MANY_RUNS_IN_ROW = 13


class Reason(Struct, frozen=True):
    """A reason as findings state it.

    Attributes:
        code: code of the finding.
        message: what was done and why.
        is_loss: whether an object is lost that the settings do want.
    """

    code: str
    message: str
    is_loss: bool = True


REASONS: Final = {
    LeftOut.OUTSIDE_IMAGE: Reason("outside_image", "Nothing of it lies within the image."),
    LeftOut.TOO_SMALL: Reason(
        "too_small", "Within the image its width or height is below `min_side`."
    ),
    LeftOut.NO_AREA: Reason("no_area", "Within the image it covers no area."),
    LeftOut.NO_VISIBLE_KEYPOINT: Reason(
        "no_visible_keypoint", "None of its points is labelled as visible or occluded."
    ),
    LeftOut.SHAPE_WITHOUT_FORM: Reason(
        "shape_without_form", "The settings give its shape no form: set `polyline_width`."
    ),
    LeftOut.NOT_IN_CATEGORY_FILE: Reason(
        "shape_not_of_category",
        "It is drawn as a shape that goes into another file than its category does, or that has "
        "other keypoints.",
    ),
    LeftOut.IN_NO_SPLIT: Reason(
        "in_no_split", "Its data unit belongs to none of the splits.", is_loss=False
    ),
    LeftOut.IMAGE_WITHOUT_SIZE: Reason(
        "image_without_size", "The width and height of its image are unknown."
    ),
    LeftOut.TOO_MANY_RINGS: Reason(
        "too_many_rings", "It has more rings than `max_rings`, which can be raised."
    ),
    LeftOut.TANGLED: Reason(
        "tangled", "Its outlines cross more often than `max_crossings`, which can be raised."
    ),
    LeftOut.TOO_MANY_RUNS: Reason(
        "too_many_runs", "Its mask has more runs than `max_runs`, which can be raised."
    ),
    LeftOut.TOO_MANY_RUNS_IN_ROW: Reason(
        "too_many_runs_in_row",
        "With it the masks of its label row have more runs than `max_row_runs`, which can be "
        "raised.",
    ),
    LeftOut.TOO_MANY_HOLES: Reason(
        "too_many_holes",
        "The bridges to its holes take more than `max_bridge_steps`, which can be raised.",
    ),
}

LOSSES: Final = frozenset(
    {"shape_not_in_images", "unknown_shape"}
    | {reason.code for reason in REASONS.values() if reason.is_loss}
)
"""Codes of skipped objects that stood on an image and were wanted. Rejected ones are losses too."""
