"""What the evaluators with the interface of pycocotools see."""

import contextlib
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tests.consumers.runners.looking import (
    INSTANCES,
    KEYPOINTS,
    Json,
    Look,
    Seen,
    Thing,
    run_lengths,
)

SIGMA = 0.05
"""Of every keypoint: those of COCO are only known for a person with 17 keypoints."""


def looks(coco_class: Any, evaluator_class: Any) -> Mapping[str, Look]:
    """The tasks, with the two classes that all these evaluators have."""

    def load(path: Path) -> Any:
        with contextlib.redirect_stdout(io.StringIO()):
            return coco_class(str(path))

    def boxes(folder: Path) -> Seen:
        coco = load(folder / INSTANCES)
        ap = _ap(evaluator_class, coco, "bbox", lambda entry: {"bbox": entry["bbox"]})
        return _seen(coco, lambda entry: {"box": entry["bbox"]}) | {"ap": ap}

    def masks(folder: Path) -> Seen:
        coco = load(folder / INSTANCES)
        ap = _ap(evaluator_class, coco, "segm", lambda entry: {"segmentation": _rle(coco, entry)})
        seen = _seen(coco, lambda entry: {"mask": run_lengths(coco.annToMask(entry))})
        return seen | {"ap": ap}

    def keypoints(folder: Path) -> Seen:
        coco = load(folder / KEYPOINTS)
        seen = _seen(
            coco, lambda entry: {"keypoints": sum(v > 0 for v in entry["keypoints"][2::3])}
        )
        return seen | {"ap": _keypoints_ap(evaluator_class, coco)}

    return {"boxes": boxes, "masks": masks, "keypoints": keypoints}


def _seen(coco: Any, facts: Callable[[Json], Thing]) -> Seen:
    names = {entry["id"]: entry["name"] for entry in coco.loadCats(coco.getCatIds())}
    entries = coco.loadAnns(coco.getAnnIds())
    return {
        "images": len(coco.getImgIds()),
        "categories": list(names.values()),
        "things": [
            facts(entry) | {"category": names.get(entry["category_id"])} for entry in entries
        ],
    }


def _rle(coco: Any, entry: Json) -> Json:
    encoded = coco.annToRLE(entry)
    counts = encoded["counts"]
    return {**encoded, "counts": counts.decode() if isinstance(counts, bytes) else counts}


def _ap(
    evaluator_class: Any,
    coco: Any,
    kind: str,
    geometry: Callable[[Json], Json],
    category: int | None = None,
    sigmas: Any = None,
) -> float:
    """Average precision of detections that equal the ground truth.

    Args:
        evaluator_class: the evaluator.
        coco: the ground truth.
        kind: `bbox`, `segm` or `keypoints`.
        geometry: what a detection says of where it is, from the annotation that it equals.
        category: the only category to evaluate; None for all.
        sigmas: one for each keypoint of that category.
    """
    chosen = [] if category is None else [category]
    detections = [
        {key: entry[key] for key in ("image_id", "category_id")} | {"score": 1.0} | geometry(entry)
        for entry in coco.loadAnns(coco.getAnnIds(catIds=chosen))
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = evaluator_class(coco, coco.loadRes(detections), kind)
        if category is not None:
            evaluation.params.catIds = [category]
            evaluation.params.kpt_oks_sigmas = sigmas
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


def _keypoints_ap(evaluator_class: Any, coco: Any) -> float:
    """The least average precision of a category: each has keypoints of its own."""
    scores = [
        _ap(
            evaluator_class,
            coco,
            "keypoints",
            lambda entry: {"keypoints": entry["keypoints"]},
            category["id"],
            np.full(len(category["keypoints"]), SIGMA),
        )
        for category in coco.loadCats(coco.getCatIds())
    ]
    return min(scores)
