"""Chunks of label rows: small descriptions of where rows lie, which a worker reads by itself."""

import os
from array import array
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from coco_dagster.encord.label_row import RowText
from coco_dagster.errors import SourceError


class SourceRow(NamedTuple):
    """One label row as received.

    Attributes:
        source_file: path of its file within the source, `/`-separated.
        source_index: its position in that file, from 0.
        json: its bytes, without the white space and commas around them; a view of those of its
            chunk, which stay in memory with it. They are JSON by its grammar, but not always an
            object, and their strings are not always valid UTF-8.
    """

    source_file: str
    source_index: int
    json: RowText


class FileStamp(NamedTuple):
    """What tells whether a file is still the same: its size in bytes and when it was written."""

    size: int
    modified_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> "FileStamp":
        """The stamp of a file with this status."""
        return cls(status.st_size, status.st_mtime_ns)


class Segment(Struct, frozen=True):
    """Where consecutive rows of one file lie.

    Attributes:
        path: local file that holds their bytes: the source file itself or a spool file.
        stamp: of the source file when it was divided; None for a spool file.
        offset: place of the first byte in it.
        length: number of bytes.
        starts: place of each row, counted from `offset`.
        lengths: number of bytes of each row.
        source_file: path of their file within the source, `/`-separated.
        first_index: position of the first one in that file, from 0.
    """

    path: str
    stamp: FileStamp | None
    offset: int
    length: int
    starts: array  # type: ignore[type-arg]  # 3.11 cannot evaluate array[int]
    lengths: array  # type: ignore[type-arg]
    source_file: str
    first_index: int

    def read_rows(self) -> list[SourceRow]:
        """Reads the rows.

        Raises:
            SourceError: the file is not what it was when it was divided.
        """
        try:
            text = memoryview(self._read())
        except OSError:
            text = memoryview(b"")
        if len(text) != self.length:
            raise SourceError(
                f"{self.source_file} changed while it was read: start again when it is complete."
            )
        spans = enumerate(zip(self.starts, self.lengths, strict=True), self.first_index)
        return [
            SourceRow(self.source_file, index, text[start : start + length])
            for index, (start, length) in spans
        ]

    def _read(self) -> bytes:
        with open(self.path, "rb", buffering=0) as file:
            file.seek(self.offset)
            text = file.read(self.length)
            # Afterwards: what was written before the reading ended shows.
            is_same = self.stamp in (None, FileStamp.of(os.fstat(file.fileno())))
            return text if is_same else b""


class SourceChunk(Struct, frozen=True):
    """Consecutive rows of a source: the unit of work. Small, and may be pickled.

    Attributes:
        index: its position in the source, from 0.
        segments: where its rows lie, in source order.
        spool_file: file that holds bytes of this chunk alone, or None.
    """

    index: int
    segments: tuple[Segment, ...]
    spool_file: str | None = None

    @property
    def rows(self) -> int:
        """Number of label rows."""
        return sum(len(segment.starts) for segment in self.segments)

    @property
    def length(self) -> int:
        """Number of uncompressed bytes."""
        return sum(segment.length for segment in self.segments)

    def read_rows(self) -> list[SourceRow]:
        """Reads the rows, in source order.

        Raises:
            SourceError: a file is not what it was when it was divided.
        """
        return [row for segment in self.segments for row in segment.read_rows()]

    def discard(self) -> None:
        """Deletes the spool file; the chunk cannot be read afterwards."""
        if self.spool_file is not None:
            Path(self.spool_file).unlink(missing_ok=True)
