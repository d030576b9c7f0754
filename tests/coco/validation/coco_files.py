"""Small COCO files without a defect, and the changes that give them one."""

import copy
import json
from collections.abc import Callable
from typing import Any, TypeAlias

from pycocotools import mask as coco_mask

Json: TypeAlias = dict[str, Any]
Change: TypeAlias = Callable[[Json], object]

SIZE = 100
_BOXES = [
    (1, 1, [10, 10, 20, 20]),
    (1, 2, [50, 50, 30, 30]),
    (2, 1, [5, 5, 40, 40]),
    (2, 2, [60, 20, 20, 60]),
    (3, 1, [30, 30, 20, 20]),
]
THE_ONE = 1
"""Position of the annotation that changes are made to."""


def rectangle(x: float, y: float, width: float, height: float) -> list[list[float]]:
    """The segmentation of a box."""
    return [[x, y, x + width, y, x + width, y + height, x, y + height]]


def instances() -> Json:
    """Three images with five boxes of two categories."""
    annotations = [
        {
            "id": place + 1,
            "image_id": image,
            "category_id": category,
            "bbox": box,
            "area": box[2] * box[3],
            "iscrowd": 0,
            "segmentation": rectangle(*box),
        }
        for place, (image, category, box) in enumerate(_BOXES)
    ]
    images = [
        {
            "id": number,
            "width": SIZE,
            "height": SIZE,
            "file_name": f"{number}.jpg",
            "license": 1,
            "date_captured": "2024-01-01 00:00:00",
        }
        for number in (1, 2, 3)
    ]
    return {
        "info": {
            "description": "a test",
            "url": "",
            "version": "1",
            "year": 2024,
            "contributor": "nobody",
            "date_created": "2024-01-01",
        },
        "licenses": [{"id": 1, "name": "none", "url": ""}],
        "categories": [
            {"id": 1, "name": "cat", "supercategory": "animal"},
            {"id": 2, "name": "dog", "supercategory": "animal"},
        ],
        "images": images,
        "annotations": copy.deepcopy(annotations),
    }


def keypoints() -> Json:
    """The same boxes with three keypoints each, in one category."""
    coco = instances()
    coco["categories"] = [
        {
            "id": 1,
            "name": "person",
            "supercategory": "animal",
            "keypoints": ["a", "b", "c"],
            "skeleton": [[1, 2], [2, 3]],
        }
    ]
    for annotation in coco["annotations"]:
        x, y, width, height = annotation["bbox"]
        annotation["category_id"] = 1
        annotation["keypoints"] = [x, y, 2, x + width, y, 2, x, y + height, 1]
        annotation["num_keypoints"] = 3
    return coco


def _setting(section: str, place: int, values: Json) -> Change:
    return lambda coco: coco[section][place].update(values)


def _dropping(section: str, place: int, key: str) -> Change:
    return lambda coco: coco[section][place].pop(key)


def annotation(**values: Any) -> Change:
    """Values for one annotation."""
    return _setting("annotations", THE_ONE, values)


def annotation_without(key: str) -> Change:
    """One annotation without a key."""
    return _dropping("annotations", THE_ONE, key)


def image(**values: Any) -> Change:
    """Values for the first image."""
    return _setting("images", 0, values)


def image_of(number: int, name: str) -> Json:
    """An image."""
    return {"id": number, "width": SIZE, "height": SIZE, "file_name": name}


def image_without(key: str) -> Change:
    """The first image without a key."""
    return _dropping("images", 0, key)


def category(**values: Any) -> Change:
    """Values for the first category."""
    return _setting("categories", 0, values)


def category_without(key: str) -> Change:
    """The first category without a key."""
    return _dropping("categories", 0, key)


def info(**values: Any) -> Change:
    """Values for `info`."""
    return lambda coco: coco["info"].update(values)


def section(name: str, value: Any) -> Change:
    """Another value for a section."""
    return lambda coco: coco.update({name: value})


def section_without(name: str) -> Change:
    """The file without a section."""
    return lambda coco: coco.pop(name)


def added(name: str, entry: Any) -> Change:
    """One more entry of a section."""
    return lambda coco: coco[name].append(entry)


def all_of(*changes: Change) -> Change:
    """Several changes."""

    def apply(coco: Json) -> None:
        for change in changes:
            change(coco)

    return apply


def every_annotation(**values: Any) -> Change:
    """Values for every annotation."""

    def apply(coco: Json) -> None:
        for entry in coco["annotations"]:
            entry.update(copy.deepcopy(values))

    return apply


def ids(of: Callable[[int], Any], *kinds: str) -> Change:
    """Other ids for what is named: `annotation`, `image` or `category`; without names for all."""

    def apply(coco: Json) -> None:
        for entry in coco["annotations"]:
            if not kinds or "annotation" in kinds:
                entry["id"] = of(entry["id"])
            for kind in ("image", "category"):
                if not kinds or kind in kinds:
                    entry[f"{kind}_id"] = of(entry[f"{kind}_id"])
        for kind, name in (("image", "images"), ("category", "categories")):
            if not kinds or kind in kinds:
                for entry in coco[name]:
                    entry["id"] = of(entry["id"])

    return apply


def text_of(coco: Json) -> str:
    """The file as JSON text."""
    return json.dumps(coco)


BOX_COUNTS = [5050, *[30, 70] * 29, 30, 2020]
"""Run lengths of the box of the annotation that changes are made to."""


def compressed(counts: list[int]) -> str:
    """Run lengths as compressed text, whether they fit a mask or not."""
    encoded = coco_mask.frPyObjects({"size": [SIZE, SIZE], "counts": counts}, SIZE, SIZE)
    text: str = encoded["counts"].decode()
    return text


def mask(counts: Any, height: int = SIZE, width: int = SIZE) -> Json:
    """A run-length encoded segmentation."""
    return {"size": [height, width], "counts": counts}
