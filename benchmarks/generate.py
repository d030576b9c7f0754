"""Makes Encord label rows with the statistics of COCO.

The rows are those of a platform export: one image each, or one video each, of 80 classes with
seven shapes, 7 objects a frame on average, radio, checklist and text answers. The same seed gives
the same rows.
"""

import base64
import math
import random
import uuid
from collections.abc import Sequence
from typing import Any

from pycocotools import mask as coco_mask

Json = dict[str, Any]
Box = tuple[float, float, float, float]

CLASSES = 80
OBJECTS_PER_FRAME = 7.3
SHAPES = (
    ["polygon"] * 48
    + ["bounding_box"] * 20
    + ["rotatable_bounding_box"] * 3
    + ["polyline"] * 3
    + ["point"] * 2
    + ["skeleton"] * 2
    + ["bitmask"] * 2
)
FRAME_SIZES = ((640, 480), (640, 427), (500, 375), (1280, 720))
KEYPOINTS = 17
RADIO_OPTIONS = ("None", "Partial", "Heavy")
CHECKLIST_OPTIONS = ("Wet", "Dirty", "Reflective")
FREE_TEXT = 'some free text é "quoted"'
EDITED_AT = "Tue, 17 Jan 2023 11:43:52 GMT"
USER = "annotator@example.com"


class Dice:
    """The only source of chance, and of names that are made by it."""

    def __init__(self, seed: int) -> None:
        """Starts the sequence that belongs to a seed."""
        self.random = random.Random(seed)

    def feature_hash(self) -> str:
        """Eight characters of base64, as Encord names ontology nodes and objects."""
        return base64.b64encode(self.random.getrandbits(48).to_bytes(6, "big")).decode()

    def uuid(self) -> str:
        """Name of a file or a label row."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def fraction(self, low: float, high: float) -> float:
        """A number with four decimals, as the editor stores coordinates."""
        return round(self.random.uniform(low, high), 4)

    def number_of_objects(self) -> int:
        """Objects of one frame: few on most, many on some."""
        return int(self.random.expovariate(1 / OBJECTS_PER_FRAME))


def make_ontology(dice: Dice) -> Json:
    """An ontology of 80 classes, every second one with three attributes."""
    return {
        "objects": [_ontology_object(dice, index) for index in range(CLASSES)],
        "classifications": [],
    }


def _ontology_object(dice: Dice, index: int) -> Json:
    attributes = []
    if index % 2 == 0:
        attributes = [
            _attribute(dice, index, 1, "radio", f"occluded {index}", RADIO_OPTIONS),
            _attribute(
                dice,
                index,
                2,
                "checklist",
                f"tags {index}",
                [f"{option} {index}" for option in CHECKLIST_OPTIONS],
            ),
            _attribute(dice, index, 3, "text", f"note {index}", ()),
        ]
    return {
        "id": str(index + 1),
        "name": f"class {index}",
        "color": "#D33115",
        "shape": SHAPES[index % len(SHAPES)],
        "featureNodeHash": dice.feature_hash(),
        "required": False,
        "attributes": attributes,
    }


def _attribute(
    dice: Dice, index: int, position: int, kind: str, name: str, options: Sequence[str]
) -> Json:
    identifier = f"{index + 1}.{position}"
    attribute: Json = {
        "id": identifier,
        "name": name,
        "type": kind,
        "featureNodeHash": dice.feature_hash(),
        "required": False,
        "dynamic": False,
    }
    if options:
        attribute["options"] = [
            {
                "id": f"{identifier}.{number}",
                "label": label,
                "value": label.lower().replace(" ", "_"),
                "featureNodeHash": dice.feature_hash(),
            }
            for number, label in enumerate(options, 1)
        ]
    return attribute


def ellipse_mask(width: int, height: int, box: tuple[int, int, int, int]) -> str:
    """Compressed row-major runs of an ellipse, as Encord stores bitmasks.

    Args:
        width: columns of the grid.
        height: rows of the grid.
        box: left, top, width and height of the ellipse in pixels, inside the grid.
    """
    left, top, box_width, box_height = box
    counts, position = [], 0
    for row in range(box_height):
        y = (row + 0.5) / box_height * 2 - 1
        run = max(1, round(box_width * math.sqrt(1 - y * y)))
        start = (top + row) * width + left + (box_width - run) // 2
        counts += [start - position, run]
        position = start + run
    counts.append(width * height - position)
    # pycocotools counts down columns: its grid is ours, transposed.
    runs = coco_mask.frPyObjects({"size": [width, height], "counts": counts}, width, height)
    return str(runs["counts"].decode())


def _ring(dice: Dice, box: Box, points: int) -> list[list[float]]:
    x, y, width, height = box
    ring = []
    for point in range(points):
        angle = 2 * math.pi * point / points
        radius = dice.random.uniform(0.7, 1) / 2
        ring.append(
            [
                round(x + width * (0.5 + radius * math.cos(angle)), 4),
                round(y + height * (0.5 + radius * math.sin(angle)), 4),
            ]
        )
    return ring


def _numbered(points: list[list[float]]) -> Json:
    return {str(number): {"x": x, "y": y} for number, (x, y) in enumerate(points)}


def _skeleton(dice: Dice, box: Box) -> Json:
    x, y, width, height = box
    points: Json = {}
    for number in range(KEYPOINTS):
        points[str(number)] = {
            "x": round(x + dice.random.random() * width, 4),
            "y": round(y + dice.random.random() * height, 4),
            "name": f"p{number}",
            "color": "#000000",
            "value": f"p{number}",
            "featureHash": f"sk{number:06d}",
        }
        if dice.random.random() < 0.2:
            points[str(number)]["occluded"] = True
    return points


def _geometry(dice: Dice, shape: str, size: tuple[int, int], box: Box) -> Json:
    x, y, width, height = box
    corner = {"h": height, "w": width, "x": x, "y": y}
    match shape:
        case "bounding_box":
            return {"boundingBox": corner}
        case "rotatable_bounding_box":
            return {"rotatableBoundingBox": corner | {"theta": dice.fraction(0, 360)}}
        case "polygon":
            ring = _ring(dice, box, max(3, int(dice.random.gauss(24, 10))))
            flat = [number for point in ring for number in point]
            return {"polygon": _numbered(ring), "polygons": [[flat]]}
        case "polyline":
            return {"polyline": _numbered(_ring(dice, box, 6))}
        case "point":
            return {"point": _numbered([[x, y]])}
        case "skeleton":
            return {"skeleton": _skeleton(dice, box)}
    columns, rows = size
    pixels = (int(x * columns), int(y * rows), int(width * columns), int(height * rows))
    runs = ellipse_mask(columns, rows, pixels)
    grid = {"rleString": runs, "top": 0, "left": 0, "width": columns, "height": rows}
    return {"bitmask": grid}


def _object(
    dice: Dice,
    described: Json,
    object_hash: str,
    size: tuple[int, int],
    box: Box,
) -> Json:
    return {
        "name": described["name"],
        "color": described["color"],
        "shape": described["shape"],
        "value": described["name"].replace(" ", "_"),
        "createdAt": EDITED_AT,
        "createdBy": USER,
        "confidence": 1,
        "objectHash": object_hash,
        "featureHash": described["featureNodeHash"],
        "lastEditedAt": EDITED_AT,
        "lastEditedBy": USER,
        "manualAnnotation": dice.random.random() < 0.8,
    } | _geometry(dice, described["shape"], size, box)


def _box(dice: Dice) -> Box:
    return (
        dice.fraction(0.05, 0.85),
        dice.fraction(0.05, 0.85),
        dice.fraction(0.02, 0.1),
        dice.fraction(0.02, 0.1),
    )


def _answers(dice: Dice, described: Json, object_hash: str) -> Json:
    answers: list[Json] = []
    for attribute in described["attributes"]:
        answer: Any = FREE_TEXT
        if attribute["type"] != "text":
            option = dice.random.choice(attribute["options"])
            answer = [
                {
                    "name": option["label"],
                    "value": option["value"],
                    "featureHash": option["featureNodeHash"],
                }
            ]
        elif dice.random.random() >= 0.3:
            continue
        answers.append(
            {
                "name": attribute["name"],
                "value": attribute["name"].replace(" ", "_"),
                "answers": answer,
                "featureHash": attribute["featureNodeHash"],
                "manualAnnotation": True,
            }
        )
    return {"objectHash": object_hash, "classifications": answers}


def _label_row(dice: Dice, unit: Json, kind: str, answers: Json) -> Json:
    data_hash = unit["data_hash"]
    return {
        "label_hash": dice.uuid(),
        "branch_name": "main",
        "created_at": "Thu, 09 Feb 2023 14:12:03 UTC",
        "last_edited_at": "Thu, 09 Feb 2023 14:12:03 UTC",
        "data_hash": data_hash,
        "annotation_task_status": "QUEUED",
        "is_shadow_data": False,
        "dataset_hash": "77f9c59a-89d3-4635-a20e-5da9a01d5138",
        "dataset_title": "benchmark",
        "data_title": unit["data_title"],
        "data_type": kind,
        "data_units": {data_hash: unit},
        "object_answers": answers,
        "classification_answers": {},
        "object_actions": {},
        "label_status": "LABEL_IN_PROGRESS",
    }


def _data_unit(dice: Dice, suffix: str, mime_type: str, labels: Json) -> Json:
    data_hash = dice.uuid()
    return {
        "data_hash": data_hash,
        "data_title": f"{data_hash[:8]}.{suffix}",
        "data_type": mime_type,
        "data_sequence": 0,
        "labels": labels,
        "data_link": f"cord-data/{data_hash}",
    }


def make_image_row(dice: Dice, ontology: Json) -> Json:
    """The label row of one image."""
    size = dice.random.choice(FRAME_SIZES)
    objects, answers = [], {}
    for _ in range(dice.number_of_objects()):
        described = dice.random.choice(ontology["objects"])
        object_hash = dice.feature_hash()
        objects.append(_object(dice, described, object_hash, size, _box(dice)))
        answers[object_hash] = _answers(dice, described, object_hash)
    unit = _data_unit(dice, "jpg", "image/jpeg", {"objects": objects, "classifications": []})
    return _label_row(dice, unit | {"width": size[0], "height": size[1]}, "image", answers)


def make_video_row(dice: Dice, ontology: Json, frames: int) -> Json:
    """The label row of one video whose objects are on every frame, drifting.

    Args:
        dice: source of chance.
        ontology: what can be labelled.
        frames: length of the video; every frame is labelled.
    """
    size = dice.random.choice(FRAME_SIZES)
    labels: Json = {str(frame): {"objects": [], "classifications": []} for frame in range(frames)}
    answers = {}
    for _ in range(max(1, dice.number_of_objects())):
        described = dice.random.choice(ontology["objects"])
        object_hash = dice.feature_hash()
        answers[object_hash] = _answers(dice, described, object_hash)
        x, y, width, height = _box(dice)
        for frame in range(frames):
            x = min(max(round(x + dice.random.uniform(-0.002, 0.002), 4), 0.0), 0.9)
            box = (x, y, width, height)
            labels[str(frame)]["objects"].append(_object(dice, described, object_hash, size, box))
    unit = _data_unit(dice, "mp4", "video/mp4", labels)
    unit |= {"width": size[0], "height": size[1], "data_fps": 25.0, "data_duration": frames / 25.0}
    return _label_row(dice, unit, "video", answers)


def number_of_objects(row: Json) -> int:
    """Objects on all frames of a label row that this module made."""
    frames = [unit["labels"] for unit in row["data_units"].values()]
    if row["data_type"] == "video":
        frames = [frame for labels in frames for frame in labels.values()]
    return sum(len(frame["objects"]) for frame in frames)
