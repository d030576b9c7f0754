"""File names of images: stable, safe as paths, made from hashes rather than titles."""

from typing import Final

import polars as pl

from coco_dagster.coco.file_name_templates import (
    DEFAULT_NAMES,
    FLAT_NAMES,
    MEMBER_EXTENSION,
    filled_template,
    safe_component,
)
from coco_dagster.encord.media import IMAGE_SEQUENCE

_UNSAFE: Final = r"[^A-Za-z0-9._-]|^\."
_SUFFIX: Final = r"[^/\\]\.([A-Za-z0-9]{1,5})$"
_EXTENSIONS: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/tiff": "tif",
    "image/webp": "webp",
    "image/bmp": "bmp",
    "image/gif": "gif",
}
_FOLDER: Final = r"^(?:images|videos|dicom|nifti)/"
_PICTURE: Final = r"(?i)\.(?:jpe?g|png|bmp|tiff?|webp)$"


def safe_names(column: str) -> pl.Expr:
    """`safe_component` of a column; only unusual names leave Rust."""
    return (
        pl.when(pl.col(column).str.contains(_UNSAFE))
        .then(pl.col(column).map_batches(_safe_components, return_dtype=pl.String))
        .otherwise(pl.col(column))
    )


def member_names(column: str) -> pl.Expr:
    """Names of files that are named by a hash in a column (see `member_name`)."""
    return pl.concat_str(safe_names(column), pl.lit(MEMBER_EXTENSION))


def _safe_components(names: pl.Series) -> pl.Series:
    unusual = names.unique().drop_nulls()
    unusual = unusual.filter(unusual.str.contains(_UNSAFE))
    if unusual.is_empty():
        return names
    return names.replace(unusual, pl.Series([safe_component(name) for name in unusual]))


def extension() -> pl.Expr:
    """Extension with its dot: of the column `image_title`, else by `mime_type`, else none."""
    suffix = pl.col("image_title").str.extract(_SUFFIX)
    by_mime = pl.col("mime_type").replace_strict(_EXTENSIONS, default=None, return_dtype=pl.String)
    known = pl.coalesce(suffix, by_mime)
    return pl.when(known.is_null()).then(pl.lit("")).otherwise(pl.concat_str(pl.lit("."), known))


def file_name() -> pl.Expr:
    """`images[].file_name` from the columns of an image and its file.

    Columns: `media`, `data_type`, `data_hash`, `frame`, `member_hash`, `image_title`, `mime_type`,
    `dicom_instance_uid`, `multiframe_frame_number`.
    """
    frame = pl.col("frame").cast(pl.String)
    own = safe_names("data_hash")
    # A sequence whose files are not named has one name for all of them.
    own_name = (
        pl.when(pl.col("data_type") == IMAGE_SEQUENCE)
        .then(pl.concat_str(own, pl.lit("/"), frame))
        .otherwise(own)
    )
    of_image = pl.concat_str(
        pl.lit("images/"), pl.coalesce(safe_names("member_hash"), own_name), extension()
    )
    multiframe = pl.col("multiframe_frame_number").cast(pl.String)
    slice_name = pl.concat_str(
        safe_names("dicom_instance_uid"),
        pl.when(multiframe.is_null())
        .then(pl.lit(""))
        .otherwise(pl.concat_str(pl.lit("/"), multiframe)),
    )
    media = pl.col("media")
    return (
        pl.when(media == "image")
        .then(of_image)
        .when(media == "video")
        .then(pl.concat_str(pl.lit("videos/"), own, pl.lit("/"), frame, pl.lit(".jpg")))
        .when(media == "dicom")
        .then(pl.concat_str(pl.lit("dicom/"), own, pl.lit("/"), pl.coalesce(slice_name, frame)))
        .otherwise(pl.concat_str(pl.lit("nifti/"), own, pl.lit("/"), frame))
    )


def flat_file_name() -> pl.Expr:
    """`file_name` without folders, and with the suffix of a picture.

    That of an image in no folder is its name; otherwise its folders are joined by `_`. Trainers
    know pictures by their suffix: what has none that all of them know, such as a slice, gets
    `.png`, which loses no pixel. The columns are those of `file_name`.
    """
    joined = file_name().str.replace(_FOLDER, "").str.replace_all("/", "_", literal=True)
    return (
        pl.when(joined.str.contains(_PICTURE))
        .then(joined)
        .otherwise(pl.concat_str(joined, pl.lit(".png")))
    )


_WITHOUT_TEMPLATE: Final = {None: file_name, DEFAULT_NAMES: file_name, FLAT_NAMES: flat_file_name}


def file_names(images: pl.DataFrame, template: str | None) -> pl.Series:
    """File names of images.

    Args:
        images: rows with the columns of `file_name` and `dataset_title`.
        template: of the user, such as ``{dataset_title}/{data_hash}{extension}``; None: as
            `file_name` has them.

    Raises:
        SettingsError: the template names a field that there is none of, or makes a path that
            leaves its folder.
    """
    if template in _WITHOUT_TEMPLATE:
        return images.select(_WITHOUT_TEMPLATE[template]().alias("file_name"))["file_name"]
    fields = images.select(
        pl.col("data_hash").fill_null(""),
        "frame",
        pl.col("image_title").fill_null("").alias("title"),
        extension().alias("extension"),
        pl.col("dataset_title").fill_null(""),
        file_name().alias("default"),
        flat_file_name().alias("flat"),
    )
    names = [filled_template(template or "", row) for row in fields.iter_rows(named=True)]
    return pl.Series("file_name", names, dtype=pl.String)
