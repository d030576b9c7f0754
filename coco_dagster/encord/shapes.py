"""Geometry of label-row objects in flat form, one function per shape.

Geometry is read as drawn: nothing is clipped, rounded or converted to pixels here.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from coco_dagster.encord.object_label import XY, ObjectLabel
from coco_dagster.encord.sizes import whole_number


class GeometryError(ValueError):
    """The geometry of an object cannot be read.

    Args:
        code: stable code of the finding.
        message: what is wrong.
        path: JSON path below the object, such as ``.boundingBox.x``.
    """

    def __init__(self, code: str, message: str, path: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path


class Rings(Struct, gc=False):
    """How the points of polygons make rings: points of each ring, rings of each polygon.

    The outer ring of a polygon comes first, its holes after it.
    """

    ring_sizes: list[int]
    polygon_sizes: list[int]


class MaskGrid(Struct, gc=False):
    """A run-length encoded grid in whole pixels; a size of None stands for the frame's."""

    rle: str
    top: int
    left: int
    width: int | None
    height: int | None


class Keypoints(Struct, gc=False):
    """Points of a skeleton, beside their coordinates.

    Attributes:
        names: name of each point; one without a name is named by its position.
        visibility: 0 invisible, 1 occluded, 2 visible, for each point.
        note: what was mended in reading, or None.
    """

    names: list[str]
    visibility: list[int]
    note: str | None


class Turn(Struct, gc=False):
    """How far a shape is turned: `theta` degrees clockwise."""

    theta: float


class Drawn(Struct, gc=False):
    """Geometry of one object in the flat form of the `annotations` table.

    Attributes:
        coordinates: numbers whose meaning depends on the shape (see the table's schema).
        detail: what else its shape has; None for a polygon of one ring, and for shapes that are
            nothing but coordinates.
    """

    coordinates: list[float]
    detail: Rings | MaskGrid | Keypoints | Turn | None = None


_P = TypeVar("_P")
_KEYS: Final = [str(number) for number in range(1_000)]
"""Keys of points that stand in their order already, as nearly all do."""

_xy: Final = attrgetter("x", "y")
_name: Final = attrgetter("name")
_joined: Final = chain.from_iterable
_UNKNOWN_VISIBILITY: Final = (
    "A point's visibility is none of the known ones; it is taken as visible."
)
_POLYGON_DECODER: Final = msgspec.json.Decoder(dict[str, XY] | list[XY] | None)


def _missing(key: str) -> GeometryError:
    return GeometryError("missing_geometry", f"The object has no `{key}`.")


def _in_order(points: dict[str, _P] | list[_P], key: str) -> list[_P]:
    """Points in the order of their integer keys; JSON order is not the order of points."""
    if isinstance(points, list):
        return points
    if list(points) == _KEYS[: len(points)]:
        return list(points.values())
    try:
        numbered = [(int(index), point) for index, point in points.items()]
    except ValueError:
        raise GeometryError(
            "malformed_geometry", "A point has a key that is not a number.", f".{key}"
        ) from None
    numbered.sort(key=lambda pair: pair[0])
    return [point for _, point in numbered]


def _flat(points: Iterable[XY]) -> list[float]:
    return list(_joined(map(_xy, points)))


def read_bounding_box(label: ObjectLabel) -> Drawn:
    """x, y, w, h."""
    box = label.bounding_box
    if box is None:
        raise _missing("boundingBox")
    return Drawn([box.x, box.y, box.w, box.h])


def read_rotatable_bounding_box(label: ObjectLabel) -> Drawn:
    """x, y, w, h of the unrotated box."""
    box = label.rotatable_bounding_box
    if box is None:
        raise _missing("rotatableBoundingBox")
    return Drawn([box.x, box.y, box.w, box.h], Turn(box.theta or 0.0))


def read_polygon(label: ObjectLabel) -> Drawn:
    """All rings in a row; `polygons` wins over `polygon`, which older rows have alone."""
    polygons = label.polygons
    if polygons:
        rings = polygons[0]
        if len(polygons) == len(rings) == 1 and len(rings[0]) % 2 == 0:
            return Drawn(rings[0])
        return _read_polygons(polygons)
    if not len(bytes(label.polygon)):
        raise _missing("polygon")
    try:
        points = _POLYGON_DECODER.decode(label.polygon)
    except msgspec.MsgspecError as error:
        raise geometry_error(error, ".polygon") from None
    if points is None:
        raise _missing("polygon")
    return Drawn(_flat(_in_order(points, "polygon")))


def _read_polygons(polygons: list[list[list[float]]]) -> Drawn:
    coordinates: list[float] = []
    ring_sizes: list[int] = []
    polygon_sizes: list[int] = []
    for polygon_index, rings in enumerate(polygons):
        if not rings:
            continue
        polygon_sizes.append(len(rings))
        for ring_index, ring in enumerate(rings):
            if len(ring) % 2:
                raise GeometryError(
                    "malformed_geometry",
                    "A ring has an odd number of coordinates.",
                    f".polygons[{polygon_index}][{ring_index}]",
                )
            coordinates += ring
            ring_sizes.append(len(ring) // 2)
    return Drawn(coordinates, Rings(ring_sizes, polygon_sizes))


def read_polyline(label: ObjectLabel) -> Drawn:
    """x1, y1, x2, y2, … of the open line."""
    if label.polyline is None:
        raise _missing("polyline")
    return Drawn(_flat(_in_order(label.polyline, "polyline")))


def read_point(label: ObjectLabel) -> Drawn:
    """x, y."""
    if label.point is None:
        raise _missing("point")
    points = _in_order(label.point, "point")
    if len(points) != 1:
        raise GeometryError(
            "malformed_geometry", f"A point has {len(points)} places instead of one.", ".point"
        )
    return Drawn(_flat(points))


def read_skeleton(label: ObjectLabel) -> Drawn:
    """x, y of every point, in the order of the label."""
    if label.skeleton is None:
        raise _missing("skeleton")
    points = _in_order(label.skeleton, "skeleton")
    if not points:
        raise GeometryError("malformed_geometry", "The skeleton has no points.", ".skeleton")
    names = list(map(_name, points))
    if None in names:
        names = [f"point_{at}" if name is None else name for at, name in enumerate(names)]
    visibility = list(map(_visibility, map(_flags_of, points)))
    known = [2 if flag is None else flag for flag in visibility]
    note = _UNKNOWN_VISIBILITY if None in visibility else None
    return Drawn(_flat(points), Keypoints(names, known, note))


def read_bitmask(label: ObjectLabel) -> Drawn:
    """No coordinates: the grid is kept as it is."""
    mask = label.bitmask
    if mask is None:
        raise _missing("bitmask")
    top, left = _grid_number(mask.top, "top"), _grid_number(mask.left, "left")
    width, height = _grid_size(mask.width, "width"), _grid_size(mask.height, "height")
    return Drawn([], MaskGrid(mask.rle_string, top or 0, left or 0, width, height))


def _grid_number(given: int | float | None, key: str) -> int | None:
    number = whole_number(given)
    if number is None and given is not None:
        raise _no_grid_number(key)
    return number


def _grid_size(given: int | float | None, key: str) -> int | None:
    size = _grid_number(given, key)
    if size is not None and size <= 0:
        raise _no_grid_number(key)
    return size


def _no_grid_number(key: str) -> GeometryError:
    message = f"The `{key}` of the mask's grid is no whole number of pixels."
    return GeometryError("malformed_geometry", message, f".bitmask.{key}")


def read_circle(label: ObjectLabel) -> Drawn:
    """x, y, r, stretch."""
    circle = label.circle
    if circle is None:
        raise _missing("circle")
    stretch = 1.0 if circle.stretch is None else circle.stretch
    return Drawn([circle.x, circle.y, circle.r, stretch], Turn(circle.theta or 0.0))


def read_ellipse(label: ObjectLabel) -> Drawn:
    """x, y, rx, ry."""
    ellipse = label.ellipse
    if ellipse is None:
        raise _missing("ellipse")
    return Drawn([ellipse.x, ellipse.y, ellipse.rx, ellipse.ry], Turn(ellipse.theta or 0.0))


def read_cuboid_2d(label: ObjectLabel) -> Drawn:
    """The front face, then the back face.

    The back face is the front moved by the offset, or drawn towards the vanishing point:
    vp + (front - vp) · scaleRatio (SDK 0.1.211, `Cuboid2DCoordinates`).
    """
    cuboid = label.cuboid_2d
    if cuboid is None:
        raise _missing("cuboid_2d")
    front = cuboid.front
    if len(front) < 6 or len(front) % 2:
        raise GeometryError(
            "malformed_geometry", "The front face has fewer than three points.", ".cuboid_2d.front"
        )
    if cuboid.offset is not None:
        shift = (cuboid.offset.x, cuboid.offset.y)
        back = [number + shift[index % 2] for index, number in enumerate(front)]
    elif cuboid.vanishing_point is not None and cuboid.scale_ratio is not None:
        towards = (cuboid.vanishing_point.x, cuboid.vanishing_point.y)
        ratio = cuboid.scale_ratio
        back = [
            towards[index % 2] + (number - towards[index % 2]) * ratio
            for index, number in enumerate(front)
        ]
    else:
        raise GeometryError(
            "malformed_geometry",
            "The cuboid has neither an offset nor a vanishing point with a scale ratio.",
            ".cuboid_2d",
        )
    return Drawn([*front, *back])


SHAPES: Final[dict[str, Callable[[ObjectLabel], Drawn]]] = {
    "bounding_box": read_bounding_box,
    "rotatable_bounding_box": read_rotatable_bounding_box,
    "polygon": read_polygon,
    "polyline": read_polyline,
    "point": read_point,
    "skeleton": read_skeleton,
    "bitmask": read_bitmask,
    "circle": read_circle,
    "ellipse": read_ellipse,
    "cuboid_2d": read_cuboid_2d,
}
"""Shapes that can appear in an image, and how each is read."""

GEOMETRY_KEYS: Final = {
    "bounding_box": ("boundingBox",),
    "rotatable_bounding_box": ("rotatableBoundingBox",),
    "polygon": ("polygons", "polygon"),
} | {
    shape: (shape,)
    for shape in ("polyline", "point", "skeleton", "bitmask", "circle", "ellipse", "cuboid_2d")
}
"""Keys of an object that hold the geometry of its shape."""

RANGE_SHAPES: Final = frozenset({"audio", "text", "time_range"})
"""Shapes that have no entry on a frame: their range lies in `object_answers`."""

UNRENDERABLE_SHAPES: Final = RANGE_SHAPES | {"cuboid", "segmentation"}
"""Shapes of the label format that have no place in an image."""

_VISIBILITY: Final = {"invisible": 0, "occluded": 1, "selfoccluded": 1, "visible": 2}


_VisibilityFlags = tuple[bool | None, bool | None, bool | None, str | None]
_flags_of: Final = attrgetter("invisible", "occluded", "self_occluded", "visibility")


@lru_cache(maxsize=64)
def _visibility(flags: _VisibilityFlags) -> int | None:
    """COCO's visibility of a skeleton point: 0 invisible, 1 occluded, 2 visible.

    Precedence invisible > occluded > self-occluded; without any flag a point is visible. None
    stands for a `visibility` that is none of the known ones.

    Args:
        flags: `invisible`, `occluded`, `self_occluded` and `visibility` of the point.
    """
    invisible, occluded, self_occluded, visibility = flags
    if invisible:
        return 0
    if occluded or self_occluded:
        return 1
    return 2 if visibility is None else _VISIBILITY.get(visibility.replace("_", "").lower())


def geometry_error(error: Exception, prefix: str) -> GeometryError:
    """A `GeometryError` from msgspec's, whose message ends with the JSON path of the fault."""
    text, _, path = str(error).partition(" - at `$")
    return GeometryError("malformed_geometry", f"{text}.", prefix + path.rstrip("`"))
