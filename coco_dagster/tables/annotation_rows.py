"""Rows of the tables `annotations` and `objects` in the making."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from coco_dagster.encord.object_label import ObjectLabel
from coco_dagster.encord.run_lengths import Flags, Ints
from coco_dagster.encord.shapes import Drawn
from coco_dagster.tables.annotation_columns import (
    AddedAnnotation,
    annotation_table,
    facts_getter,
)
from coco_dagster.tables.drawn_columns import DrawnGeometry
from coco_dagster.tables.geometry_checks import check_geometry
from coco_dagster.tables.object_endings import FramePlace, ObjectEndings
from coco_dagster.tables.rings import without_degenerate_rings
from coco_dagster.tables.row_tables import FrameKeys
from coco_dagster.tables.schemas import OBJECTS, table_key


class AnnotationRows:
    """Annotations that were read and may still be rejected.

    Args:
        endings: takes up those that are, and what was mended.
        schema: `ANNOTATIONS`, or those of its columns that somebody reads.
    """

    def __init__(self, endings: ObjectEndings, schema: pa.Schema) -> None:
        self._endings = endings
        self._schema = schema
        self._facts_of = facts_getter(schema)
        self._added: list[AddedAnnotation] = []
        self._geometry = DrawnGeometry()
        self._notes: list[tuple[int, str, str]] = []
        self._ended = 0
        self._has_tracks = False

    def add(
        self, frame: int, index: int, place: FramePlace, label: ObjectLabel, drawn: Drawn
    ) -> None:
        """Add an annotation.

        Args:
            frame: number of its frame among those that were added.
            index: position in the frame's list of objects.
            place: its frame.
            label: the object.
            drawn: its geometry.
        """
        self._added.append((frame, index, place, self._facts_of(label)))
        self._geometry.add(drawn)

    def end_row(self, objects: int) -> None:
        """End a label row.

        Args:
            objects: of how many different objects it has annotations.
        """
        self._has_tracks |= len(self._added) - self._ended > objects
        self._ended = len(self._added)

    def note_next(self, code: str, message: str) -> None:
        """Note what was mended of the annotation that is added next, should it be kept."""
        self._notes.append((len(self._added), code, message))

    def tables(self, frames: FrameKeys, objects: pa.Schema) -> tuple[pa.Table, pa.Table]:
        """Annotations that can be rendered, and their objects; the others end with a finding.

        Args:
            frames: all frames that were added.
            objects: `OBJECTS`, or the columns of its key and some others.

        Returns:
            Annotations in the order of adding, and one row per object in that of first frames.
        """
        annotations, frame = self._usable(frames)
        if self._has_tracks:
            return annotations, _object_table(annotations, frame, objects)
        return annotations, _single_objects(annotations, frame, objects)

    def _usable(self, frames: FrameKeys) -> tuple[pa.Table, Ints]:
        """Annotations that can be rendered, and the number of the frame of each."""
        frame = np.array([added[0] for added in self._added], np.int64)
        table = annotation_table(self._added, self._geometry, frame, frames, self._schema)
        verdict = check_geometry(table, frames.width[frame], frames.height[frame])
        keep = verdict.faults == 0
        for annotation in np.flatnonzero(~keep).tolist():
            fault = verdict.fault(annotation)
            self._reject(annotation, fault.code, fault.message)
        if self._has_tracks:
            repeated = _repeated(frame, table["object_hash"], keep)
            for annotation in np.flatnonzero(repeated).tolist():
                message = "The frame already has an annotation of this object."
                self._reject(annotation, "repeated_object", message)
            keep &= ~repeated
        for annotation, code, message in self._notes:
            if keep[annotation]:
                self._note(annotation, code, message)
        for annotation in np.flatnonzero(verdict.cropped_masks & keep).tolist():
            message = "The mask reaches over the edge of the frame and is cropped."
            self._note(annotation, "cropped_mask", message)
        rings_of = table["ring_sizes"].combine_chunks().value_lengths().fill_null(0).to_numpy()
        degenerate = verdict.degenerate_rings[np.repeat(keep, rings_of)]
        table = table if keep.all() else table.filter(pa.array(keep))
        table, lost_ring = without_degenerate_rings(table, degenerate)
        for annotation in np.flatnonzero(keep)[lost_ring].tolist():
            message = "Rings with fewer than three distinct points are left out."
            self._note(annotation, "degenerate_ring", message)
        return table, frame[keep]

    def _reject(self, number: int, code: str, message: str) -> None:
        _, index, place, facts = self._added[number]
        self._endings.end_added(place, index, facts[0], code, message)

    def _note(self, number: int, code: str, message: str) -> None:
        _, index, place, facts = self._added[number]
        self._endings.note_added(place, index, facts[0], code, message)


def _repeated(frame: Ints, object_hash: pa.ChunkedArray, keep: Flags) -> Flags:
    """Annotations before which a usable one has the same frame and object."""
    usable = np.flatnonzero(keep)
    keys = pl.DataFrame({"frame": frame, "object": pl.Series(object_hash)})[usable]
    repeated = np.zeros(keep.size, bool)
    if keys.n_unique() < keys.height:
        repeated[usable] = (
            ~keys.select(pl.struct(pl.all()).is_first_distinct()).to_series().to_numpy()
        )
    return repeated


def _object_table(annotations: pa.Table, frame: Ints, schema: pa.Schema) -> pa.Table:
    """One row per track of the annotations, in the order of their first frames.

    Args:
        annotations: table of the schema `ANNOTATIONS`.
        frame: number of the frame of each; those of a label row are numbered in its order.
        schema: of the table.
    """
    key = table_key(OBJECTS)
    others = [_OF_TRACK[name].alias(name) for name in schema.names if name not in key]
    table: pa.Table = (
        pl.DataFrame(pl.from_arrow(annotations.select(_READ_OF_TRACK)))
        .with_columns(frame_number=frame)
        .sort("frame_number", maintain_order=True)
        .group_by(key, maintain_order=True)
        .agg(others)
        .select(schema.names)
        .to_arrow()
    )
    return table.cast(schema)


def _single_objects(annotations: pa.Table, frame: Ints, schema: pa.Schema) -> pa.Table:
    """What `_object_table` makes of annotations of which no two have the same object."""
    columns = dict(zip(annotations.column_names, annotations.columns, strict=True)) | {
        "first_data_hash": annotations["data_hash"],
        "first_frame": annotations["frame"],
        "number_of_frames": pa.array(np.ones(frame.size, np.int64)),
    }
    table = pa.Table.from_arrays([columns[name] for name in schema.names], schema=schema)
    if (frame[1:] >= frame[:-1]).all():
        return table
    return table.take(pa.array(np.argsort(frame, kind="stable")))


_OF_TRACK: Final[Mapping[str, pl.Expr]] = {
    "feature_hash": pl.first("feature_hash"),
    "shape": pl.first("shape"),
    "first_data_hash": pl.first("data_hash"),
    "first_frame": pl.first("frame"),
    "number_of_frames": pl.len().cast(pl.Int64),
}
_READ_OF_TRACK: Final = ["label_hash", "data_hash", "frame", "object_hash", "feature_hash", "shape"]
