"""Cutting off what lies outside of the image, and widening polylines, with GEOS.

What lies within its image stays as it was drawn, to the last bit.
"""

from typing import Final

import numpy as np
import shapely

from coco_dagster.coco.regions import Geometries, polygons_inside, rings_of_polygons
from coco_dagster.coco.rings import Floats, Rings, offsets_of, one_way, there_and_back
from coco_dagster.encord.run_lengths import Flags, Ints

# Far outside of any image, and near enough for GEOS to find crossings with the image's edges.
_FARTHEST: Final = 1e9


def points_outside(points: Floats, frames: Floats) -> Flags:
    """Whether points lie outside of their frames; those on the edge do not.

    Args:
        points: x and y in pixels, shape (n, 2).
        frames: width and height of each point's frame, shape (n, 2).
    """
    outside = (points < 0) | (points > frames)
    return outside[:, 0] | outside[:, 1]


def reaching_out(rings: Rings, frames: Floats) -> Flags:
    """Which annotations have an outer ring with a point outside of their frame.

    Args:
        rings: outlines in pixels.
        frames: width and height of each annotation's frame, shape (n, 2).
    """
    is_outer = np.zeros(rings.ring_offsets.size - 1, np.bool_)
    is_outer[rings.polygon_offsets[:-1]] = True
    annotation = rings.point_annotations
    outside = points_outside(rings.points, frames[annotation])
    outside &= np.repeat(is_outer, np.diff(rings.ring_offsets))
    return np.bincount(annotation[outside], minlength=frames.shape[0]) > 0


# GEOS raises flags of the processor for coordinates that no image has; its answers hold.
@np.errstate(all="ignore")
def clip_rings(rings: Rings, frames: Floats) -> Rings:
    """What outlines cover within their frames; nothing left makes an annotation without polygons.

    Args:
        rings: outlines in pixels.
        frames: width and height of each annotation's frame, shape (n, 2).
    """
    polygons, polygon = polygons_inside(rings.map_points(_not_far))
    annotation = rings.polygon_annotations[polygon]
    parts, part = _within(polygons, frames[annotation], shapely.GeometryType.POLYGON)
    has_area = shapely.area(parts) > 0
    annotation = annotation[part[has_area]]
    clipped = rings_of_polygons(parts[has_area], annotation, frames.shape[0])
    return _inside(clipped, frames)


@np.errstate(all="ignore")
def clip_paths(paths: Rings, frames: Floats) -> Rings:
    """The parts of paths within their frames, each there and back.

    Args:
        paths: paths in pixels, there and back.
        frames: width and height of each annotation's frame, shape (n, 2).
    """
    lines = _lines(paths)
    annotation = paths.polygon_annotations
    parts, part = _within(lines, frames[annotation], shapely.GeometryType.LINESTRING)
    points, part_of_point = shapely.get_coordinates(parts, return_index=True)
    sizes = np.bincount(part_of_point, minlength=parts.size)
    pieces = there_and_back(points, sizes, 2 * sizes)
    of_annotation = np.bincount(annotation[part], minlength=frames.shape[0])
    clipped = Rings(
        pieces.points, pieces.ring_offsets, pieces.polygon_offsets, offsets_of(of_annotation)
    )
    return _inside(clipped, frames)


@np.errstate(all="ignore")
def widen_paths(paths: Rings, width: float) -> Rings:
    """Paths as areas of a constant width, with flat ends and bevelled corners.

    Such corners take no sines and cosines, which are not the same on all machines.

    Args:
        paths: one path per annotation, there and back.
        width: pixels.
    """
    wide = shapely.buffer(_lines(paths), width / 2, cap_style="flat", join_style="bevel")
    polygons, annotation = shapely.get_parts(wide, return_index=True)
    filled = ~shapely.is_empty(polygons)
    owners = paths.annotation_offsets.size - 1
    return rings_of_polygons(polygons[filled], annotation[filled], owners)


def _lines(paths: Rings) -> Geometries:
    """The way there of each path, as a line of shapely."""
    there = one_way(paths)
    sizes = np.diff(there.ring_offsets)
    line = np.repeat(np.arange(sizes.size), sizes)
    lines: Geometries = shapely.linestrings(_not_far(there.points), indices=line)
    return lines


def _within(
    geometries: Geometries, frames: Floats, kind: shapely.GeometryType
) -> tuple[Geometries, Ints]:
    """Parts of one kind within the frames, and the index of the geometry that each belongs to."""
    boxes = shapely.box(0.0, 0.0, frames[:, 0], frames[:, 1])
    parts, whole = shapely.get_parts(shapely.intersection(geometries, boxes), return_index=True)
    chosen = (shapely.get_type_id(parts) == kind) & ~shapely.is_empty(parts)
    return parts[chosen], whole[chosen]


def _inside(rings: Rings, frames: Floats) -> Rings:
    """Crossings with the edge of a frame may miss it by the rounding of a number."""
    edges = frames[rings.point_annotations]
    return rings.map_points(lambda points: np.clip(points, 0.0, edges))


def _not_far(points: Floats) -> Floats:
    return np.clip(points, -_FARTHEST, _FARTHEST)
