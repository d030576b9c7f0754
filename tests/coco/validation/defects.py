"""One defect each: what it is, which rules it breaks, and whom it hurts."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from coco_dagster.coco.validation.consumers import CONSUMERS
from tests.coco.validation.coco_files import (
    BOX_COUNTS,
    Change,
    Json,
    added,
    all_of,
    annotation,
    annotation_without,
    category,
    category_without,
    compressed,
    every_annotation,
    ids,
    image,
    image_without,
    info,
    instances,
    keypoints,
    mask,
    rectangle,
    section,
    section_without,
)

@dataclass(frozen=True)
class Defect:
    """A COCO file with one defect.

    Attributes:
        name: its name.
        change: makes it from a valid file.
        errors: rules that it breaks, as errors.
        fails: consumers for which it is an error, by their initials (see `INITIALS`).
        outcomes: consumer → task → what becomes of perfect detections where AP is not 1.
        warnings: rules that it breaks, as warnings alone.
        base: the valid file.
        text: makes the text of the file.
        kills: whether consumers may not survive it.
    """

    name: str
    change: Change
    errors: str
    fails: str
    outcomes: dict[str, str] = field(default_factory=dict)
    warnings: str = ""
    base: Callable[[], Json] = instances
    text: Callable[[Json], str] = json.dumps
    kills: bool = False
