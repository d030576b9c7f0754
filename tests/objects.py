"""Objects of label rows in the few words that a test needs, one function for each shape.

Everything has a default, so that a test names only what it is about, and takes further or other
keys, so that it can be malformed. The feature hash of an object is its shape. Coordinates are
fractions of the frame, as Encord writes them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from tests.label_rows import JSON

Point: TypeAlias = tuple[Any, Any]
Ring: TypeAlias = Sequence[float]

BOX: JSON = {"x": 0.1, "y": 0.2, "w": 0.3, "h": 0.4}
TRIANGLE: Sequence[Point] = ((0.1, 0.1), (0.5, 0.1), (0.1, 0.5))


def drawn(
    shape: str, key: str, geometry: Any, object_hash: Any = "object", /, **fields: Any
) -> JSON:
    """An object whose geometry lies under a key; its feature hash is its shape's name."""
    return {
        "objectHash": object_hash,
        "featureHash": shape,
        "name": shape,
        "value": shape,
        "color": "#D33115",
        "shape": shape,
        "confidence": 1,
        "manualAnnotation": True,
        key: geometry,
    } | fields


def box(object_hash: Any = "object", geometry: Any = None, /, **fields: Any) -> JSON:
    """A bounding box."""
    geometry = BOX if geometry is None else geometry
    return drawn("bounding_box", "boundingBox", geometry, object_hash, **fields)


def rotatable_box(object_hash: str = "object", geometry: Any = None, /, **fields: Any) -> JSON:
    """A box that is turned about its centre, by 30 degrees clockwise unless told otherwise."""
    geometry = BOX | {"theta": 30} if geometry is None else geometry
    return drawn("rotatable_bounding_box", "rotatableBoundingBox", geometry, object_hash, **fields)


def polygon(object_hash: str = "object", points: Iterable[Point] = TRIANGLE, **fields: Any) -> JSON:
    """A polygon of one ring, as older rows have it."""
    return drawn("polygon", "polygon", _numbered(points), object_hash, **fields)


def polygons(object_hash: str, *rings: Sequence[Ring], **fields: Any) -> JSON:
    """Polygons of rings `[x1, y1, x2, y2, …]`, of which the first is the outer one."""
    outer = rings[0][0]
    points = _numbered(zip(outer[::2], outer[1::2], strict=True))
    nested = [[list(ring) for ring in polygon] for polygon in rings]
    return drawn("polygon", "polygon", points, object_hash, polygons=nested, **fields)


def rectangle(x: float, y: float, w: float, h: float) -> list[float]:
    """A ring around a rectangle."""
    return [x, y, x + w, y, x + w, y + h, x, y + h]


def polyline(
    object_hash: str = "object", points: Iterable[Point] = ((0, 0), (1, 1)), **fields: Any
) -> JSON:
    """An open line."""
    return drawn("polyline", "polyline", _numbered(points), object_hash, **fields)


def point(object_hash: str = "object", x: Any = 0.5, y: Any = 0.5, **fields: Any) -> JSON:
    """A point."""
    return drawn("point", "point", _numbered([(x, y)]), object_hash, **fields)


def skeleton(
    object_hash: str = "object",
    points: Mapping[str, Point | JSON] | Iterable[str] = ("a", "b"),
    **fields: Any,
) -> JSON:
    """A skeleton.

    Args:
        object_hash: of the object.
        points: places by name, or keys to add to a visible point; names alone stand in a row.
        fields: further keys of the object.
    """
    places = points if isinstance(points, Mapping) else _in_a_row(points)
    made: JSON = {}
    for number, (name, place) in enumerate(places.items()):
        given = place if isinstance(place, dict) else {"x": place[0], "y": place[1]}
        made[str(number)] = {"name": name, "visibility": "visible"} | given
    return drawn("skeleton", "skeleton", made, object_hash, **fields)


def bitmask(
    object_hash: str = "object",
    pixels: NDArray[np.bool_] | None = None,
    mask: Mapping[str, Any] | None = None,
    **fields: Any,
) -> JSON:
    """A mask, encoded row by row as Encord does it.

    Args:
        object_hash: of the object.
        pixels: of shape (height, width); by default 20 x 10 with rows 2 to 4 of columns 3 to 8.
        mask: further keys of the bitmask.
        fields: further keys of the object.
    """
    if pixels is None:
        pixels = np.zeros((10, 20), bool)
        pixels[2:5, 3:9] = True
    height, width = pixels.shape
    grid = {"top": 0, "left": 0, "width": width, "height": height}
    geometry = {"rleString": _row_major_counts(pixels)} | grid | dict(mask or {})
    return drawn("bitmask", "bitmask", geometry, object_hash, **fields)


def circle(
    object_hash: str = "object", x: float = 0.5, y: float = 0.5, r: float = 0.1, **fields: Any
) -> JSON:
    """A circle; `r` is a fraction of the width."""
    return drawn("circle", "circle", {"x": x, "y": y, "r": r}, object_hash, **fields)


def ellipse(
    object_hash: str = "object",
    x: float = 0.5,
    y: float = 0.5,
    rx: float = 0.1,
    ry: float = 0.2,
    theta: float = 0,
    **fields: Any,
) -> JSON:
    """An ellipse, turned by `theta` degrees clockwise."""
    geometry = {"x": x, "y": y, "rx": rx, "ry": ry, "theta": theta}
    return drawn("ellipse", "ellipse", geometry, object_hash, **fields)


def cuboid_2d(
    object_hash: str = "object",
    front: Ring = (0, 0, 1, 0, 1, 1),
    offset: Point = (0.1, 0),
    **fields: Any,
) -> JSON:
    """A front face and how far the back face is away from it."""
    geometry = {"front": list(front), "offset": {"x": offset[0], "y": offset[1]}}
    return drawn("cuboid_2d", "cuboid_2d", geometry, object_hash, **fields)


def every_shape() -> list[JSON]:
    """An object of every shape, called like it."""
    return [
        box("bounding_box"),
        rotatable_box("rotatable_bounding_box"),
        polygon("polygon"),
        polyline("polyline"),
        point("point"),
        skeleton("skeleton"),
        bitmask("bitmask"),
        circle("circle"),
        ellipse("ellipse"),
        cuboid_2d("cuboid_2d"),
    ]


def _numbered(points: Iterable[Point]) -> JSON:
    return {str(number): {"x": x, "y": y} for number, (x, y) in enumerate(points)}


def _in_a_row(names: Iterable[str]) -> dict[str, Point]:
    return {name: ((number + 1) / 10, 0.5) for number, name in enumerate(names)}


def _row_major_counts(pixels: NDArray[np.bool_]) -> str:
    encoded = coco_mask.encode(np.asfortranarray(pixels.T.astype(np.uint8)))
    counts: bytes = encoded["counts"]
    return counts.decode()
