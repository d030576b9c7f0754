"""What the COCO dataset of MMDetection sees, and how its metric scores.

mmdet wants mmcv < 2.2, which has no wheels with compiled operators; mmcv-lite has none at all.
Datasets, pipelines and metrics use no operator, but the package imports them: empty classes stand
in for them here.
"""

import json
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.consumers.runners.looking import (
    INSTANCES,
    PICTURES,
    Json,
    Seen,
    Thing,
    answer,
    as_boxes,
    run_lengths,
)


class NoOperators(ModuleType):
    """A module in which every name is an empty class."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class StandIn(MetaPathFinder, Loader):
    """Finds the modules of `mmcv.ops`, without operators."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "mmcv.ops" and not name.startswith("mmcv.ops."):
            return None
        return ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return NoOperators(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing in it."""


def boxes(folder: Path) -> Seen:
    def facts(loaded: Json) -> list[Thing]:
        return [{"box": box} for box in as_boxes(loaded["gt_bboxes"].numpy())]

    return _seen(folder, facts, with_mask=False)


def masks(folder: Path) -> Seen:
    def facts(loaded: Json) -> list[Thing]:
        return [{"mask": run_lengths(mask)} for mask in loaded["gt_masks"].masks]

    return _seen(folder, facts, with_mask=True)


def _seen(folder: Path, facts: Any, with_mask: bool) -> Seen:
    from mmdet.datasets import CocoDataset
    from mmdet.datasets.transforms import LoadAnnotations
    from mmdet.evaluation import CocoMetric

    path = folder / INSTANCES
    categories = json.loads(path.read_text(encoding="utf-8"))["categories"]
    dataset = CocoDataset(
        ann_file=str(path),
        data_prefix={"img": str(folder / PICTURES)},
        metainfo={"classes": tuple(entry["name"] for entry in categories)},
        pipeline=[
            {"type": "LoadImageFromFile"},
            {"type": LoadAnnotations, "with_bbox": True, "with_mask": with_mask},
        ],
    )
    names = dataset.metainfo["classes"]
    kind = "segm" if with_mask else "bbox"
    metric = CocoMetric(ann_file=str(path), metric=kind)
    metric.dataset_meta = dataset.metainfo
    things: list[Thing] = []
    for loaded in dataset:
        metric.process({}, [_detected(loaded, with_mask)])
        flagged = loaded["gt_ignore_flags"]
        found = zip(loaded["gt_bboxes_labels"], flagged, facts(loaded), strict=True)
        things += [
            fact | {"category": names[label]} for label, is_ignored, fact in found if not is_ignored
        ]
    return {
        "images": len(dataset),
        "categories": list(names),
        "things": things,
        "ap": metric.evaluate(len(dataset)).get(f"coco/{kind}_mAP", -1.0),
    }


def _detected(loaded: Json, with_mask: bool) -> Json:
    """The labels of an image as detections."""
    import torch

    chosen = ~loaded["gt_ignore_flags"]
    found = {
        "bboxes": loaded["gt_bboxes"].tensor[torch.from_numpy(chosen)],
        "scores": torch.ones(int(chosen.sum())),
        "labels": torch.from_numpy(loaded["gt_bboxes_labels"][chosen]),
    }
    if with_mask:
        found["masks"] = torch.from_numpy(loaded["gt_masks"].masks[chosen].astype(bool))
    facts = {key: loaded[key] for key in ("img_id", "ori_shape")}
    return facts | {"pred_instances": found}


if __name__ == "__main__":
    sys.meta_path.insert(0, StandIn())
    packages = ["mmdet", "mmcv-lite", "mmengine", "torch", "pycocotools"]
    answer(packages, {"boxes": boxes, "masks": masks})
