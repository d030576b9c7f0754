"""Annotations' geometry as COCO text: what is drawn in pixels, rendered by a profile."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from coco_dagster.coco.fitting import Fitted, fitted
from coco_dagster.coco.json_text import members
from coco_dagster.coco.keyholes import bridged_at_length, keyholed
from coco_dagster.coco.keypoints import SkeletonNames
from coco_dagster.coco.losses import LeftOut
from coco_dagster.coco.mask_outlines import outlined
from coco_dagster.coco.masks import MaskBounds, Masks
from coco_dagster.coco.number_text import rounded, rounded_above_zero, rounded_boxes
from coco_dagster.coco.profiles import Profile
from coco_dagster.coco.rasters import most_runs, rasterise
from coco_dagster.coco.rings import Floats
from coco_dagster.coco.shapes import SHAPE_COLUMNS, SHAPES, Drawing, ShapeBatch

GEOMETRY_COLUMNS: Final = (
    "coordinates",
    "ring_sizes",
    "polygon_sizes",
    "mask_rle",
    "mask_top",
    "mask_left",
    "mask_width",
    "mask_height",
    "keypoint_names",
    "keypoint_visibility",
    "frame_width",
    "frame_height",
)
"""Columns that nothing but the geometry is made of."""


class Geometry(Struct, frozen=True):
    """Geometry of many annotations as a profile renders it.

    Attributes:
        bbox: x, y, w, h in pixels, shape (n, 4).
        area: square pixels.
        iscrowd: 0 or 1.
        segmentation: JSON text: a list of rings or a run-length encoding.
        keypoints: JSON text; null for shapes without keypoints.
        num_keypoints: keypoints with v > 0; 0 for shapes without keypoints.
    """

    bbox: Floats
    area: Floats
    iscrowd: NDArray[np.int64]
    segmentation: pl.Series
    keypoints: pl.Series
    num_keypoints: NDArray[np.int64]


class RenderedGeometry(Struct, frozen=True):
    """Geometry of the annotations of a part.

    Attributes:
        members: one row per annotation that is rendered, in order: `bbox` (array of 4 doubles),
            `area`, `iscrowd`, `segmentation_json`, `keypoints_json` (null for shapes without
            keypoints) and `num_keypoints`.
        left_out: why each annotation of the part is not rendered (`LeftOut`), 0 where it is.
    """

    members: pl.DataFrame
    left_out: NDArray[np.int8]


def render(drawing: Drawing, profile: Profile) -> Geometry:
    """Turn what is drawn into COCO's numbers and texts.

    Outlines become lists of rings; masks, and outlines with holes, become what the profile says.
    """
    precision = profile.coordinate_precision
    count = drawing.area.size
    keypoints = drawing.keypoints
    segmentation, encoded = _segmentation(drawing, profile)
    bbox, area = rounded(drawing.bbox, precision), rounded(drawing.area, precision)
    if profile.coordinates == "clipped":
        bbox = rounded_boxes(drawing.bbox, drawing.frames, precision)
        area = rounded_above_zero(drawing.area, precision)
    return Geometry(
        bbox=bbox,
        area=area,
        iscrowd=np.where(encoded, profile.rle_iscrowd, 0),
        segmentation=segmentation,
        keypoints=keypoints.texts(precision)
        if keypoints
        else pl.Series([None], dtype=pl.String).new_from_index(0, count),
        num_keypoints=keypoints.visible if keypoints else np.zeros(count, np.int64),
    )


def _segmentation(drawing: Drawing, profile: Profile) -> tuple[pl.Series, NDArray[np.bool_]]:
    """JSON text of each annotation's segmentation, and whether it is run-length encoded."""
    rings, precision = drawing.outline, profile.coordinate_precision
    if isinstance(rings, Masks):
        return rings.segmentation(), np.ones(drawing.area.size, np.bool_)
    holes = rings.has_holes
    if not holes.any():
        return rings.segmentation(precision), holes
    plain, pierced = rings.where(~holes), rings.where(holes)
    if profile.holes == "keyhole":
        cut, encoded = keyholed(pierced).segmentation(precision), np.zeros_like(holes)
    else:
        width, height = drawing.frame_width[holes], drawing.frame_height[holes]
        cut, encoded = rasterise(pierced, width, height).segmentation(), holes
    order = _inverse([np.flatnonzero(~holes), np.flatnonzero(holes)])
    return pl.concat([plain.segmentation(precision), cut]).gather(order), encoded


def _inverse(places: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Where each row stands after the rows have been sorted into groups.

    Args:
        places: former places of the rows of each group.
    """
    return np.argsort(np.concatenate(places))


def render_geometry(
    annotations: pl.DataFrame, skeletons: SkeletonNames, profile: Profile
) -> RenderedGeometry:
    """Geometry of the annotations of a part.

    Args:
        annotations: rows of the table `annotations` with `frame_width` and `frame_height`, the
            pixels of each row's frame; only rows that normalisation lets pass.
        skeletons: point names in template order, by feature hash.
        profile: how it is rendered.

    Raises:
        KeyError: a shape is none of `SHAPES`.
    """
    shapes = annotations["shape"].rechunk().to_arrow().dictionary_encode()
    codes = shapes.indices.to_numpy()
    crowded = annotations["ring_sizes"].list.len().fill_null(0).to_numpy() > profile.max_rings
    left_out = np.where(crowded, np.int8(LeftOut.TOO_MANY_RINGS), np.int8(LeftOut.NOT))
    places, parts = [], [_empty()]
    for code, shape in enumerate(shapes.dictionary.to_pylist()):
        chosen = np.flatnonzero((codes == code) & ~crowded)
        of_shape = annotations.select(SHAPE_COLUMNS[shape])[chosen]
        bounds = _mask_bounds(of_shape, profile) if shape == "bitmask" else None
        batch = ShapeBatch(of_shape, skeletons, profile.max_crossings, bounds)
        drawing = SHAPES[shape](batch)
        reasons = _unbounded(drawing)
        left_out[chosen] = reasons
        unbounded = reasons != LeftOut.NOT
        if unbounded.any():
            chosen, drawing = chosen[~unbounded], drawing.where(~unbounded)
        fit = _bounded(fitted(drawing, shape, profile), profile)
        left_out[chosen] = fit.left_out
        places.append(chosen[fit.left_out == 0])
        parts.append(render(fit.drawing, profile))
    order = _inverse([np.zeros(0, np.int64), *places])
    geometry = Geometry(
        bbox=np.concatenate([part.bbox for part in parts])[order],
        area=np.concatenate([part.area for part in parts])[order],
        iscrowd=np.concatenate([part.iscrowd for part in parts])[order],
        segmentation=pl.concat([part.segmentation for part in parts]).gather(order),
        keypoints=pl.concat([part.keypoints for part in parts]).gather(order),
        num_keypoints=np.concatenate([part.num_keypoints for part in parts])[order],
    )
    return RenderedGeometry(_members(geometry), left_out)


def _mask_bounds(rows: pl.DataFrame, profile: Profile) -> MaskBounds:
    label_rows = rows["label_hash"].rechunk().to_arrow().dictionary_encode().indices
    row = label_rows.to_numpy().astype(np.int64)
    return MaskBounds(profile.max_runs, profile.max_row_runs, row)


def _unbounded(drawing: Drawing) -> NDArray[np.int8]:
    """Why annotations could not be drawn in bounded time."""
    if not isinstance(drawing.outline, Masks):
        return np.where(np.isnan(drawing.area), np.int8(LeftOut.TANGLED), np.int8(LeftOut.NOT))
    left_out = np.zeros(drawing.area.size, np.int8)
    left_out[np.isnan(drawing.area)] = LeftOut.TOO_MANY_RUNS
    left_out[np.isinf(drawing.area)] = LeftOut.TOO_MANY_RUNS_IN_ROW
    return left_out


def _bounded(fit: Fitted, profile: Profile) -> Fitted:
    """Without outlines whose holes would take too many runs, or steps to bridge them.

    Masks that are rendered as outlines are outlines from here on.
    """
    outline = fit.drawing.outline
    is_mask = isinstance(outline, Masks)
    if is_mask and profile.bitmasks == "rle":
        return fit
    rings = outlined(outline) if isinstance(outline, Masks) else outline
    drawing = replace(fit.drawing, outline=rings)
    crowded = rings.has_holes
    if not crowded.any():
        return Fitted(drawing, fit.left_out)
    pierced, reason = rings.where(crowded), LeftOut.TOO_MANY_RUNS
    if profile.holes == "keyhole":
        reason = LeftOut.TOO_MANY_HOLES
        crowded[crowded] = bridged_at_length(pierced, profile.max_bridge_steps)
    elif is_mask:
        # Its runs were counted when it was drawn.
        return Fitted(drawing, fit.left_out)
    else:
        crowded[crowded] = most_runs(pierced, drawing.frame_width[crowded]) > profile.max_runs
    left_out = fit.left_out.copy()
    left_out[np.flatnonzero(left_out == LeftOut.NOT)[crowded]] = reason
    return Fitted(drawing.where(~crowded), left_out)


def _empty() -> Geometry:
    text, whole = pl.Series([], dtype=pl.String), np.zeros(0, np.int64)
    return Geometry(np.zeros((0, 4)), np.zeros(0), whole, text, text, whole)


def _members(geometry: Geometry) -> pl.DataFrame:
    """Columns of `RenderedGeometry.members`."""
    return pl.DataFrame(
        {
            "bbox": pl.Series(geometry.bbox, dtype=pl.Array(pl.Float64, 4)),
            "area": geometry.area,
            "iscrowd": geometry.iscrowd,
            "segmentation_json": geometry.segmentation,
            "keypoints_json": geometry.keypoints,
            "num_keypoints": geometry.num_keypoints,
        }
    )


def geometry_json() -> list[pl.Expr]:
    """Pieces of JSON text of the columns of `RenderedGeometry.members`.

    They are the members `bbox`, `area`, `iscrowd`, `segmentation`, `keypoints` (for shapes that
    have them) and `num_keypoints`, without the braces of the object around them.
    """
    keypoints = pl.concat_str(pl.lit(',"keypoints":'), "keypoints_json").fill_null("")
    return [
        members(pl.col("bbox"), pl.col("area"), pl.col("iscrowd")),
        pl.lit(',"segmentation":'),
        pl.col("segmentation_json"),
        keypoints,
        pl.lit(',"num_keypoints":'),
        pl.col("num_keypoints").cast(pl.String),
    ]
