"""Digests of files, to tell whether they are what they were."""

from hashlib import sha256
from threading import Lock
from typing import Final

import fsspec

from coco_dagster.tables.locations import location, storage_failures

_CHUNK_BYTES: Final = 1 << 22


class FileDigests:
    """Sizes and digests of files, each of which is read once however many checks ask for it.

    Checks may ask from several threads.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[str, tuple[int, str] | None] = {}

    def of(self, place: str) -> tuple[int, str] | None:
        """Size in bytes and hex SHA-256 of a file; None where there is none.

        Args:
            place: its path or URL.

        Raises:
            StorageError: it cannot be read.
        """
        with self._lock:
            if place not in self._known:
                with storage_failures(location(place), "read"):
                    self._known[place] = _size_and_digest(place)
            return self._known[place]


def _size_and_digest(place: str) -> tuple[int, str] | None:
    digest, size = sha256(), 0
    try:
        with fsspec.open(place, "rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
    except FileNotFoundError:
        return None
    return size, digest.hexdigest()
