"""What ultralytics converts and then sees in its own format."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from ultralytics.data.converter import convert_coco
from ultralytics.data.dataset import YOLODataset

from tests.consumers.runners.looking import INSTANCES, KEYPOINTS, PICTURES, Seen, Thing, answer


def boxes(folder: Path) -> Seen:
    def facts(label: Any, width: int, height: int) -> list[Thing]:
        centre, extent = np.split(np.asarray(label["bboxes"], float).reshape(-1, 4), 2, axis=1)
        boxes = np.hstack([centre - extent / 2, extent]) * [width, height, width, height]
        return [{"box": box} for box in boxes.tolist()]

    return _seen(folder, INSTANCES, facts, task="detect")


def masks(folder: Path) -> Seen:
    def facts(label: Any, width: int, height: int) -> list[Thing]:
        rings = [(ring * [width, height]).ravel().tolist() for ring in label["segments"]]
        return [{"mask": {"size": [height, width], "rings": [ring]}} for ring in rings]

    return _seen(folder, INSTANCES, facts, task="segment", use_segments=True)


def keypoints(folder: Path) -> Seen:
    def facts(label: Any, width: int, height: int) -> list[Thing]:
        return [{"keypoints": int((points[:, 2] > 0).sum())} for points in label["keypoints"]]

    return _seen(folder, KEYPOINTS, facts, task="pose", use_keypoints=True)


def _seen(folder: Path, annotations: str, facts: Any, task: str, **options: bool) -> Seen:
    coco = json.loads((folder / annotations).read_text(encoding="utf-8"))
    names = {entry["id"] - 1: entry.get("name") for entry in coco["categories"]}
    entries = coco.get("annotations", [])
    points = max((len(entry.get("keypoints") or []) // 3 for entry in entries), default=0)
    data = {"names": names, "kpt_shape": (points, 3)} if task == "pose" else {"names": names}
    with _converted(folder, annotations, options) as pictures:
        dataset = YOLODataset(img_path=str(pictures), data=data, task=task, augment=False)
        things: list[Thing] = []
        for label in dataset.labels:
            height, width = label["shape"]
            found = zip(label["cls"].ravel(), facts(label, width, height), strict=True)
            things += [fact | {"category": names.get(int(number))} for number, fact in found]
        return {
            "images": len(dataset.labels),
            "categories": list(names.values()),
            "things": things,
        }


@contextmanager
def _converted(folder: Path, annotations: str, options: dict[str, bool]) -> Iterator[Path]:
    """Folder of the pictures beside which ultralytics' own labels lie."""
    with tempfile.TemporaryDirectory() as name:
        source, converted = Path(name) / "annotations", Path(name) / "converted"
        source.mkdir()
        shutil.copy(folder / annotations, source / "instances_train.json")
        convert_coco(str(source), str(converted), cls91to80=False, **options)
        pictures = converted / "images" / "train"
        pictures.parent.mkdir(exist_ok=True)
        shutil.copytree(folder / PICTURES, pictures)
        yield pictures


if __name__ == "__main__":
    looks = {"boxes": boxes, "masks": masks, "keypoints": keypoints}
    answer(["ultralytics", "torch", "faster-coco-eval"], looks)
