"""Findings of an export on objects that stand in the tables."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from coco_dagster.coco.losses import LOSSES, REASONS
from coco_dagster.tables.findings import SEVERITIES

PLACE: Final = ("label_hash", "data_hash", "space", "frame", "object_hash", "path")


def finding_rows(places: pl.DataFrame, code: str, outcome: str, message: str) -> pl.DataFrame:
    """One finding for each place, with the columns of the schema `FINDINGS`.

    Args:
        places: the columns of `PLACE`; a column that is missing is null.
        code: code of the findings; outcome and message likewise.
        outcome: `skipped` or `note`.
        message: what was done and why.
    """
    null = pl.lit(None, pl.String)
    missing: Mapping[str, pl.Expr] = {
        name: pl.lit(None, pl.Int64 if name == "frame" else pl.String)
        for name in PLACE
        if name not in places.columns
    }
    return places.select(
        pl.lit(code).alias("code"),
        pl.lit(outcome).alias("outcome"),
        pl.lit(SEVERITIES[outcome]).alias("severity"),
        *(missing.get(name, pl.col(name)).alias(name) for name in PLACE),
        pl.lit(message).alias("message"),
        null.alias("raw"),
    )


def left_out_findings(places: pl.DataFrame) -> list[pl.DataFrame]:
    """A skipped object for each annotation that a profile leaves out.

    Args:
        places: the columns of `PLACE`, and `left_out` (`LeftOut`).
    """
    return [
        finding_rows(
            places.filter(pl.col("left_out") == number), reason.code, "skipped", reason.message
        )
        for number, reason in REASONS.items()
    ]


def lost_objects(findings: pl.DataFrame) -> pl.DataFrame:
    """Findings on objects that the settings want, and that the export lacks all the same."""
    rejected = pl.col("outcome") == "rejected"
    skipped = (pl.col("outcome") == "skipped") & pl.col("code").is_in(list(LOSSES))
    return findings.filter(rejected | skipped)
