"""What the dataset that RF-DETR is fine-tuned on sees, and how RF-DETR scores."""

from pathlib import Path
from typing import Any

import torch
from rfdetr.datasets.coco import CocoDetection
from rfdetr.evaluation.coco_eval import CocoEvaluator

from tests.consumers.runners.looking import (
    KEYPOINTS,
    PICTURES,
    ROBOFLOW,
    Json,
    Seen,
    Thing,
    answer,
    as_boxes,
    run_lengths,
)


def boxes(folder: Path) -> Seen:
    def facts(target: Json) -> list[Thing]:
        return [{"box": box} for box in as_boxes(target["boxes"].numpy())]

    dataset = _roboflow(folder)
    return _seen(dataset, facts) | {"ap": _perfect(dataset, "bbox")}


def masks(folder: Path) -> Seen:
    def facts(target: Json) -> list[Thing]:
        return [{"mask": run_lengths(mask)} for mask in target["masks"].numpy()]

    dataset = _roboflow(folder, include_masks=True)
    return _seen(dataset, facts) | {"ap": _perfect(dataset, "segm")}


def keypoints(folder: Path) -> Seen:
    def facts(target: Json) -> list[Thing]:
        return [{"keypoints": int((points[:, 2] > 0).sum())} for points in target["keypoints"]]

    pictures, labels = folder / PICTURES, folder / KEYPOINTS
    categories = CocoDetection(pictures, labels, None).coco.cats
    counts = [len(categories[number].get("keypoints", [])) for number in sorted(categories)]
    dataset = CocoDetection(
        pictures,
        labels,
        None,
        include_keypoints=True,
        num_keypoints_per_class=counts,
        remap_category_ids=True,
    )
    return _seen(dataset, facts)


def _roboflow(folder: Path, **options: bool) -> Any:
    pictures = folder / ROBOFLOW / "train"
    labels = pictures / "_annotations.coco.json"
    return CocoDetection(pictures, labels, None, remap_category_ids=True, **options)


def _seen(dataset: Any, facts: Any) -> Seen:
    names = {
        label: dataset.coco.cats[category].get("name")
        for label, category in dataset.label2cat.items()
    }
    things: list[Thing] = []
    for _, target in dataset:
        found = zip(target["labels"].tolist(), facts(target), strict=True)
        things += [fact | {"category": names[label]} for label, fact in found]
    return {"images": len(dataset), "categories": list(names.values()), "things": things}


def _perfect(dataset: Any, kind: str) -> float:
    """Average precision of detections that are the labels."""
    evaluator = CocoEvaluator(dataset.coco, [kind], log_summary=False)
    for _, target in dataset:
        found = {key: target[key] for key in ("boxes", "labels")}
        if kind == "segm":
            found["masks"] = target["masks"][:, None].float()
        scores = torch.ones(len(target["labels"]))
        evaluator.update({int(target["image_id"]): found | {"scores": scores}})
    evaluator.synchronize_between_processes()
    evaluator.accumulate()
    return float(evaluator.coco_eval[kind].stats[0])


if __name__ == "__main__":
    looks = {"boxes": boxes, "masks": masks, "keypoints": keypoints}
    answer(["rfdetr", "torch", "pycocotools"], looks)
