"""What a snapshot was made of, so that untouched files need not be read again."""

from collections.abc import Callable
from hashlib import sha256

from msgspec import Struct

from coco_dagster.encord.source_stamps import SourceStamps, source_stamps
from coco_dagster.tables.schemas import SCHEMA_VERSION
from coco_dagster.tables.store import TableSet, made_from, note_made_from


class SourceState(Struct, frozen=True):
    """The files of a source as they stand.

    Attributes:
        labels: the source.
        stamps: stamps of its files.
    """

    labels: str
    stamps: SourceStamps

    @classmethod
    def of(cls, labels: str) -> "SourceState":
        """The state of a source.

        Raises:
            SourceError: there is nothing, or it cannot be listed.
        """
        return cls(labels, source_stamps(labels))

    def only(self, chosen: Callable[[str], bool]) -> "SourceState":
        """Some of its files, chosen by their path within the source."""
        return SourceState(self.labels, self.stamps.only(chosen))

    def snapshot(self, root: str) -> TableSet | None:
        """The snapshot that was made of these very files, if it is still there.

        Args:
            root: where snapshots are published.
        """
        return None if self._digest is None else made_from(root, self._digest)

    def keep(self, root: str, snapshot: TableSet) -> TableSet:
        """Note that a snapshot was made of these files, and return it.

        Args:
            root: where snapshots are published.
            snapshot: made after the stamps were taken.
        """
        if self._digest is not None:
            note_made_from(root, self._digest, snapshot.version)
        return snapshot

    @property
    def _digest(self) -> str | None:
        stamps = self.stamps.digest
        if stamps is None:
            return None
        return sha256(f"{SCHEMA_VERSION}\n{self.labels}\n{stamps}".encode()).hexdigest()
