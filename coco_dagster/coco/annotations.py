"""Annotations of an export: one row each, with everything of its JSON but the ids."""

from collections.abc import Mapping

import polars as pl
import pyarrow as pa

from coco_dagster.coco.attributes import AttributeTemplates, object_classifications, relations
from coco_dagster.coco.categories import Categories
from coco_dagster.coco.geometry import render_geometry
from coco_dagster.coco.json_text import member
from coco_dagster.coco.profiles import Profile

_ORDER = ("image", "row_order", "annotation_index")


def annotation_rows(
    tables: Mapping[str, pa.Table],
    label_rows: pl.DataFrame,
    images: pl.DataFrame,
    categories: Categories,
    templates: AttributeTemplates,
    profile: Profile,
) -> pl.DataFrame:
    """Annotations of the given images in export order.

    Args:
        tables: the normalised tables.
        label_rows: rows that are exported, with their `row_order`.
        images: images as `image_rows` returns them.
        categories: category ids and skeletons.
        templates: how attributes are written.
        profile: how annotations are rendered.

    Returns:
        One row per annotation: `image` (order of its image), `track` (order of its object by
        first appearance), `category_id`, its keys, and its JSON in two pieces: `body_json` from
        the category id to the geometry, `attributes_json` after the track id.
    """
    annotations = _joined(tables, label_rows, images)
    geometry = render_geometry(annotations, categories.point_names, profile)
    answers = pl.DataFrame(pl.from_arrow(tables["answers"])).filter(pl.col("owner") == "object")
    relation_rows = pl.DataFrame(pl.from_arrow(tables["relations"]))
    category = pl.col("feature_hash").replace_strict(categories.ids, return_dtype=pl.Int64)
    first_seen = pl.col("position").min().over("label_hash", "object_hash")
    return (
        annotations.with_columns(
            geometry["geometry_json"],
            object_classifications(annotations, answers, templates).alias("classifications_json"),
            relations(annotations, relation_rows).alias("relations_json"),
            category.alias("category_id"),
            pl.when(pl.col("shape") == "rotatable_bounding_box").then("theta").alias("rotation"),
        )
        .with_row_index("position")
        .with_columns((first_seen.rank("dense") - 1).cast(pl.Int64).alias("track"))
        .select(
            "image",
            "track",
            "category_id",
            "label_hash",
            "object_hash",
            "feature_hash",
            pl.concat_str(
                pl.lit(',"category_id":'),
                pl.col("category_id").cast(pl.String),
                pl.lit(","),
                pl.col("geometry_json"),
                pl.lit(',"attributes":{"track_id":'),
            ).alias("body_json"),
            pl.concat_str(
                member("object_hash", "encord_track_uuid"),
                member("manual_annotation", "manual_annotation"),
                member("rotation", "rotation"),
                pl.lit(',"classifications":'),
                pl.col("classifications_json"),
                pl.col("relations_json"),
                pl.lit("}}"),
            ).alias("attributes_json"),
        )
    )


def _joined(
    tables: Mapping[str, pa.Table], label_rows: pl.DataFrame, images: pl.DataFrame
) -> pl.DataFrame:
    """Annotations with the order and size of their image, in export order."""
    sizes = images.select(
        "data_hash",
        "frame",
        "image",
        pl.col("width").alias("frame_width"),
        pl.col("height").alias("frame_height"),
    )
    return (
        pl.DataFrame(pl.from_arrow(tables["annotations"]))
        .join(label_rows.select("label_hash", "row_order"), on="label_hash", how="inner")
        .join(sizes, on=["data_hash", "frame"], how="inner")
        .sort(_ORDER, maintain_order=True)
    )
