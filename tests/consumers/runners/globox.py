"""What globox sees, and how it scores: boxes alone."""

from pathlib import Path

from globox import AnnotationSet, BoundingBox, COCOEvaluator

from tests.consumers.runners.looking import INSTANCES, Seen, answer


def boxes(folder: Path) -> Seen:
    truth = AnnotationSet.from_coco(folder / INSTANCES)
    found = AnnotationSet.from_coco(folder / INSTANCES)
    for annotation in found:
        annotation.boxes = [_detection(box) for box in annotation.boxes]
    evaluator = COCOEvaluator(ground_truths=truth, predictions=found)
    return {
        "images": len(truth),
        "categories": list((truth._id_to_label or {}).values()),
        "things": [
            {"category": box.label, "box": [box.xmin, box.ymin, box.width, box.height]}
            for annotation in truth
            for box in annotation.boxes
        ],
        "ap": float(evaluator.ap()),
    }


def _detection(box: BoundingBox) -> BoundingBox:
    corners = (box.xmin, box.ymin, box.xmax, box.ymax)
    return BoundingBox.create(label=box.label, coords=corners, confidence=1.0)


if __name__ == "__main__":
    answer(["globox"], {"boxes": boxes})
