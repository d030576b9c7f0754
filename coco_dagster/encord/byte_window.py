"""The part of a stream of JSON text that is in memory while its rows are looked for."""

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

from coco_dagster.encord.json_structure import (
    WHITE_SPACE,
    Form,
    place_rows,
    split_fast,
    split_rows,
)

_Split: TypeAlias = Callable[[memoryview, Form], Sequence[bytes] | None]

_BLANK: Final = re.compile(rb"[ \t\r\n]*")
_TAIL_BYTES: Final = 4096


class RowSpans(NamedTuple):
    """Where consecutive rows lie in a text.

    Attributes:
        starts: place of the first byte of each row.
        lengths: number of bytes of each.
    """

    starts: list[int]
    lengths: list[int]


class ByteWindow:
    """The part of a stream that is in memory.

    Attributes:
        buffer: the bytes at `start` to `end` are the part; there is room for one more on each
            side. Handed from window to window, it is allocated once.
        offset: place of the part's first byte in the stream.
        at_end: whether the part runs to the end of the stream.
    """

    def __init__(self, read: Callable[[memoryview], int], buffer: bytearray) -> None:
        """Starts before the first byte.

        Args:
            read: fills (a part of) what it is given and returns the number of bytes, 0 at the end.
            buffer: memory to use; it grows when rows are larger.
        """
        self._read = read
        self.buffer = buffer
        self.start = self.end = 1
        self.offset = 0
        self.at_end = False

    @property
    def length(self) -> int:
        """Number of bytes of the part."""
        return self.end - self.start

    def fill(self, length: int) -> None:
        """Reads on until the part has `length` bytes or the stream ends."""
        if self.length >= length or self.at_end:
            return
        self._make_room(length)
        with memoryview(self.buffer) as view:
            while self.length < length:
                count = self._read(view[self.end : self.start + length])
                if not count:
                    self.at_end = True
                    return
                self.end += count

    def _make_room(self, length: int) -> None:
        if self.start + length < len(self.buffer):
            return
        held = self.length
        self.buffer[1 : held + 1] = self.buffer[self.start : self.end]
        self.start, self.end = 1, held + 1
        missing = length + 2 - len(self.buffer)
        if missing > 0:
            self.buffer.extend(bytes(missing))

    def skip(self, count: int) -> None:
        """Drops the first `count` bytes of the part."""
        self.start += count
        self.offset += count

    def skip_blank(self, length: int) -> None:
        """Drops white space, reading on as needed; fills the part up to `length` bytes."""
        while True:
            self.fill(length)
            match = _BLANK.match(self.buffer, self.start, self.end)
            self.skip(match.end() - self.start if match else 0)
            if self.length or self.at_end:
                return

    def trimmed_length(self) -> int:
        """Number of bytes of the part without the white space at its end."""
        end = self.end
        while end > self.start:
            tail = max(end - _TAIL_BYTES, self.start)
            text = self.buffer[tail:end].rstrip(WHITE_SPACE)
            if text:
                return tail + len(text) - self.start
            end = tail
        return 0

    def first(self, count: int) -> bytes:
        """The first bytes of the part, at most `count`."""
        return bytes(self.buffer[self.start : min(self.start + count, self.end)])

    def view(self, length: int) -> memoryview:
        """The first `length` bytes of the part."""
        return memoryview(self.buffer)[self.start : self.start + length]

    def rows(self, length: int, form: Form) -> RowSpans | None:
        """Where the rows in the first `length` bytes lie; None if msgspec cannot read them."""
        return self._spans(split_fast, length, form)

    def checked_rows(self, length: int, form: Form) -> RowSpans:
        """Where the rows in the first `length` bytes lie.

        Raises:
            JsonSyntaxError: they are not JSON.
        """
        spans = self._spans(split_rows, length, form)
        return RowSpans([], []) if spans is None else spans

    def _spans(self, split: _Split, length: int, form: Form) -> RowSpans | None:
        behind = self.buffer[self.start + length]
        frame = memoryview(self.buffer)[self.start - 1 : self.start + length + 1]
        try:
            rows = split(frame, form)
        finally:
            self.buffer[self.start + length] = behind
        if rows is None:
            return None
        return RowSpans(place_rows(self.buffer, self.start, rows), list(map(len, rows)))
