"""Annotations in the making: flat growing columns instead of an object per annotation.

Everything that can be judged for many annotations at once (sizes, distinct points, masks,
duplicates) is judged here after the last one was added, in numpy and Arrow.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from coco_dagster.encord.shapes import Drawn, ObjectLabel, SkeletonPoint
from coco_dagster.tables.dates import read_dates
from coco_dagster.tables.schemas import ANNOTATIONS

AddedAnnotation = tuple[int, int, ObjectLabel, Drawn, Any]
"""An annotation that was read and may still be rejected.

Position of its frame among the frames of the part, position in the frame's list of objects, label,
geometry, and whatever its adder needs to find it again. A bare tuple: there is one for each
annotation, and anything with names takes several times as long to make.
"""


class AnnotationColumns:
    """Columns of the annotations of a part, made from flat arrays."""

    def __init__(self, added: Sequence[AddedAnnotation]) -> None:
        self._labels = [label for _, _, label, _, _ in added]
        self._drawn = [drawn for _, _, _, drawn, _ in added]
        self._positions = [position for _, position, _, _, _ in added]
        self.frame_ids = np.array([frame_id for frame_id, _, _, _, _ in added], np.int32)
        self.object_hashes = [label.object_hash for label in self._labels]
        self.ring_counts = np.array([len(d.ring_sizes or ()) for d in self._drawn], np.int32)

    def table(
        self,
        label_hash: pa.Array,
        data_hash: pa.Array,
        frame: pa.Array,
        frame_width: NDArray[np.int64],
        frame_height: NDArray[np.int64],
    ) -> pa.Table:
        """All annotations as a table of the schema `ANNOTATIONS`, in the order of adding.

        Args:
            label_hash: of each annotation.
            data_hash: likewise.
            frame: likewise.
            frame_width: pixels of each annotation's frame, which stand in for the missing size
                of a mask's grid.
            frame_height: likewise.
        """
        labels, drawn = self._labels, self._drawn
        columns: dict[str, Any] = {
            "label_hash": label_hash,
            "data_hash": data_hash,
            "frame": frame,
            "object_hash": pa.array(self.object_hashes, pa.string()),
            "feature_hash": pa.array([label.feature_hash for label in labels], pa.string()),
            "annotation_index": pa.array(self._positions, pa.int32()),
            "shape": pa.array([label.shape for label in labels], pa.string()),
            "coordinates": pa.array([d.coordinates for d in drawn], pa.list_(pa.float64())),
            "ring_sizes": pa.array([d.ring_sizes for d in drawn], pa.list_(pa.int32())),
            "polygon_sizes": pa.array([d.polygon_sizes for d in drawn], pa.list_(pa.int32())),
            "theta": pa.array([d.theta for d in drawn], pa.float64()),
            "manual_annotation": pa.array(
                [label.manual_annotation is not False for label in labels], pa.bool_()
            ),
            "confidence": pa.array([label.confidence for label in labels], pa.float64()),
            "created_at": _dates([label.created_at for label in labels]),
            "created_by": pseudonyms([label.created_by for label in labels]),
            "last_edited_at": _dates([label.last_edited_at for label in labels]),
            "last_edited_by": pseudonyms([label.last_edited_by for label in labels]),
        }
        columns |= self._mask_columns(frame_width, frame_height)
        columns |= self._skeleton_columns()
        return pa.Table.from_arrays(
            [columns[field.name] for field in ANNOTATIONS], schema=ANNOTATIONS
        )

    def _mask_columns(
        self, frame_width: NDArray[np.int64], frame_height: NDArray[np.int64]
    ) -> dict[str, pa.Array]:
        count = len(self._drawn)
        found = [(row, d.bitmask) for row, d in enumerate(self._drawn) if d.bitmask is not None]
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

    def _skeleton_columns(self) -> dict[str, pa.Array]:
        count = len(self._drawn)
        found = [(row, d.skeleton) for row, d in enumerate(self._drawn) if d.skeleton is not None]
        rows = [row for row, _ in found]
        names = [point_names(points) for _, points in found]
        visibility = [self._drawn[row].visibility for row in rows]
        return {
            "keypoint_names": _scattered(count, rows, names, pa.list_(pa.string())),
            "keypoint_visibility": _scattered(count, rows, visibility, pa.list_(pa.int8())),
        }


def point_names(points: Sequence[SkeletonPoint]) -> list[str]:
    """Names of the points of a skeleton; a point without one is named by its position."""
    return [
        point.name if point.name is not None else f"point_{position}"
        for position, point in enumerate(points)
    ]


def _scattered(
    count: int, rows: Sequence[int], values: Sequence[object], kind: pa.DataType
) -> pa.Array:
    """A column with the given values in the given rows and nulls elsewhere."""
    if not rows:
        return pa.nulls(count, kind)
    places = np.full(count, -1, np.int64)
    places[np.asarray(rows)] = np.arange(len(rows))
    return pa.array(values, kind).take(pa.array(places, mask=places < 0))


def _dates(texts: list[str | None]) -> pa.Array:
    return read_dates(pl.Series(texts, dtype=pl.String)).to_arrow()


def pseudonyms(users: list[str | None]) -> pa.Array:
    """Users as written, e-mail addresses as ``user-`` and ten hex digits of their SHA-256."""
    encoded = pa.array(users, pa.string()).dictionary_encode()
    names = [_pseudonym(user) for user in encoded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(names, pa.string())).cast(
        pa.string()
    )


def _pseudonym(user: str) -> str:
    if "@" not in user:
        return user
    return f"user-{sha256(user.strip().lower().encode()).hexdigest()[:10]}"
