"""Which annotations cannot be rendered, judged for a whole part at once.

What is wrong with a single number's type was found in reading; here are the faults that show only
in numbers: too few distinct points, negative sizes, numbers that overflow in pixels, masks that
do not fit their grid, frames without a size.
"""

from typing import Final

import numpy as np
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

from coco_dagster.encord.rle import (
    MASK_FAULT_MESSAGES,
    MAX_MASK_PIXELS,
    MaskFault,
    MaskGrids,
    check_masks,
)
from coco_dagster.encord.run_lengths import Flags, Ints
from coco_dagster.encord.shapes import SHAPES

MAX_PIXEL_COORDINATE: Final = 1e150
"""Beyond this, an area in square pixels is no longer a finite double."""

MAX_PIXEL_LENGTH: Final = 4e307
"""Beyond this, the difference of two coordinates in pixels is no longer a finite double."""

_WITHOUT_PRODUCTS: Final = ("bounding_box", "polyline", "point", "skeleton")
"""Shapes for which coordinates are never multiplied by one another."""


class Fault(Struct, frozen=True):
    """Why some annotations are rejected."""

    code: str
    message: str


_FAULTS: Final = (
    Fault("", ""),
    Fault("unknown_frame_size", "The frame's width and height are not known."),
    Fault("overflow", "A coordinate is too large to be a number of pixels."),
    Fault("negative_size", "A width, height or radius is negative, or a radius is 0."),
    Fault("too_few_points", "The polygon has no ring with three distinct points."),
    Fault("too_few_points", "The polyline has fewer than two points."),
    Fault("overflow", "The holes need a mask, for which the frame has too many pixels (10^9)."),
    *(
        Fault(f"mask_{fault.name.lower()}", f"The mask is not usable: {message}.")
        for fault, message in MASK_FAULT_MESSAGES.items()
    ),
)
_SIZE, _OVERFLOW, _NEGATIVE, _POLYGON, _POLYLINE, _GRID, _MASKS = range(1, 8)


class GeometryVerdict(Struct, frozen=True):
    """What was found.

    Attributes:
        faults: per annotation: an index for `fault`, 0 where the annotation can be rendered.
        degenerate_rings: per ring of all polygons: fewer than three distinct points.
        cropped_masks: per annotation: a mask that the frame's edge crops.
    """

    faults: NDArray[np.int8]
    degenerate_rings: Flags
    cropped_masks: Flags

    def fault(self, annotation: int) -> Fault:
        """The reason for which an annotation is rejected."""
        return _FAULTS[int(self.faults[annotation])]


def check_geometry(annotations: pa.Table, frame_width: Ints, frame_height: Ints) -> GeometryVerdict:
    """Judge all annotations of a part.

    Args:
        annotations: table of the schema `ANNOTATIONS`.
        frame_width: pixels of each annotation's frame, 0 where unknown.
        frame_height: likewise.
    """
    coordinates = annotations["coordinates"].combine_chunks()
    numbers = coordinates.values.to_numpy()
    offsets = coordinates.offsets.to_numpy().astype(np.int64)
    shapes = annotations["shape"].combine_chunks().dictionary_encode()
    shape, names = shapes.indices.to_numpy(), shapes.dictionary.to_pylist()
    is_shape = {
        name: shape == names.index(name) if name in names else np.zeros(shape.size, bool)
        for name in SHAPES
    }
    faults = np.zeros(shape.size, np.int8)
    degenerate = _degenerate_rings(annotations, numbers, offsets, is_shape["polygon"])
    faults[_without_rings(annotations, degenerate) & is_shape["polygon"]] = _POLYGON
    faults[is_shape["polyline"] & (np.diff(offsets) < 4)] = _POLYLINE
    faults[_negative(numbers, offsets, is_shape)] = _NEGATIVE
    cropped = _check_masks(annotations, is_shape["bitmask"], frame_width, frame_height, faults)
    faults[_overflows(numbers, offsets, is_shape, frame_width, frame_height)] = _OVERFLOW
    too_large = frame_width * frame_height > MAX_MASK_PIXELS
    faults[_has_holes(annotations) & too_large] = _GRID
    faults[(frame_width <= 0) | (frame_height <= 0)] = _SIZE
    return GeometryVerdict(faults, degenerate, cropped & (faults == 0))


def _has_holes(annotations: pa.Table) -> Flags:
    """Annotations with more rings than polygons."""
    rings, polygons = (
        annotations[name].combine_chunks().value_lengths().fill_null(0).to_numpy()
        for name in ("ring_sizes", "polygon_sizes")
    )
    has_holes: Flags = rings > polygons
    return has_holes


def _overflows(
    numbers: NDArray[np.float64],
    offsets: Ints,
    is_shape: dict[str, Flags],
    frame_width: Ints,
    frame_height: Ints,
) -> Flags:
    side = np.maximum(np.maximum(frame_width, frame_height), 1)
    is_plain = np.logical_or.reduce([is_shape[name] for name in _WITHOUT_PRODUCTS])
    limit = np.where(is_plain, MAX_PIXEL_LENGTH, MAX_PIXEL_COORDINATE) / side
    # What has become NaN is within no limit.
    overflows = ~(_largest(np.abs(numbers), offsets) <= limit)
    boxes = np.flatnonzero(is_shape["bounding_box"])
    start = offsets[boxes]
    with np.errstate(over="ignore", invalid="ignore"):
        width = numbers[start + 2] * frame_width[boxes]
        area = width * (numbers[start + 3] * frame_height[boxes])
    overflows[boxes] |= ~np.isfinite(area)
    return overflows


def _largest(numbers: NDArray[np.float64], offsets: Ints) -> NDArray[np.float64]:
    filled = np.diff(offsets) > 0
    largest = np.zeros(filled.size)
    if numbers.size:
        largest[filled] = np.maximum.reduceat(numbers, offsets[:-1][filled])
    return largest


def _negative(numbers: NDArray[np.float64], offsets: Ints, is_shape: dict[str, Flags]) -> Flags:
    bad = np.zeros(offsets.size - 1, bool)
    for name in ("bounding_box", "rotatable_bounding_box"):
        rows = np.flatnonzero(is_shape[name])
        start = offsets[rows]
        bad[rows] = (numbers[start + 2] < 0) | (numbers[start + 3] < 0)
    for name in ("circle", "ellipse"):
        rows = np.flatnonzero(is_shape[name])
        start = offsets[rows]
        bad[rows] = (numbers[start + 2] <= 0) | (numbers[start + 3] <= 0)
    return bad


def _degenerate_rings(
    annotations: pa.Table, numbers: NDArray[np.float64], offsets: Ints, is_polygon: Flags
) -> Flags:
    """Rings with fewer than three distinct points.

    Most rings show in their first three points that they are none; the others are looked through.
    """
    sizes = annotations["ring_sizes"].combine_chunks().flatten().to_numpy().astype(np.int64)
    degenerate: Flags = sizes < 3
    points = numbers[np.repeat(is_polygon, np.diff(offsets))].reshape(-1, 2)
    start = np.cumsum(sizes) - sizes
    rings = np.flatnonzero(~degenerate)
    first, second, third = (points[start[rings] + place] for place in range(3))
    distinct = _differ(first, second) & _differ(first, third) & _differ(second, third)
    for ring in rings[~distinct].tolist():
        ring_points = points[start[ring] : start[ring] + sizes[ring]]
        degenerate[ring] = len(np.unique(ring_points + 0.0, axis=0)) < 3
    return degenerate


def _differ(one: NDArray[np.float64], other: NDArray[np.float64]) -> Flags:
    differs: Flags = (one != other).any(axis=1)
    return differs


def _without_rings(annotations: pa.Table, degenerate: Flags) -> Flags:
    """Polygons of which no outer ring is left."""
    polygon_sizes = annotations["polygon_sizes"].combine_chunks()
    rings = polygon_sizes.flatten().to_numpy().astype(np.int64)
    polygons = polygon_sizes.value_lengths().fill_null(0).to_numpy().astype(np.int64)
    outer = np.cumsum(rings) - rings
    owner = np.repeat(np.arange(polygons.size), polygons)
    good = np.bincount(owner, weights=~degenerate[outer], minlength=polygons.size)
    without: Flags = good == 0
    return without


def _check_masks(
    annotations: pa.Table,
    is_mask: Flags,
    frame_width: Ints,
    frame_height: Ints,
    faults: NDArray[np.int8],
) -> Flags:
    cropped = np.zeros(is_mask.size, bool)
    rows = np.flatnonzero(is_mask)
    if not rows.size:
        return cropped
    masks = annotations.select(
        ["mask_rle", "mask_top", "mask_left", "mask_width", "mask_height"]
    ).take(pa.array(rows))
    top, left, width, height = (masks[name].to_numpy() for name in masks.column_names[1:])
    check = check_masks(
        masks["mask_rle"].combine_chunks(),
        MaskGrids.of(top, left, width, height, frame_width[rows], frame_height[rows]),
    )
    faults[rows] = np.where(check.fault == MaskFault.NONE, 0, check.fault + _MASKS - 1)
    cropped[rows] = check.cropped
    return cropped
