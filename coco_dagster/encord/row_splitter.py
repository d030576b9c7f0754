"""Divides a stream of JSON text into runs of whole label rows, a window of it at a time.

No row is parsed here. A run is cut where a row like the one it starts with begins, and msgspec
then decodes what lies before the cut: text that reads as complete rows up to a comma or a bracket
consists of complete rows, so a wrong guess costs time and never a row. Without a good guess the
cut comes from following the structure of the text. At most one window of text is in memory, or
the largest row where that is larger.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from coco_dagster.encord.byte_window import ByteWindow, RowSpans
from coco_dagster.encord.json_structure import (
    COPY_AGAIN,
    GAP,
    WHITE_SPACE,
    Form,
    JsonSyntaxError,
    StructureScanner,
    check_grammar,
)
from coco_dagster.encord.limits import PREFIX, SourceLimits

CHUNK_BYTES: Final = 16 << 20
MAX_ROW_BYTES: Final = SourceLimits().row_bytes

_PATIENCE: Final = 4
_TRIES: Final = 8
_SEPARATOR_BYTES: Final = 256
_LONGEST_TOKEN: Final = 16
_FIRST_KEY: Final = re.compile(rb'\{[ \t\r\n]{0,256}"[^"\\]{1,64}"[ \t\r\n]{0,16}:')
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_ZIP_MARK: Final = b"PK\x03\x04"
_SCALARS: Final = {ord('"'): "a string", ord("t"): "a bool", ord("f"): "a bool", ord("n"): "null"}
_NUMBER: Final = frozenset(b"-0123456789")


class RowRun(NamedTuple):
    """Consecutive rows of one stream.

    Attributes:
        is_whole: whether the stream holds nothing else.
        offset: place of their first byte in the stream (or of white space before it).
        text: their bytes, without the comma or bracket behind them; valid until the next run.
        rows: where each of them lies in `text`; at least one.
    """

    is_whole: bool
    offset: int
    text: memoryview
    rows: RowSpans


def split_stream(
    window: ByteWindow, chunk_bytes: int = CHUNK_BYTES, max_row_bytes: int = MAX_ROW_BYTES
) -> Iterator[RowRun]:
    """Divides a stream into runs of rows.

    Args:
        window: on the stream, before its first byte.
        chunk_bytes: a run is at most this long, unless it is a single row.
        max_row_bytes: the longest row that is accepted.

    Yields:
        The runs, in order. They depend on the stream and the arguments alone.

    Raises:
        JsonSyntaxError: the stream is not JSON, holds neither an array nor objects, or has too
            long a row. Its offset counts from the start of the stream.
    """
    form = _open(window, chunk_bytes)
    yield from _split(window, form, chunk_bytes, max_row_bytes)
    if form == "array":
        window.skip_blank(chunk_bytes)
        if window.length:
            raise JsonSyntaxError(window.offset, "text follows the end of the array")


def split_array(
    window: ByteWindow, chunk_bytes: int = CHUNK_BYTES, max_row_bytes: int = MAX_ROW_BYTES
) -> Iterator[RowRun]:
    """Divides one array, which may lie within other values, into runs of its elements.

    Args:
        window: on the stream, behind the opening bracket; in the end behind the closing one.
        chunk_bytes: a run is at most this long, unless it is a single element.
        max_row_bytes: the longest element that is accepted.

    Yields:
        The runs, in order.

    Raises:
        JsonSyntaxError: as for `split_stream`.
    """
    return _split(window, "array", chunk_bytes, max_row_bytes)


def _split(
    window: ByteWindow, form: Form, chunk_bytes: int, max_row_bytes: int
) -> Iterator[RowRun]:
    window.skip_blank(chunk_bytes)
    if form == "array" and window.first(1) == b"]":
        window.skip(1)
        return
    splitter = _Splitter(window, form, chunk_bytes, max_row_bytes)
    is_first = True
    # A file of values ends where its last value does.
    while form == "array" or window.length:
        run = splitter.find()
        is_whole = is_first and window.at_end and run.length >= window.trimmed_length() - run.closes
        with window.view(run.length) as text:
            yield RowRun(is_whole, window.offset, text, run.rows)
        is_first = False
        window.skip(run.length)
        if run.closes:
            window.skip(1)
            return
        window.skip(GAP[form])
        window.skip_blank(chunk_bytes)


def _open(window: ByteWindow, chunk_bytes: int) -> Form:
    window.fill(max(chunk_bytes, len(_ZIP_MARK)))
    head = window.first(4)
    if head.startswith(_UTF16_MARKS) or (0 in head and any(head)):
        raise JsonSyntaxError(0, "the text is UTF-16 or UTF-32, not UTF-8", "save it as UTF-8")
    if head == _ZIP_MARK:
        raise JsonSyntaxError(0, "a zip archive begins", "give the archive a name ending in .zip")
    if head.startswith(_UTF8_MARK):
        window.skip(len(_UTF8_MARK))
    window.skip_blank(chunk_bytes)
    first = window.first(1)
    if first == b"[":
        window.skip(1)
        return "array"
    if first == b"{":
        return "values"
    raise _not_rows(window.offset, first)


def _not_rows(offset: int, first: bytes) -> JsonSyntaxError:
    remedy = "give a file that holds an array of label rows, one label row, or JSON lines"
    if not first:
        return JsonSyntaxError(offset, "the file ends without a value", remedy)
    kind = "a number" if first[0] in _NUMBER else _SCALARS.get(first[0])
    if kind:
        return JsonSyntaxError(offset, f"{kind} stands in place of label rows", remedy)
    return JsonSyntaxError(offset, f"{first.decode('latin-1')!a} cannot begin JSON", remedy)


class _Found(NamedTuple):
    """The run that a window begins with: its bytes, its rows, whether the array ends there."""

    length: int
    rows: RowSpans
    closes: bool = False

    @property
    def row_count(self) -> int:
        return len(self.rows.starts)


class _Splitter:
    """Finds the end of the run that the window begins with."""

    def __init__(
        self, window: ByteWindow, form: Form, chunk_bytes: int, max_row_bytes: int
    ) -> None:
        self._window = window
        self._form = form
        self._chunk_bytes = chunk_bytes
        self._max_row_bytes = max_row_bytes

    def find(self) -> _Found:
        window = self._window
        found = None
        if window.at_end and window.length <= self._chunk_bytes:
            found = self._rest()
        found = found or self._by_first_key() or self._by_structure()
        if not found.row_count:
            raise JsonSyntaxError(window.offset, "a row is missing")
        return found

    def _rest(self) -> _Found | None:
        window = self._window
        length = window.trimmed_length()
        if self._form == "array":
            length -= 1
            if length < 0 or window.buffer[window.start + length] != ord("]"):
                return None
        rows = window.rows(length, self._form)
        return None if rows is None else _Found(length, rows, self._form == "array")

    def _by_first_key(self) -> _Found | None:
        window = self._window
        match = _FIRST_KEY.match(window.buffer, window.start, window.end)
        if match is None:
            return None
        row_start = match[0]
        patience = _PATIENCE * self._chunk_bytes
        while True:
            for at in self._occurrences(row_start):
                cut = self._cut_before(at)
                if cut is not None:
                    rows = window.rows(cut, self._form)
                    return self._fitting(_Found(cut, rows) if rows else None)
            if window.at_end:
                return self._fitting(self._rest())
            if window.length >= patience:
                return None
            window.fill(min(2 * window.length, patience))

    def _fitting(self, found: _Found | None) -> _Found | None:
        if found is None or found.row_count == 0:
            return None
        return found if found.row_count == 1 or found.length <= self._chunk_bytes else None

    def _occurrences(self, row_start: bytes) -> Iterator[int]:
        """Places of `row_start`: back from the end of the chunk, then on from there."""
        window = self._window
        low, chunk_end = window.start + 1, window.start + self._chunk_bytes
        high = min(chunk_end, window.end)
        for _ in range(_TRIES):
            at = window.buffer.rfind(row_start, low, high)
            if at < 0:
                break
            yield at
            high = at + len(row_start) - 1
        low = max(low, chunk_end - len(row_start) + 1)
        for _ in range(_TRIES):
            at = window.buffer.find(row_start, low, window.end)
            if at < 0:
                return
            yield at
            low = at + 1

    def _cut_before(self, row: int) -> int | None:
        window = self._window
        start = max(row - _SEPARATOR_BYTES, window.start)
        before = window.buffer[start:row].rstrip(WHITE_SPACE)
        if self._form == "values":
            return row - window.start if before.endswith(b"}") else None
        return start + len(before) - 1 - window.start if before.endswith(b",") else None

    def _by_structure(self) -> _Found:
        window = self._window
        scanner = StructureScanner(self._form)
        cut = self._last_cut(scanner)
        while cut is None and not window.at_end:
            if window.length > self._max_row_bytes:
                raise self._too_long()
            window.fill(min(2 * window.length, self._max_row_bytes + 1))
            cut = self._last_cut(scanner)
        if cut is None and self._form == "array":
            raise self._cut_short()
        if cut is None:
            cut = window.length
        try:
            rows = window.checked_rows(cut, self._form)
        except JsonSyntaxError as error:
            raise error.moved(window.offset) from None
        behind = window.buffer[window.start + cut]
        if self._form == "array" and behind == ord("}"):
            raise JsonSyntaxError(window.offset + cut, "a bracket closes nothing")
        return _Found(cut, rows, self._form == "array" and behind == ord("]"))

    def _last_cut(self, scanner: StructureScanner) -> int | None:
        """Last cut in the chunk, else the first one behind it, in what was not yet scanned."""
        cut = None
        with self._window.view(self._window.length) as text:
            for cuts in scanner.feed(text[scanner.position :]):
                inside = cuts[cuts <= self._chunk_bytes]
                if inside.size:
                    cut = int(inside[-1])
                if inside.size < cuts.size:
                    return int(cuts[inside.size]) if cut is None else cut
        return cut

    def _cut_short(self) -> JsonSyntaxError:
        window = self._window
        if window.length:
            self._check_grammar(window.length)
        end = window.offset + window.length
        return JsonSyntaxError(end, "the text ends before the array does", COPY_AGAIN)

    def _too_long(self) -> JsonSyntaxError:
        window = self._window
        try:
            self._check_grammar(window.length)
        except JsonSyntaxError as error:
            # At the very end it only says that there is more to read.
            if error.offset < window.offset + window.length - _LONGEST_TOKEN:
                return error
        limit = f"{self._max_row_bytes:,} bytes"
        return JsonSyntaxError(
            window.offset,
            f"a row begins that is longer than {limit}",
            f"leave that row out, or raise {PREFIX}ROW_BYTES",
        )

    def _check_grammar(self, length: int) -> None:
        with self._window.view(length) as text:
            check_grammar(text, self._window.offset, self._form)
