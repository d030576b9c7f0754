"""A slow and plain rendering of label rows, one object at a time and straight from the contract.

It knows well-formed rows only, and shares no code with the package: what it expects is compared
with what an export holds.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from tests.integration.reference_answers import Answers

Json = dict[str, Any]
Pixels = list[tuple[float, float]]


@dataclass
class Frame:
    """A frame of a label row: where it stands, its size in pixels, and its labels."""

    row: Json
    data_hash: str
    number: int
    size: tuple[int, int]
    unit: Json
    labels: Json = field(default_factory=dict)
    space: str | None = None

    @property
    def objects(self) -> list[Json]:
        return self.labels.get("objects") or []

    @property
    def names(self) -> Json:
        """The file name and the titles."""
        files = [self.unit.get(key) or {} for key in ("child_info", "root_info")]
        titles = [file.get("file_name") for file in files]
        titles += [self.unit.get("data_title"), self.row["data_title"]]
        title = next(title for title in titles if title)
        kind = self.unit.get("space_type", self.row["data_type"])
        if kind == "video":
            name = f"videos/{self.data_hash}/{self.number}.jpg"
            return {"file_name": name, "image_title": title, "video_title": title}
        if kind == "dicom":
            metadata = self.labels.get("metadata") or {"dicom_instance_uid": str(self.number)}
            parts = [self.data_hash, metadata["dicom_instance_uid"]]
            if metadata.get("multiframe_frame_number") is not None:
                parts.append(str(metadata["multiframe_frame_number"]))
            return {"file_name": f"dicom/{'/'.join(parts)}", "image_title": title}
        if kind == "nifti":
            return {"file_name": f"nifti/{self.data_hash}/{self.number}", "image_title": title}
        _, dot, suffix = title.rpartition(".")
        name = f"images/{self.data_hash}{dot}{suffix if dot else ''}"
        return {"file_name": name, "image_title": title}


def frames_of(row: Json, answers: Answers) -> list[Frame]:
    """Frames of a row that are images, in export order."""
    frames: list[Frame] = []
    units = row["data_units"].values()
    if row["data_type"] in ("image", "img_group"):
        for unit in sorted(units, key=lambda unit: int(unit["data_sequence"])):
            number, size = int(unit["data_sequence"]), (unit["width"], unit["height"])
            frames.append(Frame(row, unit["data_hash"], number, size, unit, unit["labels"]))
    elif row["data_type"] in ("video", "dicom", "nifti"):
        for unit in units:
            listed = row["data_type"] == "dicom"
            frames += _numbered(row, unit, unit["data_hash"], None, listed, answers)
    for name, space in (row.get("spaces") or {}).items():
        data_hash = row["data_hash"] if name == "root" else name
        if space["space_type"] == "image":
            labels = space["labels"].get("0", {})
            size = (space["width"], space["height"])
            frames.append(Frame(row, data_hash, 0, size, space, labels, name))
        elif space["space_type"] == "video":
            frames += _numbered(row, space, data_hash, name, False, answers)
    return frames


def _numbered(
    row: Json, unit: Json, data_hash: str, space: str | None, listed: bool, answers: Answers
) -> Iterator[Frame]:
    labels = {int(key): value for key, value in unit["labels"].items()}
    numbers = {
        number
        for number, body in labels.items()
        if listed or body.get("objects") or body.get("classifications")
    }
    numbers |= answers.frames_with_ranges(row, space)
    for number in sorted(numbers):
        body = labels.get(number, {})
        own = body.get("metadata") or unit
        size = (own["width"], own["height"])
        yield Frame(row, data_hash, number, size, unit, body, space)


class Reference:
    """What an export of label rows has to hold."""

    def __init__(self, rows: list[Json], ontology: Json) -> None:
        self._answers = Answers(ontology)
        self._templates = _templates(ontology, rows)
        self._edges = _edges(ontology)
        self._shown = [node for node in ontology["objects"] if node["shape"] in DRAWN]
        self._ids = {node["featureNodeHash"]: n for n, node in enumerate(self._shown, 1)}
        self._frames = [frame for row in rows for frame in frames_of(row, self._answers)]

    def categories(self) -> list[Json]:
        """Every category."""
        return [self._category(node) for node in self._shown]

    def _category(self, node: Json) -> Json:
        feature, shape = node["featureNodeHash"], node["shape"]
        entry = {"id": self._ids[feature], "name": node["name"], "supercategory": shape}
        if shape == "point":
            return entry | {"keypoints": ["keypoint"], "skeleton": []}
        if shape == "skeleton":
            points, edges = self._templates.get(feature, []), self._edges.get(feature, [])
            return entry | {"keypoints": points, "skeleton": edges}
        return entry

    def images(self) -> list[Json]:
        """Every image."""
        return [
            {
                "id": number,
                "width": frame.size[0],
                "height": frame.size[1],
                **frame.names,
                "coco_url": "",
                "encord": {
                    "label_hash": frame.row["label_hash"],
                    "data_hash": frame.data_hash,
                    "frame": frame.number,
                    "data_type": frame.unit.get("space_type", frame.row["data_type"]),
                    "dataset_title": frame.row["dataset_title"],
                    "classifications": self._answers.of_frame(frame.row, frame.number, frame),
                },
            }
            for number, frame in enumerate(self._frames)
        ]

    def annotations(self) -> list[Json]:
        """Every annotation, with the keys of COCO."""
        found: list[Json] = []
        tracks: dict[tuple[str, str], int] = {}
        for image_id, frame in enumerate(self._frames):
            for entry in frame.objects:
                if entry["featureHash"] not in self._ids:
                    continue
                owner = (frame.row["label_hash"], entry["objectHash"])
                attributes = {
                    "track_id": tracks.setdefault(owner, len(tracks) + 1),
                    "encord_track_uuid": entry["objectHash"],
                    "manual_annotation": entry["manualAnnotation"],
                }
                if entry["shape"] == "rotatable_bounding_box":
                    attributes["rotation"] = entry["rotatableBoundingBox"]["theta"]
                attributes |= self._answers.of_object(frame.row, frame.number, entry)
                keys = {"id": len(found), "image_id": image_id}
                keys["category_id"] = self._ids[entry["featureHash"]]
                drawn = DRAWN[entry["shape"]](entry, frame.size, self._templates)
                found.append(keys | _with_defaults(drawn) | {"attributes": attributes})
        return found


def _with_defaults(drawn: Json) -> Json:
    return {"iscrowd": 0, "num_keypoints": 0} | drawn


def _templates(ontology: Json, rows: list[Json]) -> dict[str, list[str]]:
    """Point names of skeletons: of their template, else by first sight over all labels."""
    names: dict[str, list[str]] = {}
    for wrapped in ontology.get("skeleton_templates") or []:
        points = sorted(wrapped["template"]["skeleton"].items(), key=lambda item: int(item[0]))
        names[wrapped["template"]["feature_node_hash"]] = [point["name"] for _, point in points]
    known = set(names)
    for row in rows:
        for frame in frames_of(row, Answers(ontology)):
            for entry in frame.objects:
                feature = entry["featureHash"]
                if entry["shape"] == "skeleton" and feature not in known:
                    seen = names.setdefault(feature, [])
                    points = [point["name"] for point in in_order(entry["skeleton"])]
                    seen += [name for name in points if name not in seen]
    return names


def _edges(ontology: Json) -> dict[str, list[list[int]]]:
    """Edges of skeletons by position in their templates, from 1."""
    edges: dict[str, list[list[int]]] = {}
    for wrapped in ontology.get("skeleton_templates") or []:
        given = wrapped["template"]
        place = {key: n for n, key in enumerate(sorted(given["skeleton"], key=int), 1)}
        edges[given["feature_node_hash"]] = sorted(
            [place[start], place[end]]
            for start, ends in (given.get("skeletonEdges") or {}).items()
            for end in ends
        )
    return edges


def in_order(points: Json | list[Json]) -> list[Json]:
    """Points by their integer keys."""
    if isinstance(points, list):
        return points
    return [points[key] for key in sorted(points, key=int)]


Size = tuple[int, int]
Templates = dict[str, list[str]]


def _scaled(points: Json | list[Json], size: Size) -> Pixels:
    return [(point["x"] * size[0], point["y"] * size[1]) for point in in_order(points)]


def _flat(points: Pixels) -> list[float]:
    return [number for point in points for number in point]


def _bounds(points: Pixels) -> list[float]:
    x, y = min(p[0] for p in points), min(p[1] for p in points)
    return [x, y, max(p[0] for p in points) - x, max(p[1] for p in points) - y]


def _box(entry: Json, size: Size, _: Templates) -> Json:
    given = entry["boundingBox"]
    x, y, w, h = (given[k] * size[n % 2] for n, k in enumerate("xywh"))
    ring = [x, y, x + w, y, x + w, y + h, x, y + h]
    return {"bbox": [x, y, w, h], "area": w * h, "segmentation": [ring]}


def _rotatable_box(entry: Json, size: Size, _: Templates) -> Json:
    given = entry["rotatableBoundingBox"]
    x, y, w, h = (given[k] * size[n % 2] for n, k in enumerate("xywh"))
    angle = math.radians(given["theta"])
    corners = [
        (
            x + w / 2 + dx * math.cos(angle) - dy * math.sin(angle),
            y + h / 2 + dx * math.sin(angle) + dy * math.cos(angle),
        )
        for dx, dy in ((-w / 2, -h / 2), (w / 2, -h / 2), (w / 2, h / 2), (-w / 2, h / 2))
    ]
    return {"bbox": _bounds(corners), "area": w * h, "segmentation": [_flat(corners)]}


def polygons_of(entry: Json, size: Size) -> list[list[Pixels]]:
    """Rings of each polygon in pixels, without a point that only closes one."""
    polygons = entry.get("polygons")
    if not polygons:
        ring = [number for p in in_order(entry["polygon"]) for number in (p["x"], p["y"])]
        polygons = [[ring]]
    scaled = [
        [
            [(x * size[0], y * size[1]) for x, y in zip(ring[::2], ring[1::2], strict=True)]
            for ring in polygon
        ]
        for polygon in polygons
    ]
    return [[r[:-1] if r[0] == r[-1] else r for r in polygon] for polygon in scaled]


def _polygon(entry: Json, size: Size, _: Templates) -> Json:
    polygons = polygons_of(entry, size)
    regions = []
    for outer, *holes in polygons:
        region = shapely.make_valid(shapely.Polygon(outer))
        for hole in holes:
            region = region.difference(shapely.make_valid(shapely.Polygon(hole)))
        regions.append(region)
    drawn: Json = {
        "bbox": _bounds([point for polygon in polygons for point in polygon[0]]),
        "area": shapely.union_all(regions).area,
        "segmentation": [_flat(ring) for polygon in polygons for ring in polygon],
    }
    if all(len(polygon) == 1 for polygon in polygons):
        return drawn
    mask = np.zeros((size[1], size[0]), bool)
    for outer, *holes in polygons:
        part = _pixels(outer, size)
        for hole in holes:
            part &= ~_pixels(hole, size)
        mask |= part
    return drawn | {"segmentation": _encoded(mask), "iscrowd": 1}


def _pixels(ring: Pixels, size: Size) -> NDArray[np.bool_]:
    encoded = coco_mask.frPyObjects([_flat(ring)], size[1], size[0])
    pixels: NDArray[np.bool_] = coco_mask.decode(encoded)[:, :, 0].astype(bool)
    return pixels


def _encoded(mask: NDArray[np.bool_]) -> Json:
    encoded = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": list(encoded["size"]), "counts": encoded["counts"].decode()}


def _polyline(entry: Json, size: Size, _: Templates) -> Json:
    points = _scaled(entry["polyline"], size)
    return {"bbox": _bounds(points), "area": 0, "segmentation": [_flat(points + points[::-1])]}


def _point(entry: Json, size: Size, _: Templates) -> Json:
    ((x, y),) = _scaled(entry["point"], size)
    drawn: Json = {"bbox": [x, y, 0, 0], "area": 0, "segmentation": [[x, y]]}
    return drawn | {"keypoints": [x, y, 2], "num_keypoints": 1}


def _visibility(point: Json) -> int:
    flags = {flag for flag in ("invisible", "occluded", "selfOccluded") if point.get(flag)}
    flags.add(point.get("visibility", "visible"))
    if "invisible" in flags:
        return 0
    return 1 if flags & {"occluded", "selfOccluded"} else 2


def _skeleton(entry: Json, size: Size, templates: Templates) -> Json:
    points = {point["name"]: point for point in entry["skeleton"].values()}
    keypoints: list[float] = []
    seen: Pixels = []
    for name in templates[entry["featureHash"]]:
        point = points.get(name)
        if point is None or _visibility(point) == 0:
            keypoints += [0, 0, 0]
            continue
        seen.append((point["x"] * size[0], point["y"] * size[1]))
        keypoints += [*seen[-1], _visibility(point)]
    bbox = _bounds(seen) if seen else [0, 0, 0, 0]
    drawn: Json = {"bbox": bbox, "area": 0, "segmentation": [], "keypoints": keypoints}
    return drawn | {"num_keypoints": len(seen)}


def _bitmask(entry: Json, size: Size, _: Templates) -> Json:
    given = entry["bitmask"]
    assert (given["width"], given["height"], given["top"], given["left"]) == (*size, 0, 0)
    mask = coco_mask.decode({"counts": given["rleString"].encode(), "size": list(size)}).T
    encoded = _encoded(mask.astype(bool))
    bbox = [float(number) for number in coco_mask.toBbox(encoded)]
    area = int(coco_mask.area(encoded))
    return {"bbox": bbox, "area": area, "segmentation": encoded, "iscrowd": 1}


def _curve(centre: tuple[float, float], radii: tuple[float, float], theta: float) -> Json:
    """An ellipse; its ring is given as what `is_ring_of` needs to judge one."""
    angle = math.radians(theta)
    half_width = math.hypot(radii[0] * math.cos(angle), radii[1] * math.sin(angle))
    half_height = math.hypot(radii[0] * math.sin(angle), radii[1] * math.cos(angle))
    (x, y) = centre
    return {
        "bbox": [x - half_width, y - half_height, 2 * half_width, 2 * half_height],
        "area": math.pi * radii[0] * radii[1],
        "segmentation": {"centre": centre, "radii": radii, "angle": angle},
    }


def _circle(entry: Json, size: Size, _: Templates) -> Json:
    given = entry["circle"]
    first = given["r"] * size[0]
    radii = (first, first * given.get("stretch", 1))
    return _curve((given["x"] * size[0], given["y"] * size[1]), radii, given.get("theta", 0))


def _ellipse(entry: Json, size: Size, _: Templates) -> Json:
    given = entry["ellipse"]
    centre = (given["x"] * size[0], given["y"] * size[1])
    radii = (given["rx"] * size[0], given["ry"] * size[1])
    return _curve(centre, radii, given.get("theta", 0))


def _cuboid_2d(entry: Json, size: Size, _: Templates) -> Json:
    given = entry["cuboid_2d"]
    front = list(zip(given["front"][::2], given["front"][1::2], strict=True))
    if "offset" in given:
        back = [(x + given["offset"]["x"], y + given["offset"]["y"]) for x, y in front]
    else:
        vp, ratio = given["vanishingPoint"], given["scaleRatio"]
        back = [
            (vp["x"] + (x - vp["x"]) * ratio, vp["y"] + (y - vp["y"]) * ratio) for x, y in front
        ]
    points = [(x * size[0], y * size[1]) for x, y in front + back]
    hull = shapely.MultiPoint(points).convex_hull
    ring = list(hull.exterior.coords)[:-1]
    return {"bbox": _bounds(points), "area": hull.area, "segmentation": [_flat(ring)]}


DRAWN: dict[str, Callable[[Json, Size, Templates], Json]] = {
    "bounding_box": _box,
    "rotatable_bounding_box": _rotatable_box,
    "polygon": _polygon,
    "polyline": _polyline,
    "point": _point,
    "skeleton": _skeleton,
    "bitmask": _bitmask,
    "circle": _circle,
    "ellipse": _ellipse,
    "cuboid_2d": _cuboid_2d,
}


def is_ring_on_curve(ring: list[float], curve: Json) -> bool:
    """Whether a ring has 32 vertices or more, all on the curve, and leaves it by 0.25 px at most.

    Args:
        ring: x1, y1, x2, y2, … in pixels.
        curve: centre and radii in pixels, and the angle of the first radius.
    """
    points = np.array(ring).reshape(-1, 2) - curve["centre"]
    cosine, sine = math.cos(curve["angle"]), math.sin(curve["angle"])
    along = points @ np.array([[cosine, -sine], [sine, cosine]])
    unit = along / curve["radii"]
    if len(unit) < 32 or not np.allclose(np.hypot(*unit.T), 1, rtol=0, atol=1e-9):
        return False
    # Between two neighbours the ring is farthest from the curve at their middle.
    middle = (unit + np.roll(unit, -1, axis=0)) / 2
    gap = (1 - np.hypot(*middle.T)) * max(curve["radii"])
    return bool(gap.max() <= 0.25)
