"""What supervision sees, and how it scores."""

from pathlib import Path
from typing import Any

import numpy as np
import supervision as sv

from tests.consumers.runners.looking import ROBOFLOW, Seen, Thing, answer, as_boxes, run_lengths


def boxes(folder: Path) -> Seen:
    dataset = _load(folder, with_masks=False)
    things: list[Thing] = [
        {"category": dataset.classes[class_id], "box": box}
        for _, _, found in dataset
        for class_id, box in zip(found.class_id, as_boxes(found.xyxy), strict=True)
    ]
    return _seen(dataset, things, sv.metrics.MetricTarget.BOXES)


def masks(folder: Path) -> Seen:
    dataset = _load(folder, with_masks=True)
    things: list[Thing] = [
        {"category": dataset.classes[class_id], "mask": run_lengths(mask)}
        for _, _, found in dataset
        if len(found)
        for class_id, mask in zip(found.class_id, found.mask, strict=True)
    ]
    return _seen(dataset, things, sv.metrics.MetricTarget.MASKS)


def _load(folder: Path, with_masks: bool) -> Any:
    pictures = folder / ROBOFLOW / "train"
    labels = pictures / "_annotations.coco.json"
    return sv.DetectionDataset.from_coco(str(pictures), str(labels), force_masks=with_masks)


def _seen(dataset: Any, things: list[Thing], target: Any) -> Seen:
    metric = sv.metrics.MeanAveragePrecision(metric_target=target)
    for _, _, truth in dataset:
        metric.update(_detections(truth), truth)
    return {
        "images": len(dataset),
        "categories": list(dataset.classes),
        "things": things,
        "ap": float(metric.compute().map50_95),
    }


def _detections(truth: Any) -> Any:
    if not len(truth):
        return sv.Detections.empty()
    return sv.Detections(
        xyxy=truth.xyxy,
        mask=truth.mask,
        class_id=truth.class_id,
        confidence=np.ones(len(truth)),
    )


if __name__ == "__main__":
    answer(["supervision"], {"boxes": boxes, "masks": masks})
