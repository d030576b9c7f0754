"""Streams of uncompressed bytes, and what is said when they break.

Every failure becomes a `SourceError` that names the place without queries, user names or
passwords.
"""

import io
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, cast

import pyarrow as pa

from coco_dagster.errors import SourceError

_COMPRESSIONS: Final = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_MARK_BYTES: Final = 4
_DAMAGED: Final = "is damaged or cut short: copy or export it again"
_PROBLEMS: Final[dict[type[Exception], str]] = {
    FileNotFoundError: "does not exist: check the path",
    PermissionError: "may not be read: give this user the right to read it",
    IsADirectoryError: "is a folder: name a file in it",
    zipfile.BadZipFile: _DAMAGED,
    zlib.error: _DAMAGED,
    EOFError: _DAMAGED,
    NotImplementedError: "is packed in a way that Python cannot unpack: unpack it beforehand",
}


class SourceStream:
    """The uncompressed bytes of a source file.

    Attributes:
        compression: `gzip`, `zstd`, or None.
    """

    def __init__(self, stored: BinaryIO, place: str) -> None:
        """Wraps a file as it is stored; its first bytes tell how it is compressed."""
        buffered = io.BufferedReader(cast(io.RawIOBase, stored))
        head = buffered.peek(_MARK_BYTES)
        marks = (name for mark, name in _COMPRESSIONS.items() if head.startswith(mark))
        self.compression = next(marks, None)
        self._place = place
        self._count = 0
        self._stream: Any = buffered
        if self.compression:
            self._stream = pa.CompressedInputStream(pa.PythonFile(buffered, "r"), self.compression)

    def readinto(self, view: memoryview) -> int:
        """Reads the next bytes into `view`.

        Returns:
            Their number, 0 at the end.

        Raises:
            SourceError: the file cannot be read, or its compressed data is damaged or cut short.
        """
        try:
            count = int(self._stream.readinto(view))
        except Exception as error:
            if self.compression and getattr(error, "errno", None) is None:
                raise SourceError(
                    f"{self._place} is damaged or cut short: its {self.compression} data breaks"
                    f" off after {self._count:,} uncompressed bytes; copy or export it again."
                ) from None
            raise source_error(self._place, error) from None
        self._count += count
        return count


@contextmanager
def open_stream(open_stored: Callable[[], BinaryIO], place: str) -> Iterator[SourceStream]:
    """Opens a source file for reading, uncompressed.

    Args:
        open_stored: opens it as it is stored.
        place: where it lies, for messages.

    Raises:
        SourceError: it cannot be opened.
    """
    with explained(place):
        stored = open_stored()
    with stored:
        with explained(place):
            stream = SourceStream(stored, place)
        yield stream


def without_secrets(url: str) -> str:
    """The URL without user names, passwords, queries and fragments, for messages."""
    links = (re.sub(r"[?#].*", "", link) for link in url.split("::"))
    return "::".join(re.sub(r"://.*@", "://", link) for link in links)


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Turns every failure within the context into a `SourceError`.

    Args:
        place: what cannot be read, as messages name it.
    """
    # The original errors may quote URLs with their secrets: they are not chained.
    try:
        yield
    except Exception as error:
        raise source_error(place, error) from None


def source_error(place: str, error: Exception) -> SourceError:
    """What is said of a failure to read: nothing of its own text, which may quote a secret.

    Args:
        place: what cannot be read, as messages name it.
        error: why.
    """
    if isinstance(error, SourceError):
        return error
    status = getattr(error, "status", None)
    for kind, problem in _PROBLEMS.items():
        if isinstance(error, kind):
            return SourceError(f"{place} {problem}.")
    if isinstance(error, ImportError):
        return SourceError(f"{place} needs a package that is not installed: {error}.")
    if isinstance(error, OSError) and error.errno:
        return SourceError(f"{place} cannot be read: {os.strerror(error.errno)}.")
    detail = f"HTTP status {status}" if isinstance(status, int) else type(error).__name__
    return SourceError(f"{place} cannot be read ({detail}): check the address and the access.")
