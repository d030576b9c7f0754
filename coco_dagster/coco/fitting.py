"""Drawings as a profile wants them: widened, clipped to the image, and large enough.

One function per kind of shape, all of them in `_FITTERS`. Each takes a drawing and returns one of
the same annotations, and says which of them have to be left out, and why.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from coco_dagster.coco.areas import region_areas
from coco_dagster.coco.clipping import (
    clip_paths,
    clip_rings,
    points_outside,
    reaching_out,
    widen_paths,
)
from coco_dagster.coco.crossings import crossing_often
from coco_dagster.coco.losses import LeftOut
from coco_dagster.coco.masks import Masks
from coco_dagster.coco.number_text import rounded_boxes
from coco_dagster.coco.profiles import Profile
from coco_dagster.coco.rings import Floats, Rings, one_way
from coco_dagster.coco.shapes import Drawing
from coco_dagster.encord.run_lengths import Flags

Reasons: TypeAlias = NDArray[np.int8]

# What may lie between the bounds of a shape and the bounds of the ring that stands for it.
_NEAR: Final = 1e-6


class Fitted(Struct, frozen=True):
    """Annotations of one shape as a profile wants them.

    Attributes:
        drawing: those that are rendered.
        left_out: why each annotation of the original drawing is not rendered (`LeftOut`), 0 where
            it is.
    """

    drawing: Drawing
    left_out: Reasons


def fitted(drawing: Drawing, shape: str, profile: Profile) -> Fitted:
    """Fit annotations of one shape to a profile.

    Args:
        drawing: annotations as drawn.
        shape: their shape, one of `shapes.SHAPES`.
        profile: how they are rendered.
    """
    drawing, left_out = _FITTERS[shape](drawing, profile)
    if not left_out.any():
        return Fitted(drawing, left_out)
    return Fitted(drawing.where(left_out == LeftOut.NOT), left_out)


def _fit_boxes(drawing: Drawing, profile: Profile) -> tuple[Drawing, Reasons]:
    if profile.coordinates != "clipped":
        return _judged(drawing, profile, _none(drawing))
    clipped = _near_edge(drawing, 0.0)
    if not clipped.any():
        return _judged(drawing, profile, clipped)
    bbox = _boxes_within(drawing, np.flatnonzero(clipped))
    w, h = bbox[:, 2], bbox[:, 3]
    area = np.where(clipped, w * h, drawing.area)
    edges = np.repeat(drawing.frames, 4, axis=0)
    outline = _rings(drawing).map_points(lambda points: np.clip(points, 0.0, edges))
    outside = clipped & ((w <= 0) | (h <= 0))
    return _judged(replace(drawing, bbox=bbox, area=area, outline=outline), profile, outside)


def _fit_outlines(drawing: Drawing, profile: Profile) -> tuple[Drawing, Reasons]:
    return _fit_rings(drawing, profile, clip_rings)


def _fit_polylines(drawing: Drawing, profile: Profile) -> tuple[Drawing, Reasons]:
    if profile.polyline_width is None:
        return _fit_rings(drawing, profile, clip_paths)
    paths = _rings(drawing)
    every = np.ones(drawing.area.size, np.bool_)
    tangled = crossing_often(one_way(paths), every, profile.max_crossings)
    if tangled.any():
        return _without_tangles(drawing, profile, tangled)
    rings = widen_paths(paths, profile.polyline_width)
    areas, boxes = region_areas(rings), rings.bounding_boxes()
    drawing = replace(drawing, bbox=boxes, area=areas, outline=rings)
    # A path of no length has no width either, whatever a profile says of areas.
    empty = np.diff(rings.annotation_offsets) == 0
    drawing, left_out = _fit_rings(drawing, profile, clip_rings)
    return drawing, np.where(empty, np.int8(LeftOut.NO_AREA), left_out)


def _without_tangles(drawing: Drawing, profile: Profile, tangled: Flags) -> tuple[Drawing, Reasons]:
    """Polylines of which some cannot be widened in bounded time: those stay as they are."""
    rest, left_out_of_rest = _fit_polylines(drawing.where(~tangled), profile)
    left_out = np.full(tangled.size, LeftOut.TANGLED, np.int8)
    left_out[~tangled] = left_out_of_rest
    kept = drawing.where(tangled)
    order = np.empty(tangled.size, np.int64)
    order[np.flatnonzero(~tangled)] = np.arange(rest.area.size)
    order[np.flatnonzero(tangled)] = rest.area.size + np.arange(kept.area.size)
    both = replace(
        drawing,
        bbox=np.concatenate((rest.bbox, kept.bbox))[order],
        area=np.concatenate((rest.area, kept.area))[order],
        outline=Rings.concat([_rings(rest), _rings(kept)]).take(order),
    )
    return both, left_out


def _fit_rings(
    drawing: Drawing, profile: Profile, clip: Callable[[Rings, Floats], Rings]
) -> tuple[Drawing, Reasons]:
    if profile.coordinates != "clipped":
        return _judged(drawing, profile, _none(drawing))
    near = np.flatnonzero(_near_edge(drawing, _NEAR))
    rings = _rings(drawing)
    if near.size == 0:
        return _judged(drawing, profile, _none(drawing))
    bbox = _boxes_within(drawing, near)
    out = near[reaching_out(rings.take(near), drawing.frames[near])]
    if out.size == 0:
        return _judged(replace(drawing, bbox=bbox), profile, _none(drawing))
    pieces = clip(rings.take(out), drawing.frames[out])
    area = drawing.area.copy()
    area[out], bbox[out] = region_areas(pieces), pieces.bounding_boxes()
    nothing_left = _none(drawing)
    nothing_left[out] = np.diff(pieces.annotation_offsets) == 0
    order = np.arange(area.size)
    order[out] = area.size + np.arange(out.size)
    outline = Rings.concat([rings, pieces]).take(order)
    return _judged(replace(drawing, bbox=bbox, area=area, outline=outline), profile, nothing_left)


def _fit_keypoints(drawing: Drawing, profile: Profile) -> tuple[Drawing, Reasons]:
    keypoints = drawing.keypoints
    if keypoints is None:
        raise ValueError("only shapes with keypoints can be fitted as such")
    left_out = np.zeros(drawing.area.size, np.int8)
    labelled = keypoints.visible > 0
    if profile.coordinates == "clipped":
        frames = np.repeat(drawing.frames, np.diff(keypoints.offsets), axis=0)
        keypoints = keypoints.without(points_outside(keypoints.points, frames))
        left_out[labelled & (keypoints.visible == 0)] = LeftOut.OUTSIDE_IMAGE
        drawing = replace(drawing, keypoints=keypoints, bbox=keypoints.bounding_boxes())
    if profile.keypoint_box_side is None:
        return drawing, left_out
    left_out[~labelled] = LeftOut.NO_VISIBLE_KEYPOINT
    return _with_boxes(drawing, profile, profile.keypoint_box_side), left_out


def _with_boxes(drawing: Drawing, profile: Profile, side: float) -> Drawing:
    """Keypoints with a box of at least this side around their centre, which is their outline."""
    size = np.maximum(drawing.bbox[:, 2:], side)
    low = drawing.bbox[:, :2] + (drawing.bbox[:, 2:] - size) / 2
    bbox = np.where(drawing.bbox[:, 2:] < side, low, drawing.bbox[:, :2])
    boxes = np.column_stack((bbox, size))
    if profile.coordinates == "clipped":
        grown = replace(drawing, bbox=boxes)
        boxes = _boxes_within(grown, np.arange(drawing.area.size))
        boxes = rounded_boxes(boxes, drawing.frames, profile.coordinate_precision)
    x, y, w, h = boxes.T
    corners = np.stack((x, y, x + w, y, x + w, y + h, x, y + h), axis=1).reshape(-1, 2)
    outline = Rings.single(corners, np.full(x.size, 4))
    return replace(drawing, bbox=boxes, area=w * h, outline=outline)


def _fit_masks(drawing: Drawing, profile: Profile) -> tuple[Drawing, Reasons]:
    return _judged(drawing, profile, _none(drawing))


def _judged(drawing: Drawing, profile: Profile, outside: Flags) -> tuple[Drawing, Reasons]:
    """The drawing, and why annotations are left out: as outside of the image, or as too small."""
    left_out = np.zeros(drawing.area.size, np.int8)
    if profile.min_side is not None:
        shortest = drawing.bbox[:, 2:].min(axis=1)
        left_out[shortest < profile.min_side] = LeftOut.TOO_SMALL
        left_out[drawing.area <= 0] = LeftOut.NO_AREA
    left_out[outside] = LeftOut.OUTSIDE_IMAGE
    return drawing, left_out


def _near_edge(drawing: Drawing, margin: float) -> Flags:
    """Annotations whose bounds reach out of their frame, or are that near to its edge."""
    low, high = drawing.bbox[:, :2], drawing.bbox[:, :2] + drawing.bbox[:, 2:]
    near = (low < margin) | (high > drawing.frames - margin)
    return near[:, 0] | near[:, 1]


def _boxes_within(drawing: Drawing, chosen: NDArray[np.int64]) -> Floats:
    """Bounding boxes, of which the chosen ones are cut to their frames where they reach out."""
    bbox = drawing.bbox.copy()
    boxes, frames = bbox[chosen], drawing.frames[chosen]
    low, high = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    out = (low < 0) | (high > frames)
    within = np.clip(low, 0.0, frames), np.clip(high, 0.0, frames)
    bbox[chosen, :2] = np.where(out, within[0], low)
    bbox[chosen, 2:] = np.where(out, within[1] - within[0], boxes[:, 2:])
    return bbox


def _rings(drawing: Drawing) -> Rings:
    if isinstance(drawing.outline, Masks):
        raise ValueError("a mask has no rings")
    return drawing.outline


def _none(drawing: Drawing) -> Flags:
    return np.zeros(drawing.area.size, np.bool_)


_FITTERS: Final[Mapping[str, Callable[[Drawing, Profile], tuple[Drawing, Reasons]]]] = {
    "bounding_box": _fit_boxes,
    "rotatable_bounding_box": _fit_outlines,
    "polygon": _fit_outlines,
    "polyline": _fit_polylines,
    "point": _fit_keypoints,
    "skeleton": _fit_keypoints,
    "bitmask": _fit_masks,
    "circle": _fit_outlines,
    "ellipse": _fit_outlines,
    "cuboid_2d": _fit_outlines,
}
