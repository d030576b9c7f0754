"""Answers whose text an export would repeat more often than there is room for.

An export writes the answers of an object on each of its annotations, those of a frame
classification on each of its images. A text of a megabyte on a video of thousands of frames would
make gigabytes of each.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from coco_dagster.tables.findings import FindingRows, Place

LONG: Final = 10_000
"""Bytes of text of an owner from which on it is counted how often they are repeated."""

MAX_REPEATED: Final = 256 << 20
"""Bytes that the long answers of a label row may come to in an export."""

_OWNER: Final = ("label_hash", "owner", "owner_hash")
_ALWAYS: Final = 2**40


def without_long_answers(
    tables: Mapping[str, pa.Table], annotations: pa.Table, frames: pa.Table, findings: FindingRows
) -> dict[str, pa.Table]:
    """Leave out long answers of label rows in which they come to more than `MAX_REPEATED`.

    Args:
        tables: `answers` and `relations`.
        annotations: table of the schema `ANNOTATIONS`.
        frames: table of the schema `FRAMES`.
        findings: takes up a note on every owner that loses an answer.
    """
    kept = dict(tables)
    for name, text in (("answers", "text"), ("relations", "to_hash")):
        table = tables[name]
        # Most parts hold nothing that is worth counting.
        if _most_bytes_of_a_row(table, text) <= LONG:
            continue
        lost = _lost(_with_owner(table, text), annotations, frames)
        if lost["lost"].any():
            _note(lost.filter("lost"), findings)
            kept[name] = table.filter(pc.invert(lost["lost"].to_arrow()))
    return kept


def _most_bytes_of_a_row(table: pa.Table, text: str) -> int:
    """Bytes of the texts of the label row that has the most of them.

    Args:
        table: sorted by `label_hash`.
        text: column with the texts.
    """
    if not table.num_rows:
        return 0
    rows = table["label_hash"].combine_chunks()
    begins = pc.not_equal(rows[1:], rows[:-1]).to_numpy(zero_copy_only=False)
    starts = np.flatnonzero(np.concatenate(([True], begins)))
    sizes = pc.binary_length(table[text]).fill_null(0).to_numpy().astype(np.int64)
    return int(np.add.reduceat(sizes, starts).max())


def _with_owner(table: pa.Table, text: str) -> pl.DataFrame:
    """Owner of each answer, the bytes of its text, and the frames on which it holds at most."""
    rows = pl.DataFrame(pl.from_arrow(table))
    if "owner" not in rows.columns:
        rows = rows.rename({"from_object_hash": "owner_hash"}).with_columns(owner=pl.lit("object"))
    span = (pl.col("frame_to") - pl.col("frame_from") + 1).fill_null(_ALWAYS)
    length = pl.col(text).str.len_bytes().cast(pl.Int64).fill_null(0)
    return rows.select(*_OWNER, length.alias("bytes"), span.alias("frames"))


def _lost(answers: pl.DataFrame, annotations: pa.Table, frames: pa.Table) -> pl.DataFrame:
    """Answers in their order, with the column `lost`: there is no room for what it comes to.

    An object's answers stand on its annotations, those of a classification at most on all images.
    """
    drawn = pl.DataFrame(pl.from_arrow(annotations.select(["label_hash", "object_hash"])))
    images = pl.DataFrame(pl.from_arrow(frames.select(["label_hash"])))
    owner = pl.col("object_hash").alias("owner_hash")
    objects = drawn.group_by("label_hash", owner).len("annotations")
    is_object = pl.col("owner") == "object"
    copies = pl.when(is_object).then("annotations").otherwise("images").fill_null(0)
    is_long = pl.col("bytes").sum().over(_OWNER) > LONG
    repeated = pl.col("bytes") * pl.min_horizontal(copies.cast(pl.Int64), "frames")
    return (
        answers.join(objects, on=["label_hash", "owner_hash"], how="left", maintain_order="left")
        .join(
            images.group_by("label_hash").len("images"),
            on="label_hash",
            how="left",
            maintain_order="left",
        )
        .with_columns(is_long.alias("is_long"), repeated.alias("repeated"))
        .with_columns(
            pl.when("is_long")
            .then("repeated")
            .otherwise(0)
            .cum_sum()
            .over("label_hash")
            .alias("room")
        )
        .with_columns((pl.col("is_long") & (pl.col("room") > MAX_REPEATED)).alias("lost"))
    )


def _note(lost: pl.DataFrame, findings: FindingRows) -> None:
    message = (
        "Long answers are left out: repeated wherever they hold, those of the label row come to "
        f"more than {MAX_REPEATED >> 20} MB."
    )
    for label_hash, owner, owner_hash in lost.select(_OWNER).unique().sort(_OWNER).iter_rows():
        place = Place(label_hash, object_hash=owner_hash if owner == "object" else None)
        findings.add("long_answer", "note", place, message)
