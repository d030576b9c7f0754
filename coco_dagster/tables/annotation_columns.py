"""Annotations in the making: a tuple of facts each, and the columns made of them.

Everything that can be judged for many annotations at once (sizes, distinct points, masks,
duplicates) is judged after the last one was added, in numpy and Arrow.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from operator import attrgetter
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coco_dagster.encord.object_label import ObjectLabel
from coco_dagster.tables.dates import read_dates
from coco_dagster.tables.drawn_columns import DrawnGeometry
from coco_dagster.tables.object_endings import FramePlace
from coco_dagster.tables.row_tables import FrameKeys

AddedAnnotation = tuple[int, int, FramePlace, tuple[Any, ...]]
"""An annotation that was read and may still be rejected.

Number of its frame, position in the frame's list of objects, place and facts. A bare tuple: there
is one for each annotation, and anything with names takes several times as long to make. It does
not hold the label, so that a label row can leave memory as soon as it is read.
"""


def facts_getter(schema: pa.Schema) -> Callable[[ObjectLabel], tuple[Any, ...]]:
    """What takes the facts of a label: those that columns of the schema hold, the hash first."""
    return attrgetter(*_names_of_facts(schema))


def _names_of_facts(schema: pa.Schema) -> list[str]:
    return [name for name in _FACT_COLUMNS if name in schema.names]


def annotation_table(
    added: Sequence[AddedAnnotation],
    geometry: DrawnGeometry,
    frame: NDArray[np.int64],
    frames: FrameKeys,
    schema: pa.Schema,
) -> pa.Table:
    """Annotations as a table, in the order of adding.

    Args:
        added: the annotations.
        geometry: what was drawn.
        frame: the frame of each, as a position in `frames`.
        frames: keys and sizes of all frames; the size stands in for that of a mask's grid where
            the label does not say it.
        schema: `ANNOTATIONS`, or some of its columns.
    """
    _, indexes, _, labelled = _transposed(added, 4)
    names = _names_of_facts(schema)
    facts = dict(zip(names, _transposed(labelled, len(names)), strict=True))
    columns: dict[str, Any] = {name: _FACT_COLUMNS[name](values) for name, values in facts.items()}
    columns |= geometry.columns(columns["shape"], frames.width[frame], frames.height[frame])
    of = pa.array(frame)
    columns |= {
        "label_hash": frames.label_hash.take(of),
        "data_hash": frames.data_hash.take(of),
        "frame": frames.frame.take(of),
        "annotation_index": pa.array(indexes, pa.int32()),
    }
    return pa.Table.from_arrays([columns[name] for name in schema.names], schema=schema)


def _transposed(rows: Sequence[tuple[Any, ...]], columns: int) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True)) or [()] * columns


def pseudonyms(users: Sequence[str | None]) -> pa.StringArray:
    """Users as written, e-mail addresses as ``user-`` and ten hex digits of their SHA-256."""
    column = pa.array(users, pa.string()).dictionary_encode()
    names = [_pseudonym(user) for user in column.dictionary.to_pylist()]
    return pa.array(names, pa.string()).take(column.indices)


def _pseudonym(user: str) -> str:
    if "@" not in user:
        return user
    return f"user-{sha256(user.strip().lower().encode()).hexdigest()[:10]}"


def _texts(values: Sequence[str]) -> pa.Array:
    return pa.array(values, pa.string())


def _is_manual(flags: Sequence[object]) -> pa.Array:
    return pa.array([flag is not False for flag in flags], pa.bool_())


_FACT_COLUMNS: Final[Mapping[str, Callable[[Sequence[Any]], pa.Array]]] = {
    "object_hash": _texts,
    "feature_hash": _texts,
    "shape": _texts,
    "manual_annotation": _is_manual,
    "confidence": partial(pa.array, type=pa.float64()),
    "created_at": read_dates,
    "created_by": pseudonyms,
    "last_edited_at": read_dates,
    "last_edited_by": pseudonyms,
}
"""Makes the column of each fact, in the order of the facts of a label."""
