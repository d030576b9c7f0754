"""Label rows as they enter normalisation: read, with their digest and their files."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Protocol

import polars as pl
from msgspec import Struct

from coco_dagster.encord.label_row import LabelRow, LabelRowReader, Labels, RowError
from coco_dagster.encord.media import LabelledUnit, labelled_units
from coco_dagster.tables.dates import read_dates
from coco_dagster.tables.findings import FindingRows, Place
from coco_dagster.tables.schemas import unnamed_label_hash


class RawRow(Protocol):
    """A label row as received, and where it stood."""

    @property
    def source_file(self) -> str:
        """Path of the file within the source."""

    @property
    def source_index(self) -> int:
        """Position of the row in that file, from 0."""

    @property
    def json(self) -> bytes:
        """The row's JSON text, byte for byte."""


class ReadRow(Struct, gc=False):
    """A label row that was read, with the facts that its JSON does not hold.

    Attributes:
        frames: its images, counted while they are added.
        objects: its input objects, likewise.
    """

    raw: RawRow
    row: LabelRow[Labels]
    units: list[LabelledUnit]
    label_hash: str
    row_sha256: str
    frames: int = 0
    objects: int = 0

    @property
    def source(self) -> str:
        """Where the row stood, for people."""
        return f"{self.raw.source_file}[{self.raw.source_index}]"


def read_rows(
    rows: Iterable[RawRow], findings: FindingRows, digests: list[str]
) -> Iterator[ReadRow]:
    """Read label rows; what is unreadable or mended becomes a finding.

    Args:
        rows: label rows in source order.
        findings: takes up the findings.
        digests: takes up the hex SHA-256 of every row.
    """
    reader = LabelRowReader()
    for raw in rows:
        digest = sha256(raw.json).hexdigest()
        digests.append(digest)
        try:
            row, notes = reader.read(raw.json)
        except RowError as error:
            place = Place(path=f"{raw.source_file}[{raw.source_index}]")
            findings.add("unreadable_row", "note", place, str(error), raw.json, severity="error")
            continue
        units, unit_notes = labelled_units(row)
        label_hash = row.label_hash or unnamed_label_hash(digest, raw.source_file, raw.source_index)
        for note in (*notes, *unit_notes):
            place = Place(label_hash, path=note.path)
            findings.add(note.code, "note", place, note.message, note.raw)
        yield ReadRow(raw, row, units, label_hash, digest)


def newest_rows(rows: list[ReadRow]) -> tuple[list[ReadRow], list[ReadRow]]:
    """Of rows with the same label hash, the one that was edited last; a tie: the first.

    Returns:
        The rows to keep and those that are superseded, both in source order.
    """
    hashes = [row.label_hash for row in rows]
    if len(set(hashes)) == len(hashes):
        return rows, []
    dates = read_dates(pl.Series([row.row.last_edited_at for row in rows], dtype=pl.String))
    newest = set(newest_positions(hashes, dates))
    kept = [row for position, row in enumerate(rows) if position in newest]
    superseded = [row for position, row in enumerate(rows) if position not in newest]
    return kept, superseded


def newest_positions(hashes: list[str], dates: pl.Series) -> list[int]:
    """Positions of the newest row of each hash; of equally old ones the first."""
    order = pl.DataFrame({"hash": hashes, "date": dates}).with_row_index("position")
    newest = order.sort("date", descending=True, nulls_last=True, maintain_order=True).unique(
        "hash", keep="first", maintain_order=True
    )
    return newest["position"].to_list()
