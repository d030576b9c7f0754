"""Annotations' geometry as COCO text: what is drawn in pixels, rendered by a profile."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from coco_dagster.coco.keypoints import SkeletonNames
from coco_dagster.coco.masks import Masks
from coco_dagster.coco.number_text import json_text, rounded
from coco_dagster.coco.profiles import Profile
from coco_dagster.coco.rasters import rasterise
from coco_dagster.coco.rings import Floats
from coco_dagster.coco.shapes import SHAPES, Drawing, ShapeBatch

_SHAPE_COLUMNS = (
    "feature_hash",
    "shape",
    "coordinates",
    "ring_sizes",
    "polygon_sizes",
    "theta",
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


@dataclass(frozen=True, slots=True)
class Geometry:
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


def render(drawing: Drawing, profile: Profile) -> Geometry:
    """Turn what is drawn into COCO's numbers and texts.

    Outlines with holes and masks become run-length encodings, other outlines lists of rings.
    """
    precision = profile.coordinate_precision
    count = drawing.area.size
    keypoints = drawing.keypoints
    segmentation, encoded = _segmentation(drawing, precision)
    return Geometry(
        bbox=rounded(drawing.bbox, precision),
        area=rounded(drawing.area, precision),
        iscrowd=np.where(encoded, profile.rle_iscrowd, 0),
        segmentation=segmentation,
        keypoints=keypoints.texts(precision)
        if keypoints
        else pl.Series([None], dtype=pl.String).new_from_index(0, count),
        num_keypoints=keypoints.visible if keypoints else np.zeros(count, np.int64),
    )


def _segmentation(drawing: Drawing, precision: int | None) -> tuple[pl.Series, NDArray[np.bool_]]:
    """JSON text of each annotation's segmentation, and whether it is run-length encoded."""
    if isinstance(drawing.outline, Masks):
        return drawing.outline.segmentation(), np.ones(drawing.area.size, np.bool_)
    rings = drawing.outline
    holes = rings.has_holes
    if not holes.any():
        return rings.segmentation(precision), holes
    masks = rasterise(rings.where(holes), drawing.frame_width[holes], drawing.frame_height[holes])
    texts = pl.concat([rings.where(~holes).segmentation(precision), masks.segmentation()])
    return texts.gather(_inverse([np.flatnonzero(~holes), np.flatnonzero(holes)])), holes


def _inverse(places: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Where each row stands after the rows have been sorted into groups.

    Args:
        places: former places of the rows of each group.
    """
    return np.argsort(np.concatenate(places))


def render_geometry(
    annotations: pl.DataFrame, skeletons: SkeletonNames, profile: Profile
) -> pl.DataFrame:
    """Geometry of the annotations of a part, in their order.

    Args:
        annotations: rows of the table `annotations` with `frame_width` and `frame_height`, the
            pixels of each row's frame; only rows that normalisation lets pass.
        skeletons: point names in template order, by feature hash.
        profile: how it is rendered.

    Returns:
        Columns `bbox` (array of 4 doubles), `area`, `iscrowd`, `segmentation_json`,
        `keypoints_json` (null for shapes without keypoints), `num_keypoints`, and `geometry_json`:
        the members `bbox`, `area`, `iscrowd`, `segmentation`, `keypoints` (for shapes that have
        them) and `num_keypoints` as JSON text without the braces of the object around them.

    Raises:
        KeyError: a shape is none of `SHAPES`.
    """
    rows = annotations.select(_SHAPE_COLUMNS)
    shapes = rows["shape"].rechunk().to_arrow().dictionary_encode()
    codes = shapes.indices.to_numpy()
    places, parts = [], []
    for code, shape in enumerate(shapes.dictionary.to_pylist()):
        chosen = np.flatnonzero(codes == code)
        drawing = SHAPES[shape](ShapeBatch(rows[chosen], skeletons))
        places.append(chosen)
        parts.append(render(drawing, profile))
    if not parts:
        return _members(_empty())
    order = _inverse(places)
    return _members(
        Geometry(
            bbox=np.concatenate([part.bbox for part in parts])[order],
            area=np.concatenate([part.area for part in parts])[order],
            iscrowd=np.concatenate([part.iscrowd for part in parts])[order],
            segmentation=pl.concat([part.segmentation for part in parts]).gather(order),
            keypoints=pl.concat([part.keypoints for part in parts]).gather(order),
            num_keypoints=np.concatenate([part.num_keypoints for part in parts])[order],
        )
    )


def _empty() -> Geometry:
    text, whole = pl.Series([], dtype=pl.String), np.zeros(0, np.int64)
    return Geometry(np.zeros((0, 4)), np.zeros(0), whole, text, text, whole)


def _members(geometry: Geometry) -> pl.DataFrame:
    """Columns of `render_geometry`."""
    columns = pl.DataFrame(
        {
            "bbox": pl.Series(geometry.bbox, dtype=pl.Array(pl.Float64, 4)),
            "area": geometry.area,
            "iscrowd": geometry.iscrowd,
            "segmentation_json": geometry.segmentation,
            "keypoints_json": geometry.keypoints,
            "num_keypoints": geometry.num_keypoints,
        }
    )
    keypoints = pl.concat_str(pl.lit(',"keypoints":'), "keypoints_json").fill_null("")
    members = pl.concat_str(
        pl.lit('"bbox":'),
        json_text("bbox"),
        pl.lit(',"area":'),
        json_text("area"),
        pl.lit(',"iscrowd":'),
        "iscrowd",
        pl.lit(',"segmentation":'),
        "segmentation_json",
        keypoints,
        pl.lit(',"num_keypoints":'),
        "num_keypoints",
    )
    return columns.with_columns(geometry_json=members)
