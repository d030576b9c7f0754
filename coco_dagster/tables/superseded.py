"""Label rows that a later edit of the same row, in another part, supersedes."""

from collections.abc import Collection, Mapping
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from coco_dagster.tables.findings import SEVERITIES, sort_findings
from coco_dagster.tables.schemas import FINDINGS

CODE: Final = "superseded_row"
MESSAGE: Final = "Another row with this label hash was edited later and is exported instead."


def without_label_rows(
    tables: Mapping[str, pa.Table], label_hashes: Collection[str]
) -> dict[str, pa.Table]:
    """Take label rows out of the tables of a part; each of their objects becomes skipped.

    Args:
        tables: the tables of `schemas.LABEL_TABLES`.
        label_hashes: the superseded rows.
    """
    gone = pa.array(list(label_hashes), pa.string())
    kept: dict[str, pa.Table] = {}
    for name, table in tables.items():
        is_gone = pc.is_in(table["label_hash"], value_set=gone)
        kept[name] = table.filter(pc.invert(is_gone))
    rows = pl.DataFrame({"label_hash": list(label_hashes)})
    skipped = _skipped_objects(tables, rows)
    kept["findings"] = sort_findings(pa.concat_tables([kept["findings"], skipped]))
    return kept


def _skipped_objects(tables: Mapping[str, pa.Table], rows: pl.DataFrame) -> pa.Table:
    file = ("label_hash", "data_hash")
    place = (*file, "space", "frame", "object_hash")
    spaces = pl.DataFrame(pl.from_arrow(tables["data_units"].select([*file, "space"])))
    drawn = (
        pl.DataFrame(pl.from_arrow(tables["annotations"].select([*file, "frame", "object_hash"])))
        .join(spaces, on=file, how="left")
        .select(place)
    )
    ended = pl.DataFrame(pl.from_arrow(tables["findings"])).filter(pl.col("outcome") != "note")
    objects = pl.concat([drawn, ended.select(place)]).join(rows, on="label_hash", how="semi")
    null = pl.lit(None, pl.String)
    notes = rows.select(
        "label_hash",
        null.alias("data_hash"),
        null.alias("space"),
        pl.lit(None, pl.Int64).alias("frame"),
        null.alias("object_hash"),
        pl.lit("note").alias("outcome"),
    )
    ends = pl.concat([objects.with_columns(pl.lit("skipped").alias("outcome")), notes])
    table: pa.Table = ends.select(
        pl.lit(CODE).alias("code"),
        "outcome",
        pl.lit(SEVERITIES["skipped"]).alias("severity"),
        "label_hash",
        "data_hash",
        "space",
        "frame",
        "object_hash",
        null.alias("path"),
        pl.lit(MESSAGE).alias("message"),
        null.alias("raw"),
    ).to_arrow()
    return table.cast(FINDINGS)
