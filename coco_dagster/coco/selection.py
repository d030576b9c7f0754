"""Which label rows an export holds, and what becomes of the objects of the others."""

from collections.abc import Collection, Mapping
from typing import Final

import polars as pl
import pyarrow as pa
from msgspec import Struct

from coco_dagster.coco.finding_rows import PLACE, finding_rows
from coco_dagster.coco.images import IMAGE_KEY, ordered_rows
from coco_dagster.tables.object_paths import with_paths
from coco_dagster.tables.schemas import FINDINGS
from coco_dagster.tables.superseded import CODE as SUPERSEDED

MAIN_BRANCH: Final = "main"


class Selection(Struct, frozen=True):
    """Label rows to export.

    Attributes:
        label_rows: table `label_rows` in source order, with `row_order`.
        findings: findings on all rows, those that are not exported included.
    """

    label_rows: pl.DataFrame
    findings: pa.Table


def select_rows(tables: Mapping[str, pa.Table], branches: Collection[str]) -> Selection:
    """Choose the label rows of some branches; everything in the others is skipped.

    Args:
        tables: the normalised tables.
        branches: names of branches; a row without one belongs to `main`.
    """
    rows = pl.DataFrame(pl.from_arrow(tables["label_rows"]))
    exported = pl.col("branch_name").fill_null(MAIN_BRANCH).is_in(list(branches))
    chosen = ordered_rows(rows.filter(exported))
    findings = pl.DataFrame(pl.from_arrow(tables["findings"]))
    shared = _shared_files(tables, chosen)
    if chosen.height < rows.height:
        others = rows.filter(~exported).select("label_hash")
        # Rows that a later edit supersedes share the hash of the row that is kept.
        is_superseded = pl.col("code") == SUPERSEDED
        of_others = findings.join(others, on="label_hash", how="semi")
        findings = pl.concat(
            [
                findings.join(others, on="label_hash", how="anti"),
                of_others.filter(is_superseded),
                _skipped(of_others.filter(~is_superseded), tables, others),
            ]
        )
    table = pl.concat([findings, shared]).to_arrow().cast(FINDINGS)
    return Selection(chosen, table)


def _skipped(
    findings: pl.DataFrame, tables: Mapping[str, pa.Table], rows: pl.DataFrame
) -> pl.DataFrame:
    """A finding for every object of rows that are not exported."""
    ended = findings.filter(pl.col("outcome") != "note")
    file = ("label_hash", "data_hash")
    columns = [*file, "frame", "object_hash", "annotation_index"]
    units = pl.DataFrame(pl.from_arrow(tables["data_units"].select([*file, "space"])))
    drawn = (
        pl.DataFrame(pl.from_arrow(tables["annotations"].select(columns)))
        .join(rows, on="label_hash", how="semi")
        .join(units, on=file, how="left")
    )
    drawn = with_paths(drawn, tables["frames"])
    objects = pl.concat([ended.select(PLACE), drawn.select(PLACE)])
    message = "The object stands on a branch that is not exported."
    return finding_rows(objects, "branch_not_exported", "skipped", message)


def _shared_files(tables: Mapping[str, pa.Table], rows: pl.DataFrame) -> pl.DataFrame:
    """A note for every file that an earlier label row already shows."""
    columns = ["label_hash", *IMAGE_KEY, "space"]
    frames = pl.DataFrame(pl.from_arrow(tables["frames"].select(columns)))
    repeated = (
        frames.join(rows.select("label_hash", "row_order"), on="label_hash", how="inner")
        .sort("row_order", maintain_order=True)
        .filter(~pl.struct(IMAGE_KEY).is_first_distinct())
        .unique(["label_hash", "data_hash"], maintain_order=True)
        .select("label_hash", "data_hash", "space")
    )
    message = "An earlier label row shows the same file; both share its images."
    return finding_rows(repeated, "shared_data_hash", "note", message)
