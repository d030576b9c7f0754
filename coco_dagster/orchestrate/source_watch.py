"""What a sensor remembers of a source, and what has changed since.

Files whose stamp (size, times, or what a remote storage says) is new are read once, so that a file
that was only touched, or written again as it was, is no change.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import fsspec
import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from coco_dagster.encord.source_stamps import SourceStamps, Stamp

MOST_FILES: Final = 5_000
"""Files that a cursor remembers one by one; of larger sources it remembers one digest."""

MOST_BYTES: Final = 1 << 28
"""Size of a file up to which its content is compared; of larger files it is the stamp."""

_BLOCK_BYTES: Final = 1 << 22
_DIGITS: Final = 16


class SeenFile(Struct, frozen=True, array_like=True):
    """A file as it was seen: its stamp, and a digest of its content or, failing that, the stamp."""

    stamp: str
    content: str


class Seen(Struct, frozen=True):
    """A source as it was seen, which is what the cursor holds.

    Attributes:
        digest: digest of the contents of all files; empty before anything was seen.
        number: how often the source has changed.
        files: files by their path within the source; empty for a source of many files.
    """

    digest: str = ""
    number: int = 0
    files: dict[str, SeenFile] = {}

    @classmethod
    def from_cursor(cls, cursor: str | None) -> "Seen":
        """What a cursor holds; nothing where it is none of this release."""
        try:
            return msgspec.json.decode(cursor or "{}", type=cls)
        except msgspec.MsgspecError:
            return cls()

    def cursor(self) -> str:
        """As text for the cursor."""
        return msgspec.json.encode(self).decode()


class Change(Struct, frozen=True):
    """Files of a source that differ from what was seen, by their path within it."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def touched(self) -> tuple[str, ...]:
        """Files that are there and hold something else than before."""
        return tuple(sorted((*self.new, *self.changed)))

    def described(self) -> str:
        """The change in some words."""
        counts = {"new": self.new, "changed": self.changed, "removed": self.removed}
        parts = [f"{len(files)} {kind}" for kind, files in counts.items() if files]
        return ", ".join(parts) or "nothing"


def look(labels: str, stamps: "SourceStamps", seen: Seen) -> tuple[Seen, Change]:
    """Look at a source again.

    Args:
        labels: path or fsspec URL of the source.
        stamps: stamps of its files as they are now.
        seen: what was seen before.

    Returns:
        What is seen now, with the number of `seen`, and what has changed.
    """
    remembers = len(stamps.files) <= MOST_FILES
    files = {
        name: _seen_file(_place(labels, name, stamps), stamp, seen.files.get(name), remembers)
        for name, stamp in sorted(stamps.files.items())
    }
    digest = sha256()
    for name, file in files.items():
        digest.update(f"{len(name)}:{name}{file.content}".encode())
    now = Seen(digest.hexdigest()[:_DIGITS], seen.number, files if remembers else {})
    return now, _change(seen.files, files)


def is_being_written(stamps: "SourceStamps") -> bool:
    """Whether a file was written just now, so that it may not be complete yet.

    Args:
        stamps: stamps of the files of a source.
    """
    return any(stamp.is_fresh for stamp in stamps.files.values())


def _seen_file(place: str, stamp: "Stamp", before: SeenFile | None, reads: bool) -> SeenFile:
    if before is not None and before.stamp == stamp.text:
        return before
    if not reads or stamp.bytes is None or stamp.bytes > MOST_BYTES:
        return SeenFile(stamp.text, sha256(stamp.text.encode()).hexdigest()[:_DIGITS])
    digest = sha256()
    with fsspec.open(place, "rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return SeenFile(stamp.text, digest.hexdigest()[:_DIGITS])


def _place(labels: str, name: str, stamps: "SourceStamps") -> str:
    return f"{labels.rstrip('/')}/{name}" if stamps.is_folder else labels


def _change(before: Mapping[str, SeenFile], now: Mapping[str, SeenFile]) -> Change:
    return Change(
        new=tuple(name for name in now if name not in before),
        changed=tuple(
            name
            for name, file in now.items()
            if name in before and before[name].content != file.content
        ),
        removed=tuple(sorted(before.keys() - now.keys())),
    )
