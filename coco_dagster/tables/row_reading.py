"""Label rows as they enter normalisation: read, with their digest and their files."""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Protocol

import polars as pl
from msgspec import Struct

from coco_dagster.encord.label_row import LabelRow, Labels, RowError, RowText
from coco_dagster.encord.label_row_reader import LabelRowReader
from coco_dagster.encord.long_texts import MAX_CHARACTERS, shorten_texts
from coco_dagster.encord.media import LabelledUnit, labelled_units
from coco_dagster.tables.dates import read_dates
from coco_dagster.tables.findings import FindingRows, Place
from coco_dagster.tables.other_rows import UNREADABLE_CODE, source_place, unreadable_message
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
    def json(self) -> RowText:
        """The row's JSON text, byte for byte."""


class ReadRow(Struct, gc=False):
    """A label row that was read, with the facts that its JSON does not hold."""

    raw: RawRow
    row: LabelRow[Labels]
    units: list[LabelledUnit]
    label_hash: str
    row_sha256: str

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
            units, unit_notes = labelled_units(row)
            if len(raw.json) > MAX_CHARACTERS:
                unit_notes += shorten_texts(row, units)
        except RowError as error:
            place = Place(path=source_place(raw.source_file, raw.source_index))
            message = unreadable_message(str(error), digest)
            findings.add(UNREADABLE_CODE, "note", place, message, bytes(raw.json), severity="error")
            continue
        label_hash = row.label_hash or unnamed_label_hash(digest, raw.source_file, raw.source_index)
        for note in (*notes, *unit_notes):
            place = Place(label_hash, path=note.path)
            findings.add(note.code, "note", place, note.message, note.raw)
        yield ReadRow(raw, row, units, label_hash, digest)


def older_editions(editions: Sequence[tuple[str, str | None]]) -> set[int]:
    """Positions of rows that another one with the same label hash supersedes.

    Args:
        editions: label hash and `last_edited_at` of each row, in source order. The one that was
            edited last is kept; a tie: the first.
    """
    hashes = [label_hash for label_hash, _ in editions]
    if len(set(hashes)) == len(hashes):
        return set()
    dates = read_dates([date for _, date in editions])
    return set(range(len(hashes))).difference(newest_positions(hashes, pl.Series(dates)))


def newest_positions(hashes: list[str], dates: pl.Series) -> list[int]:
    """Positions of the newest row of each hash; of equally old ones the first."""
    order = pl.DataFrame({"hash": hashes, "date": dates}).with_row_index("position")
    newest = order.sort("date", descending=True, nulls_last=True, maintain_order=True).unique(
        "hash", keep="first", maintain_order=True
    )
    return newest["position"].to_list()
