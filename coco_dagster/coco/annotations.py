"""Annotations of an export: one row each, with everything of its JSON but the ids."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
from msgspec import Struct

from coco_dagster.coco.attributes import AttributeTemplates, object_classifications, relations
from coco_dagster.coco.categories import Categories
from coco_dagster.coco.geometry import GEOMETRY_COLUMNS, geometry_json, render_geometry
from coco_dagster.coco.images import IMAGE_KEY, ImageRows
from coco_dagster.coco.json_text import member, members
from coco_dagster.coco.layouts import Content, ExportPlan
from coco_dagster.coco.losses import LeftOut
from coco_dagster.coco.profiles import Profile
from coco_dagster.tables.object_paths import with_paths

_ORDER: Final = ("image", "row_order", "annotation_index")
_KEYS: Final = ("label_hash", "data_hash", "frame", "object_hash", "annotation_index")
_OBJECT: Final = (*_KEYS, "space")


class AnnotationRows(Struct, frozen=True):
    """Annotations of some images.

    Attributes:
        annotations: one row per annotation that is exported, in order: `image` (order of its
            image), `image_number` (see `images.ImageRows`), `unit`, `file` (position of its file
            in the plan), `number` (from 0, or counted afresh for each data unit), `track` (order
            of its object by first appearance, counted likewise), `category_id`, its keys and
            `row_sha256`, `video` where frames belong to videos, and its JSON in two pieces:
            `body_json` from the category id to the geometry, `attributes_json` after the track id.
        left_out: places of the other annotations, and `left_out` (`LeftOut`).
    """

    annotations: pl.DataFrame
    left_out: pl.DataFrame


def annotation_rows(
    tables: Mapping[str, pa.Table],
    label_rows: pl.DataFrame,
    images: ImageRows,
    categories: Sequence[Categories],
    templates: AttributeTemplates,
    profile: Profile,
    plan: ExportPlan,
) -> AnnotationRows:
    """Annotations of the given images in export order.

    Args:
        tables: the normalised tables.
        label_rows: rows that are exported, with their `row_order`.
        images: images of these rows.
        categories: category ids and skeletons of each content of the plan.
        templates: how attributes are written.
        profile: how annotations are rendered.
        plan: files of the export.
    """
    drawn = pl.DataFrame(pl.from_arrow(tables["annotations"]))
    left_out = [_of_exported_rows(drawn, label_rows).join(images.left_out, on=IMAGE_KEY)]
    annotations = _on_images(drawn, label_rows, images.images)
    annotations = _placed(annotations, plan.contents, categories)
    annotations, unplaced = _sorted_out(annotations)
    annotations, unfit = _drawn(annotations, categories, profile)
    left_out += [unplaced, unfit]
    answers = pl.DataFrame(pl.from_arrow(tables["answers"])).filter(pl.col("owner") == "object")
    relation_rows = pl.DataFrame(pl.from_arrow(tables["relations"]))
    rendered = _numbered(annotations, plan).with_columns(
        object_classifications(annotations, answers, templates).alias("classifications_json"),
        relations(annotations, relation_rows).alias("relations_json"),
        pl.when(pl.col("shape") == "rotatable_bounding_box").then("theta").alias("rotation"),
    )
    places = pl.concat(part.select(*_OBJECT, "left_out") for part in left_out)
    return AnnotationRows(_with_json(rendered), with_paths(places, tables["frames"]))


def _of_exported_rows(drawn: pl.DataFrame, label_rows: pl.DataFrame) -> pl.DataFrame:
    """Keys of annotations of exported label rows, and what is known of these rows."""
    rows = label_rows.select("label_hash", "row_order", "row_sha256")
    return drawn.select(*_KEYS).with_row_index("position").join(rows, on="label_hash")


def _on_images(drawn: pl.DataFrame, label_rows: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    """Annotations with the numbers and the size of their image, in export order."""
    of_image = images.select(
        *IMAGE_KEY,
        "space",
        "image",
        "image_number",
        "split",
        "unit",
        *(["video"] if "video" in images.columns else []),
        pl.col("width").alias("frame_width"),
        pl.col("height").alias("frame_height"),
    )
    joined = _of_exported_rows(drawn, label_rows).join(of_image, on=IMAGE_KEY)
    ordered = joined.sort(_ORDER, maintain_order=True)
    # Joins and sorts copy every column each time, those with lists of points at a price; and most
    # annotations stand in export order already.
    if not np.array_equal(ordered["position"], np.arange(drawn.height)):
        drawn = drawn[ordered["position"]]
    return drawn.hstack(ordered.drop("position", *_KEYS))


def _placed(
    annotations: pl.DataFrame, contents: Sequence[Content], categories: Sequence[Categories]
) -> pl.DataFrame:
    """Annotations with `content`, `category_id`, and `left_out` where no file can hold them."""
    feature, content = pl.col("feature_hash"), pl.col("content")
    ids, belongs = pl.lit(None, pl.Int64), pl.lit(True)
    for number, (of, given) in enumerate(zip(contents, categories, strict=True)):
        is_here = content == number
        id_here = feature.replace_strict(given.ids, default=None, return_dtype=pl.Int64)
        ids = pl.when(is_here).then(id_here).otherwise(ids)
        if of.needs_own_keypoints:
            own = feature.replace_strict(given.shapes, default=None, return_dtype=pl.String)
            belongs &= ~is_here | (pl.col("shape") == own).fill_null(False)
    numbers = {shape: number for number, of in enumerate(contents) for shape in of.shapes}
    file_of = pl.col("shape").replace_strict(numbers, default=None, return_dtype=pl.Int16)
    placed = annotations.with_columns(file_of.alias("content"))
    placed = placed.with_columns(ids.alias("category_id"))
    return placed.with_columns(
        pl.when(content.is_null())
        .then(pl.lit(LeftOut.SHAPE_WITHOUT_FORM, pl.Int8))
        .when(pl.col("category_id").is_null() | ~belongs)
        .then(pl.lit(LeftOut.NOT_IN_CATEGORY_FILE, pl.Int8))
        .otherwise(pl.lit(LeftOut.NOT, pl.Int8))
        .alias("left_out")
    )


def _sorted_out(annotations: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Annotations that are exported, and those that are left out."""
    is_kept = annotations["left_out"] == LeftOut.NOT
    if is_kept.all():
        return annotations, annotations.clear()
    return annotations.filter(is_kept), annotations.filter(~is_kept)


def _drawn(
    annotations: pl.DataFrame, categories: Sequence[Categories], profile: Profile
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Annotations with the members of their geometry, and those that cannot be rendered.

    What was drawn is left behind: at this point it is the most of what is in memory.
    """
    point_names = {name: points for of in categories for name, points in of.point_names.items()}
    geometry = render_geometry(annotations, point_names, profile)
    drawn = annotations.drop(GEOMETRY_COLUMNS)
    rendered, unfit = _sorted_out(drawn.with_columns(left_out=pl.Series(geometry.left_out)))
    return rendered.hstack(geometry.members), unfit


def _numbered(annotations: pl.DataFrame, plan: ExportPlan) -> pl.DataFrame:
    """Annotations with their file, their number and that of their track."""
    position = pl.int_range(pl.len(), dtype=pl.Int64)
    track = ["label_hash", "object_hash"]
    numbered = annotations.with_columns(
        position.alias("position"),
        (pl.col("split") * len(plan.contents) + pl.col("content")).alias("file"),
    )
    if plan.form.by_unit:
        first_seen = pl.col("position").min().over("unit", *track)
        tracks = first_seen.rank("dense").over("unit")
        numbers = position.over("unit")
    else:
        tracks, numbers = pl.col("position").min().over(track).rank("dense"), pl.col("position")
    return numbered.with_columns(
        (tracks - 1).cast(pl.Int64).alias("track"), numbers.alias("number")
    )


def _with_json(rendered: pl.DataFrame) -> pl.DataFrame:
    """Columns of `AnnotationRows.annotations`."""
    return rendered.select(
        "image",
        "image_number",
        "unit",
        "file",
        "number",
        "track",
        "category_id",
        "label_hash",
        "data_hash",
        "space",
        "frame",
        "object_hash",
        "feature_hash",
        "row_sha256",
        *(["video"] if "video" in rendered.columns else []),
        pl.concat_str(
            pl.lit(',"category_id":'),
            pl.col("category_id").cast(pl.String),
            pl.lit(","),
            *geometry_json(),
        ).alias("body_json"),
        pl.concat_str(
            pl.lit(","),
            members(pl.col("object_hash").alias("encord_track_uuid"), pl.col("manual_annotation")),
            member("rotation", "rotation"),
            pl.lit(',"classifications":'),
            pl.col("classifications_json"),
            pl.col("relations_json"),
            pl.lit("}}"),
        ).alias("attributes_json"),
    )
