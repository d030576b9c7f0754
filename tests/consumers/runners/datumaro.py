"""What datumaro sees, with its whole-file reader and with the one that streams."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import datumaro
from datumaro.components.annotation import AnnotationType

from tests.consumers.runners.looking import INSTANCES, Json, Seen, Thing, answer

_INSTANCES, _KEYPOINTS = "coco_instances", "coco_person_keypoints"


def boxes(folder: Path, reader: Any = datumaro.Dataset) -> Seen:
    def thing(parts: list[Any], item: Any) -> Thing:
        (box,) = (part for part in parts if part.type is AnnotationType.bbox)
        return {"box": list(box.get_bbox())}

    return _seen(reader, folder, _INSTANCES, thing)


def masks(folder: Path) -> Seen:
    def thing(parts: list[Any], item: Any) -> Thing:
        rings = [list(part.points) for part in parts if part.type is AnnotationType.polygon]
        for part in parts:
            if part.type is AnnotationType.mask:
                return {"mask": _run_lengths(part.rle)}
        return {"mask": {"size": list(item.media.size), "rings": rings}}

    return _seen(datumaro.Dataset, folder, _INSTANCES, thing)


def keypoints(folder: Path) -> Seen:
    def thing(parts: list[Any], item: Any) -> Thing:
        (points,) = (part for part in parts if part.type is AnnotationType.points)
        return {"keypoints": sum(kind.value > 0 for kind in points.visibility)}

    return _seen(datumaro.Dataset, folder, _KEYPOINTS, thing)


def _seen(reader: Any, folder: Path, name: str, thing: Callable[[list[Any], Any], Thing]) -> Seen:
    dataset = reader.import_from(str((folder / INSTANCES).parents[1]), name)
    names = [category.name for category in dataset.categories()[AnnotationType.label]]
    things: list[Thing] = []
    for item in dataset:
        # An annotation of the file becomes several here, of one group.
        groups: dict[int, list[Any]] = {}
        for part in item.annotations:
            groups.setdefault(part.group, []).append(part)
        for parts in groups.values():
            label = parts[0].label
            category = None if label is None else names[label]
            things.append(thing(parts, item) | {"category": category})
    return {"images": len(dataset), "categories": names, "things": things}


def _run_lengths(encoded: Json) -> Json:
    counts = encoded["counts"]
    return {
        "size": list(encoded["size"]),
        "counts": counts.decode() if isinstance(counts, bytes) else counts,
    }


if __name__ == "__main__":
    answer(
        ["datumaro"],
        {
            "boxes": boxes,
            "stream": partial(boxes, reader=datumaro.StreamDataset),
            "masks": masks,
            "keypoints": keypoints,
        },
    )
