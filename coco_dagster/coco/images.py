"""Images of an export: one row per frame, with everything of its JSON but the ids."""

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl
import pyarrow as pa
from msgspec import Struct

from coco_dagster.coco.attributes import AttributeTemplates, frame_classifications
from coco_dagster.coco.file_names import file_names
from coco_dagster.coco.json_text import member
from coco_dagster.coco.layouts import LayoutForm
from coco_dagster.coco.losses import LeftOut
from coco_dagster.coco.profiles import Profile, Split
from coco_dagster.coco.splits import split_numbers
from coco_dagster.tables.schemas import UNNAMED_PREFIX

IMAGE_KEY: Final = ("data_hash", "frame")

_UNIT_COLUMNS: Final = ("label_hash", "data_hash", "unit_index", "media", "data_type", "link")
_NUMBERS: Final = ("image", "image_number", "split", "unit")
_VIDEO: Final = ("video", "video_hash", "frame_number")
_PLACE: Final = ("label_hash", "data_hash", "space", "frame")


class ImageRows(Struct, frozen=True):
    """Images of some label rows.

    Attributes:
        images: one row per image that is exported, in order: `image` (from 0), `image_number` (the
            same, or counted afresh for each data unit), `split` (position), `unit` (position of
            its data unit, where each is a COCO object of its own, else 0), its keys, `width`,
            `height` (pixels or null), `file_name`, and `image_json`, the members of its object
            after the ids. Where frames belong to videos: `video` (from 0), `video_hash`, and
            `frame_number`, which counts the video's images from 0.
        left_out: keys of the other images, and `left_out` (`LeftOut`).
    """

    images: pl.DataFrame
    left_out: pl.DataFrame


def ordered_rows(label_rows: pl.DataFrame) -> pl.DataFrame:
    """Label rows in source order, numbered in the column `row_order`."""
    return label_rows.sort("source_file", "source_index").with_row_index("row_order")


def image_rows(
    tables: Mapping[str, pa.Table],
    label_rows: pl.DataFrame,
    templates: AttributeTemplates,
    profile: Profile,
    form: LayoutForm,
    splits: Sequence[Split] = (),
) -> ImageRows:
    """Images of the given label rows in export order.

    Where two label rows show the same frame of the same file there is one image, with the facts
    of the first row; a size that it lacks is that of the next row that knows it.

    Args:
        tables: the normalised tables.
        label_rows: rows that are exported, as `ordered_rows` returns them.
        templates: how classifications are written.
        profile: how images are rendered.
        form: how they are divided over files.
        splits: how they are divided over splits.
    """
    frames = _joined(tables, label_rows)
    units = frames.select("data_hash", "dataset_title", _unit_hash(form).alias("unit_hash"))
    frames = frames.with_columns(split_numbers(units, splits))
    reasons = frames.select(_left_out(profile).alias("left_out"))["left_out"]
    is_kept = reasons == LeftOut.NOT
    images = _in_order(frames if is_kept.all() else frames.filter(is_kept), form)
    template = profile.file_name_template or form.file_name_template
    images = images.with_columns(file_names(images, template))
    answers = _frame(tables["answers"]).filter(pl.col("owner") == "frame")
    classifications = frame_classifications(
        images.select("label_hash", "data_hash", "frame"),
        _frame(tables["classifications"]),
        answers,
        templates,
    )
    images = images.with_columns(classifications.alias("classifications_json")).select(
        *_NUMBERS,
        *(_VIDEO if form.videos else ()),
        *_PLACE,
        "width",
        "height",
        "file_name",
        _image_json(profile).alias("image_json"),
    )
    left_out = frames.with_columns(reasons).filter(~is_kept).select(*_PLACE, "left_out")
    return ImageRows(images, left_out)


def _joined(tables: Mapping[str, pa.Table], label_rows: pl.DataFrame) -> pl.DataFrame:
    """Frames with the facts of their label row and file, in export order."""
    units = _frame(tables["data_units"]).select(
        *_UNIT_COLUMNS, pl.col("title").alias("unit_title"), pl.col("mime_type").alias("unit_mime")
    )
    rows = label_rows.select("label_hash", "row_order", "dataset_title", "row_data_hash")
    return (
        _frame(tables["frames"])
        .join(rows, on="label_hash", how="inner")
        .join(units, on=["label_hash", "data_hash"], how="left")
        .sort("row_order", "image_index")
        .with_columns(_first_known_size(tables["frames"]))
        .unique(IMAGE_KEY, keep="first", maintain_order=True)
        .with_columns(
            pl.coalesce("title", "unit_title").alias("image_title"),
            pl.coalesce("mime_type", "unit_mime").alias("mime_type"),
            pl.when(pl.col("media") == "video").then("unit_title").alias("video_title"),
            pl.when(~pl.col("label_hash").str.starts_with(UNNAMED_PREFIX))
            .then("label_hash")
            .alias("named_label_hash"),
            pl.coalesce("file_uri", "link").alias("link"),
            _video_hash().alias("video_hash"),
        )
    )


_ROW_HASH: Final = pl.coalesce("row_data_hash", "data_hash")
_IS_FILE: Final = (pl.col("media") == "image") & pl.col("space").is_null()


def _video_hash() -> pl.Expr:
    """What names the video of a frame: images of a row that are files of their own are one."""
    return pl.when(_IS_FILE).then(_ROW_HASH).otherwise("data_hash")


def _unit_hash(form: LayoutForm) -> pl.Expr:
    """What splits go by: the data unit, with the other spaces of its group or frames of its video.

    Args:
        form: whether frames belong to videos.
    """
    of_row = pl.col("space").is_not_null() | (_IS_FILE if form.videos else pl.lit(False))
    return pl.when(of_row).then(_ROW_HASH).otherwise("data_hash")


def _left_out(profile: Profile) -> pl.Expr:
    """Why images are left out (`LeftOut`)."""
    unsized = pl.lit(False)
    if profile.images_without_size == "leave_out":
        unsized = pl.col("width").is_null() | pl.col("height").is_null()
    return (
        pl.when(pl.col("split").is_null())
        .then(pl.lit(LeftOut.IN_NO_SPLIT, pl.Int8))
        .when(unsized)
        .then(pl.lit(LeftOut.IMAGE_WITHOUT_SIZE, pl.Int8))
        .otherwise(pl.lit(LeftOut.NOT, pl.Int8))
    )


def _in_order(frames: pl.DataFrame, form: LayoutForm) -> pl.DataFrame:
    """Images numbered in export order; those of a data unit, or of a video, stand together."""
    number = pl.int_range(pl.len(), dtype=pl.Int64)
    if form.by_unit:
        first = pl.col("position").min().over("data_hash")
        ordered = frames.with_row_index("position").sort(first, "position")
        ordered = ordered.with_columns(number.alias("image"), unit=pl.col("data_hash").rle_id())
        return ordered.with_columns(number.over("unit").alias("image_number"))
    images = frames
    if form.videos:
        first = pl.col("position").min().over("video_hash")
        ordered = frames.with_row_index("position").sort(first, "frame", "position")
        ordered = ordered.with_columns(video=pl.col("video_hash").rle_id())
        images = ordered.with_columns(number.over("video").alias("frame_number"))
    return images.with_columns(
        number.alias("image"), number.alias("image_number"), pl.lit(0, pl.UInt32).alias("unit")
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
