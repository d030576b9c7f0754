"""Annotations in the making: a tuple of facts each, and the columns made of them.

Everything that can be judged for many annotations at once (sizes, distinct points, masks,
duplicates) is judged after the last one was added, in numpy and Arrow.
"""

from array import array
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from operator import attrgetter, itemgetter
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from coco_dagster.encord.object_label import ObjectLabel
from coco_dagster.encord.shapes import MaskGrid
from coco_dagster.tables.dates import read_dates
from coco_dagster.tables.object_endings import FramePlace
from coco_dagster.tables.row_tables import FrameKeys

AddedAnnotation = tuple[int, int, FramePlace, tuple[Any, ...], tuple[Any, ...]]
"""An annotation that was read and may still be rejected.

Number of its frame, position in the frame's list of objects, place, geometry but for its
coordinates, and facts. A bare tuple: there is one for each annotation, and anything with names
takes several times as long to make. It does not hold the label, so that a label row can leave
memory as soon as it is read.
"""


geometry_of: Final = attrgetter(
    "theta", "ring_sizes", "polygon_sizes", "bitmask", "point_names", "visibility"
)
"""Geometry of what was drawn, but for its coordinates."""


def facts_getter(schema: pa.Schema) -> Callable[[ObjectLabel], tuple[Any, ...]]:
    """What takes the facts of a label: those that columns of the schema hold, the hash first."""
    return attrgetter(*_names_of_facts(schema))


def _names_of_facts(schema: pa.Schema) -> list[str]:
    return [name for name in _FACT_COLUMNS if name in schema.names]


def in_key_order(
    added: Sequence[AddedAnnotation], frames: FrameKeys
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How annotations are sorted by frame and object, those of one object in the order of adding.

    Returns:
        Positions in `added`, and the frame of each of them as a position in `frames`.
    """
    frame = frames.position[np.fromiter(map(itemgetter(0), added), np.int64, len(added))]
    objects = pl.Series([facts[0] for facts in map(itemgetter(4), added)], dtype=pl.String)
    order = pl.DataFrame({"frame": frame, "object": objects}).select(
        pl.arg_sort_by("frame", "object", maintain_order=True)
    )
    positions = order.to_series().to_numpy().astype(np.int64)
    return positions, frame[positions]


def annotation_table(
    added: Sequence[AddedAnnotation],
    coordinates: pa.ListArray,
    frame: NDArray[np.int64],
    frames: FrameKeys,
    schema: pa.Schema,
) -> pa.Table:
    """Annotations as a table, in the given order.

    Args:
        added: the annotations.
        coordinates: those of each.
        frame: the frame of each, as a position in `frames`.
        frames: keys and sizes of all frames; the size stands in for that of a mask's grid where
            the label does not say it.
        schema: `ANNOTATIONS`, or some of its columns.
    """
    _, indexes, _, geometry, labelled = _transposed(added, 5)
    names = _names_of_facts(schema)
    facts = dict(zip(names, _transposed(labelled, len(names)), strict=True))
    theta, ring_sizes, polygon_sizes, bitmasks, point_names, visibility = _transposed(geometry, 6)
    of = pa.array(frame)
    count = len(added)
    columns: dict[str, Any] = {
        "label_hash": frames.label_hash.take(of),
        "data_hash": frames.data_hash.take(of),
        "frame": frames.frame.take(of),
        "annotation_index": pa.array(indexes, pa.int32()),
        "coordinates": coordinates,
        "ring_sizes": pa.array(ring_sizes, pa.list_(pa.int32())),
        "polygon_sizes": pa.array(polygon_sizes, pa.list_(pa.int32())),
        "theta": pa.array(theta, pa.float64()),
    }
    columns |= {name: _FACT_COLUMNS[name](values) for name, values in facts.items()}
    columns |= _mask_columns(bitmasks, frames.width[frame], frames.height[frame])
    skeletons = [row for row, points in enumerate(point_names) if points is not None]
    for name, values in (("keypoint_names", point_names), ("keypoint_visibility", visibility)):
        of_skeletons = [values[row] for row in skeletons]
        columns[name] = _scattered(count, skeletons, of_skeletons, schema.field(name).type)
    return pa.Table.from_arrays([columns[name] for name in schema.names], schema=schema)


def _transposed(rows: Sequence[tuple[Any, ...]], columns: int) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True)) or [()] * columns


class NumberLists:
    """Lists of numbers in the making.

    All numbers stand in a row: as many lists take four times the memory, and are out of the cache
    when they are needed.
    """

    def __init__(self) -> None:
        self._numbers = array("d")
        self._ends = array("q", [0])

    def add(self, numbers: list[float]) -> None:
        """Add a list."""
        self._numbers.fromlist(numbers)
        self._ends.append(len(self._numbers))

    def column(self) -> pa.ListArray:
        """The lists."""
        ends = np.frombuffer(self._ends, np.int64).astype(np.int32)
        numbers = np.frombuffer(self._numbers, np.float64)
        return pa.ListArray.from_arrays(pa.array(ends), pa.array(numbers))


def _mask_columns(
    bitmasks: Sequence[MaskGrid | None],
    frame_width: NDArray[np.int64],
    frame_height: NDArray[np.int64],
) -> dict[str, pa.Array]:
    count = len(bitmasks)
    found = [(row, mask) for row, mask in enumerate(bitmasks) if mask is not None]
    rows, masks = [row for row, _ in found], [mask for _, mask in found]
    width = [mask.width or int(frame_width[row]) for row, mask in found]
    height = [mask.height or int(frame_height[row]) for row, mask in found]
    return {
        "mask_rle": _scattered(count, rows, [mask.rle for mask in masks], pa.string()),
        "mask_top": _scattered(count, rows, [mask.top for mask in masks], pa.int64()),
        "mask_left": _scattered(count, rows, [mask.left for mask in masks], pa.int64()),
        "mask_width": _scattered(count, rows, width, pa.int64()),
        "mask_height": _scattered(count, rows, height, pa.int64()),
    }


def _scattered(
    count: int, rows: Sequence[int], values: Sequence[object], kind: pa.DataType
) -> pa.Array:
    """A column with the given values in the given rows and nulls elsewhere."""
    if not rows:
        return pa.nulls(count, kind)
    places = np.full(count, -1, np.int64)
    places[np.asarray(rows)] = np.arange(len(rows))
    return pa.array(values, kind).take(pa.array(places, mask=places < 0))


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
