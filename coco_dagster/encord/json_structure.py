"""Where JSON values begin and end, without parsing what they hold.

Two forms hold label rows: an `array`, whose elements stand between commas, and `values`, which
follow each other with or without white space (JSON lines, one object, pretty-printed objects).
msgspec finds the values fast and checks their grammar. Where it cannot, because a string holds a
lone surrogate or brackets lie too deep for it, the quotes and brackets alone are followed: such a
value is JSON by its grammar, so it is one row, for the reader of rows to refuse.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

Form: TypeAlias = Literal["array", "values"]
Positions: TypeAlias = npt.NDArray[np.int64]

GAP: Final[dict[Form, int]] = {"array": 1, "values": 0}
"""Bytes between one cut and the text that follows it: the comma of an array, or nothing."""

WHITE_SPACE: Final = b" \t\r\n"

_BETWEEN_ROWS: Final = frozenset(WHITE_SPACE + b",")
COPY_AGAIN: Final = "copy the file or export the labels again"

_FENCES: Final[dict[Form, bytes]] = {"array": b"[]", "values": b"\n\n"}
_BLOCK_BYTES: Final = 1 << 20
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_NOT_A_NUMBER: Final = re.compile(rb"-?(NaN|Infinity)")
_ERROR: Final = re.compile(r"(?:JSON is malformed: )?(?P<cause>.*) \(byte (?P<byte>\d+)\)")
_ELEMENTS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_VALUE: Final = msgspec.json.Decoder(msgspec.Raw)

_QUOTE, _OPEN, _CLOSE, _SEPARATOR, _BACKSLASH = 1, 2, 3, 4, 5
_STEP: Final = np.array([0, 0, 1, -1, 0, 0], np.int64)


def _classes(separator: bytes) -> npt.NDArray[np.uint8]:
    classes = np.zeros(256, np.uint8)
    kinds = (b'"', _QUOTE), (b"[{", _OPEN), (b"]}", _CLOSE), (separator, _SEPARATOR)
    for characters, kind in (*kinds, (b"\\", _BACKSLASH)):
        classes[list(characters)] = kind
    return classes


_CLASSES: Final[dict[Form, npt.NDArray[np.uint8]]] = {
    "array": _classes(b","),
    "values": _classes(b"\n"),
}


class JsonSyntaxError(Exception):
    """Text that cannot be divided into rows.

    Attributes:
        offset: byte at which it shows.
        cause: what is wrong there, as a clause.
        remedy: what to do about it, as a clause.
    """

    def __init__(
        self, offset: int, cause: str, remedy: str = "repair the file or export the labels again"
    ) -> None:
        """Keeps offset, cause and remedy."""
        super().__init__(f"at byte {offset}, {cause}; {remedy}")
        self.offset = offset
        self.cause = cause
        self.remedy = remedy

    def moved(self, by: int) -> "JsonSyntaxError":
        """The same error in a text of which this one's is the part that starts at byte `by`."""
        return JsonSyntaxError(self.offset + by, self.cause, self.remedy)


class StructureScanner:
    """Follows strings, escapes and brackets through JSON text that arrives in pieces.

    Starts between two values, outside all brackets but those of the top-level array. It does not
    check the grammar: whoever uses a cut decodes the text before it.

    Attributes:
        position: bytes seen so far.
        closed: whether the bracket that ends the array has been seen; nothing is read after it.
    """

    def __init__(self, form: Form) -> None:
        """Starts before the first byte of text in this form."""
        self.position = 0
        self.closed = False
        self._form = form
        self._depth = 0
        self._in_string = False
        self._escaped = False

    def feed(self, text: memoryview) -> Iterator[Positions]:
        """Finds the cuts in the next piece of the text, block by block.

        Yields:
            Ascending positions, counted from the scanner's first byte, at which a value may end:
            for an array, those of its commas and of its closing bracket; for values, those after
            a closing bracket or a line end.
        """
        for start in range(0, len(text), _BLOCK_BYTES):
            block = text[start : start + _BLOCK_BYTES]
            cuts = self._scan(np.frombuffer(block, np.uint8)) + self.position
            self.position += len(block)
            yield cuts
            if self.closed:
                return

    def _scan(self, block: npt.NDArray[np.uint8]) -> Positions:
        classes = _CLASSES[self._form][block]
        self._clear_escaped(classes)
        at = np.flatnonzero(classes)
        kinds = classes[at]
        in_string = ((np.cumsum(kinds == _QUOTE) + self._in_string) & 1).astype(bool)
        if in_string.size:
            self._in_string = bool(in_string[-1])
        structural = ~in_string & (kinds != _QUOTE) & (kinds != _BACKSLASH)
        at, kinds = at[structural], kinds[structural]
        depth = self._depth + np.cumsum(_STEP[kinds])
        if depth.size:
            self._depth = int(depth[-1])
        if self._form == "values":
            ends: Positions = at[(kinds != _OPEN) & (depth <= 0)] + 1
            return ends
        return self._array_cuts(at, kinds, depth)

    def _array_cuts(
        self, at: Positions, kinds: npt.NDArray[np.uint8], depth: Positions
    ) -> Positions:
        ends = np.flatnonzero(depth < 0)
        if ends.size:
            self.closed = True
            stop = int(ends[0]) + 1
            at, kinds, depth = at[:stop], kinds[:stop], depth[:stop]
        cuts: Positions = at[(depth < 0) | ((kinds == _SEPARATOR) & (depth == 0))]
        return cuts

    def _clear_escaped(self, classes: npt.NDArray[np.uint8]) -> None:
        if self._escaped:
            classes[0] = 0
            self._escaped = False
        slashes = np.flatnonzero(classes == _BACKSLASH)
        if not slashes.size:
            return
        # In a run of backslashes every other one, from the first, escapes what follows it.
        index = np.arange(slashes.size)
        run_starts = np.diff(slashes, prepend=-2) != 1
        place_in_run = index - np.maximum.accumulate(np.where(run_starts, index, 0))
        escaped = slashes[place_in_run % 2 == 0] + 1
        if escaped[-1] == classes.size:
            self._escaped = True
            escaped = escaped[:-1]
        classes[escaped] = 0


def split_fast(frame: memoryview, form: Form) -> Sequence[bytes] | None:
    """Splits consecutive rows with msgspec.

    Args:
        frame: writable; the rows' text with one byte before and one behind, which are overwritten.
        form: how the rows are put together.

    Returns:
        The rows, as views into `frame`, or None if msgspec cannot read the text.
    """
    frame[:1], frame[-1:] = _FENCES[form][:1], _FENCES[form][1:]
    try:
        return _ELEMENTS.decode(frame) if form == "array" else _VALUE.decode_lines(frame)
    except (msgspec.DecodeError, RecursionError):
        return None


def place_rows(text: memoryview | bytearray, start: int, rows: Sequence[bytes]) -> list[int]:
    """Finds where rows begin in the text that they were split from.

    Args:
        text: the text.
        start: place in it from which the rows follow each other.
        rows: all of them, in order.

    Returns:
        The place of the first byte of each, counted from `start`.
    """
    starts = []
    at = start
    for length in map(len, rows):
        # A row begins with the first byte that is no separator: nothing else is between two.
        while text[at] in _BETWEEN_ROWS:
            at += 1
        starts.append(at - start)
        at += length
    return starts


def split_rows(frame: memoryview, form: Form) -> Sequence[bytes]:
    """Splits consecutive rows, also those that msgspec refuses and JSON's grammar does not.

    Args:
        frame: as for `split_fast`.
        form: how the rows are put together.

    Returns:
        The rows without the white space and commas around them.

    Raises:
        JsonSyntaxError: the text is not JSON; its offset counts from the second byte of `frame`.
    """
    rows = split_fast(frame, form)
    if rows is None:
        return list(_split_by_structure(frame[1:-1], form))
    return rows


def _split_by_structure(text: memoryview, form: Form) -> Iterator[bytes]:
    scanner = StructureScanner(form)
    start = 0
    for cuts in scanner.feed(text):
        for cut in cuts.tolist():
            yield from _checked_rows(text, start, cut, form)
            start = cut + GAP[form]
    if scanner.closed:
        raise JsonSyntaxError(start - 1, "the array ends before the text does")
    yield from _checked_rows(text, start, len(text), form)


def _checked_rows(text: memoryview, start: int, end: int, form: Form) -> Sequence[bytes]:
    value = bytes(text[start:end])
    start += len(value) - len(value.lstrip(WHITE_SPACE))
    value = value.strip(WHITE_SPACE)
    if not value and form == "array":
        raise JsonSyntaxError(start, "a row is missing")
    try:
        return _decode(value, form)
    except (msgspec.DecodeError, RecursionError):
        check_grammar(value, start, form)
    return [value]


def _decode(text: bytes | memoryview, form: Form) -> Sequence[bytes]:
    return [_VALUE.decode(text)] if form == "array" else _VALUE.decode_lines(text)


def check_grammar(text: bytes | memoryview, offset: int, form: Form) -> None:
    """Checks one element of an array, or any number of values, by JSON's grammar alone.

    Lone surrogates pass, and so does what lies too deep to be checked.

    Args:
        text: the element or the values.
        offset: its place in the whole, for the error.
        form: which of the two it is.

    Raises:
        JsonSyntaxError: the text is not JSON.
    """
    try:
        # Escapes of another character, of the same length, keep the grammar and all offsets.
        _decode(_SURROGATE.sub(rb"\\u0020", text), form)
    except RecursionError:
        return
    except msgspec.DecodeError as error:
        found = _ERROR.fullmatch(str(error))
    else:
        return
    if found is None:
        raise JsonSyntaxError(
            offset + len(text), "the text ends in the middle of a row", COPY_AGAIN
        )
    # msgspec counts trailing characters, and only those, from 1.
    at = int(found["byte"]) - found["cause"].startswith("trailing characters")
    raise JsonSyntaxError(offset + at, _cause(text, at, found["cause"]))


def _cause(text: bytes | memoryview, at: int, cause: str) -> str:
    word = _NOT_A_NUMBER.match(text, max(at - 1, 0)) or _NOT_A_NUMBER.match(text, at)
    if word:
        return f"{word[0].decode()} is not a JSON value"
    return f"there is an error of JSON's grammar ({cause})"
