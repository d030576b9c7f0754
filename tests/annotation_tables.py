"""Rows of the table `annotations` in the few words that a test of geometry needs.

Coordinates are fractions of a frame of 200 by 100 pixels.
"""

import json
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from pycocotools import mask as coco_mask

from coco_dagster.coco.geometry import geometry_json, render_geometry
from coco_dagster.coco.losses import REASONS, LeftOut
from coco_dagster.coco.profiles import ENCORD, Profile
from coco_dagster.tables.schemas import ANNOTATIONS

WIDTH, HEIGHT = 200, 100
TEMPLATES = {"hand": ["wrist", "thumb", "index"]}
SQUARE = (0.1, 0.1, 0.2, 0.1, 0.2, 0.3, 0.1, 0.3)
HOLE = (0.12, 0.15, 0.18, 0.15, 0.18, 0.25, 0.12, 0.25)
ISLAND = (0.14, 0.18, 0.16, 0.18, 0.16, 0.22, 0.14, 0.22)
FAR_SQUARE = (0.5, 0.1, 0.6, 0.1, 0.6, 0.3, 0.5, 0.3)


def annotation(shape: str, *coordinates: float, **columns: Any) -> dict[str, Any]:
    """An annotation of any shape."""
    return {
        "feature_hash": "hand",
        "shape": shape,
        "coordinates": list(coordinates),
        "frame_width": WIDTH,
        "frame_height": HEIGHT,
    } | columns


def polygon(*polygons: tuple[tuple[float, ...], ...], **columns: Any) -> dict[str, Any]:
    """Polygons, each an outer ring and its holes."""
    rings = [ring for rings in polygons for ring in rings]
    return annotation(
        "polygon",
        *(number for ring in rings for number in ring),
        ring_sizes=[len(ring) // 2 for ring in rings],
        polygon_sizes=[len(rings) for rings in polygons],
        **columns,
    )


def bitmask(mask: Any, top: int = 0, left: int = 0, **columns: Any) -> dict[str, Any]:
    """A mask of rows of pixels."""
    pixels = np.asarray(mask, np.uint8)
    rle = coco_mask.encode(np.asfortranarray(pixels.T))["counts"].decode()
    height, width = pixels.shape
    grid = {"mask_top": top, "mask_left": left, "mask_width": width, "mask_height": height}
    return annotation("bitmask", mask_rle=rle, **grid, **columns)


def skeleton(*points: tuple[str, float, float, int], **columns: Any) -> dict[str, Any]:
    """A skeleton of named points with their visibility."""
    return annotation(
        "skeleton",
        *(number for _, x, y, _ in points for number in (x, y)),
        keypoint_names=[name for name, *_ in points],
        keypoint_visibility=[v for *_, v in points],
        **columns,
    )


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    """Annotations as normalisation stores them, with the size of their frame."""
    columns = {}
    for field in ANNOTATIONS:
        if field.nullable or field.name in ("feature_hash", "shape", "coordinates"):
            columns[field.name] = pa.array([row.get(field.name) for row in rows], field.type)
    columns["label_hash"] = pa.array([row.get("label_hash", "row") for row in rows], pa.string())
    for name in ("frame_width", "frame_height"):
        columns[name] = pa.array([row[name] for row in rows], pa.int64())
    return pl.DataFrame(pa.table(columns))


def rendered(*rows: dict[str, Any], profile: Profile = ENCORD) -> list[dict[str, Any]]:
    """Members of the annotations that are rendered."""
    return geometry_objects(render_geometry(table(*rows), TEMPLATES, profile).members)


def geometry_objects(members: pl.DataFrame) -> list[dict[str, Any]]:
    """JSON objects of nothing but geometry."""
    texts = members.select(pl.concat_str(geometry_json()))
    return [json.loads("{" + text + "}") for text in texts.to_series()]


def left_out(*rows: dict[str, Any], profile: Profile) -> list[str | None]:
    """Code of the reason for which each annotation is left out; None where it is rendered."""
    found = render_geometry(table(*rows), TEMPLATES, profile).left_out
    codes = {number: reason.code for number, reason in REASONS.items()}
    return [codes.get(LeftOut(number)) for number in found.tolist()]


EVERY_SHAPE = [
    annotation("bounding_box", 0.1, 0.1, 0.2, 0.2),
    annotation("rotatable_bounding_box", 0.1, 0.1, 0.2, 0.2, theta=33.0),
    polygon((SQUARE,)),
    polygon((SQUARE, HOLE), (ISLAND,)),
    annotation("polyline", 0.1, 0.1, 0.7, 0.3),
    annotation("point", 0.3, 0.4),
    skeleton(("wrist", 0.1, 0.2, 2), ("thumb", 0.3, 0.3, 1)),
    bitmask(np.eye(30)),
    annotation("circle", 0.5, 0.5, 0.1, 0.3, theta=12.0),
    annotation("ellipse", 0.5, 0.5, 0.1, 0.2, theta=None),
    annotation("cuboid_2d", *SQUARE, *FAR_SQUARE),
]
