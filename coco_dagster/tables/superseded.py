"""Label rows that a later edit of the same row, in another part, supersedes."""

from collections.abc import Collection, Mapping
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from coco_dagster.tables.findings import SEVERITIES, sort_findings
from coco_dagster.tables.object_paths import with_paths
from coco_dagster.tables.other_rows import SUPERSEDED_CODE, edition_text, source_place
from coco_dagster.tables.schemas import FINDINGS

CODE: Final = SUPERSEDED_CODE
MESSAGE: Final = "Another row with this label hash was edited later and is exported instead."

_EDITION: Final = "\0"
_PLACE: Final = ("label_hash", "data_hash", "space", "frame", "object_hash", "path")


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
        if name == "findings":
            # Those of still older editions stay.
            is_gone = pc.and_(is_gone, pc.not_equal(table["code"], CODE))
        kept[name] = table.filter(pc.invert(is_gone))
    rows = pl.DataFrame({"label_hash": list(label_hashes)})
    skipped = _skipped_objects(tables, rows)
    kept["findings"] = sort_findings(pa.concat_tables([kept["findings"], skipped]))
    return kept


def own_name(label_hash: str, position: int) -> str:
    """A name that tells a label row from others with the same label hash."""
    return f"{label_hash}{_EDITION}{position}"


def with_own_names(findings: pa.Table) -> pa.Table:
    """Findings on label rows that `own_name` named, under the label hashes that they share."""
    own = pl.col("label_hash").str.replace(rf"{_EDITION}\d+$", "")
    named: pa.Table = pl.DataFrame(pl.from_arrow(findings)).with_columns(own).to_arrow()
    return named.cast(FINDINGS)


def _skipped_objects(tables: Mapping[str, pa.Table], rows: pl.DataFrame) -> pa.Table:
    file = ("label_hash", "data_hash")
    columns = [*file, "frame", "object_hash", "annotation_index"]
    spaces = pl.DataFrame(pl.from_arrow(tables["data_units"].select([*file, "space"])))
    drawn = (
        pl.DataFrame(pl.from_arrow(tables["annotations"].select(columns)))
        .join(rows, on="label_hash", how="semi")
        .join(spaces, on=file, how="left")
    )
    findings = pl.DataFrame(pl.from_arrow(tables["findings"]))
    is_ended = (pl.col("outcome") != "note") & (pl.col("code") != CODE)
    ended = findings.filter(is_ended).join(rows, on="label_hash", how="semi")
    null = pl.lit(None, pl.String)
    skipped = [
        objects.select(*_PLACE, pl.lit("skipped").alias("outcome"), null.alias("raw"))
        for objects in (with_paths(drawn, tables["frames"]), ended)
    ]
    notes = _notes(tables["label_rows"], rows["label_hash"].to_list())
    table: pa.Table = (
        pl.concat([*skipped, notes])
        .select(
            pl.lit(CODE).alias("code"),
            "outcome",
            pl.lit(SEVERITIES["skipped"]).alias("severity"),
            *_PLACE,
            pl.lit(MESSAGE).alias("message"),
            "raw",
        )
        .to_arrow()
    )
    return table.cast(FINDINGS)


def _notes(label_rows: pa.Table, label_hashes: list[str]) -> pl.DataFrame:
    """A note on each row itself: where it stood, and what a manifest says of it."""
    chosen = pc.is_in(label_rows["label_hash"], value_set=pa.array(label_hashes, pa.string()))
    rows = label_rows.filter(chosen).to_pylist()
    strings = {
        "label_hash": [row["label_hash"] for row in rows],
        "path": [source_place(row["source_file"], row["source_index"]) for row in rows],
        "raw": [edition_text(row) for row in rows],
    }
    schema = {name: pl.Int64 if name == "frame" else pl.String for name in (*_PLACE, "raw")}
    none = [None] * len(rows)
    columns = {name: strings.get(name, none) for name in schema}
    notes = pl.DataFrame(columns, schema=schema)
    return notes.select(*_PLACE, pl.lit("note").alias("outcome"), "raw")
