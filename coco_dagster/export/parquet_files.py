"""Parquet files whose bytes depend on their rows alone, however these were put together."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP_ROWS: Final = 1 << 15


def write_row_groups(
    path: Path, schema: pa.Schema, tables: Iterable[pa.Table], repeated: Sequence[str]
) -> None:
    """Write tables one after the other as one Parquet file.

    Every row group but the last has `ROW_GROUP_ROWS` rows: where one table ends and the next
    begins leaves no trace in the file.

    Args:
        path: the file.
        schema: columns and types of the file.
        tables: consumed one by one.
        repeated: columns that have few values, which are written once in a dictionary; looking
            for those of the others would take longer than writing them.
    """
    columns = list(repeated)
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=columns) as writer:
        for group in _row_groups(tables):
            # Pages end where chunks end.
            writer.write_table(group.cast(schema).combine_chunks(), ROW_GROUP_ROWS)


def _row_groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    waiting: list[pa.Table] = []
    rows = 0
    for table in tables:
        waiting.append(table)
        rows += table.num_rows
        if rows < ROW_GROUP_ROWS:
            continue
        joined = pa.concat_tables(waiting)
        whole = rows - rows % ROW_GROUP_ROWS
        for start in range(0, whole, ROW_GROUP_ROWS):
            yield joined.slice(start, ROW_GROUP_ROWS)
        waiting, rows = [joined.slice(whole)], rows - whole
    if rows:
        yield pa.concat_tables(waiting)
