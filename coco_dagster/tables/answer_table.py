"""The table `answers` in the making.

Thousands of owners share the same few answers. What an answer says is therefore kept once, apart
from whose it is, and the two are put together in Arrow.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

import numpy as np
import pyarrow as pa

from coco_dagster.encord.run_lengths import ragged_arange
from coco_dagster.tables.schemas import ANSWERS

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
        """The table, in the order of adding."""
        *facts, of_owner = list(zip(*self._owners, strict=True)) or [()] * (len(_OWNER) + 1)
        owners = _batch(facts, _OWNER)
        # Equality would compare all of their values; the same object is enough.
        distinct = {id(statements): statements for statements in of_owner}
        of_statement = list(zip(*chain.from_iterable(distinct.values()), strict=True))
        statements = _batch(of_statement or [()] * len(_STATEMENT), _STATEMENT)
        sizes = np.array([len(stated) for stated in distinct.values()], np.int64)
        number = {identity: number for number, identity in enumerate(distinct)}
        stated_of = np.array([number[id(stated)] for stated in of_owner], np.int64)
        owner_of = np.repeat(np.arange(len(of_owner)), sizes[stated_of])
        firsts = np.cumsum(sizes) - sizes
        within = ragged_arange(sizes[stated_of])
        statement_of = np.repeat(firsts[stated_of], sizes[stated_of]) + within
        whose = owners.take(pa.array(owner_of))
        what = statements.take(pa.array(statement_of))
        return pa.Table.from_arrays([*whose.columns, *what.columns], schema=ANSWERS)


def _batch(columns: Sequence[Sequence[Any]], names: Sequence[str]) -> pa.RecordBatch:
    schema = pa.schema([ANSWERS.field(name) for name in names])
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
