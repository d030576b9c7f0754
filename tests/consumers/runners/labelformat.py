"""What labelformat sees."""

from pathlib import Path
from typing import Any

from labelformat.formats import COCOInstanceSegmentationInput, COCOObjectDetectionInput
from labelformat.model.binary_mask_segmentation import BinaryMaskSegmentation

from tests.consumers.runners.looking import INSTANCES, Json, Seen, Thing, answer, run_lengths


def boxes(folder: Path) -> Seen:
    source = COCOObjectDetectionInput(folder / INSTANCES)
    things: list[Thing] = [
        {
            "category": entry.category.name,
            "box": [
                entry.box.xmin,
                entry.box.ymin,
                entry.box.xmax - entry.box.xmin,
                entry.box.ymax - entry.box.ymin,
            ],
        }
        for label in source.get_labels()
        for entry in label.objects
    ]
    return _seen(source, things)


def masks(folder: Path) -> Seen:
    source = COCOInstanceSegmentationInput(folder / INSTANCES)
    things: list[Thing] = [
        {"category": entry.category.name, "mask": _mask(entry.segmentation, label.image)}
        for label in source.get_labels()
        for entry in label.objects
    ]
    return _seen(source, things)


def _mask(segmentation: Any, image: Any) -> Json:
    if isinstance(segmentation, BinaryMaskSegmentation):
        return run_lengths(segmentation.get_binary_mask())
    rings = [[n for point in ring for n in point] for ring in segmentation.polygons]
    return {"size": [image.height, image.width], "rings": rings}


def _seen(source: Any, things: list[Thing]) -> Seen:
    return {
        "images": len(list(source.get_images())),
        "categories": [category.name for category in source.get_categories()],
        "things": things,
    }


if __name__ == "__main__":
    answer(["labelformat"], {"boxes": boxes, "masks": masks})
