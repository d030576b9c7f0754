"""The tables of facts about label rows, their files and their frames."""

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

from coco_dagster.encord.media import FrameEntry, LabelledUnit
from coco_dagster.tables.dates import read_dates
from coco_dagster.tables.row_reading import ReadRow
from coco_dagster.tables.schemas import DATA_UNITS, FRAMES, LABEL_ROWS

Ints = NDArray[np.int64]


class FrameRow(Struct, gc=False):
    """A frame that is an image: its unit, its facts, its order within the label row."""

    unit_id: int
    entry: FrameEntry
    image_index: int


class FrameFacts(Struct, frozen=True):
    """Facts of frames by position; sizes in pixels, 0 where unknown."""

    label_hash: pa.Array
    data_hash: pa.Array
    frame: pa.Array
    width: Ints
    height: Ints
    image_index: pa.Array

    def order(self) -> pl.DataFrame:
        """`label_hash`, `data_hash`, `frame` and `image_index`."""
        return pl.DataFrame(
            {
                "label_hash": pl.Series(self.label_hash, dtype=pl.String),
                "data_hash": pl.Series(self.data_hash, dtype=pl.String),
                "frame": pl.Series(self.frame, dtype=pl.Int64),
                "image_index": pl.Series(self.image_index, dtype=pl.Int32),
            }
        )


class RowTables:
    """Rows of the tables `label_rows` and `data_units` in the making."""

    def __init__(self) -> None:
        self._rows: list[ReadRow] = []
        self._units: list[tuple[ReadRow, LabelledUnit]] = []

    def add_row(self, row: ReadRow) -> None:
        """Add a label row, once its frames and objects are counted."""
        self._rows.append(row)

    def add_unit(self, row: ReadRow, unit: LabelledUnit) -> int:
        """Add a file of a label row and return its number."""
        self._units.append((row, unit))
        return len(self._units) - 1

    def frame_facts(self, frames: list[FrameRow]) -> FrameFacts:
        """Keys and sizes of frames; a frame without a size of its own takes its unit's."""
        units = [self._units[frame.unit_id] for frame in frames]
        sizes = [
            (frame.entry.width or unit.width or 0, frame.entry.height or unit.height or 0)
            for frame, (_, unit) in zip(frames, units, strict=True)
        ]
        known = np.array(sizes, np.int64).reshape(-1, 2)
        return FrameFacts(
            label_hash=pa.array([row.label_hash for row, _ in units], pa.string()),
            data_hash=pa.array([unit.data_hash for _, unit in units], pa.string()),
            frame=pa.array([frame.entry.number for frame in frames], pa.int64()),
            width=known[:, 0],
            height=known[:, 1],
            image_index=pa.array([frame.image_index for frame in frames], pa.int32()),
        )

    def tables(self, frames: list[FrameRow], facts: FrameFacts) -> dict[str, pa.Table]:
        """The tables `label_rows`, `data_units` and `frames`."""
        return {
            "label_rows": self._label_rows(),
            "data_units": self._data_units(),
            "frames": self._frame_table(frames, facts),
        }

    def _label_rows(self) -> pa.Table:
        rows = [(row, row.row) for row in self._rows]
        return _table(
            LABEL_ROWS,
            {
                "label_hash": [row.label_hash for row, _ in rows],
                "row_data_hash": [given.data_hash for _, given in rows],
                "data_title": [given.data_title for _, given in rows],
                "data_type": [given.data_type for _, given in rows],
                "dataset_hash": [given.dataset_hash for _, given in rows],
                "dataset_title": [given.dataset_title for _, given in rows],
                "branch_name": [given.branch_name for _, given in rows],
                "label_status": [given.label_status for _, given in rows],
                "annotation_task_status": [given.annotation_task_status for _, given in rows],
                "created_at": _dates([given.created_at for _, given in rows]),
                "last_edited_at": _dates([given.last_edited_at for _, given in rows]),
                "source_file": [row.raw.source_file for row, _ in rows],
                "source_index": [row.raw.source_index for row, _ in rows],
                "row_sha256": [row.row_sha256 for row, _ in rows],
                "frames": [row.frames for row, _ in rows],
                "objects": [row.objects for row, _ in rows],
            },
        )

    def _data_units(self) -> pa.Table:
        rows = self._units_by_key()
        units = [unit for _, _, unit in rows]
        return _table(
            DATA_UNITS,
            {
                "label_hash": [row.label_hash for _, row, _ in rows],
                "data_hash": [unit.data_hash for unit in units],
                "space": [unit.space for unit in units],
                "unit_index": [index for index, _, _ in rows],
                "media": [unit.media for unit in units],
                "data_type": [unit.data_type for unit in units],
                "mime_type": [unit.mime_type for unit in units],
                "title": [unit.title for unit in units],
                "data_sequence": [unit.data_sequence for unit in units],
                "width": [unit.width for unit in units],
                "height": [unit.height for unit in units],
                "frames_per_second": [unit.frames_per_second for unit in units],
                "number_of_frames": [unit.number_of_frames for unit in units],
                "link": [unit.link for unit in units],
            },
        )

    def _units_by_key(self) -> list[tuple[int, ReadRow, LabelledUnit]]:
        """Units with their order within the row; where two share a data hash, the one with pixels.

        A group and its space `root` share one; so may a space that is named like a data unit.
        """
        units: dict[tuple[str, str], tuple[int, ReadRow, LabelledUnit]] = {}
        index_of: dict[str, int] = {}
        for row, unit in self._units:
            index = index_of[row.label_hash] = index_of.get(row.label_hash, -1) + 1
            key = (row.label_hash, unit.data_hash)
            if key not in units or (units[key][2].media is None and unit.media is not None):
                units[key] = (index, row, unit)
        return list(units.values())

    def _frame_table(self, frames: list[FrameRow], facts: FrameFacts) -> pa.Table:
        entries = [frame.entry for frame in frames]
        known = (facts.width > 0) & (facts.height > 0)
        return _table(
            FRAMES,
            {
                "label_hash": facts.label_hash,
                "data_hash": facts.data_hash,
                "space": [self._units[frame.unit_id][1].space for frame in frames],
                "frame": facts.frame,
                "image_index": facts.image_index,
                "width": pa.array(facts.width, mask=~known),
                "height": pa.array(facts.height, mask=~known),
                "title": [entry.title for entry in entries],
                "member_hash": [entry.member_hash for entry in entries],
                "mime_type": [entry.mime_type for entry in entries],
                "dicom_instance_uid": [entry.dicom_instance_uid for entry in entries],
                "multiframe_frame_number": [
                    _int64(entry.multiframe_frame_number) for entry in entries
                ],
                "file_uri": [entry.file_uri for entry in entries],
            },
        )


def _int64(value: int | None) -> int | None:
    return value if value is not None and abs(value) < 2**63 else None


def _dates(texts: list[str | None]) -> pa.Array:
    return read_dates(pl.Series(texts, dtype=pl.String)).to_arrow()


def _table(schema: pa.Schema, columns: dict[str, Any]) -> pa.Table:
    arrays = [
        column if isinstance(column, pa.Array) else pa.array(column, field.type)
        for field, column in ((field, columns[field.name]) for field in schema)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
