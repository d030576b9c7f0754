"""COCO files turned into Encord label rows, so that an export can turn them back."""

import math
from collections.abc import Callable

import numpy as np
from pycocotools import mask as coco_mask

from tests.label_rows import JSON, image_unit, label_row
from tests.objects import bitmask, box, polygons, skeleton
from tests.ontologies import object_node, template

_VISIBILITY = {0: "invisible", 1: "occluded", 2: "visible"}


def fraction(pixels: float, size: int) -> float:
    """A fraction of a frame that is as many pixels, to the last bit where there is one."""
    near = pixels / size
    for candidate in (near, math.nextafter(near, math.inf), math.nextafter(near, -math.inf)):
        if candidate * size == pixels:
            return candidate
    return near


def as_drawn(annotation: JSON, width: int, height: int) -> JSON:
    """The annotation with the pixels that fractions can express.

    One coordinate of twelve has no fraction that is exactly as many pixels. The last bit decides
    where a coordinate lies on a border of the raster that pycocotools draws on, fifths of a pixel,
    as those with one or two decimals do.
    """
    if isinstance(annotation["segmentation"], dict):
        return annotation
    sizes = (width, height)
    rings = [
        [fraction(n, sizes[place % 2]) * sizes[place % 2] for place, n in enumerate(ring)]
        for ring in annotation["segmentation"]
    ]
    return annotation | {"segmentation": rings}


def boxes(annotation: JSON, width: int, height: int) -> JSON:
    """The annotation's bbox as a bounding box."""
    x, y, w, h = annotation["bbox"]
    place = {
        "x": fraction(x, width),
        "y": fraction(y, height),
        "w": fraction(w, width),
        "h": fraction(h, height),
    }
    return box(str(annotation["id"]), place, featureHash=str(annotation["category_id"]))


def masks(annotation: JSON, width: int, height: int) -> JSON:
    """The annotation's segmentation as a polygon; a run-length encoded one as a bitmask."""
    feature = str(annotation["category_id"])
    segmentation = annotation["segmentation"]
    if isinstance(segmentation, dict):
        encoded = coco_mask.frPyObjects(segmentation, height, width)
        dense = coco_mask.decode(encoded).astype(bool)
        return bitmask(str(annotation["id"]), dense, featureHash=feature)
    rings = [
        [fraction(number, (width, height)[place % 2]) for place, number in enumerate(ring)]
        for ring in segmentation
    ]
    return polygons(str(annotation["id"]), *[[ring] for ring in rings], featureHash=feature)


def keypoints(annotation: JSON, width: int, height: int, names: list[str]) -> JSON:
    """The annotation's keypoints as a skeleton."""
    numbers = np.array(annotation["keypoints"], float).reshape(-1, 3).tolist()
    points: JSON = {
        name: {
            "x": fraction(x, width),
            "y": fraction(y, height),
            "visibility": _VISIBILITY[int(v)],
        }
        for name, (x, y, v) in zip(names, numbers, strict=True)
    }
    feature = str(annotation["category_id"])
    return skeleton(str(annotation["id"]), points, featureHash=feature)


def as_label_rows(coco: JSON, draw: Callable[[JSON, int, int], JSON]) -> list[JSON]:
    """One label row per image; the object of an annotation is named by its id.

    Args:
        coco: a COCO file.
        draw: makes an object from an annotation and the width and height of its image.
    """
    on_image: dict[int, list[JSON]] = {}
    for annotation in coco["annotations"]:
        on_image.setdefault(annotation["image_id"], []).append(annotation)
    rows = []
    for image in coco["images"]:
        size = (image["width"], image["height"])
        objects = [draw(annotation, *size) for annotation in on_image.get(image["id"], [])]
        facts = {"width": size[0], "height": size[1], "data_title": image["file_name"]}
        name = str(image["id"])
        rows.append(label_row({name: image_unit(objects, **facts)}, label_hash=name))
    return rows


def as_ontology(coco: JSON, shape: str) -> JSON:
    """The categories as objects of one shape, with their skeletons."""
    nodes = [
        object_node(shape, name=entry["name"], featureNodeHash=str(entry["id"]))
        for entry in coco["categories"]
    ]
    templates = [
        template(
            *entry["keypoints"],
            edges=[(start - 1, end - 1) for start, end in entry["skeleton"]],
            feature_hash=str(entry["id"]),
        )
        for entry in coco["categories"]
        if shape == "skeleton"
    ]
    return {"objects": nodes, "classifications": [], "skeleton_templates": templates}
