"""What a consumer saw, held against what a file holds."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from tests.consumers.runners.looking import Json, Seen, Thing

PIXELS = 0.02
"""How far a coordinate may be off: some consumers keep single precision or six digits."""

AP = 1e-6
"""How far a perfect average precision may be from 1."""

FAR = 1e5
"""Pixels from the origin beyond which no ring is drawn."""

OUTLINE = 2
"""Pixels on both sides of an outline that may differ: consumers round vertices to whole pixels and
draw the outline itself or do not."""

Pixels = NDArray[np.bool_]


@dataclass(frozen=True)
class Comparison:
    """How what was seen differs from what is held.

    Attributes:
        differences: in words; none where the consumer saw everything as it is.
        least_iou: of the masks that were seen with those that are held, as pycocotools draws them;
            None without masks.
    """

    differences: tuple[str, ...]
    least_iou: float | None = None


def held(coco: Json) -> Seen:
    """What a COCO file holds."""
    names = {entry["id"]: entry["name"] for entry in coco["categories"]}
    sizes = {image["id"]: (image["height"], image["width"]) for image in coco["images"]}
    return {
        "images": len(coco["images"]),
        "categories": list(names.values()),
        "things": [
            {
                "category": names[entry["category_id"]],
                "box": entry["bbox"],
                "mask": as_mask(entry["segmentation"], *sizes[entry["image_id"]]),
                "keypoints": entry.get("num_keypoints", 0),
            }
            for entry in coco["annotations"]
        ],
        "ap": 1.0,
    }


def as_mask(segmentation: Json | list[list[float]], height: int, width: int) -> Json:
    """A segmentation as a consumer's answer has it."""
    if isinstance(segmentation, dict):
        return segmentation
    return {"size": [height, width], "rings": segmentation}


def compare(expected: Seen, seen: Seen) -> Comparison:
    """Hold what was seen against what should have been."""
    differences = []
    if seen["images"] != expected["images"]:
        differences.append(f"{seen['images']} of {expected['images']} images")
    if sorted(map(str, seen["categories"])) != sorted(map(str, expected["categories"])):
        differences.append(f"categories {', '.join(map(str, seen['categories']))}")
    things, wanted = seen["things"], expected["things"]
    if len(things) != len(wanted):
        differences.append(f"{len(things)} of {len(wanted)} annotations")
    elif _categories(things) != _categories(wanted):
        differences.append("annotations of other categories")
    least_iou = None
    for key, rule in _RULES.items():
        if things and all(key in thing for thing in things):
            agreeing, nearest = _paired(wanted, things, rule)
            if agreeing < len(wanted):
                off = len(wanted) - agreeing
                differences.append(f"{off} of {len(wanted)} with another {rule.name}")
            if key == "mask":
                least_iou = nearest
    # There is none without ground truth.
    if wanted and abs(seen.get("ap", 1.0) - 1.0) > AP:
        differences.append(f"AP {seen['ap']:.3f}")
    return Comparison(tuple(differences), least_iou)


def _categories(things: Sequence[Thing]) -> list[str]:
    return sorted(str(thing["category"]) for thing in things)


@dataclass(frozen=True)
class _Rule:
    """How a part of the geometry is compared.

    Attributes:
        name: as it is told.
        read: the geometry of a thing.
        nearness: of what is wanted and what was seen; the larger, the nearer, down to 0.
        agree: whether they are the same for all that matters.
    """

    name: str
    read: Callable[[Thing], Any]
    nearness: Callable[[Any, Any], float]
    agree: Callable[[Any, Any], bool]


def _paired(
    wanted: Sequence[Thing], things: Sequence[Thing], rule: _Rule
) -> tuple[int, float | None]:
    """Pair what should be there with what is, the nearest of a category first.

    Returns:
        How many pairs agree, and the nearness of the pair that is farthest apart; None where
        nothing is wanted.
    """
    wants, gots = list(map(rule.read, wanted)), list(map(rule.read, things))
    candidates = [
        (rule.nearness(want, got), place, other)
        for place, want in enumerate(wants)
        for other, got in enumerate(gots)
        if wanted[place]["category"] == things[other]["category"]
    ]
    pairs: dict[int, tuple[int, float]] = {}
    taken = set()
    for nearness, place, other in sorted(candidates, key=lambda candidate: -candidate[0]):
        if place not in pairs and other not in taken:
            pairs[place] = (other, nearness)
            taken.add(other)
    agreeing = sum(rule.agree(wants[place], gots[other]) for place, (other, _) in pairs.items())
    found = [pairs[place][1] if place in pairs else 0.0 for place in range(len(wanted))]
    return agreeing, min(found, default=None)


def _box(thing: Thing) -> list[float]:
    """Four numbers; what is none is infinitely far away."""
    box = thing["box"]
    if not isinstance(box, list) or len(box) != 4 or None in box:
        return [math.inf] * 4
    return [math.inf if math.isnan(number) else number for number in box]


def _farthest(want: list[float], got: list[float]) -> float:
    """Largest difference of two numbers of boxes, in pixels."""
    return max(abs(one - other) for one, other in zip(want, got, strict=True))


def _iou(want: Pixels, got: Pixels) -> float:
    """Intersection over union; 0 where both are empty or the sizes differ."""
    if want.shape != got.shape:
        return 0.0
    union = int((want | got).sum())
    return int((want & got).sum()) / union if union else 0.0


def _agree_but_for_the_outline(want: Pixels, got: Pixels) -> bool:
    """Whether no pixel differs but those beside the outline."""
    if np.array_equal(want, got):
        return True
    if want.shape != got.shape or (want.any() and not got.any()):
        return False
    return bool((got <= _grown(want)).all() and (_grown(~want) | got).all())


def _grown(mask: Pixels) -> Pixels:
    """The mask with all pixels that are `OUTLINE` pixels away, at corners too."""
    height, width = mask.shape
    padded = np.pad(mask, OUTLINE)
    steps = range(2 * OUTLINE + 1)
    shifted = [padded[y : y + height, x : x + width] for y in steps for x in steps]
    grown: Pixels = np.logical_or.reduce(shifted)
    return grown


def _pixels(thing: Thing) -> Pixels:
    """A mask of shape (height, width), empty where it cannot be drawn."""
    mask = thing["mask"]
    height, width = mask["size"]
    try:
        encoded = _encoded(mask, height, width)
        pixels: Pixels = coco_mask.decode(encoded).astype(bool)
    # Run lengths that are longer or shorter than the mask.
    except ValueError:
        return np.zeros((height, width), bool)
    return pixels


def _encoded(mask: Json, height: int, width: int) -> Json:
    rings = [ring for ring in mask.get("rings", []) if _can_be_drawn(ring)]
    if rings:
        merged: Json = coco_mask.merge(coco_mask.frPyObjects(rings, height, width))
        return merged
    counts = mask.get("counts", [height * width])
    if isinstance(counts, list):
        encoded: Json = coco_mask.frPyObjects({**mask, "counts": counts}, height, width)
        return encoded
    return {"size": [height, width], "counts": counts.encode()}


def _can_be_drawn(ring: list[float]) -> bool:
    """pycocotools walks along every pixel of an outline, also of one without an end."""
    return len(ring) >= 6 and bool((np.abs(ring) < FAR).all())


_RULES = {
    "box": _Rule(
        "box",
        _box,
        lambda want, got: 1 / (1 + _farthest(want, got)),
        lambda want, got: _farthest(want, got) <= PIXELS,
    ),
    "mask": _Rule("mask", _pixels, _iou, _agree_but_for_the_outline),
    "keypoints": _Rule(
        "number of keypoints",
        lambda thing: thing["keypoints"],
        lambda want, got: float(want == got),
        lambda want, got: bool(want == got),
    ),
}
