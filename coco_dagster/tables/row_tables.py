"""The tables of facts about label rows, their files and their frames.

Facts are taken from a label row as soon as it is read, as plain tuples, so that the row itself
need not stay in memory.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, Final

import numpy as np
import pyarrow as pa
from msgspec import Struct

from coco_dagster.encord.media import FrameEntry, LabelledUnit
from coco_dagster.encord.run_lengths import Ints
from coco_dagster.tables.dates import read_dates
from coco_dagster.tables.findings import FindingRows, Place
from coco_dagster.tables.row_reading import ReadRow
from coco_dagster.tables.schemas import DATA_UNITS, FRAMES, LABEL_ROWS

_Facts = tuple[Any, ...]

_FACTS_OF_ROW: Final = (
    "data_hash",
    "data_title",
    "data_type",
    "dataset_hash",
    "dataset_title",
    "branch_name",
    "label_status",
    "annotation_task_status",
    "created_at",
    "last_edited_at",
)
_FACTS_OF_UNIT: Final = (
    "data_hash",
    "space",
    "media",
    "data_type",
    "mime_type",
    "title",
    "data_sequence",
    "width",
    "height",
    "frames_per_second",
    "number_of_frames",
    "link",
)
_FACTS_OF_FRAME: Final = (
    "number",
    "title",
    "member_hash",
    "mime_type",
    "dicom_instance_uid",
    "multiframe_frame_number",
    "file_uri",
    "path",
)
_facts_of_row: Final = attrgetter(*_FACTS_OF_ROW)
_facts_of_unit: Final = attrgetter(*_FACTS_OF_UNIT)
_facts_of_frame: Final = attrgetter(*_FACTS_OF_FRAME)
_SOURCE: Final = ("source_file", "source_index", "row_sha256", "frames", "objects")
_ROW: Final = ("label_hash", *_SOURCE, *_FACTS_OF_ROW)
_UNIT: Final = ("label_hash", "unit_index", *_FACTS_OF_UNIT)
_FRAME: Final = (
    *("label_hash", "data_hash", "space", "width", "height", "image_index"),
    *_FACTS_OF_FRAME,
)
_DATES: Final = ("created_at", "last_edited_at")


class FrameKeys(Struct, frozen=True):
    """Keys and sizes of the frames of a part, in the order of adding.

    Attributes:
        label_hash: key; data_hash: likewise; frame: likewise.
        width: pixels, 0 where unknown; height: likewise.
    """

    label_hash: pa.Array
    data_hash: pa.Array
    frame: pa.Array
    width: Ints
    height: Ints


class RowTables:
    """Rows of the tables `label_rows`, `data_units` and `frames` in the making."""

    def __init__(self) -> None:
        self._rows: list[_Facts] = []
        self._units: list[_Facts] = []
        self._frames: list[_Facts] = []

    def add_row(self, row: ReadRow, frames: int, objects: int) -> None:
        """Add a label row with the numbers of its images and of its input objects."""
        raw = row.raw
        source = (raw.source_file, raw.source_index, row.row_sha256, frames, objects)
        self._rows.append((row.label_hash, *source, *_facts_of_row(row.row)))

    def add_units(self, row: ReadRow) -> None:
        """Add the files of a label row.

        Of two that share a data hash the one with pixels counts: a group and its space `root`
        share one; so may a space that is named like a data unit.
        """
        units: dict[str, tuple[int, LabelledUnit]] = {}
        for index, unit in enumerate(row.units):
            known = units.get(unit.data_hash)
            if known is None or (known[1].media is None and unit.media is not None):
                units[unit.data_hash] = (index, unit)
        for index, unit in units.values():
            self._units.append((row.label_hash, index, *_facts_of_unit(unit)))

    def add_frame(
        self, row: ReadRow, unit: LabelledUnit, entry: FrameEntry, image_index: int
    ) -> int:
        """Add an image and return its number; without a size of its own it takes its unit's."""
        width = entry.width or unit.width or 0
        height = entry.height or unit.height or 0
        facts = (unit.data_hash, unit.space, width, height, image_index)
        self._frames.append((row.label_hash, *facts, *_facts_of_frame(entry)))
        return len(self._frames) - 1

    def label_rows(self, findings: FindingRows) -> pa.Table:
        """The table `label_rows`, in the order of adding.

        Args:
            findings: takes up dates that are none, since they decide which edition is exported.
        """
        columns = _columns(self._rows, _ROW)
        columns["row_data_hash"] = columns["data_hash"]
        for name in _DATES:
            dates = read_dates(columns[name])
            _note_no_dates(name, columns[name], dates, columns["label_hash"], findings)
            columns[name] = dates
        return _table(LABEL_ROWS, columns)

    def data_units(self) -> pa.Table:
        """The table `data_units`, in the order of adding."""
        return _table(DATA_UNITS, _columns(self._units, _UNIT))

    def frames(self) -> tuple[pa.Table, FrameKeys]:
        """The table `frames`, in the order of adding, and what annotations need of it."""
        columns = _columns(self._frames, _FRAME)
        width, height = np.array(columns["width"], np.int64), np.array(columns["height"], np.int64)
        is_known = (width > 0) & (height > 0)
        multiframe = [_int64(number) for number in columns["multiframe_frame_number"]]
        table = _table(
            FRAMES,
            columns
            | {
                "frame": columns["number"],
                "width": pa.array(width, mask=~is_known),
                "height": pa.array(height, mask=~is_known),
                "multiframe_frame_number": multiframe,
            },
        )
        label_hash, data_hash, frame = (
            table[name].combine_chunks() for name in ("label_hash", "data_hash", "frame")
        )
        return table, FrameKeys(label_hash, data_hash, frame, width, height)


def _note_no_dates(
    name: str,
    texts: Sequence[str | None],
    dates: pa.Array,
    label_hashes: Sequence[str],
    findings: FindingRows,
) -> None:
    if dates.null_count == sum(not text for text in texts):
        return
    for label_hash, text, is_read in zip(
        label_hashes, texts, dates.is_valid().to_pylist(), strict=True
    ):
        if text and not is_read:
            place = Place(label_hash, path=f"$.{name}")
            findings.add("malformed_date", "note", place, f"`{text}` is no date and left out.")


def _int64(value: int | None) -> int | None:
    return value if value is not None and abs(value) < 2**63 else None


def _columns(rows: Iterable[_Facts], names: tuple[str, ...]) -> dict[str, Any]:
    """Columns of rows whose facts have the given names."""
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return dict(zip(names, columns, strict=True))


def _table(schema: pa.Schema, columns: dict[str, Any]) -> pa.Table:
    arrays = [
        column if isinstance(column, pa.Array) else pa.array(column, field.type)
        for field, column in ((field, columns[field.name]) for field in schema)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
