"""Objects of label rows as Encord writes them: facts, and the geometry of each shape.

All 2D coordinates are fractions of the frame: x and widths by its width, y and heights by its
height, with the origin in the top left corner and y pointing down; angles are degrees clockwise
on screen.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field


class BoundingBox(Struct, gc=False):
    """`x`, `y` is the top left corner."""

    x: float
    y: float
    w: float
    h: float


class RotatableBoundingBox(BoundingBox, gc=False):
    """The unrotated box; `theta` turns it about its centre, in pixel space."""

    theta: float | None = None


class XY(Struct, gc=False):
    """One point."""

    x: float
    y: float


class Bitmask(Struct, gc=False):
    """A run-length encoded grid of `width` by `height` pixels, in row-major order."""

    rle_string: str = field(name="rleString")
    top: int | float | None = None
    left: int | float | None = None
    width: int | float | None = None
    height: int | float | None = None


class SkeletonPoint(XY, gc=False):
    """A point of a skeleton with one of two notations of its visibility."""

    name: str | None = None
    feature_hash: str | None = field(name="featureHash", default=None)
    visibility: str | None = None
    invisible: bool | None = None
    occluded: bool | None = None
    self_occluded: bool | None = field(name="selfOccluded", default=None)


class Circle(Struct, gc=False):
    """`r` is a fraction of the width; the second radius is `r` · `stretch`, by width too."""

    x: float
    y: float
    r: float
    stretch: float | None = None
    theta: float | None = None


class Ellipse(Struct, gc=False):
    """`rx` is a fraction of the width, `ry` of the height; turned in pixel space."""

    x: float
    y: float
    rx: float
    ry: float
    theta: float | None = None


class Cuboid2D(Struct, gc=False):
    """A front face and either an offset (isometric) or a vanishing point (perspective)."""

    front: list[float]
    offset: XY | None = None
    vanishing_point: XY | None = field(name="vanishingPoint", default=None)
    scale_ratio: float | None = field(name="scaleRatio", default=None)


Name = Annotated[str, Meta(min_length=1)]


class ObjectLabel(Struct, gc=False, kw_only=True):
    """One object on one frame, with the geometry of its shape as far as it is present.

    Fields stand in the order in which Encord writes their keys, where msgspec finds them at once.
    """

    name: str | None = None
    shape: Name
    created_at: str | None = field(name="createdAt", default=None)
    created_by: str | None = field(name="createdBy", default=None)
    is_deleted: bool | None = field(name="isDeleted", default=None)
    confidence: float | None = None
    object_hash: Name = field(name="objectHash")
    feature_hash: Name = field(name="featureHash")
    last_edited_at: str | None = field(name="lastEditedAt", default=None)
    last_edited_by: str | None = field(name="lastEditedBy", default=None)
    manual_annotation: bool | UnsetType = field(name="manualAnnotation", default=UNSET)
    bounding_box: BoundingBox | None = field(name="boundingBox", default=None)
    rotatable_bounding_box: RotatableBoundingBox | None = field(
        name="rotatableBoundingBox", default=None
    )
    polygon: Raw = Raw()
    polygons: list[list[list[float]]] | None = None
    polyline: dict[str, XY] | list[XY] | None = None
    point: dict[str, XY] | None = None
    skeleton: dict[str, SkeletonPoint] | None = None
    bitmask: Bitmask | None = None
    circle: Circle | None = None
    ellipse: Ellipse | None = None
    cuboid_2d: Cuboid2D | None = None
