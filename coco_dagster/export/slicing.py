"""Cutting parts along the order of their source.

Parts of several sets of tables may come from the same stretch of a source, so that their label
rows alternate. They are cut at common positions, and what lies between two cuts is put together
again from all of them. Every part is read and written once, whatever the number of cuts.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from coco_dagster.tables.part_store import SourcePosition

if TYPE_CHECKING:
    from coco_dagster.tables.locations import Location

POSITION: Final = ("source_file", "source_index")
_ROW: Final = "label_hash"


def window_numbers(positions: pa.Table, cuts: Sequence[SourcePosition]) -> NDArray[np.int64]:
    """The window that each position lies in, from 0.

    Args:
        positions: columns `source_file` and `source_index`.
        cuts: first positions of all windows but the first, ascending.
    """
    given = pl.DataFrame(pl.from_arrow(positions.select(POSITION))).with_row_index("row")
    starts = pl.DataFrame(list(cuts), schema=given.select(POSITION).schema, orient="row")
    is_cut = pl.col("row").is_null()
    windows = (
        pl.concat([starts, given], how="diagonal")
        .sort(*POSITION, "row", nulls_last=False)
        .with_columns(is_cut.cum_sum().cast(pl.Int64).alias("window"))
        .filter(~is_cut)
        .sort("row")["window"]
    )
    return windows.to_numpy()


def windows_of_rows(rows: pa.Table, numbers: NDArray[np.int64]) -> pl.DataFrame:
    """Label rows with their window: `label_hash`, the first one where it repeats, and `window`."""
    hashes = pl.Series(_ROW, rows[_ROW], dtype=pl.String)
    return pl.DataFrame([hashes, pl.Series("window", numbers)]).unique(_ROW, keep="first")


def sorted_by_window(
    table: pa.Table, of_rows: pl.DataFrame, windows: Sequence[int]
) -> tuple[pa.Table, list[int]]:
    """Rows of a table in the order of their windows, else in their own order.

    Args:
        table: has a column `label_hash`.
        of_rows: `label_hash` and `window` of the label rows.
        windows: all windows of the label rows, ascending; the first one takes what belongs to
            no label row.

    Returns:
        The sorted table, and how many of its rows are in each window.
    """
    hashes = pl.DataFrame({_ROW: pl.Series(table[_ROW], dtype=pl.String)})
    joined = hashes.join(of_rows, on=_ROW, how="left", maintain_order="left")
    numbers = joined["window"].fill_null(windows[0]).to_numpy()
    counts = np.bincount(numbers, minlength=windows[-1] + 1)[list(windows)]
    return table.take(pa.array(np.argsort(numbers, kind="stable"))), counts.tolist()


def write_windows(path: "Location", table: pa.Table, counts: Sequence[int]) -> None:
    """Write a table as an Arrow file with a record batch for each window.

    Args:
        path: the file.
        table: sorted by window.
        counts: rows of each window.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        start = 0
        for count in counts:
            writer.write_batch(_batch(table.slice(start, count)))
            start += count


def _batch(table: pa.Table) -> pa.RecordBatch:
    columns = [pa.concat_arrays(column.chunks or [pa.array([], column.type)]) for column in table]
    return pa.RecordBatch.from_arrays(columns, schema=table.schema)
