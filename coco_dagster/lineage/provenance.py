"""The origin of every annotation of an export."""

from typing import Final

import polars as pl
import pyarrow as pa

from coco_dagster.coco.file_names import member_names
from coco_dagster.coco.layouts import ExportPlan
from coco_dagster.coco.writer import FirstIds, RenderedPart
from coco_dagster.tables.schemas import UNNAMED_PREFIX

LINEAGE: Final = pa.schema(
    [
        pa.field("file", pa.string(), nullable=False),
        pa.field("annotation_id", pa.int64(), nullable=False),
        pa.field("image_id", pa.int64(), nullable=False),
        pa.field("category_id", pa.int64(), nullable=False),
        pa.field("label_hash", pa.string()),
        pa.field("data_hash", pa.string(), nullable=False),
        pa.field("space", pa.string()),
        pa.field("frame", pa.int64(), nullable=False),
        pa.field("object_hash", pa.string(), nullable=False),
        pa.field("feature_hash", pa.string(), nullable=False),
        pa.field("row_sha256", pa.string(), nullable=False),
    ]
)
"""Columns of `lineage.parquet`, one row per annotation of the file that `file` names."""

REPEATED: Final = ("file", "category_id", "space", "frame", "feature_hash")
"""Columns that have few values."""


def origin_table(part: RenderedPart, first: FirstIds) -> pa.Table:
    """Where each annotation of a part came from, with the ids that it has in its file.

    Args:
        part: the part.
        first: ids of its first image, annotation and track.
    """
    label_hash = pl.col("label_hash")
    table: pa.Table = part.annotations.select(
        _file(part.plan).alias("file"),
        (pl.col("number") + first.annotation).alias("annotation_id"),
        (pl.col("image_number") + first.image).alias("image_id"),
        "category_id",
        pl.when(~label_hash.str.starts_with(UNNAMED_PREFIX)).then(label_hash).alias("label_hash"),
        "data_hash",
        "space",
        "frame",
        "object_hash",
        "feature_hash",
        "row_sha256",
    ).to_arrow()
    return table.cast(LINEAGE)


def _file(plan: ExportPlan) -> pl.Expr:
    """Path of the COCO file; in an archive that of the archive, `/`, and that of the member."""
    paths = {number: file.path for number, file in enumerate(plan.files)}
    path = pl.col("file").replace_strict(paths, return_dtype=pl.String)
    if len(paths) == 1:
        path = pl.lit(paths[0])
    if plan.form.container != "zip":
        return path
    return pl.concat_str(path, pl.lit("/"), member_names("data_hash"))
