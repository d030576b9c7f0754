"""Encord's shapes drawn in pixels: one function per shape, all of them in `SHAPES`.

Each takes all annotations of its shape in a part and returns a `Drawing`: outlines, masks and
keypoints in pixels, which a profile then renders. The rules are those of section 6.1 of the export
contract; a fraction of the frame's width or height becomes pixels by one multiplication.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import polars as pl
import shapely
from msgspec import Struct, field
from numpy.typing import NDArray

from coco_dagster.coco.areas import region_areas
from coco_dagster.coco.curves import ellipses, turned_boxes
from coco_dagster.coco.keypoints import Keypoints, SkeletonNames, in_template_order
from coco_dagster.coco.masks import MaskBounds, Masks, paste_masks
from coco_dagster.coco.rings import Floats, Rings, offsets_of, there_and_back
from coco_dagster.encord.rle import MaskGrids
from coco_dagster.encord.run_lengths import Flags, Ints

_FRAME: Final = ("frame_width", "frame_height")
_GRID: Final = ("mask_top", "mask_left", "mask_width", "mask_height", *_FRAME)

VISIBLE: Final = 2
"""COCO's v of a keypoint that is labelled and visible."""


class Drawing(Struct, frozen=True):
    """Annotations of one shape in pixels, before a profile renders them.

    Attributes:
        bbox: x, y, w, h of each annotation, shape (n, 4).
        area: square pixels of each annotation.
        frame_width: columns of each annotation's frame.
        frame_height: rows of each annotation's frame.
        outline: what the annotation covers: rings, or masks for bitmasks.
        keypoints: keypoints, for points and skeletons.
    """

    bbox: Floats
    area: Floats
    frame_width: Ints
    frame_height: Ints
    outline: Rings | Masks
    keypoints: Keypoints | None = None

    @property
    def frames(self) -> Floats:
        """Width and height of each annotation's frame, shape (n, 2)."""
        return np.column_stack((self.frame_width, self.frame_height)).astype(np.float64)

    def where(self, chosen: Flags) -> "Drawing":
        """The chosen annotations."""
        return Drawing(
            self.bbox[chosen],
            self.area[chosen],
            self.frame_width[chosen],
            self.frame_height[chosen],
            self.outline.where(chosen),
            self.keypoints and self.keypoints.where(chosen),
        )


class ShapeBatch(Struct, frozen=True):
    """All annotations of one shape in a part.

    Attributes:
        rows: rows of the table `annotations` with `frame_width` and `frame_height`, in pixels.
        skeletons: point names in template order, by feature hash.
        max_crossings: as for `region_areas`.
        bounds: as for `paste_masks`.
    """

    rows: pl.DataFrame
    skeletons: SkeletonNames = field(default_factory=dict)
    max_crossings: int | None = None
    bounds: MaskBounds | None = None

    @property
    def frame_sizes(self) -> Floats:
        """Width and height of each annotation's frame, shape (n, 2)."""
        sides = (self.rows[column].to_numpy() for column in ("frame_width", "frame_height"))
        return np.column_stack([side.astype(np.float64) for side in sides])

    @property
    def theta(self) -> Floats:
        """Degrees by which each annotation is turned; 0 where the column is null."""
        theta = self.rows["theta"].to_numpy()
        return np.where(np.isnan(theta), 0.0, theta)

    def whole_numbers(self, column: str) -> Ints:
        """A column of whole numbers."""
        return self.rows[column].cast(pl.Int64).to_numpy()

    def four_numbers(self) -> Floats:
        """The coordinates in pixels of annotations that have four, shape (n, 4).

        The first and the third go by the width, the second and the fourth by the height.
        """
        fractions, _ = flat_lists(self.rows["coordinates"])
        return fractions.reshape(-1, 4) * np.tile(self.frame_sizes, 2)

    def points(self) -> tuple[Floats, Ints]:
        """All points in pixels, shape (points, 2), and the number of points per annotation."""
        fractions, offsets = flat_lists(self.rows["coordinates"])
        sizes = np.diff(offsets) // 2
        return fractions.reshape(-1, 2) * np.repeat(self.frame_sizes, sizes, axis=0), sizes

    def drawing(
        self,
        bbox: Floats,
        area: Floats,
        outline: Rings | Masks,
        keypoints: Keypoints | None = None,
    ) -> Drawing:
        """A drawing of these annotations."""
        width, height = self.whole_numbers("frame_width"), self.whole_numbers("frame_height")
        return Drawing(bbox, area, width, height, outline, keypoints)


def flat_lists(lists: pl.Series) -> tuple[NDArray[Any], Ints]:
    """Values of a list column in a row, and the offsets of the lists; without copying."""
    array = lists.rechunk().to_arrow()
    offsets = array.offsets.to_numpy()
    return array.values.to_numpy()[offsets[0] : offsets[-1]], offsets - offsets[0]


def draw_bounding_boxes(batch: ShapeBatch) -> Drawing:
    """The four corners, clockwise on screen from the top-left one."""
    boxes = batch.four_numbers()
    x, y, w, h = boxes.T
    corners = np.stack((x, y, x + w, y, x + w, y + h, x, y + h), axis=1).reshape(-1, 2)
    return batch.drawing(boxes, w * h, Rings.single(corners, np.full(x.size, 4)))


def draw_rotatable_bounding_boxes(batch: ShapeBatch) -> Drawing:
    """The four corners, turned about the centre in pixels; bbox encloses them."""
    boxes = batch.four_numbers()
    rings = turned_boxes(boxes, batch.theta)
    return batch.drawing(rings.bounding_boxes(), boxes[:, 2] * boxes[:, 3], rings)


def draw_polygons(batch: ShapeBatch) -> Drawing:
    """All rings as drawn, but for a point that only closes one; the area of a tangle is NaN."""
    points, _ = batch.points()
    ring_sizes, _ = flat_lists(batch.rows["ring_sizes"])
    polygon_sizes, polygons = flat_lists(batch.rows["polygon_sizes"])
    rings = Rings(
        points, offsets_of(ring_sizes), offsets_of(polygon_sizes), polygons.astype(np.int64)
    ).without_closing_points()
    areas = region_areas(rings, batch.max_crossings)
    return batch.drawing(rings.bounding_boxes(), areas, rings)


def draw_polylines(batch: ShapeBatch) -> Drawing:
    """There and back, without an area."""
    points, sizes = batch.points()
    rings = there_and_back(points, sizes, 2 * sizes)
    return batch.drawing(rings.bounding_boxes(), np.zeros(batch.rows.height), rings)


def draw_points(batch: ShapeBatch) -> Drawing:
    """One visible keypoint, which is the outline too."""
    points, sizes = batch.points()
    rings = Rings.single(points, sizes)
    keypoints = Keypoints(points, np.full(points.shape[0], VISIBLE, np.int8), rings.ring_offsets)
    area = np.zeros(batch.rows.height)
    return batch.drawing(rings.bounding_boxes(), area, rings, keypoints)


def draw_skeletons(batch: ShapeBatch) -> Drawing:
    """Keypoints in template order, without an outline; bbox encloses those with v > 0."""
    points, _ = batch.points()
    visibility, _ = flat_lists(batch.rows["keypoint_visibility"])
    names, hashes = batch.rows["keypoint_names"], batch.rows["feature_hash"]
    keypoints = in_template_order(points, visibility, names, hashes, batch.skeletons)
    none = np.zeros(1, np.int64)
    rings = Rings(np.zeros((0, 2)), none, none, np.zeros(batch.rows.height + 1, np.int64))
    area = np.zeros(batch.rows.height)
    return batch.drawing(keypoints.bounding_boxes(), area, rings, keypoints)


def draw_bitmasks(batch: ShapeBatch) -> Drawing:
    """The mask's pixels within the frame; the area of one with too many runs is no number."""
    grids = MaskGrids.of(*(batch.whole_numbers(column) for column in _GRID))
    masks = paste_masks(batch.rows["mask_rle"].rechunk().to_arrow(), grids, batch.bounds)
    return batch.drawing(masks.bbox, masks.area, masks)


def draw_circles(batch: ShapeBatch) -> Drawing:
    """A ring on the curve; bbox and area are those of the curve. Both radii go by the width."""
    x, y, r, stretch = flat_lists(batch.rows["coordinates"])[0].reshape(-1, 4).T
    first = r * batch.frame_sizes[:, 0]
    centres = np.column_stack((x, y)) * batch.frame_sizes
    rings, bbox, area = ellipses(centres, np.column_stack((first, first * stretch)), batch.theta)
    return batch.drawing(bbox, area, rings)


def draw_ellipses(batch: ShapeBatch) -> Drawing:
    """A ring on the curve; bbox and area are those of the curve."""
    numbers = batch.four_numbers()
    rings, bbox, area = ellipses(numbers[:, :2], numbers[:, 2:], batch.theta)
    return batch.drawing(bbox, area, rings)


def draw_cuboids(batch: ShapeBatch) -> Drawing:
    """The convex hull of the front and the back face; a hull without an area there and back."""
    points, sizes = batch.points()
    owner = np.repeat(np.arange(sizes.size), sizes)
    # GEOS raises flags of the processor for coordinates that no image has.
    with np.errstate(all="ignore"):
        hulls = shapely.convex_hull(shapely.multipoints(points, indices=owner))
    corners, hull = shapely.get_coordinates(hulls, return_index=True)
    sizes = np.bincount(hull, minlength=sizes.size)
    # A hull with an area is a closed ring; the others are a line or a point.
    steps = np.where(sizes > 2, sizes - 1, 2 * sizes)
    rings = there_and_back(corners, sizes, steps)
    return batch.drawing(rings.bounding_boxes(), shapely.area(hulls), rings)


SHAPES: Final[Mapping[str, Callable[[ShapeBatch], Drawing]]] = {
    "bounding_box": draw_bounding_boxes,
    "rotatable_bounding_box": draw_rotatable_bounding_boxes,
    "polygon": draw_polygons,
    "polyline": draw_polylines,
    "point": draw_points,
    "skeleton": draw_skeletons,
    "bitmask": draw_bitmasks,
    "circle": draw_circles,
    "ellipse": draw_ellipses,
    "cuboid_2d": draw_cuboids,
}
"""How each shape is drawn."""

SHAPE_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(SHAPES, ("coordinates", "theta", *_FRAME)),
    "polygon": ("coordinates", "ring_sizes", "polygon_sizes", *_FRAME),
    "skeleton": (
        *("coordinates", "keypoint_names", "keypoint_visibility", "feature_hash"),
        *_FRAME,
    ),
    "bitmask": ("label_hash", "mask_rle", *_GRID),
}
"""What each shape is drawn from; `label_hash` is what a row's masks are counted by."""
