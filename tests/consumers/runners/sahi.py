"""What sahi sees."""

from pathlib import Path
from typing import Any

from sahi.utils.coco import Coco

from tests.consumers.runners.looking import INSTANCES, PICTURES, Seen, Thing, answer


def boxes(folder: Path) -> Seen:
    return _seen(folder, lambda entry, image: {"box": [float(n) for n in entry.bbox]})


def masks(folder: Path) -> Seen:
    def thing(entry: Any, image: Any) -> Thing:
        rings = [[float(n) for n in ring] for ring in entry.segmentation]
        return {"mask": {"size": [image.height, image.width], "rings": rings}}

    return _seen(folder, thing)


def _seen(folder: Path, thing: Any) -> Seen:
    coco = Coco.from_coco_dict_or_path(str(folder / INSTANCES), str(folder / PICTURES))
    return {
        "images": len(coco.images),
        "categories": list(coco.category_mapping.values()),
        "things": [
            thing(entry, image) | {"category": entry.category_name}
            for image in coco.images
            for entry in image.annotations
        ],
    }


if __name__ == "__main__":
    answer(["sahi"], {"boxes": boxes, "masks": masks})
