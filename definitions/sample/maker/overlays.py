"""Pictures with their labels drawn on them, to see that each label sits on what it names.

Reads the finished sample, not the code that made it; nothing here is shared with the exporter.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pydicom
from encord.objects.bitmask import BitmaskCoordinates
from PIL import Image, ImageDraw, ImageFont

ZOOM: Final = {"dicom": 5}
USUAL_ZOOM: Final = 2
COLOURS: Final = (
    (255, 80, 80), (80, 220, 255), (255, 220, 60), (120, 255, 120), (255, 120, 255),
    (255, 160, 60), (150, 170, 255),
)  # fmt: skip

Point = tuple[float, float]
Mask = npt.NDArray[np.bool_]
Edge = tuple[str, str]
Entry = dict[str, Any]


def draw_overlays(sample: Path, out: Path) -> None:
    """Write one PNG file for each picture of the sample.

    Args:
        sample: folder of the sample.
        out: folder for the pictures.
    """
    out.mkdir(parents=True, exist_ok=True)
    ontology = json.loads((sample / "ontology.json").read_text(encoding="utf-8"))
    edges = _edges(ontology)
    for row in json.loads((sample / "labels.json").read_text(encoding="utf-8")):
        zoom = ZOOM.get(row["data_type"], USUAL_ZOOM)
        for name, path, objects in _pictures(row):
            picture = _open(sample / path)
            size = (picture.width * zoom, picture.height * zoom)
            large = picture.resize(size, Image.Resampling.BICUBIC)
            for index, entry in enumerate(objects):
                _draw(large, entry, COLOURS[index % len(COLOURS)], edges)
            large.save(out / f"{name}.png")


def _pictures(row: dict[str, Any]) -> Iterator[tuple[str, str, list[Entry]]]:
    for space_id, space in row["spaces"].items():
        objects = space["labels"].get("0", {}).get("objects", [])
        yield space["child_info"]["file_name"], f"images/{space_id}.jpg", objects
    for data_hash, unit in row["data_units"].items():
        labels = unit["labels"]
        match row["data_type"]:
            case "image" | "img_group":
                yield unit["data_title"], f"images/{data_hash}.jpg", labels.get("objects", [])
            case "video":
                for frame, blob in labels.items():
                    path = f"videos/{data_hash}/{frame}.jpg"
                    yield f"{unit['data_title']}-{frame}", path, blob["objects"]
            case "dicom":
                for frame, blob in labels.items():
                    path = f"dicom/{data_hash}/{blob['metadata']['dicom_instance_uid']}"
                    yield f"{unit['data_title']}-{frame}", path, blob["objects"]


def _open(path: Path) -> Image.Image:
    if path.suffix == ".jpg":
        return Image.open(path).convert("RGB")
    slice_ = pydicom.dcmread(path)
    values = slice_.pixel_array * slice_.RescaleSlope + slice_.RescaleIntercept
    grey = (values - slice_.WindowCenter) / slice_.WindowWidth + 0.5
    return Image.fromarray((grey.clip(0, 1) * 255).astype(np.uint8)).convert("RGB")


def _edges(ontology: dict[str, Any]) -> dict[str, list[Edge]]:
    templates = [wrapped["template"] for wrapped in ontology.get("skeleton_templates", [])]
    return {
        template["feature_node_hash"]: [
            (start, end) for start, ends in template["skeletonEdges"].items() for end in ends
        ]
        for template in templates
    }


def _draw(
    picture: Image.Image,
    entry: Entry,
    colour: tuple[int, int, int],
    edges: dict[str, list[Edge]],
) -> None:
    draw = ImageDraw.Draw(picture, "RGBA")
    width, height = picture.size
    if entry["shape"] == "bitmask":
        mask: Mask = np.asarray(BitmaskCoordinates.from_dict(entry))
        tint = Image.fromarray(mask.astype(np.uint8) * 110).resize(picture.size)
        picture.paste(colour, (0, 0), tint)
        y, x = np.argwhere(mask).mean(axis=0)
        lines = [[(x * width / mask.shape[1], y * height / mask.shape[0])]]
    else:
        lines = _lines(entry, width, height)
    for start, end in edges.get(entry["featureHash"], []):
        lines.append([*lines[int(start)], *lines[int(end)]])
    for line in lines:
        if len(line) == 1:
            x, y = line[0]
            draw.ellipse([x - 4, y - 4, x + 4, y + 4], outline=colour, width=2)
        else:
            draw.line(line, fill=colour, width=2)
    x, y = min((p for line in lines for p in line), key=lambda p: (p[1], p[0]))
    mark = "" if entry["manualAnnotation"] else f" {entry['confidence']}"
    font = ImageFont.load_default(13)
    draw.text(
        (max(x, 2), max(y - 15, 1)),
        entry["name"] + mark,
        fill=colour,
        font=font,
        stroke_width=2,
        stroke_fill=(0, 0, 0),
    )


def _lines(entry: Entry, width: int, height: int) -> list[list[Point]]:
    def flat(values: list[float]) -> list[Point]:
        return [(x * width, y * height) for x, y in zip(values[::2], values[1::2], strict=True)]

    def points(values: dict[str, dict[str, float]]) -> list[Point]:
        return [(p["x"] * width, p["y"] * height) for p in values.values()]

    match entry["shape"]:
        case "bounding_box" | "rotatable_bounding_box":
            box = entry.get("boundingBox") or entry["rotatableBoundingBox"]
            return [_turned_box(box, width, height)]
        case "polygon":
            rings = [flat(ring) for polygon in entry["polygons"] for ring in polygon]
            return [[*ring, ring[0]] for ring in rings]
        case "polyline":
            return [points(entry["polyline"])]
        case "point":
            return [points(entry["point"])]
        case "skeleton":
            return [[place] for place in points(entry["skeleton"])]
        case "circle":
            c = entry["circle"]
            radius = c["r"] * width
            return [_ellipse(c, radius, radius * c.get("stretch", 1), width, height)]
        case "ellipse":
            c = entry["ellipse"]
            return [_ellipse(c, c["rx"] * width, c["ry"] * height, width, height)]
        case "cuboid_2d":
            return _cuboid(entry["cuboid_2d"], width, height)
        case shape:
            raise ValueError(f"no drawing for {shape}")


def _turned_box(box: dict[str, float], width: int, height: int) -> list[Point]:
    half = (box["w"] * width / 2, box["h"] * height / 2)
    centre = ((box["x"] * width) + half[0], (box["y"] * height) + half[1])
    turn = math.radians(box.get("theta", 0))
    return [
        (
            centre[0] + sx * half[0] * math.cos(turn) - sy * half[1] * math.sin(turn),
            centre[1] + sx * half[0] * math.sin(turn) + sy * half[1] * math.cos(turn),
        )
        for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
    ]


def _ellipse(shape: dict[str, float], rx: float, ry: float, width: int, height: int) -> list[Point]:
    turn = math.radians(shape.get("theta", 0))
    x, y = shape["x"] * width, shape["y"] * height
    angles = [math.tau * step / 72 for step in range(73)]
    return [
        (
            x + rx * math.cos(a) * math.cos(turn) - ry * math.sin(a) * math.sin(turn),
            y + rx * math.cos(a) * math.sin(turn) + ry * math.sin(a) * math.cos(turn),
        )
        for a in angles
    ]


def _cuboid(cuboid: dict[str, Any], width: int, height: int) -> list[list[Point]]:
    values = cuboid["front"]
    front = list(zip(values[::2], values[1::2], strict=True))
    if "offset" in cuboid:
        back = [(x + cuboid["offset"]["x"], y + cuboid["offset"]["y"]) for x, y in front]
    else:
        vx, vy = cuboid["vanishingPoint"]["x"], cuboid["vanishingPoint"]["y"]
        ratio = cuboid["scaleRatio"]
        back = [(vx + (x - vx) * ratio, vy + (y - vy) * ratio) for x, y in front]
    edges = [[*front, front[0]], [*back, back[0]]]
    edges += [[near, far] for near, far in zip(front, back, strict=True)]
    return [[(x * width, y * height) for x, y in edge] for edge in edges]
