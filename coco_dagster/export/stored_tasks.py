"""Work on stored parts, as messages that a worker process can carry out (see `tasks`).

A part is named by what determines it, and one that is already there is not made again.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import polars as pl
import pyarrow as pa
from msgspec import Struct

from coco_dagster.encord.row_dataset import dataset_of
from coco_dagster.encord.source_chunks import SourceChunk, SourceRow
from coco_dagster.export.ontology_cache import ontology_of
from coco_dagster.export.partition_keys import dataset_key
from coco_dagster.export.places import PartPlace, PartSlice, TableFolder
from coco_dagster.export.slicing import (
    POSITION,
    sorted_by_window,
    window_numbers,
    windows_of_rows,
    write_windows,
)
from coco_dagster.tables.locations import location
from coco_dagster.tables.normalise import normalise_rows
from coco_dagster.tables.part_store import (
    SourcePosition,
    SourceSpan,
    StoredPart,
    find_part,
    parts_url,
    store_part,
)
from coco_dagster.tables.parts import content_digest, part_path, read_part, read_part_table
from coco_dagster.tables.raw_labels import raw_label_table
from coco_dagster.tables.schemas import LABEL_TABLES, ROW_DIGESTS
from coco_dagster.tables.superseded import without_label_rows
from coco_dagster.tables.table_rows import sorted_by_key

NAME_DIGITS: Final = 32
"""Hex digits of the name of a part."""


class SnapshotPart(Struct, frozen=True, tag=True):
    """Report on a part of raw labels.

    Attributes:
        part: the part.
        row_digests: hex SHA-256 of its label rows, in source order.
        is_new: whether it was not there before.
    """

    part: StoredPart
    row_digests: list[str]
    is_new: bool


class SnapshotRows(Struct, frozen=True, tag=True):
    """Keep label rows as one part of the table `raw_labels`, named by its content."""

    chunk: SourceChunk
    root: str

    def run(self) -> SnapshotPart:
        """Carry it out."""
        rows = self.chunk.read_rows()
        table, digests = raw_label_table(rows)
        name = content_digest(table)[:NAME_DIGITS]
        known = find_part(self.root, name)
        if known is not None:
            return SnapshotPart(known, digests, is_new=False)
        part = store_part(self.root, name, {"raw_labels": table}, _span(rows))
        return SnapshotPart(part, digests, is_new=True)


class DatasetsOfRows(Struct, frozen=True, tag=True):
    """Report on a chunk of a source.

    Attributes:
        keys: key of the partition of each label row, in source order.
    """

    keys: list[str]


class FindDatasets(Struct, frozen=True, tag=True):
    """Find the dataset of each label row of a chunk."""

    chunk: SourceChunk

    def run(self) -> DatasetsOfRows:
        """Carry it out."""
        return DatasetsOfRows([dataset_key(dataset_of(row.json)) for row in self.chunk.read_rows()])


class NormaliseStored(Struct, frozen=True, tag=True):
    """Turn a stored part of `raw_labels` into a stored part of the normalised tables."""

    raw_labels: str
    raw_part: str
    ontology: TableFolder
    root: str
    name: str

    def run(self) -> StoredPart:
        """Carry it out."""
        path = part_path(
            location(parts_url(self.raw_labels)), "raw_labels", self.raw_part, "parquet"
        )
        raw = read_part_table(path, "parquet", ["source_file", "source_index", "json"])
        raw = raw.sort_by([("source_file", "ascending"), ("source_index", "ascending")])
        columns = (raw[name].to_pylist() for name in raw.column_names)
        rows = [SourceRow(*values) for values in zip(*columns, strict=True)]
        normalised = normalise_rows(rows, *ontology_of(self.ontology))
        digests = pa.table(
            [
                raw["source_file"],
                raw["source_index"],
                pa.array(normalised.row_digests, pa.string()),
            ],
            schema=ROW_DIGESTS,
        )
        return store_part(
            self.root,
            self.name,
            {name: sorted_by_key(table) for name, table in normalised.tables.items()}
            | {"row_digests": digests},
            _span(rows),
            {"skeleton_points": normalised.skeleton_points},
        )


class DropStoredRows(Struct, frozen=True, tag=True):
    """Make a stored part without the label rows that another part supersedes."""

    root: str
    part: StoredPart
    label_hashes: list[str]
    name: str

    def run(self) -> StoredPart:
        """Carry it out."""
        tables = read_part(
            location(parts_url(self.root)), self.part.name, self.part.tables, "parquet"
        )
        kept = without_label_rows({name: tables[name] for name in LABEL_TABLES}, self.label_hashes)
        return store_part(
            self.root,
            self.name,
            kept | {"row_digests": tables["row_digests"]},
            self.part.span,
            self.part.facts,
        )


class SlicedPart(Struct, frozen=True, tag=True):
    """Report on a part that was cut.

    Attributes:
        windows: the window of each of its record batches.
    """

    windows: list[int]


class SlicePart(Struct, frozen=True, tag=True):
    """Cut a part into windows of the source order, a record batch for each."""

    place: PartPlace
    tables: tuple[str, ...]
    rows: str
    cuts: list[SourcePosition]
    out: TableFolder
    name: str

    def run(self) -> SlicedPart:
        """Carry it out."""
        whole = PartSlice(self.place.folder, self.place.part)
        rows = whole.read(self.rows, ["label_hash", *POSITION])
        of_rows = window_numbers(rows, self.cuts)
        windows = sorted(set(of_rows.tolist())) or [0]
        frame = windows_of_rows(rows, of_rows)
        _divide(whole, self.tables, frame, windows, self.out, self.name)
        return SlicedPart(windows)


class TakeRowsOut(Struct, frozen=True, tag=True):
    """Divide a part into what stays, its first record batch, and label rows that are taken out.

    Attributes:
        part: the part.
        label_hashes: label rows that are taken out.
        batches: the record batch of each, from 1.
        out: folder for the divided part.
        name: its name there.
    """

    part: PartSlice
    label_hashes: list[str]
    batches: list[int]
    out: TableFolder
    name: str

    def run(self) -> SlicedPart:
        """Carry it out."""
        batches = range(max(self.batches) + 1)
        of_rows = pl.DataFrame({"label_hash": self.label_hashes, "window": self.batches})
        _divide(self.part, LABEL_TABLES, of_rows, batches, self.out, self.name)
        return SlicedPart(list(batches))


def _divide(
    part: PartSlice,
    tables: Iterable[str],
    of_rows: pl.DataFrame,
    windows: Sequence[int],
    out: TableFolder,
    name: str,
) -> None:
    """Write tables of a part with a record batch for each window of its label rows."""
    for table in tables:
        ordered, counts = sorted_by_window(part.read(table), of_rows, windows)
        write_windows(part_path(out.path, table, name, out.form), ordered, counts)


def _span(rows: list[SourceRow]) -> SourceSpan | None:
    if not rows:
        return None
    places = [SourcePosition(row.source_file, row.source_index) for row in (rows[0], rows[-1])]
    return SourceSpan(*places)
