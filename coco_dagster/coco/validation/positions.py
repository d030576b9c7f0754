"""Where entries stand, for millions of them in little memory."""

from typing import Final

import numpy as np

from coco_dagster.coco.validation.findings import EntryKind, Place
from coco_dagster.encord.run_lengths import Ints

_NO_INTS: Final = np.zeros(0, np.int64)


class Positions:
    """Unit and index of entries in the order in which they are added.

    Entries follow each other in their sections, so only the places are kept at which they do not.
    """

    def __init__(self) -> None:
        """Starts without entries."""
        self.count = 0
        self._starts: list[Ints] = []
        self._units: list[Ints] = []
        self._indices: list[Ints] = []

    def add(self, units: Ints, indices: Ints) -> None:
        """Adds consecutive entries."""
        follows = (units[1:] == units[:-1]) & (indices[1:] == indices[:-1] + 1)
        first = np.concatenate(([0], np.flatnonzero(~follows) + 1))
        self._starts.append(first + self.count)
        self._units.append(units[first])
        self._indices.append(indices[first])
        self.count += units.size

    def units(self) -> Ints:
        """Unit of each entry."""
        starts, units, _ = self._runs()
        return np.repeat(units, np.diff(starts, append=self.count))

    def units_of(self, positions: Ints) -> Ints:
        """Unit of some of the entries."""
        starts, units, _ = self._runs()
        found: Ints = units[np.searchsorted(starts, positions, side="right") - 1]
        return found

    def place(self, kind: EntryKind, position: int, key: int | None) -> Place:
        """Where one entry stands.

        Args:
            kind: what it is.
            position: its position among those that were added.
            key: its id, if it is known.
        """
        starts, units, indices = self._runs()
        run = int(np.searchsorted(starts, position, side="right")) - 1
        index = int(indices[run]) + position - int(starts[run])
        return Place(kind, key, index, int(units[run]))

    def _runs(self) -> tuple[Ints, Ints, Ints]:
        if len(self._starts) > 1:
            for parts in (self._starts, self._units, self._indices):
                parts[:] = [np.concatenate(parts)]
        if not self._starts:
            return _NO_INTS, _NO_INTS, _NO_INTS
        return self._starts[0], self._units[0], self._indices[0]
