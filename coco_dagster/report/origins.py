"""Where the annotations that are shown came from, and who made them."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import polars as pl

from coco_dagster.report.coco_survey import ShownImage
from coco_dagster.report.lineage_survey import coco_path
from coco_dagster.report.published_export import PublishedExport

ScanTable = Callable[[str], pl.LazyFrame]
"""Opens one of the tables that an export was made from, by its name."""

OriginKey = tuple[str, str, int]
"""COCO file, data hash and annotation id."""

_KEY: Final = ("file", "data_hash", "annotation_id")
_PLACE: Final = ("label_hash", "data_hash", "frame")
_LINEAGE: Final = ("frame", "label_hash", "object_hash", "row_sha256")
_MADE: Final = (
    "annotation_index",
    "confidence",
    "created_at",
    "created_by",
    "last_edited_at",
    "last_edited_by",
)


def shown_origins(
    export: PublishedExport, images: Sequence[ShownImage], scan: ScanTable | None
) -> dict[OriginKey, dict[str, Any]]:
    """What is known of the origin of each annotation that is shown.

    Args:
        export: the export.
        images: the images that are shown.
        scan: opens the tables that the export was made from; without them, who made an
            annotation, when, and its JSON path are not known.

    Returns:
        For each annotation its `label_hash`, `object_hash` and `row_sha256`; from the tables
        `source_file`, `source_index`, `path`, `confidence`, and who made and edited it when.
        What is not known is left out.
    """
    hashes = pl.Series([image.key[0] for image in images], dtype=pl.String).unique()
    of_shown = pl.col("data_hash").is_in(hashes.implode())
    origins = pl.concat(
        batch.filter(of_shown) for batch in export.lineage([*_KEY, *_LINEAGE])
    ).with_columns(coco_path())
    if scan is not None:
        origins = _with_tables(origins, scan, of_shown)
    return {
        tuple(row.pop(name) for name in _KEY): {
            name: value for name, value in row.items() if value is not None and name != "frame"
        }
        for row in origins.iter_rows(named=True)
    }


def _with_tables(origins: pl.DataFrame, scan: ScanTable, of_shown: pl.Expr) -> pl.DataFrame:
    """Origins with what the tables know of them.

    Label rows are joined by their digest: their hash in the tables is made up where it is missing.
    """
    rows = scan("label_rows").select(
        "row_sha256", "source_file", "source_index", pl.col("label_hash").alias("row")
    )
    frames = scan("frames").filter(of_shown).select(*_PLACE, "path")
    made = scan("annotations").filter(of_shown).select(*_PLACE, "object_hash", *_MADE)
    joined = (
        origins.lazy()
        .join(rows.unique("row_sha256"), on="row_sha256", how="left")
        .join(frames.rename({"label_hash": "row"}), on=["row", "data_hash", "frame"], how="left")
        .join(
            made.rename({"label_hash": "row"}).unique(["row", "data_hash", "frame", "object_hash"]),
            on=["row", "data_hash", "frame", "object_hash"],
            how="left",
        )
    )
    path = pl.format("{}.objects[{}]", "path", "annotation_index")
    dates = pl.col("created_at", "last_edited_at").dt.strftime("%Y-%m-%d %H:%M UTC")
    return joined.with_columns(path.alias("path"), dates).drop("row", "annotation_index").collect()
