"""The profile `training` as the contract has it, made from the plain reference one by one.

What `encord` writes of an object is clipped, judged and numbered anew; nothing is shared with the
package.
"""

from collections.abc import Callable, Iterator
from typing import Any

import shapely
from shapely import affinity

from tests.integration.reference import Frame, Reference
from tests.integration.reference_shapes import polygons_in_pixels
from tests.label_rows import JSON

Region = Any
Size = tuple[int, int]

CURVES = ("circle", "ellipse")
KEYPOINTS = ("point", "skeleton")


def _box(entry: JSON, size: Size) -> Region:
    given = entry["boundingBox"]
    x, y, w, h = (given[key] * size[n % 2] for n, key in enumerate("xywh"))
    return shapely.box(x, y, x + w, y + h)


def _rotatable_box(entry: JSON, size: Size) -> Region:
    given = entry["rotatableBoundingBox"]
    return affinity.rotate(_box({"boundingBox": given}, size), given["theta"], origin="center")


def _polygon(entry: JSON, size: Size) -> Region:
    regions = []
    for outer, *holes in polygons_in_pixels(entry, size):
        region = shapely.make_valid(shapely.Polygon(outer))
        for hole in holes:
            region = region.difference(shapely.make_valid(shapely.Polygon(hole)))
        regions.append(region)
    return shapely.union_all(regions)


def _curve(x: float, y: float, first: float, second: float, theta: float) -> Region:
    circle = shapely.Point(0, 0).buffer(1, quad_segs=500)
    turned = affinity.rotate(affinity.scale(circle, first, second), theta, origin=(0, 0))
    return affinity.translate(turned, x, y)


def _circle(entry: JSON, size: Size) -> Region:
    given = entry["circle"]
    first = given["r"] * size[0]
    second = first * given.get("stretch", 1)
    return _curve(given["x"] * size[0], given["y"] * size[1], first, second, given.get("theta", 0))


def _ellipse(entry: JSON, size: Size) -> Region:
    given = entry["ellipse"]
    x, y, rx, ry = (given[key] * size[n % 2] for n, key in enumerate(("x", "y", "rx", "ry")))
    return _curve(x, y, rx, ry, given.get("theta", 0))


REGIONS: dict[str, Callable[[JSON, Size], Region]] = {
    "bounding_box": _box,
    "rotatable_bounding_box": _rotatable_box,
    "polygon": _polygon,
    "circle": _circle,
    "ellipse": _ellipse,
}
"""What shapes cover, in pixels; a bitmask and a cuboid cover what `encord` says."""


def region_of(entry: JSON, drawn: JSON, size: Size) -> Region:
    """What an object covers.

    Args:
        entry: the object.
        drawn: its annotation in `encord`.
        size: width and height of its frame in pixels.
    """
    if entry["shape"] in REGIONS:
        return REGIONS[entry["shape"]](entry, size)
    if entry["shape"] == "cuboid_2d":
        (ring,) = drawn["segmentation"]
        return shapely.Polygon(list(zip(ring[::2], ring[1::2], strict=True))).convex_hull
    x, y, w, h = drawn["bbox"]
    return shapely.box(x, y, x + w, y + h)


class TrainingReference:
    """The two files of an export in the profile `training`."""

    def __init__(self, rows: list[JSON], ontology: JSON) -> None:
        self._encord = Reference(rows, ontology)
        self.areas: list[JSON] = []
        self.keypoints: list[JSON] = []
        self.left_out = 0
        kept = 0
        tracks: dict[int, int] = {}
        for frame, entry, annotation in self._drawn():
            fitted = fit(entry, annotation, frame.size)
            if fitted is None:
                self.left_out += 1
                continue
            kept += 1
            before = annotation["attributes"]["track_id"]
            numbers = {"id": kept, "image_id": annotation["image_id"] + 1}
            numbers["category_id"] = self._ids(entry["shape"])[entry["featureHash"]]
            track = {"track_id": tracks.setdefault(before, len(tracks) + 1)}
            attributes = annotation["attributes"] | track
            file = self.keypoints if entry["shape"] in KEYPOINTS else self.areas
            file.append(annotation | fitted | numbers | {"attributes": attributes})

    def _drawn(self) -> Iterator[tuple[Frame, JSON, JSON]]:
        annotations = iter(self._encord.annotations())
        for frame, entry in self._encord.shown_objects():
            yield frame, entry, next(annotations)

    def _ids(self, shape: str) -> dict[str, int]:
        listed = [node for node in self._encord.shown if _in_file(node["shape"], shape)]
        return {node["featureNodeHash"]: number for number, node in enumerate(listed, 1)}

    def images(self) -> list[JSON]:
        """Every image, in both files."""
        return [image | {"id": image["id"] + 1} for image in self._encord.images()]

    def categories(self, shape: str) -> list[JSON]:
        """Categories of the file that a shape goes to; their names differ."""
        ids = self._ids(shape)
        listed = [
            (node, category)
            for node, category in zip(self._encord.shown, self._encord.categories(), strict=True)
            if node["featureNodeHash"] in ids
        ]
        return [category | {"id": ids[node["featureNodeHash"]]} for node, category in listed]


def _in_file(shape: str, other: str) -> bool:
    return shape != "polyline" and (shape in KEYPOINTS) == (other in KEYPOINTS)


def fit(entry: JSON, drawn: JSON, size: Size) -> JSON | None:
    """What `training` makes of an annotation's geometry; None where it is left out.

    Returns:
        Members that change; `region` is what is covered, of all but bitmasks.
    """
    if entry["shape"] == "polyline":
        return None
    if entry["shape"] in KEYPOINTS:
        return _fit_keypoints(drawn, size)
    if entry["shape"] == "bitmask":
        return {"iscrowd": 0}
    frame = shapely.box(0, 0, *size)
    region = region_of(entry, drawn, size)
    parts = shapely.get_parts(shapely.get_parts(region.intersection(frame)))
    visible = shapely.union_all(parts[shapely.area(parts) > 0])
    if visible.area == 0:
        return None
    clipped: JSON = {"region": visible, "iscrowd": 0}
    # An outer ring may reach out where a hole takes away all that it covers.
    x, y, w, h = drawn["bbox"]
    if not (frame.covers(region) and frame.covers(shapely.box(x, y, x + w, y + h))):
        low_x, low_y, high_x, high_y = visible.bounds
        clipped |= {"bbox": [low_x, low_y, high_x - low_x, high_y - low_y], "area": visible.area}
    *_, w, h = clipped.get("bbox") or drawn["bbox"]
    return clipped if min(w, h) >= 1 else None


def _fit_keypoints(drawn: JSON, size: Size) -> JSON | None:
    points = [drawn["keypoints"][n : n + 3] for n in range(0, len(drawn["keypoints"]), 3)]
    seen = [
        [x, y, v] if v > 0 and 0 <= x <= size[0] and 0 <= y <= size[1] else [0, 0, 0]
        for x, y, v in points
    ]
    places = [(x, y) for x, y, v in seen if v > 0]
    if not places:
        return None
    sides = []
    for axis in (0, 1):
        low, high = min(p[axis] for p in places), max(p[axis] for p in places)
        grow = max(0.0, 1 - (high - low)) / 2
        sides.append((max(0.0, low - grow), min(float(size[axis]), high + grow)))
    (x0, x1), (y0, y1) = sides
    return {
        "keypoints": [number for point in seen for number in point],
        "num_keypoints": len(places),
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "area": (x1 - x0) * (y1 - y0),
        "region": shapely.box(x0, y0, x1, y1),
    }
