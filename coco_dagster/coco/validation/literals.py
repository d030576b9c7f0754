"""NaN and Infinity in JSON text: not JSON, but what Python's own `json` writes.

So that the rest of a file can still be read, they are replaced in the stream by strings of the same
length that no file holds; `is_literal` recognises these.
"""

import re
from collections.abc import Callable
from typing import Any, Final

_LITERAL: Final = re.compile(rb"-?(?:NaN|Infinity)")
_ESCAPE: Final = re.compile(rb"\\.", re.DOTALL)
_FILLER: Final = b"\x7f"
# What can stand before a literal, and never in one.
_BEFORE: Final = (b",", b":", b"[", b'"')
_BLOCK_BYTES: Final = 1 << 20


def is_literal(value: Any) -> bool:
    """Whether a value stands for NaN or an infinity."""
    return isinstance(value, str) and bool(value) and not value.strip("\x7f")


class LiteralFilter:
    """A stream of JSON text with NaN and Infinity replaced.

    Attributes:
        count: how many were replaced so far.
    """

    def __init__(self, read: Callable[[memoryview], int]) -> None:
        """Starts before the first byte.

        Args:
            read: fills (a part of) what it is given and returns the number of bytes, 0 at the end.
        """
        self.count = 0
        self._read = read
        self._held = b""
        self._ready = memoryview(b"")
        self._in_string = False
        self._at_end = False

    def readinto(self, view: memoryview) -> int:
        """Reads the next bytes into `view` and returns their number, 0 at the end."""
        while not self._ready and not self._at_end:
            self._ready = memoryview(self._next_block())
        count = min(len(view), len(self._ready))
        view[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _next_block(self) -> bytes:
        block = bytearray(_BLOCK_BYTES)
        size = self._read(memoryview(block))
        self._at_end = not size
        text = self._held + bytes(block[:size])
        cut = len(text) if self._at_end else self._safe_cut(text)
        self._held = text[cut:]
        return self._replaced(text[:cut])

    @staticmethod
    def _safe_cut(text: bytes) -> int:
        """End of what can be judged: no literal and no escape reaches beyond it."""
        return max(map(text.rfind, _BEFORE)) + 1

    def _replaced(self, text: bytes) -> bytes:
        pieces = []
        start = 0
        for found in _LITERAL.finditer(text):
            self._pass(text[start : found.start()])
            pieces.append(text[start : found.start()])
            pieces.append(found[0] if self._in_string else self._stand_in(len(found[0])))
            start = found.end()
        self._pass(text[start:])
        return b"".join([*pieces, text[start:]])

    def _stand_in(self, size: int) -> bytes:
        self.count += 1
        return b'"' + _FILLER * (size - 2) + b'"'

    def _pass(self, text: bytes) -> None:
        if b"\\" in text:
            text = _ESCAPE.sub(b"", text)
        self._in_string ^= bool(text.count(b'"') & 1)
