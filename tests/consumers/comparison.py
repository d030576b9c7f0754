"""What a consumer saw, held against what a file holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from tests.consumers.runners.looking import Json, Seen, Thing

PIXELS = 0.02
"""How far a coordinate may be off: some consumers keep single precision or six digits."""

AP = 1e-6
"""How far a perfect average precision may be from 1."""

OUTLINE = 2
"""Pixels on both sides of an outline that may differ: consumers round vertices to whole pixels and
draw the outline itself or do not."""


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
    """What a COCO file holds, with masks as pycocotools draws them."""
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
    if sorted(seen["categories"]) != sorted(expected["categories"]):
        differences.append(f"categories {', '.join(map(str, seen['categories']))}")
    things, wanted = seen["things"], expected["things"]
    if len(things) != len(wanted):
        differences.append(f"{len(things)} of {len(wanted)} annotations")
    elif _categories(things) != _categories(wanted):
        differences.append("annotations of other categories")
    least_iou = None
    for key, rule in _RULES.items():
        if things and all(key in thing for thing in things):
            pairs = _pairs(wanted, things, rule.nearness)
            off = sum(thing is None or not rule.agree(want, thing) for want, thing in pairs)
            if off:
                differences.append(f"{off} of {len(wanted)} with another {rule.name}")
            if key == "mask":
                least_iou = min(0.0 if got is None else _iou(want, got) for want, got in pairs)
    if abs(seen.get("ap", 1.0) - 1.0) > AP:
        differences.append(f"AP {seen['ap']:.3f}")
    return Comparison(tuple(differences), least_iou)


def _categories(things: Sequence[Thing]) -> list[str]:
    return sorted(str(thing["category"]) for thing in things)


def _pairs(
    wanted: Sequence[Thing], things: Sequence[Thing], nearness: Callable[[Thing, Thing], float]
) -> list[tuple[Thing, Thing | None]]:
    """Each thing that should be there with the nearest of its category that is left."""
    left = list(things)
    pairs: list[tuple[Thing, Thing | None]] = []
    for want in wanted:
        same = [thing for thing in left if thing["category"] == want["category"]]
        best = max(same, key=lambda thing: nearness(want, thing), default=None)
        if best is not None:
            left.remove(best)
        pairs.append((want, best))
    return pairs


def _farthest(want: Thing, thing: Thing) -> float:
    """Largest difference of two numbers of the boxes, in pixels."""
    return float(np.abs(np.subtract(want["box"], thing["box"])).max())


def _iou(want: Thing, thing: Thing) -> float:
    """Intersection over union of the masks; 0 where both are empty or the sizes differ."""
    one, other = _encoded(want["mask"]), _encoded(thing["mask"])
    if list(one["size"]) != list(other["size"]):
        return 0.0
    return float(coco_mask.iou([one], [other], [0])[0, 0])


def _agree_but_for_the_outline(want: Thing, thing: Thing) -> bool:
    """Whether no pixel differs but those beside the outline."""
    one, other = _decoded(want["mask"]), _decoded(thing["mask"])
    if one.shape != other.shape or (one.any() and not other.any()):
        return False
    return bool((other <= _grown(one)).all() and (_grown(~one) | other).all())


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask with all pixels that are `OUTLINE` pixels away, at corners too."""
    height, width = mask.shape
    padded = np.pad(mask, OUTLINE)
    steps = range(2 * OUTLINE + 1)
    shifted = [padded[y : y + height, x : x + width] for y in steps for x in steps]
    grown: NDArray[np.bool_] = np.logical_or.reduce(shifted)
    return grown


@dataclass(frozen=True)
class _Rule:
    """How a part of the geometry is compared.

    Attributes:
        name: as it is told.
        nearness: of what is wanted and what was seen; the larger, the nearer.
        agree: whether they are the same for all that matters.
    """

    name: str
    nearness: Callable[[Thing, Thing], float]
    agree: Callable[[Thing, Thing], bool]


_RULES = {
    "box": _Rule(
        "box",
        lambda want, thing: -_farthest(want, thing),
        lambda want, thing: _farthest(want, thing) <= PIXELS,
    ),
    "mask": _Rule("mask", _iou, _agree_but_for_the_outline),
    "keypoints": _Rule(
        "number of keypoints",
        lambda want, thing: -abs(want["keypoints"] - thing["keypoints"]),
        lambda want, thing: want["keypoints"] == thing["keypoints"],
    ),
}


def _decoded(mask: Json) -> NDArray[np.bool_]:
    pixels: NDArray[np.bool_] = coco_mask.decode(_encoded(mask)).astype(bool)
    return pixels


def _encoded(mask: Json) -> Json:
    height, width = mask["size"]
    if "rings" in mask:
        rings = [ring for ring in mask["rings"] if len(ring) >= 6]
        if not rings:
            mask = {"size": [height, width], "counts": [height * width]}
        else:
            merged: Json = coco_mask.merge(coco_mask.frPyObjects(rings, height, width))
            return merged
    counts = mask["counts"]
    if isinstance(counts, list):
        encoded: Json = coco_mask.frPyObjects(mask, height, width)
        return encoded
    return {"size": [height, width], "counts": counts.encode()}
