"""Images of an export: one row per frame, with everything of its JSON but the id."""

from collections.abc import Mapping
from typing import Final

import polars as pl
import pyarrow as pa

from coco_dagster.coco.attributes import AttributeTemplates, frame_classifications
from coco_dagster.coco.file_names import file_name, templated_file_names
from coco_dagster.coco.json_text import member
from coco_dagster.coco.profiles import Profile
from coco_dagster.tables.schemas import UNNAMED_PREFIX

IMAGE_KEY: Final = ("data_hash", "frame")

_UNIT_COLUMNS: Final = ("label_hash", "data_hash", "unit_index", "media", "data_type", "link")


def ordered_rows(label_rows: pl.DataFrame) -> pl.DataFrame:
    """Label rows in source order, numbered in the column `row_order`."""
    return label_rows.sort("source_file", "source_index").with_row_index("row_order")


def image_rows(
    tables: Mapping[str, pa.Table],
    label_rows: pl.DataFrame,
    templates: AttributeTemplates,
    profile: Profile,
) -> pl.DataFrame:
    """Images of the given label rows in export order.

    Where two label rows show the same frame of the same file there is one image, with the facts
    of the first row; a size that it lacks is that of the next row that knows it.

    Args:
        tables: the normalised tables.
        label_rows: rows that are exported, as `ordered_rows` returns them.
        templates: how classifications are written.
        profile: how images are rendered.

    Returns:
        One row per image: `image` (order, from 0), its keys, `width`, `height` (pixels or null),
        `file_name`, and `image_json`, the members of its object after the id.
    """
    images = _joined(tables, label_rows)
    if profile.file_name_template is None:
        images = images.with_columns(file_name().alias("file_name"))
    else:
        images = images.with_columns(templated_file_names(images, profile.file_name_template))
    answers = _frame(tables["answers"]).filter(pl.col("owner") == "frame")
    classifications = frame_classifications(
        images.select("label_hash", "data_hash", "frame"),
        _frame(tables["classifications"]),
        answers,
        templates,
    )
    return images.with_columns(classifications.alias("classifications_json")).select(
        "image",
        "label_hash",
        "data_hash",
        "space",
        "frame",
        "width",
        "height",
        "file_name",
        _image_json(profile).alias("image_json"),
    )


def _joined(tables: Mapping[str, pa.Table], label_rows: pl.DataFrame) -> pl.DataFrame:
    """Frames with the facts of their label row and file, in export order."""
    units = _frame(tables["data_units"]).select(
        *_UNIT_COLUMNS, pl.col("title").alias("unit_title"), pl.col("mime_type").alias("unit_mime")
    )
    rows = label_rows.select("label_hash", "row_order", "dataset_title")
    return (
        _frame(tables["frames"])
        .join(rows, on="label_hash", how="inner")
        .join(units, on=["label_hash", "data_hash"], how="left")
        .sort("row_order", "image_index")
        .with_columns(_first_known_size(tables["frames"]))
        .unique(IMAGE_KEY, keep="first", maintain_order=True)
        .with_row_index("image")
        .with_columns(
            pl.coalesce("title", "unit_title").alias("image_title"),
            pl.coalesce("mime_type", "unit_mime").alias("mime_type"),
            pl.when(pl.col("media") == "video").then("unit_title").alias("video_title"),
            pl.when(~pl.col("label_hash").str.starts_with(UNNAMED_PREFIX))
            .then("label_hash")
            .alias("named_label_hash"),
            pl.coalesce("file_uri", "link").alias("link"),
        )
    )


def _first_known_size(frames: pa.Table) -> list[pl.Expr]:
    """Sizes of images whose first label row does not know them, from the next row that does."""
    if not frames["width"].null_count:
        return []
    size = pl.col("width", "height")
    return [size.fill_null(size.drop_nulls().first().over(IMAGE_KEY))]


def _image_json(profile: Profile) -> pl.Expr:
    url = "link" if profile.coco_url == "link" else None
    coco_url = pl.lit(',"coco_url":""')
    if url is not None:
        coco_url = pl.when(pl.col(url).is_null()).then(coco_url).otherwise(member(url, "coco_url"))
    return pl.concat_str(
        member("width", "width"),
        member("height", "height"),
        member("file_name", "file_name"),
        member("image_title", "image_title"),
        member("video_title", "video_title"),
        coco_url,
        pl.lit(',"encord":{'),
        pl.concat_str(
            member("named_label_hash", "label_hash"),
            member("data_hash", "data_hash"),
            member("frame", "frame"),
            member("data_type", "data_type"),
            member("dataset_title", "dataset_title"),
        ).str.slice(1),
        pl.lit(',"classifications":'),
        pl.col("classifications_json"),
        pl.lit("}"),
    )


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
