"""The table `answers` in the making.

Thousands of owners share the same few answers. What an answer says is therefore kept once, apart
from whose it is, and the two are put together in Arrow.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from coco_dagster.encord.run_lengths import ragged_arange
from coco_dagster.tables.schemas import ANSWERS, table_key

_OWNER: Final = ("label_hash", "owner", "owner_hash")
_STATEMENT: Final = (
    "attribute_hash",
    "option_hash",
    "parent_option_hash",
    "text",
    "number",
    "value_json",
    "data_hash",
    "frame_from",
    "frame_to",
)

Statement = tuple[
    str,
    str | None,
    str | None,
    str | None,
    float | None,
    str | None,
    str | None,
    int | None,
    int | None,
]
"""What an answer says: the columns of `answers` after the owner's."""


class AnswerTable:
    """Answers by owner."""

    def __init__(self) -> None:
        self._owners: list[tuple[str, str, str, Sequence[Statement]]] = []

    def add(
        self, label_hash: str, owner: str, owner_hash: str, statements: Sequence[Statement]
    ) -> None:
        """Add answers of an owner.

        Args:
            label_hash: label row of the owner.
            owner: `object` or `frame`.
            owner_hash: object hash or classification hash.
            statements: what the answers say; the same object may be given to many owners.
        """
        self._owners.append((label_hash, owner, owner_hash, statements))

    def table(self) -> pa.Table:
        """The table, sorted by its key."""
        of_owner = [statements for _, _, _, statements in self._owners]
        # Equality would compare all of their values; the same object is enough.
        distinct = {id(statements): statements for statements in of_owner}
        owners = _table([owner[:3] for owner in self._owners], _OWNER)
        statements = _table(list(chain.from_iterable(distinct.values())), _STATEMENT)
        sizes = np.array([len(stated) for stated in distinct.values()], np.int64)
        number = {identity: number for number, identity in enumerate(distinct)}
        stated_of = np.array([number[id(stated)] for stated in of_owner], np.int64)
        owner_of = np.repeat(np.arange(len(of_owner)), sizes[stated_of])
        ends = np.cumsum(sizes)
        within = ragged_arange(sizes[stated_of])
        statement_of = np.repeat((ends - sizes)[stated_of], sizes[stated_of]) + within
        order = np.lexsort(
            (
                _ranks(statements, [name for name in table_key(ANSWERS) if name in _STATEMENT])[
                    statement_of
                ],
                _ranks(owners, _OWNER)[owner_of],
            )
        )
        whose = owners.take(pa.array(owner_of[order]))
        what = statements.take(pa.array(statement_of[order]))
        return pa.Table.from_arrays([*whose.columns, *what.columns], schema=ANSWERS)


def _ranks(table: pa.Table, key: Sequence[str]) -> NDArray[np.int64]:
    """Place of each row in the order of the key; equal rows share it; null comes last."""
    rows = pl.DataFrame(pl.from_arrow(table.select(list(key)))).with_row_index("row")
    ordered = rows.sort(key, nulls_last=True, maintain_order=True)
    is_new = ordered.select(pl.any_horizontal(pl.col(key).ne_missing(pl.col(key).shift())))
    ranks = np.zeros(rows.height, np.int64)
    ranks[ordered["row"].to_numpy()] = np.cumsum(is_new.to_series().to_numpy())
    return ranks


def _table(rows: Sequence[tuple[Any, ...]], names: Sequence[str]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    schema = pa.schema([ANSWERS.field(name) for name in names])
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
