"""What the consumers that stand in the suite's environment make of a COCO file.

`python -m tests.coco.validation.evaluation` does it in a process of its own, with limits: some
files make them crash, or never return.
"""

import contextlib
import copy
import importlib
import io
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

Json = dict[str, Any]

MODULES = {
    "pycocotools": ("pycocotools.coco", "pycocotools.cocoeval", "COCOeval"),
    "faster-coco-eval": ("faster_coco_eval", "faster_coco_eval", "COCOeval_faster"),
    "hotcoco": ("hotcoco", "hotcoco", "COCOeval"),
}
_SIGMAS = [0.05, 0.05, 0.05]
_CPU_SECONDS = 2
_MEMORY_BYTES = 3 << 30


def perfect_detections(valid: Json, coco: Json) -> list[Json]:
    """Detections of all objects of a valid file, with the ids of a file made from it."""
    images, categories = _new_ids(valid, coco, "images"), _new_ids(valid, coco, "categories")
    detections = []
    for entry in valid["annotations"]:
        kept = {
            key: copy.deepcopy(entry[key])
            for key in ("bbox", "segmentation", "keypoints")
            if key in entry
        }
        detections.append(
            kept
            | {
                "image_id": images.get(entry["image_id"], entry["image_id"]),
                "category_id": categories.get(entry["category_id"], entry["category_id"]),
                "score": 0.9,
            }
        )
    return detections


def _new_ids(valid: Json, coco: Json, section: str) -> Json:
    after = coco.get(section)
    if not isinstance(after, list):
        return {}
    pairs = zip(valid[section], after, strict=False)
    return {old["id"]: new["id"] for old, new in pairs if new and new.get("id") is not None}


def score(consumer: str, path: Path, detections: list[Json], task: str) -> str:
    """AP of the detections, or the name of the error.

    Args:
        consumer: its name.
        path: the ground truth.
        detections: what is scored.
        task: `bbox`, `segm` or `keypoints`.
    """
    data, evaluation, name = MODULES[consumer]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            truth = importlib.import_module(data).COCO(str(path))
            found = truth.loadRes(copy.deepcopy(detections))
            evaluator = getattr(importlib.import_module(evaluation), name)(truth, found, task)
            evaluator.params.kpt_oks_sigmas = (
                _SIGMAS if consumer == "hotcoco" else np.array(_SIGMAS)
            )
            evaluator.evaluate()
            evaluator.accumulate()
            evaluator.summarize()
    except Exception as error:
        return type(error).__name__
    return str(round(float(evaluator.stats[0]), 3))


def score_apart(consumer: str, path: Path, detections: list[Json], task: str) -> str:
    """As `score`, in a process of its own; `dies` if it does not survive."""
    command = [sys.executable, "-m", "tests.coco.validation.evaluation", consumer, str(path), task]
    done = subprocess.run(
        command,
        input=json.dumps(detections),
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()[-1] if done.returncode == 0 else "dies"


def main(consumer: str, path: str, task: str) -> None:
    """Scores within limits and prints the outcome."""
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    print(score(consumer, Path(path), json.load(sys.stdin), task))


if __name__ == "__main__":
    main(*sys.argv[1:])
