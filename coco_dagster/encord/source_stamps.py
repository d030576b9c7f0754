"""Whether a source is still what it was, told without reading it."""

import os
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final

from msgspec import Struct

from coco_dagster.encord.source_files import Listing, SourceFile, locate
from coco_dagster.encord.source_streams import Explained, identity_of

_SETTLED_NS: Final = 2_000_000_000
"""Time after which a further change of a file surely gets another time of writing."""


class Stamp(Struct, frozen=True):
    """What tells a file from its other states.

    Attributes:
        text: differs when the file does: from size, times and inode, or from what a remote
            storage says of it.
        is_fresh: whether the file was written just now, so that it may not be complete yet.
        tells: whether every change shows in the text; a size alone tells too little.
        bytes: its size; None where the storage does not say.
    """

    text: str
    is_fresh: bool
    tells: bool
    bytes: int | None

    @property
    def is_settled(self) -> bool:
        """Whether a further change would show."""
        return self.tells and not self.is_fresh


class SourceStamps(Struct, frozen=True):
    """Stamps of a source.

    Attributes:
        files: stamp of each file by its path within the source; a zip is one file.
        is_folder: whether the source is a folder.
    """

    files: dict[str, Stamp]
    is_folder: bool

    @property
    def digest(self) -> str | None:
        """Hex SHA-256 over all stamps; None where a later change might not show in them."""
        if not all(stamp.is_settled for stamp in self.files.values()):
            return None
        digest = sha256()
        for name, stamp in sorted(self.files.items()):
            digest.update(f"{len(name)}:{name}{len(stamp.text)}:{stamp.text}".encode())
        return digest.hexdigest()

    def only(self, chosen: Callable[[str], bool]) -> "SourceStamps":
        """Stamps of some files of a folder; a file or a zip stays what it is."""
        if not self.is_folder:
            return self
        kept = {name: stamp for name, stamp in self.files.items() if chosen(name)}
        return SourceStamps(kept, is_folder=True)


def source_stamps(labels: str) -> SourceStamps:
    """Stamps of the files of a source.

    Args:
        labels: path or fsspec URL of a file, a folder or a zip.

    Raises:
        SourceError: there is nothing, or it cannot be listed.
    """
    found = locate(labels)
    files = found.files if isinstance(found, Listing) else [found]
    now = time.time_ns()
    stamps = {file.name: _stamp(file, now) for file in files}
    return SourceStamps(stamps, isinstance(found, Listing))


def _stamp(file: SourceFile, now_ns: int) -> Stamp:
    if file.local is not None:
        with Explained(file.place):
            status = os.stat(file.local)
        written = max(status.st_mtime_ns, status.st_ctime_ns)
        facts = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        text = "-".join(str(fact) for fact in facts)
        return Stamp(text, now_ns - written < _SETTLED_NS, True, status.st_size)
    known = identity_of(file.facts)
    size = file.facts.get("size")
    # Object stores show a file when it is complete, and name its content or the time of writing.
    tells = any(name != "size" for name in known)
    return Stamp(_text(known), False, tells, size if isinstance(size, int) else None)


def _text(facts: Mapping[str, Any]) -> str:
    return ";".join(f"{name}={facts[name]}" for name in sorted(facts))
