"""Checks of ids, wherever they stand."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from coco_dagster.coco.validation.columns import Ids, Kind
from coco_dagster.coco.validation.elements import Block
from coco_dagster.coco.validation.findings import Findings
from coco_dagster.encord.run_lengths import Flags

_FLOAT_LIMIT: Final = 2**53

_BROKEN: Final[dict[str, Callable[[Ids], Flags]]] = {
    "id_not_int": lambda ids: np.isin(ids.kinds, (Kind.NULL, Kind.OTHER, Kind.TEXT)),
    "id_float": lambda ids: ids.kinds == Kind.FLOAT,
    "id_negative": lambda ids: (ids.kinds <= Kind.FLOAT) & (ids.keys < 0),
    "id_beyond_float": lambda ids: beyond(ids, _FLOAT_LIMIT) | (ids.kinds == Kind.HUGE),
    "id_beyond_int64": lambda ids: ids.kinds == Kind.HUGE,
}


def beyond(ids: Ids, limit: int) -> Flags:
    """Whether the size of each id that fits 64 bits is above a limit."""
    found: Flags = (ids.kinds == Kind.INT) & (np.abs(ids.keys) > limit)
    return found


def mark_ids(findings: Findings, block: Block, columns: Sequence[Ids]) -> None:
    """Finds ids that are not what all consumers take for an id.

    Args:
        findings: where they go.
        block: the entries.
        columns: their ids, and the ids that they refer to.
    """
    for code, is_broken in _BROKEN.items():
        broken = np.logical_or.reduce([is_broken(ids) for ids in columns])
        findings.mark(code, broken, block.place)
