"""File names of images: stable, safe as paths, made from hashes rather than titles."""

import re
from typing import Final
from urllib.parse import quote

import polars as pl

from coco_dagster.encord.media import IMAGE_SEQUENCE
from coco_dagster.errors import SettingsError

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


def safe_component(name: str) -> str:
    """A hash or id as one component of a path.

    Keeps ``A-Z a-z 0-9 . _ -`` and percent-encodes the rest, and a leading dot too, so that no
    name can leave its folder.
    """
    quoted = quote(name, safe="").replace("~", "%7E")
    return re.sub(r"^\.", "%2E", quoted)


def _safe(column: str) -> pl.Expr:
    """`safe_component` of a column; only unusual names leave Rust."""
    return (
        pl.when(pl.col(column).str.contains(_UNSAFE))
        .then(pl.col(column).map_batches(_safe_components, return_dtype=pl.String))
        .otherwise(pl.col(column))
    )


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
    # A sequence whose files are not named has one name for all of them.
    own_name = (
        pl.when(pl.col("data_type") == IMAGE_SEQUENCE)
        .then(pl.concat_str(_safe("data_hash"), pl.lit("/"), frame))
        .otherwise(_safe("data_hash"))
    )
    of_image = pl.concat_str(
        pl.lit("images/"), pl.coalesce(_safe("member_hash"), own_name), extension()
    )
    multiframe = pl.col("multiframe_frame_number").cast(pl.String)
    slice_name = pl.concat_str(
        _safe("dicom_instance_uid"),
        pl.when(multiframe.is_null())
        .then(pl.lit(""))
        .otherwise(pl.concat_str(pl.lit("/"), multiframe)),
    )
    media = pl.col("media")
    return (
        pl.when(media == "image")
        .then(of_image)
        .when(media == "video")
        .then(
            pl.concat_str(pl.lit("videos/"), _safe("data_hash"), pl.lit("/"), frame, pl.lit(".jpg"))
        )
        .when(media == "dicom")
        .then(
            pl.concat_str(
                pl.lit("dicom/"), _safe("data_hash"), pl.lit("/"), pl.coalesce(slice_name, frame)
            )
        )
        .otherwise(pl.concat_str(pl.lit("nifti/"), _safe("data_hash"), pl.lit("/"), frame))
    )


def templated_file_names(images: pl.DataFrame, template: str) -> pl.Series:
    """File names from a template of the user, such as ``{dataset_title}/{data_hash}.png``.

    Raises:
        SettingsError: the template names a field that there is none of, or makes a path that
            leaves its folder.
    """
    fields = images.select(
        pl.col("data_hash").fill_null(""),
        "frame",
        pl.col("image_title").fill_null("").alias("title"),
        extension().alias("extension"),
        pl.col("dataset_title").fill_null(""),
    )
    names = [_filled(template, row) for row in fields.iter_rows(named=True)]
    return pl.Series("file_name", names, dtype=pl.String)


def _filled(template: str, fields: dict[str, object]) -> str:
    safe = {
        name: safe_component(value) if isinstance(value, str) and name != "extension" else value
        for name, value in fields.items()
    }
    try:
        name = template.format_map(safe)
    except (LookupError, ValueError, AttributeError) as error:
        raise SettingsError(
            f"The file name template `{template}` cannot be filled ({error}); its fields are "
            f"{', '.join(fields)}."
        ) from None
    if name.startswith("/") or ".." in name.split("/") or not name:
        raise SettingsError(f"The file name template `{template}` makes the path `{name}`.")
    return name
