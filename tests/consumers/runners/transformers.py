"""What the image processors of DETR, which most detectors of transformers share, see."""

from pathlib import Path
from typing import Any

import numpy as np
from torchvision.datasets import CocoDetection
from transformers import DetrImageProcessor

from tests.consumers.runners.looking import (
    INSTANCES,
    KEYPOINTS,
    PICTURES,
    Json,
    Seen,
    Thing,
    answer,
    as_boxes,
    run_lengths,
)

PROCESSOR = DetrImageProcessor(do_resize=False, do_rescale=False, do_normalize=False, do_pad=False)


def boxes(folder: Path) -> Seen:
    def facts(target: Json) -> list[Thing]:
        return [{"box": box} for box in as_boxes(target["boxes"])]

    return _seen(folder, INSTANCES, facts)


def masks(folder: Path) -> Seen:
    def facts(target: Json) -> list[Thing]:
        return [{"mask": run_lengths(mask)} for mask in np.asarray(target["masks"])]

    return _seen(folder, INSTANCES, facts, return_segmentation_masks=True)


def keypoints(folder: Path) -> Seen:
    def facts(target: Json) -> list[Thing]:
        count = len(target["class_labels"])
        if not count:
            return []
        numbers = np.asarray(target["keypoints"]).reshape(count, -1, 3)
        return [{"keypoints": int((points[:, 2] > 0).sum())} for points in numbers]

    return _seen(folder, KEYPOINTS, facts)


def _seen(folder: Path, annotations: str, facts: Any, **options: Any) -> Seen:
    """With torchvision's dataset, as transformers' own examples of training have it."""
    dataset = CocoDetection(str(folder / PICTURES), str(folder / annotations))
    names = {entry["id"]: entry.get("name") for entry in dataset.coco.cats.values()}
    things: list[Thing] = []
    for number, (picture, entries) in zip(dataset.ids, dataset, strict=True):
        labels = {"image_id": number, "annotations": entries}
        encoded = PROCESSOR(picture, annotations=labels, return_tensors="pt", **options)
        target = encoded["labels"][0]
        found = zip(target["class_labels"].tolist(), facts(target), strict=True)
        things += [fact | {"category": names.get(label)} for label, fact in found]
    return {"images": len(dataset), "categories": list(names.values()), "things": things}


if __name__ == "__main__":
    looks = {"boxes": boxes, "masks": masks, "keypoints": keypoints}
    answer(["transformers", "torch", "pycocotools"], looks)
