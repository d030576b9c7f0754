"""What the COCO importer of FiftyOne sees, and how FiftyOne scores.

The importer needs no database; datasets and their evaluation do.
"""

from pathlib import Path
from typing import Any

import fiftyone as fo
from fiftyone.core.config import FiftyOneConfigError
from fiftyone.utils.coco import COCODetectionDatasetImporter

from tests.consumers.runners.looking import (
    INSTANCES,
    KEYPOINTS,
    PICTURES,
    CannotError,
    Seen,
    Thing,
    answer,
    run_lengths,
)


def boxes(folder: Path) -> Seen:
    def facts(entry: Any, width: int, height: int) -> Thing:
        x, y, w, h = entry.bounding_box
        return {"box": [x * width, y * height, w * width, h * height]}

    return _seen(folder, INSTANCES, "detections", facts)


def masks(folder: Path) -> Seen:
    def facts(entry: Any, width: int, height: int) -> Thing:
        if entry.mask is None:
            return {"mask": {"size": [height, width], "rings": []}}
        pixels = entry.to_segmentation(frame_size=(width, height)).mask
        return {"mask": run_lengths(pixels)}

    return _seen(folder, INSTANCES, "segmentations", facts)


def keypoints(folder: Path) -> Seen:
    def facts(entry: Any, width: int, height: int) -> Thing:
        return {"keypoints": sum(v > 0 for v in entry.visible)}

    return _seen(folder, KEYPOINTS, "keypoints", facts)


def evaluation(folder: Path) -> Seen:
    """Detections that equal the ground truth, in a dataset of FiftyOne's database."""
    try:
        dataset = fo.Dataset.from_dir(
            dataset_type=fo.types.COCODetectionDataset,
            data_path=str(folder / PICTURES),
            labels_path=str(folder / INSTANCES),
            label_types=["detections"],
            label_field="truth",
            progress=False,
        )
    except FiftyOneConfigError as error:
        raise CannotError(
            "no MongoDB: FiftyOne could not download one when it was installed"
        ) from error
    try:
        dataset.clone_sample_field("truth", "found")
        for sample in dataset:
            for detection in sample.found.detections if sample.found else []:
                detection.confidence = 1.0
            sample.save()
        results = dataset.evaluate_detections(
            "found", gt_field="truth", method="coco", compute_mAP=True, progress=False
        )
        things: list[Thing] = [
            {"category": entry.label}
            for sample in dataset
            for entry in (sample.truth.detections if sample.truth else [])
        ]
        return {
            "images": len(dataset),
            "categories": list(dataset.info["classes"]),
            "things": things,
            "ap": float(results.mAP()),
        }
    finally:
        dataset.delete()


def _seen(folder: Path, annotations: str, kind: str, facts: Any) -> Seen:
    importer = COCODetectionDatasetImporter(
        data_path=str(folder / PICTURES),
        labels_path=str(folder / annotations),
        label_types=[kind],
    )
    things: list[Thing] = []
    with importer:
        for _, metadata, label in importer:
            for entry in getattr(label, "keypoints" if kind == "keypoints" else "detections", []):
                fact = facts(entry, metadata.width, metadata.height)
                things.append(fact | {"category": entry.label})
        return {
            "images": len(importer),
            "categories": list(importer._classes_map.values()),
            "things": things,
        }


if __name__ == "__main__":
    looks = {"boxes": boxes, "masks": masks, "keypoints": keypoints, "evaluation": evaluation}
    answer(["fiftyone"], looks)
