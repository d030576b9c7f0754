"""Geometry of annotations in the making, and the columns made of it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from struct import Struct as Packed
from typing import Any, Final, Generic, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct
from numpy.typing import NDArray

from coco_dagster.encord.run_lengths import Flags, Ints
from coco_dagster.encord.shapes import Drawn, Keypoints, MaskGrid, Rings, Turn

_D = TypeVar("_D")


class DrawnGeometry:
    """Geometry of annotations, in the order of adding.

    Coordinates are packed at once: as lists they take four times the memory, and are out of the
    cache when they are needed. What few shapes have is kept beside the number of its annotation.
    """

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._counts: list[int] = []
        self._details: defaultdict[type, list[tuple[int, Any]]] = defaultdict(list)

    def add(self, drawn: Drawn) -> None:
        """Add the geometry of an annotation."""
        coordinates, detail = drawn.coordinates, drawn.detail
        if detail is not None:
            self._details[type(detail)].append((len(self._packed), detail))
        count = len(coordinates)
        self._packed.append(_packer(count)(*coordinates))
        self._counts.append(count)

    def columns(
        self, shape: pa.StringArray, frame_width: Ints, frame_height: Ints
    ) -> dict[str, pa.Array]:
        """Columns of the schema `ANNOTATIONS` that hold geometry, in the order of adding.

        Args:
            shape: of each annotation.
            frame_width: pixels of the frame of each, which stand in for those of a mask's grid
                where the label does not say them.
            frame_height: likewise.
        """
        counts = np.array(self._counts, np.int64)
        coordinates = np.frombuffer(b"".join(self._packed), np.float64)
        is_polygon = pc.equal(shape, _POLYGON).to_numpy(zero_copy_only=False)
        skeletons = self._details_of(Keypoints)
        return {
            "coordinates": list_column(coordinates, counts),
            "theta": self._details_of(Turn).column(lambda turn: turn.theta, pa.float64()),
            "keypoint_names": skeletons.column(lambda points: points.names, pa.list_(pa.string())),
            "keypoint_visibility": skeletons.column(
                lambda points: points.visibility, pa.list_(pa.int8())
            ),
            **_ring_columns(self._details_of(Rings), is_polygon, counts // 2),
            **_mask_columns(self._details_of(MaskGrid), frame_width, frame_height),
        }

    def _details_of(self, kind: type[_D]) -> "_Details[_D]":
        found = self._details[kind]
        rows = np.array([number for number, _ in found], np.int64)
        return _Details(len(self._counts), rows, [detail for _, detail in found])


class _Details(Struct, Generic[_D], frozen=True):
    """What some rows of a table have, of which there are `count`."""

    count: int
    rows: Ints
    details: list[_D]

    def column(self, value: Callable[[_D], object], kind: pa.DataType) -> pa.Array:
        """A column with a value of each, and nulls in the other rows."""
        return self.of_values(list(map(value, self.details)), kind)

    def of_values(self, values: Sequence[object], kind: pa.DataType) -> pa.Array:
        """Likewise, from the values."""
        if not values:
            return pa.nulls(self.count, kind)
        places = np.full(self.count, -1, np.int64)
        places[self.rows] = np.arange(len(values))
        return pa.array(values, kind).take(pa.array(places, mask=places < 0))


# Typed: of a bare string Arrow would find out the type, for which it imports `dateutil`.
_POLYGON: Final = pa.scalar("polygon", pa.string())


@lru_cache(maxsize=1_024)
def _packer(count: int) -> Callable[..., bytes]:
    """What packs as many numbers as doubles: `array` checks each through three calls."""
    return Packed(f"{count}d").pack


def list_column(
    values: NDArray[np.generic], sizes: Ints, null: Flags | None = None
) -> pa.ListArray:
    """Lists of the given sizes, of which some are null, from what stands in them."""
    offsets = np.concatenate(([0], np.cumsum(sizes))).astype(np.int32)
    mask = None if null is None else pa.array(null)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values), mask=mask)


def _ring_columns(given: _Details[Rings], is_polygon: Flags, points: Ints) -> dict[str, pa.Array]:
    """Columns that say how the points of polygons make rings: one ring, or rings as given."""
    has_rings = np.zeros(is_polygon.size, bool)
    has_rings[given.rows] = True
    columns: dict[str, pa.Array] = {}
    for name, one, lists in (
        ("ring_sizes", points, [rings.ring_sizes for rings in given.details]),
        ("polygon_sizes", np.ones_like(points), [rings.polygon_sizes for rings in given.details]),
    ):
        sizes = is_polygon.astype(np.int64)
        sizes[given.rows] = [len(numbers) for numbers in lists]
        values = np.repeat(one, sizes).astype(np.int32)
        values[np.repeat(has_rings, sizes)] = _flat(lists)
        columns[name] = list_column(values, sizes, ~is_polygon)
    return columns


def _flat(lists: Iterable[Iterable[int]]) -> NDArray[np.int32]:
    return np.fromiter(chain.from_iterable(lists), np.int32)


def _mask_columns(
    masks: _Details[MaskGrid], frame_width: Ints, frame_height: Ints
) -> dict[str, pa.Array]:
    frame_of = zip(
        masks.details,
        frame_width[masks.rows].tolist(),
        frame_height[masks.rows].tolist(),
        strict=True,
    )
    sizes = [(mask.width or width, mask.height or height) for mask, width, height in frame_of]
    return {
        "mask_rle": masks.column(lambda mask: mask.rle, pa.string()),
        "mask_top": masks.column(lambda mask: mask.top, pa.int64()),
        "mask_left": masks.column(lambda mask: mask.left, pa.int64()),
        "mask_width": masks.of_values([width for width, _ in sizes], pa.int64()),
        "mask_height": masks.of_values([height for _, height in sizes], pa.int64()),
    }
