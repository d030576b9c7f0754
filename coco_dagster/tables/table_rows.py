"""Rows to tables of a schema, and the order in which tables are stored."""

from collections.abc import Sequence

import pyarrow as pa

from coco_dagster.tables.schemas import table_key


def table_of_rows(schema: pa.Schema, rows: Sequence[tuple[object, ...]]) -> pa.Table:
    """A table from its rows, each with a value for every column of the schema, in their order."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def sorted_by_key(table: pa.Table) -> pa.Table:
    """A table whose schema names its key, sorted by it; equal keys stay in their order."""
    return table.sort_by([(column, "ascending") for column in table_key(table.schema)])
