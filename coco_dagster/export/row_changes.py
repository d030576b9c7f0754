"""What became of the label rows of a source between two snapshots."""

import polars as pl
from msgspec import Struct

from coco_dagster.tables.locations import location
from coco_dagster.tables.part_store import StoredPart
from coco_dagster.tables.parts import part_path, read_part_table
from coco_dagster.tables.store import TableSet


class RowChanges(Struct, frozen=True):
    """Label rows that differ between two snapshots.

    Attributes:
        new: rows that the earlier one lacks.
        changed: rows that both have, with other content.
        removed: rows that the later one lacks.
    """

    new: int
    changed: int
    removed: int


def row_changes(before: TableSet | None, after: TableSet) -> RowChanges:
    """Compare two snapshots; only parts that they do not share are read.

    Args:
        before: the earlier one; None where there is none.
        after: the later one.
    """
    known = before.parts if before is not None else []
    shared = {part.name for part in known}.intersection(part.name for part in after.parts)
    earlier = _rows(before, shared) if before is not None else _NO_ROWS
    later = _rows(after, shared)
    both = later.join(earlier, on="label_hash", how="inner", suffix="_before")
    # A label row that was repeated counts once for each of its pairs at most.
    changed = both.filter(pl.col("row_sha256") != pl.col("row_sha256_before"))
    return RowChanges(
        new=later.join(earlier, on="label_hash", how="anti").height,
        changed=changed["label_hash"].n_unique(),
        removed=earlier.join(later, on="label_hash", how="anti").height,
    )


_NO_ROWS = pl.DataFrame(schema={"label_hash": pl.String, "row_sha256": pl.String})


def _rows(snapshot: TableSet, shared: set[str]) -> pl.DataFrame:
    parts = [_rows_of_part(snapshot, part) for part in snapshot.parts if part.name not in shared]
    return pl.concat([_NO_ROWS, *parts])


def _rows_of_part(snapshot: TableSet, part: StoredPart) -> pl.DataFrame:
    path = part_path(location(str(snapshot.parts_folder)), "raw_labels", part.name, "parquet")
    return pl.DataFrame(pl.from_arrow(read_part_table(path, "parquet", _NO_ROWS.columns)))
