"""What a defect is: a change to a valid file, the rules it breaks, and whom it hurts."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from coco_dagster.coco.validation.consumers import CONSUMERS
from tests.coco.validation.coco_files import Change, Json, instances

INITIALS = dict(zip("PFHTDMUXRAOSLN", CONSUMERS, strict=True))
"""Initial → consumer."""


def unchanged(coco: Json) -> None:
    """No change: the defect is in the text."""


def with_text(old: str, new: str) -> Callable[[Json], str]:
    """Makes the text of a file, with a part of it replaced."""
    return lambda coco: json.dumps(coco).replace(old, new)


@dataclass(frozen=True)
class Defect:
    """A COCO file with one defect.

    Attributes:
        name: its name.
        change: makes it from a valid file.
        errors: rules that it breaks, as errors.
        fails: consumers for which it is an error, by their initials.
        outcomes: what becomes of perfect detections in pycocotools, faster-coco-eval and hotcoco:
            AP, the name of the error, or `dies`, for each task or for all; nothing where AP is 1.
        warnings: rules that it breaks, as warnings alone.
        base: the valid file.
        text: makes the text of the file.
        detects_itself: whether the objects of the file itself are detected, not those of the valid
            one.
        unseen: initials of consumers for which it is an error that perfect detections do not show.
    """

    name: str
    change: Change
    errors: str
    fails: str
    outcomes: tuple[str, str, str] = ("", "", "")
    warnings: str = ""
    base: Callable[[], Json] = instances
    text: Callable[[Json], str] = json.dumps
    detects_itself: bool = False
    unseen: str = ""

    def coco(self) -> Json:
        """The file."""
        coco = self.base()
        self.change(coco)
        return coco
