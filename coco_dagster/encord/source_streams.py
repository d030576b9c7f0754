"""Streams of uncompressed bytes, and what is said when they break.

Every failure becomes a `SourceError` that names the place without queries, user names or
passwords.
"""

import io
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Final, Self, cast

import pyarrow as pa

from coco_dagster.encord.limits import SourceLimits, limits_of
from coco_dagster.encord.redaction import public_link
from coco_dagster.errors import SourceError

_COMPRESSIONS: Final = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_MARK_BYTES: Final = 4
_DAMAGED: Final = "is damaged or cut short: copy or export it again"
CHANGED: Final = "changed while it was read: start again when it is complete"
_IDENTITY: Final = (
    "ETag",
    "etag",
    "md5Hash",
    "content_md5",
    "crc32c",
    "crc32",
    "generation",
    "size",
)
_TIMES: Final = ("mtime", "LastModified", "last_modified", "updated", "created")
_PROBLEMS: Final[dict[type[Exception], str]] = {
    FileNotFoundError: "does not exist: check the path",
    PermissionError: "may not be read: give this user the right to read it",
    IsADirectoryError: "is a folder: name a file in it",
    zipfile.BadZipFile: _DAMAGED,
    zlib.error: _DAMAGED,
    EOFError: _DAMAGED,
    NotImplementedError: "is packed in a way that Python cannot unpack: unpack it beforehand",
}


class Unpacking:
    """What a compressed file or a zip has unpacked to, held against its own size."""

    def __init__(self, place: str, limits: SourceLimits, packed: int | None = None) -> None:
        """Starts with nothing unpacked.

        Args:
            place: the file, for messages.
            limits: what it may unpack to.
            packed: its own size in bytes; None: as much of it as has been read.
        """
        self._place = place
        self._limits = limits
        self._packed = packed
        self._unpacked = 0

    def add(self, count: int, read: int) -> None:
        """Count what has been unpacked.

        Args:
            count: further bytes that have been unpacked.
            read: bytes of the file that have been read so far.

        Raises:
            SourceError: it is more than label rows ever unpack to.
        """
        limits, self._unpacked = self._limits, self._unpacked + count
        if self._unpacked <= limits.unpacked_bytes:
            return
        if self._unpacked > limits.expansion * (read if self._packed is None else self._packed):
            raise SourceError(
                f"{self._place} unpacks to more than {limits.expansion:,} times its own size, as "
                "label rows hardly do: make sure that it is what it should be;"
                f" {limits.how_to_raise('expansion')}."
            )


class SourceStream:
    """The uncompressed bytes of a source file; a context that closes it.

    Attributes:
        compression: `gzip`, `zstd`, or None; the file's first bytes tell.
    """

    def __init__(
        self,
        open_stored: Callable[[], BinaryIO],
        place: str,
        unpacking: Unpacking | None = None,
        limits: SourceLimits | None = None,
    ) -> None:
        """Opens the file.

        Args:
            open_stored: opens it as it is stored.
            place: where it lies, for messages.
            unpacking: the count of the zip that it is packed in; None: it is in none.
            limits: what it may unpack to if it is compressed; by default those that hold.

        Raises:
            SourceError: it cannot be opened.
        """
        self._place = place
        self._count = 0
        self._unpacking = unpacking
        self._compressed: _CountedReader | None = None
        with Explained(place):
            self._stored = open_stored()
            self._state = _state_of(self._stored)
            buffered = io.BufferedReader(cast(io.RawIOBase, self._stored))
            head = buffered.peek(_MARK_BYTES)
            marks = (name for mark, name in _COMPRESSIONS.items() if head.startswith(mark))
            self.compression = next(marks, None)
            self._stream: Any = buffered
            if self.compression:
                self._compressed = _CountedReader(buffered)
                stored = pa.PythonFile(self._compressed, "r")
                self._stream = pa.CompressedInputStream(stored, self.compression)
                self._unpacking = unpacking or Unpacking(place, limits or limits_of())

    def __enter__(self) -> Self:
        """Nothing more to do: the file is open."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the file."""
        self._stored.close()

    def readinto(self, view: memoryview) -> int:
        """Reads the next bytes into `view`.

        Returns:
            Their number, 0 at the end.

        Raises:
            SourceError: the file cannot be read, changes meanwhile, or its compressed data is
                damaged or cut short.
        """
        try:
            count = int(self._stream.readinto(view))
        except Exception as error:
            self.check_unchanged()
            if self.compression and _is_of_decompression(error):
                raise SourceError(
                    f"{self._place} is damaged or cut short: its {self.compression} data breaks"
                    f" off after {self._count:,} uncompressed bytes; copy or export it again."
                ) from None
            raise source_error(self._place, error) from None
        self._count += count
        if self._unpacking is not None:
            self._unpacking.add(count, self._compressed.count if self._compressed else 0)
        if not count:
            self.check_unchanged()
        return count

    def check_unchanged(self) -> None:
        """Make sure that the file is still what it was when it was opened.

        Raises:
            SourceError: it changed.
        """
        with Explained(self._place):
            if _state_of(self._stored, is_new=False) != self._state:
                raise SourceError(f"{self._place} {CHANGED}.")


class _CountedReader:
    """A file to read from that counts its bytes.

    Attributes:
        count: bytes that were read.
        closed: whether it is closed, as pyarrow asks of files.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.count = 0
        self.closed = False
        self._file = file

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.count += len(data)
        return data

    def close(self) -> None:
        self.closed = True


def _state_of(stored: Any, *, is_new: bool = True) -> object:
    """What tells an open file from its other states; None where it cannot change under way.

    Args:
        stored: a file of this machine or of a remote storage.
        is_new: whether it has just been opened, and its storage been asked.
    """
    if isinstance(stored, io.FileIO):
        status = os.fstat(stored.fileno())
        return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None
    from fsspec.spec import AbstractBufferedFile

    if not isinstance(stored, AbstractBufferedFile) or stored.size <= stored.blocksize:
        # One answer of a storage is of one state of the file.
        return None
    if is_new:
        return identity_of(stored.details)
    stored.fs.invalidate_cache()
    return identity_of(stored.fs.info(stored.path))


def identity_of(facts: Mapping[str, Any]) -> dict[str, str]:
    """Those of the facts that a storage states of a file that tell its states apart.

    Times are among them only where nothing else is but the size: listings state them otherwise
    than the file itself.
    """
    known = {name: str(facts[name]).strip('"') for name in _IDENTITY if facts.get(name)}
    if known.keys() <= {"size"}:
        known |= {name: str(facts[name]) for name in _TIMES if facts.get(name)}
    return known


def _is_of_decompression(error: Exception) -> bool:
    """Whether the data could not be uncompressed, rather than not be read."""
    return isinstance(error, pa.ArrowException) or (type(error) is OSError and error.errno is None)


def without_secrets(url: str) -> str:
    """The URL without user names, passwords, queries and fragments, for messages."""
    return "::".join(map(public_link, url.split("::")))


class Explained:
    """Turns every failure within the context into a `SourceError`.

    The original errors are not chained: they may quote URLs with their secrets.
    """

    def __init__(self, place: str) -> None:
        """Remembers what cannot be read, as messages name it."""
        self._place = place

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Raises the `SourceError`, if there was a failure."""
        if isinstance(error, Exception):
            raise source_error(self._place, error) from None


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
    if type(error).__name__ == "FileExpired":  # of s3fs
        return SourceError(f"{place} {CHANGED}.")
    if isinstance(error, ImportError):
        return SourceError(f"{place} needs a package that is not installed: {error}.")
    if isinstance(error, OSError) and error.errno:
        return SourceError(f"{place} cannot be read: {os.strerror(error.errno)}.")
    detail = f"HTTP status {status}" if isinstance(status, int) else type(error).__name__
    return SourceError(f"{place} cannot be read ({detail}): check the address and the access.")
