"""What torchvision's dataset sees, and whether its models take it for training."""

from pathlib import Path
from typing import Any

import torch
from torchvision.datasets import CocoDetection, wrap_dataset_for_transforms_v2
from torchvision.models import detection
from torchvision.transforms.v2 import functional

from tests.consumers.runners.looking import (
    INSTANCES,
    KEYPOINTS,
    PICTURES,
    Seen,
    Thing,
    answer,
    as_boxes,
    run_lengths,
)


def boxes(folder: Path) -> Seen:
    return _seen(folder, "boxes", _boxes)


def masks(folder: Path) -> Seen:
    return _seen(folder, "masks", _masks)


def keypoints(folder: Path) -> Seen:
    """The plain dataset: the wrapper for transforms knows no keypoints."""
    dataset = CocoDetection(str(folder / PICTURES), str(folder / KEYPOINTS))
    names = {entry["id"]: entry.get("name") for entry in dataset.coco.cats.values()}
    things: list[Thing] = [
        {
            "category": names.get(entry["category_id"]),
            "keypoints": sum(v > 0 for v in (entry.get("keypoints") or [])[2::3]),
        }
        for _, target in dataset
        for entry in target
    ]
    return {"images": len(dataset), "categories": list(names.values()), "things": things}


def training(folder: Path) -> Seen:
    """The losses of a model that wants boxes, for every labelled image."""
    dataset = _dataset(folder, "boxes")
    model = detection.fasterrcnn_mobilenet_v3_large_320_fpn(
        weights=None,
        weights_backbone=None,
        num_classes=max(dataset.coco.cats) + 1,
        min_size=128,
        rpn_post_nms_top_n_train=50,
    )
    labelled = [(image, target) for image, target in dataset if "boxes" in target]
    for image, target in labelled:
        picture = functional.to_dtype(functional.to_image(image), scale=True)
        with torch.no_grad():
            losses = model([picture], [target])
        if not all(torch.isfinite(loss) for loss in losses.values()):
            raise ArithmeticError(f"The losses of an image are {losses}.")
    return _seen(folder, "boxes", _boxes)


def _dataset(folder: Path, key: str) -> Any:
    dataset = CocoDetection(str(folder / PICTURES), str(folder / INSTANCES))
    return wrap_dataset_for_transforms_v2(dataset, target_keys=(key, "labels"))


def _seen(folder: Path, key: str, facts: Any) -> Seen:
    dataset = _dataset(folder, key)
    names = {entry["id"]: entry.get("name") for entry in dataset.coco.cats.values()}
    things: list[Thing] = []
    for _, target in dataset:
        # Targets of images without annotations have no keys.
        if key not in target:
            continue
        found = zip(target["labels"], facts(target[key]), strict=True)
        things += [fact | {"category": names.get(int(label))} for label, fact in found]
    return {"images": len(dataset), "categories": list(names.values()), "things": things}


def _boxes(corners: Any) -> list[Thing]:
    return [{"box": box} for box in as_boxes(corners)]


def _masks(masks: Any) -> list[Thing]:
    return [{"mask": run_lengths(mask)} for mask in masks.numpy()]


if __name__ == "__main__":
    looks = {"boxes": boxes, "masks": masks, "keypoints": keypoints, "training": training}
    answer(["torchvision", "torch", "pycocotools"], looks)
