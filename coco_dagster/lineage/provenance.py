"""The origin of every annotation of an export."""

from typing import Final

import polars as pl
import pyarrow as pa

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


def origin_table(part: RenderedPart, first: FirstIds, file: str) -> pa.Table:
    """Where each annotation of a part came from, with the ids that it has in its file.

    Args:
        part: the part.
        first: ids of its first image, annotation and track.
        file: name of the COCO file.
    """
    numbers = pl.int_range(pl.len(), dtype=pl.Int64)
    label_hash = pl.col("label_hash")
    table: pa.Table = part.annotations.select(
        pl.lit(file).alias("file"),
        (numbers + first.annotation).alias("annotation_id"),
        (pl.col("image").cast(pl.Int64) + first.image).alias("image_id"),
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
