"""A walk through the text of a COCO file: its sections, in whatever order and size they come.

The root is a COCO object or a list of them. Of each object the values are told in file order; those
of the big sections piece by piece, each piece a run of whole elements. At most one window of text
is in memory, or the largest element where that is larger.
"""

import json
import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

import msgspec

from coco_dagster.encord.byte_window import ByteWindow
from coco_dagster.encord.json_structure import (
    COPY_AGAIN,
    WHITE_SPACE,
    JsonSyntaxError,
    StructureScanner,
    check_grammar,
)
from coco_dagster.encord.row_splitter import split_array

Kind = Literal["array", "object", "scalar"]

CHUNK_BYTES: Final = 2 << 20

_KINDS: Final[dict[bytes, Kind]] = {b"[": "array", b"{": "object"}
_LOW_BYTES: Final = 1 << 16
_MAX_STRING_BYTES: Final = 256 << 20
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_TOKEN: Final = re.compile(rb"[^\s,\]}]*")
_TRAILING: Final = re.compile(r"trailing characters \(byte (\d+)\)")
_RAW: Final = msgspec.json.Decoder(msgspec.Raw)


class NotCocoError(Exception):
    """JSON that is not a COCO object nor a list of them; the message is a clause."""


class SectionText(NamedTuple):
    """The value of a key of a COCO object, or a piece of it.

    Attributes:
        unit: position of the COCO object in the list, 0 without a list.
        key: the key.
        kind: JSON type of the value.
        text: of an array a run of whole elements with the commas between them, possibly none; of
            another value all of it, or nothing where it is larger than a window. Valid until the
            next step of the walk.
    """

    unit: int
    key: str
    kind: Kind
    text: memoryview


class UnitEnd(NamedTuple):
    """The end of a COCO object.

    Attributes:
        unit: as in `SectionText`.
        keys: its keys, in order, repeated ones too.
    """

    unit: int
    keys: tuple[str, ...]


class CocoWalk:
    """One walk through a stream.

    Attributes:
        has_mark: whether the stream begins with a byte order mark.
        is_list: whether its root is a list.
    """

    def __init__(self, window: ByteWindow, chunk_bytes: int = CHUNK_BYTES) -> None:
        """Starts before the first byte.

        Args:
            window: on the stream.
            chunk_bytes: a piece is at most this long, unless it is a single element.
        """
        self.has_mark = False
        self.is_list = False
        self._window = window
        self._chunk_bytes = chunk_bytes

    def __iter__(self) -> Iterator[SectionText | UnitEnd]:
        """Walks.

        Yields:
            The sections of each COCO object, and its end.

        Raises:
            JsonSyntaxError: the text is not JSON.
            NotCocoError: it is, but holds something else.
        """
        first = self._begin()
        if first == b"[":
            self.is_list = True
            yield from self._list()
        elif first == b"{":
            yield from self._object(0)
        else:
            self._refuse_scalar()
        self._skip_blank()
        if self._window.length:
            raise JsonSyntaxError(self._window.offset, "text follows the end of the JSON value")

    def _begin(self) -> bytes:
        window = self._window
        window.fill(self._chunk_bytes)
        head = window.first(4)
        if head.startswith(_UTF16_MARKS) or (0 in head and any(head)):
            raise JsonSyntaxError(0, "the text is UTF-16 or UTF-32, not UTF-8")
        if head.startswith(_UTF8_MARK):
            self.has_mark = True
            window.skip(len(_UTF8_MARK))
        return self._skip_blank()

    def _skip_blank(self) -> bytes:
        """Drops white space and tells the byte behind it; nothing at the end."""
        if self._window.length < min(_LOW_BYTES, self._chunk_bytes):
            self._window.fill(self._chunk_bytes)
        self._window.skip_blank(1)
        return self._window.first(1)

    def _refuse_scalar(self) -> None:
        if not self._window.length:
            raise JsonSyntaxError(self._window.offset, "the file ends without a value")
        self._check_token()
        raise NotCocoError("it holds neither a COCO object nor a list of them")

    def _check_token(self) -> None:
        window = self._window
        token = _TOKEN.match(window.buffer, window.start, window.end)
        check_grammar(token[0] if token else b"", window.offset, "array")

    def _list(self) -> Iterator[SectionText | UnitEnd]:
        self._window.skip(1)
        if self._skip_blank() == b"]":
            self._window.skip(1)
            return
        unit = 0
        while True:
            first = self._skip_blank()
            if first != b"{":
                if first != b"[":
                    self._check_token()
                raise NotCocoError(f"entry {unit} of its list is not an object")
            yield from self._object(unit)
            unit += 1
            if self._closes(b"]"):
                return

    def _object(self, unit: int) -> Iterator[SectionText | UnitEnd]:
        self._window.skip(1)
        keys: list[str] = []
        if self._skip_blank() == b"}":
            self._window.skip(1)
            yield UnitEnd(unit, ())
            return
        while True:
            keys.append(self._key())
            yield from self._value(unit, keys[-1])
            if self._closes(b"}"):
                break
        yield UnitEnd(unit, tuple(keys))

    def _closes(self, bracket: bytes) -> bool:
        """Passes the comma or bracket behind a value, and tells whether it was the bracket."""
        found = self._skip_blank()
        if found not in (b",", bracket):
            raise self._unexpected(found)
        self._window.skip(1)
        return found == bracket

    def _unexpected(self, found: bytes) -> JsonSyntaxError:
        if not found:
            cause = "the text ends before its brackets are closed"
            return JsonSyntaxError(self._window.offset, cause, COPY_AGAIN)
        cause = f"{found.decode('latin-1')!a} stands where JSON has a comma, a colon or a bracket"
        return JsonSyntaxError(self._window.offset, cause)

    def _key(self) -> str:
        if self._skip_blank() != b'"':
            raise self._unexpected(self._window.first(1))
        text = bytes(self._window.view(self._string_length()))
        self._window.skip(len(text))
        if self._skip_blank() != b":":
            raise self._unexpected(self._window.first(1))
        self._window.skip(1)
        self._skip_blank()
        try:
            return str(json.loads(text.decode("utf-8", "replace")))
        except ValueError:
            raise JsonSyntaxError(self._window.offset - len(text), "a key is not a text") from None

    def _string_length(self) -> int:
        window = self._window
        while True:
            found = _STRING.match(window.buffer, window.start, window.end)
            if found:
                return found.end() - window.start
            if window.at_end or window.length > _MAX_STRING_BYTES:
                raise JsonSyntaxError(window.offset, "a text begins that does not end", COPY_AGAIN)
            window.fill(2 * window.length)

    def _value(self, unit: int, key: str) -> Iterator[SectionText]:
        window = self._window
        first = window.first(1)
        length = self._length()
        if length is not None:
            kind = _KINDS.get(first, "scalar")
            # A view that outlives its step would keep the window from growing.
            with window.view(length) as whole, whole[1:-1] as inner:
                yield SectionText(unit, key, kind, inner if kind == "array" else whole)
            window.skip(length)
        elif first == b"[":
            window.skip(1)
            for run in split_array(window, self._chunk_bytes):
                yield SectionText(unit, key, "array", run.text)
        elif first == b"{":
            yield from self._large_object(unit, key)
        elif first == b'"':
            window.skip(self._string_length())
            yield SectionText(unit, key, "scalar", memoryview(b'""'))
        else:
            self._check_token()
            raise self._unexpected(b"")

    def _length(self) -> int | None:
        """Length of the value that the window begins with, if msgspec can read it and it fits."""
        length = self._readable_length()
        if length is None and not self._window.at_end:
            self._window.fill(self._chunk_bytes)
            length = self._readable_length()
        return length

    def _readable_length(self) -> int | None:
        with self._window.view(self._window.length) as text:
            try:
                _RAW.decode(text)
            except RecursionError:
                return None
            except msgspec.DecodeError as error:
                # What follows the value, and white space, is the first thing it objects to.
                found = _TRAILING.search(str(error))
                return self._stripped_length(int(found[1]) - 1) if found else None
        return self._stripped_length(self._window.length) if self._window.at_end else None

    def _stripped_length(self, length: int) -> int:
        buffer, start = self._window.buffer, self._window.start
        while buffer[start + length - 1] in WHITE_SPACE:
            length -= 1
        return length

    def _large_object(self, unit: int, key: str) -> Iterator[SectionText]:
        """Passes an object that msgspec refuses or that does not fit."""
        window = self._window
        start = window.offset
        window.skip(1)
        scanner = StructureScanner("array")
        fits = True
        while True:
            with window.view(window.length) as text:
                end = self._end_of(scanner, text)
                if end is not None and fits:
                    whole = bytes(text[:end])
                    check_grammar(b"{" + whole, start, "array")
                    yield SectionText(unit, key, "object", memoryview(b"{" + whole))
                elif end is not None:
                    yield SectionText(unit, key, "object", memoryview(b""))
            if end is not None:
                window.skip(end)
                return
            fits = False
            window.skip(window.length)
            window.fill(self._chunk_bytes)
            if not window.length:
                raise self._unexpected(b"")

    @staticmethod
    def _end_of(scanner: StructureScanner, text: memoryview) -> int | None:
        start = scanner.position
        for cuts in scanner.feed(text):
            if scanner.closed:
                return int(cuts[-1]) + 1 - start
        return None
