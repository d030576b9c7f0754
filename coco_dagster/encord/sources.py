"""Streams label rows from wherever they lie, as bytes, in chunks of bounded size.

A source is a file (an array of label rows, one label row, or JSON lines; plain, gzip or zstd), a
folder of such files, a zip of them, or an fsspec URL of any of these. The parent process finds
out where rows lie and hands small `SourceChunk`s to workers, which read the bytes themselves:
from the file itself where it is local and plain, otherwise from a spool file.
"""

import os
import re
import tempfile
from array import array
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, TypeAlias

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from coco_dagster.encord.byte_window import ByteWindow, RowSpans
from coco_dagster.encord.json_structure import JsonSyntaxError
from coco_dagster.encord.limits import SourceLimits, limits_of
from coco_dagster.encord.row_splitter import CHUNK_BYTES, RowRun, split_stream
from coco_dagster.encord.source_chunks import FileStamp, Segment, SourceChunk, SourceRow
from coco_dagster.encord.source_files import (
    LABEL_FILES,
    Listing,
    PassedOver,
    SourceFile,
    list_files,
    locate,
    state_of,
)
from coco_dagster.encord.source_streams import CHANGED, Explained, SourceStream
from coco_dagster.errors import SourceError, StorageError

if TYPE_CHECKING:
    from upath import UPath

__all__ = [
    "CHUNK_BYTES",
    "LabelSource",
    "Location",
    "PassedOver",
    "Segment",
    "SourceChunk",
    "SourceRow",
    "read_text",
]

Location: TypeAlias = "str | os.PathLike[str] | UPath"
"""A path or an fsspec URL."""

CHUNK_ROWS: Final = 50_000
"""Label rows of a chunk: those of Encord are some kB long, so that only tiny ones come to it."""

_NEARLY: Final = 16
"""A chunk of which less than this fraction is left takes no other run."""

# What stands before the first row must not make the whole buffer move.
_SPARE_BYTES: Final = 1 << 12
_LEAST_OBJECT: Final = 3
_START_BYTES: Final = 1 << 16
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_LABEL_ROW_START: Final = re.compile(rb'\{\s*"(label_hash|data_hash|data_units)"')


class LabelSource:
    """A source of label rows.

    Attributes:
        passed_over: the files of a folder or zip that hold no label rows, known once `chunks` has
            been used up.
    """

    def __init__(
        self,
        labels: Location,
        spool: str | os.PathLike[str],
        only: Callable[[str], bool] | None = None,
        limits: SourceLimits | None = None,
    ) -> None:
        """Names a source; nothing is read yet.

        Args:
            labels: path or fsspec URL of a file, a folder or a zip.
            spool: folder for bytes that cannot be read in place (compressed, zipped, remote); made
                when needed. It holds the chunks that were yielded and not yet discarded.
            only: tells by its path within the source whether a file is read; None reads all.
            limits: what the source may ask for; by default those that hold in this process.
        """
        self.passed_over: list[PassedOver] = []
        self._location = _location(labels)
        self._spool = Path(spool)
        self._only = only
        self._limits = limits or limits_of()
        self._states: dict[str, object] | None = None

    def label_files(self) -> list[str]:
        """Paths of the files of label rows within the source, sorted; reads the start of each.

        Raises:
            SourceError: as `chunks`.
        """
        buffer = bytearray(_START_BYTES)
        names: list[str] = []
        with self._listing() as listing:
            for file in listing.files:
                runs = _runs_of_file(file, buffer, _START_BYTES, self._limits)
                first = next(runs, None)
                if not (first and listing.is_collection and _reason_against(first)):
                    names.append(file.name)
                runs.close()
        return names

    def chunks(self, chunk_bytes: int = CHUNK_BYTES) -> Iterator[SourceChunk]:
        """Divides the source.

        Args:
            chunk_bytes: bytes of rows per chunk; only a chunk of a single row may be larger.

        Yields:
            The chunks in source order: files sorted by path, rows in file order. Where they begin
            and end depends on the source and `chunk_bytes` alone; none has more than `CHUNK_ROWS`.

        Raises:
            SourceError: the source is missing, holds no file of label rows, or has a file that
                is not JSON, of a wrong type, damaged, or beyond a limit; or it changed while it
                was read, be it since an earlier call.
            StorageError: the spool folder cannot be written.
        """
        self.passed_over = []
        gathering = _Gathering(self._spool)
        try:
            with self._listing() as listing:
                self._check_unchanged(listing)
                self.passed_over += listing.passed_over
                for run in self._runs(listing, chunk_bytes):
                    for part in _with_few_rows(run):
                        if gathering.overflows(part, chunk_bytes):
                            yield gathering.chunk()
                        gathering.add(part)
                        # Whoever waits for it need not wait until the next run is found too.
                        if gathering.is_nearly_full(chunk_bytes):
                            yield gathering.chunk()
            if gathering.length:
                yield gathering.chunk()
        finally:
            gathering.discard()

    @contextmanager
    def _listing(self) -> Iterator[Listing]:
        with list_files(self._location, self._limits) as listing:
            if self._only is None:
                yield listing
            else:
                chosen = [file for file in listing.files if self._only(file.name)]
                yield listing._replace(files=chosen)

    def _check_unchanged(self, listing: Listing) -> None:
        states = {file.name: state_of(file) for file in listing.files}
        if self._states not in (None, states):
            raise SourceError(f"{listing.place} {CHANGED}.")
        self._states = states

    def _runs(self, listing: Listing, chunk_bytes: int) -> Iterator["_SourceRun"]:
        buffer = bytearray(chunk_bytes + _SPARE_BYTES)
        is_empty = True
        for file in listing.files:
            runs = _runs_of_file(file, buffer, chunk_bytes, self._limits)
            first = next(runs, None)
            reason = _reason_against(first) if first and listing.is_collection else None
            if reason is not None:
                self.passed_over.append(PassedOver(file.name, reason))
                runs.close()
                continue
            is_empty = False
            if first is not None:
                yield first
                yield from runs
        if is_empty:
            example = f", not even {self.passed_over[0]}" if self.passed_over else ""
            raise SourceError(
                f"{listing.place} holds no file of label rows ({LABEL_FILES}){example}: check the"
                " path."
            )


def _location(path: Location) -> str:
    # The paths of universal-pathlib are no os.PathLike where they are remote.
    return os.fspath(path) if isinstance(path, os.PathLike) else str(path)


class _SourceRun(NamedTuple):
    """A run of rows and its place in the source.

    Attributes:
        file: its file.
        stamp: of the file, if the run can be read again where it lies; else None.
        first_index: position of its first row in the file.
        is_whole: whether the file holds nothing else.
        offset: as in `RowRun`, like the others.
    """

    file: SourceFile
    stamp: FileStamp | None
    first_index: int
    is_whole: bool
    offset: int
    text: memoryview
    rows: RowSpans


def _runs_of_file(
    file: SourceFile, buffer: bytearray, chunk_bytes: int, limits: SourceLimits
) -> Generator[_SourceRun, None, None]:
    with SourceStream(file.open, file.place, file.unpacking, limits) as stream:
        stamp = None
        if file.local is not None and stream.compression is None:
            with Explained(file.place):
                stamp = FileStamp.of(os.stat(file.local))
        first_index = 0
        try:
            window = ByteWindow(stream.readinto, buffer)
            for run in split_stream(window, chunk_bytes, limits.row_bytes):
                _check_objects(run, file.place, limits)
                yield _SourceRun(file, stamp, first_index, *run)
                first_index += len(run.rows.starts)
        except JsonSyntaxError as error:
            stream.check_unchanged()
            raise SourceError(
                f"{file.place} cannot be read as label rows: at byte {error.offset:,},"
                f" {error.cause}; {error.remedy}."
            ) from None


def _check_objects(run: RowRun, place: str, limits: SourceLimits) -> None:
    """Make sure that no row holds more JSON objects than it may."""
    if len(run.text) < _LEAST_OBJECT * limits.row_objects:
        return
    for start, length in zip(*run.rows, strict=True):
        if length < _LEAST_OBJECT * limits.row_objects:
            continue
        if bytes(run.text[start : start + length]).count(b"{") > limits.row_objects:
            raise SourceError(
                f"{place} cannot be read as label rows: at byte {run.offset + start:,}, a row"
                f" begins that holds more than {limits.row_objects:,} JSON objects; leave that row"
                f" out; {limits.how_to_raise('row_objects')}."
            )


def _with_few_rows(run: _SourceRun) -> Iterator[_SourceRun]:
    """The run in pieces of at most `CHUNK_ROWS`."""
    starts, lengths = run.rows
    if len(starts) <= CHUNK_ROWS:
        yield run
        return
    for first in range(0, len(starts), CHUNK_ROWS):
        piece = slice(first, first + CHUNK_ROWS)
        begin, end = starts[first], starts[piece][-1] + lengths[piece][-1]
        yield run._replace(
            first_index=run.first_index + first,
            is_whole=False,
            offset=run.offset + begin,
            text=run.text[begin:end],
            rows=RowSpans([start - begin for start in starts[piece]], lengths[piece]),
        )


class _Gathering:
    """The chunk that is being put together."""

    def __init__(self, spool: Path) -> None:
        self.length = 0
        self._rows = 0
        self._spool = spool
        self._index = 0
        self._segments: list[Segment] = []
        self._file: BinaryIO | None = None
        self._path = ""

    def overflows(self, run: _SourceRun, chunk_bytes: int) -> bool:
        too_long = self.length + len(run.text) > chunk_bytes
        return self.length > 0 and (too_long or self._rows + len(run.rows.starts) > CHUNK_ROWS)

    def is_nearly_full(self, chunk_bytes: int) -> bool:
        return self.length > chunk_bytes - chunk_bytes // _NEARLY

    def add(self, run: _SourceRun) -> None:
        if run.stamp is not None and run.file.local is not None:
            path, offset = run.file.local, run.offset
        else:
            path, offset = self._write(run.text)
        segment = Segment(
            path=path,
            stamp=run.stamp,
            offset=offset,
            length=len(run.text),
            starts=array("Q", run.rows.starts),
            lengths=array("Q", run.rows.lengths),
            source_file=run.file.name,
            first_index=run.first_index,
        )
        self._segments.append(segment)
        self.length += segment.length
        self._rows += len(segment.starts)

    def _write(self, text: memoryview) -> tuple[str, int]:
        try:
            if self._file is None:
                self._spool.mkdir(parents=True, exist_ok=True)
                handle, path = tempfile.mkstemp(".json", "rows-", self._spool)
                self._file = os.fdopen(handle, "wb")
                self._path = path
            offset = self._file.tell()
            self._file.write(text)
        except OSError as error:
            raise StorageError(
                f"The temporary folder {self._spool} cannot be written ({error.strerror}): free"
                " space there or choose another one."
            ) from error
        return self._path, offset

    def chunk(self) -> SourceChunk:
        spool_file = None
        if self._file is not None:
            self._file.close()
            spool_file = self._path
        chunk = SourceChunk(self._index, tuple(self._segments), spool_file)
        self._index += 1
        self.length, self._rows, self._segments, self._file = 0, 0, [], None
        return chunk

    def discard(self) -> None:
        if self._file is not None:
            self._file.close()
            with suppress(OSError):
                os.unlink(self._path)


class _Keys(Struct):
    """What tells label rows, ontologies and other objects from each other."""

    label_hash: Raw | UnsetType = UNSET
    data_hash: Raw | UnsetType = UNSET
    data_units: Raw | UnsetType = UNSET
    spaces: Raw | UnsetType = UNSET
    objects: Raw | UnsetType = UNSET
    classifications: Raw | UnsetType = UNSET
    editor: Raw | UnsetType = UNSET


def _reason_against(run: _SourceRun) -> str | None:
    """Why a file among others is none of label rows: it is one object of another kind."""
    is_alone = run.is_whole and len(run.rows.starts) == 1
    if not is_alone or _LABEL_ROW_START.match(run.text):
        return None
    try:
        keys = msgspec.json.decode(run.text, type=_Keys)
        ontology = keys
        if isinstance(keys.editor, Raw):
            ontology = msgspec.json.decode(keys.editor, type=_Keys)
    except (msgspec.DecodeError, RecursionError):
        return None
    if {keys.label_hash, keys.data_hash, keys.data_units, keys.spaces} != {UNSET}:
        return None
    lists = (ontology.objects, ontology.classifications)
    if any(isinstance(raw, Raw) and bytes(raw).startswith(b"[") for raw in lists):
        return "it is an ontology"
    return "it holds an object that is no label row"


def read_text(location: Location, limits: SourceLimits | None = None) -> bytes:
    """Reads one text file whole, such as an ontology.

    Args:
        location: path or fsspec URL; gzip and zstd are uncompressed.
        limits: what it may ask for; by default those that hold in this process.

    Returns:
        Its bytes, without a byte order mark of UTF-8.

    Raises:
        SourceError: it is missing, a folder, unreadable, or beyond a limit.
    """
    limits = limits or limits_of()
    file = locate(_location(location), limits)
    if isinstance(file, Listing):
        raise SourceError(f"{file.place} is a folder: name a file in it.")
    with SourceStream(file.open, file.place, limits=limits) as stream:
        window = ByteWindow(stream.readinto, bytearray())
        while not window.at_end and window.length <= limits.text_bytes:
            window.fill(min(max(2 * window.length, 1 << 16), limits.text_bytes + 1))
    if window.length > limits.text_bytes:
        raise SourceError(
            f"{file.place} is longer than an ontology may be: name another file;"
            f" {limits.how_to_raise('text_bytes')}."
        )
    return window.first(window.length).removeprefix(_UTF8_MARK)
