"""Shapes as the contract draws them, one object at a time, in pixels."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

Json = dict[str, Any]
Pixels = list[tuple[float, float]]
Size = tuple[int, int]
Templates = dict[str, list[str]]
"""Names of the points of skeletons in template order, by feature hash."""


def in_order(points: Json | list[Json]) -> list[Json]:
    """Points by their integer keys."""
    if isinstance(points, list):
        return points
    return [points[key] for key in sorted(points, key=int)]


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


def polygons_in_pixels(entry: Json, size: Size) -> list[list[Pixels]]:
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
    polygons = polygons_in_pixels(entry, size)
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
