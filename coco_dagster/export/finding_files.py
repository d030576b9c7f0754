"""The file of an export's findings: sorted as a whole, though never held in memory as a whole."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa

from coco_dagster.export.parquet_files import write_row_groups
from coco_dagster.tables.findings import concat_findings
from coco_dagster.tables.schemas import FINDINGS, UNNAMED_PREFIX

SORTED_ROWS: Final = 1 << 18
"""Findings that are sorted at a time, more only where one label row has more."""

_ROW: Final = "label_hash"
_REPEATED: Final = ("code", "outcome", "severity", "label_hash", "data_hash", "space", "message")


def write_sorted_findings(path: Path, others: pa.Table, groups: Iterable[pa.Table]) -> None:
    """Write findings on files and the ontology, then all others sorted by place and code.

    Args:
        path: the file.
        others: findings on files and the ontology.
        groups: the other findings, in any order; kept open, so best mapped into memory.
    """
    tables = [group for group in groups if group.num_rows]
    write_row_groups(path, FINDINGS, _in_order(others, tables), _REPEATED)


def _in_order(others: pa.Table, tables: list[pa.Table]) -> Iterator[pa.Table]:
    yield others
    bounds = _bounds(tables)
    for after, up_to in zip([None, *bounds], [*bounds, None], strict=True):
        chosen = [_of_rows(table, after, up_to) for table in tables]
        yield _without_made_names(concat_findings(chosen))


def _bounds(tables: list[pa.Table]) -> list[str]:
    """Label rows at which the findings are cut, so that each piece is small enough to sort."""
    if sum(table.num_rows for table in tables) <= SORTED_ROWS:
        return []
    counts = (
        pl.concat(_frame(table).group_by(_ROW).len() for table in tables)
        .group_by(_ROW)
        .agg(pl.sum("len"))
        .drop_nulls()
        .sort(_ROW)
        .with_columns((pl.col("len").cum_sum() // SORTED_ROWS).alias("piece"))
    )
    return counts.group_by("piece").agg(pl.max(_ROW)).sort("piece")[_ROW].to_list()[:-1]


def _of_rows(table: pa.Table, after: str | None, up_to: str | None) -> pa.Table:
    """Findings of the label rows between two; those without one come after all others."""
    row = pl.col(_ROW)
    conditions = []
    if after is not None:
        conditions.append((row > after).fill_null(True))
    if up_to is not None:
        conditions.append((row <= up_to).fill_null(False))
    if not conditions:
        return table
    chosen = _frame(table).select(pl.all_horizontal(conditions)).to_series()
    return table.filter(chosen.to_arrow())


def _without_made_names(findings: pa.Table) -> pa.Table:
    """Findings without the names that label rows without a hash have in the tables."""
    named = pl.when(~pl.col(_ROW).str.starts_with(UNNAMED_PREFIX)).then(_ROW)
    table: pa.Table = pl.DataFrame(pl.from_arrow(findings)).with_columns(named).to_arrow()
    return table.cast(FINDINGS)


def _frame(table: pa.Table) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(table.select([_ROW])))
