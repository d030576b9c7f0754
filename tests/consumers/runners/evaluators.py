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

    def boxes(folder: Path) -> Seen:
        coco = loaded(coco_class, folder / INSTANCES)
        seen = _seen(coco, lambda entry: {"box": entry["bbox"]})
        return seen | {"ap": _perfect(evaluator_class, coco, "bbox")}

    def masks(folder: Path) -> Seen:
        coco = loaded(coco_class, folder / INSTANCES)
        seen = _seen(coco, lambda entry: {"mask": run_lengths(coco.annToMask(entry))})
        return seen | {"ap": _perfect(evaluator_class, coco, "segm")}

    def keypoints(folder: Path) -> Seen:
        coco = loaded(coco_class, folder / KEYPOINTS)
        seen = _seen(
            coco, lambda entry: {"keypoints": sum(v > 0 for v in entry["keypoints"][2::3])}
        )
        return seen | {"ap": _perfect_keypoints(evaluator_class, coco)}

    return {"boxes": boxes, "masks": masks, "keypoints": keypoints}


def loaded(coco_class: Any, path: Path) -> Any:
    """A file, without what is printed when it is read."""
    with contextlib.redirect_stdout(io.StringIO()):
        return coco_class(str(path))


def _seen(coco: Any, facts: Callable[[Json], Thing]) -> Seen:
    names = {entry["id"]: entry.get("name") for entry in coco.loadCats(coco.getCatIds())}
    entries = coco.loadAnns(coco.getAnnIds())
    return {
        "images": len(coco.getImgIds()),
        "categories": list(names.values()),
        "things": [
            facts(entry) | {"category": names.get(entry["category_id"])} for entry in entries
        ],
    }


def detections(coco: Any, kind: str, category: int | None = None) -> list[Json]:
    """Detections that equal the annotations of a file.

    Args:
        coco: the file.
        kind: `bbox`, `segm` or `keypoints`: what detections say of where they are.
        category: the only category of interest; None for all.
    """
    chosen = [] if category is None else [category]
    return [
        {key: entry[key] for key in ("image_id", "category_id")}
        | {"score": 1.0}
        | _GEOMETRY[kind](coco, entry)
        for entry in coco.loadAnns(coco.getAnnIds(catIds=chosen))
    ]


_GEOMETRY: dict[str, Callable[[Any, Json], Json]] = {
    "bbox": lambda coco, entry: {"bbox": entry["bbox"]},
    "segm": lambda coco, entry: {"segmentation": _rle(coco, entry)},
    "keypoints": lambda coco, entry: {"keypoints": entry["keypoints"]},
}


def _rle(coco: Any, entry: Json) -> Json:
    encoded = coco.annToRLE(entry)
    counts = encoded["counts"]
    return {**encoded, "counts": counts.decode() if isinstance(counts, bytes) else counts}


def average_precision(
    evaluator_class: Any,
    truth: Any,
    found: list[Json],
    kind: str,
    category: int | None = None,
    sigmas: Any = None,
) -> float:
    """Average precision as COCO defines it, over all thresholds and sizes.

    Args:
        evaluator_class: the evaluator.
        truth: the ground truth.
        found: detections.
        kind: `bbox`, `segm` or `keypoints`.
        category: the only category to evaluate; None for all.
        sigmas: one for each keypoint of that category; None for those of COCO.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = evaluator_class(truth, truth.loadRes(found), kind)
        if category is not None:
            evaluation.params.catIds = [category]
        if sigmas is not None:
            evaluation.params.kpt_oks_sigmas = sigmas
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


def _perfect(evaluator_class: Any, coco: Any, kind: str) -> float:
    return average_precision(evaluator_class, coco, detections(coco, kind), kind)


def _perfect_keypoints(evaluator_class: Any, coco: Any) -> float:
    """The least average precision of a category: each has keypoints of its own."""
    scores = []
    for category in coco.loadCats(coco.getCatIds()):
        if not category.get("keypoints"):
            continue
        number = category["id"]
        entries = coco.loadAnns(coco.getAnnIds(catIds=[number]))
        points = max((len(entry.get("keypoints") or []) // 3 for entry in entries), default=0)
        sigmas = np.full(points, SIGMA)
        found = detections(coco, "keypoints", number)
        scores.append(average_precision(evaluator_class, coco, found, "keypoints", number, sigmas))
    return min(scores)
