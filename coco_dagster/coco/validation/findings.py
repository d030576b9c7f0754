"""What is found in a file, collected rule by rule."""

from collections.abc import Callable, Iterable
from typing import Literal

import numpy as np
from msgspec import Struct

from coco_dagster.encord.run_lengths import Flags

EntryKind = Literal["annotation", "image", "category", "license", "file"]


class Place(Struct, frozen=True):
    """One of the things that a finding is about.

    Attributes:
        kind: what it is.
        id: its id as it stands in the file, None where it has none or it is not known any more.
        index: its position in its section.
        unit: position of its COCO object in the stream.
    """

    kind: EntryKind
    id: int | float | str | None
    index: int
    unit: int


class Found(Struct):
    """How often a rule was broken, and where first."""

    count: int
    first: list[Place]


class Findings:
    """The findings of one stream.

    Attributes:
        by_code: code of a rule → what was found.
    """

    def __init__(self, max_affected: int) -> None:
        """Starts without findings.

        Args:
            max_affected: places that are kept of each rule, the first ones.
        """
        self.by_code: dict[str, Found] = {}
        self._max_affected = max_affected

    def add(self, code: str, count: int, places: Iterable[Place]) -> None:
        """Adds findings.

        Args:
            code: the rule.
            count: how many.
            places: where, at least the first ones.
        """
        if not count:
            return
        found = self.by_code.setdefault(code, Found(0, []))
        found.count += count
        missing = self._max_affected - len(found.first)
        if missing > 0:
            found.first.extend(place for place, _ in zip(places, range(missing), strict=False))

    def mark(self, code: str, broken: Flags, place: Callable[[int], Place]) -> None:
        """Adds a finding for each entry of a block that breaks a rule.

        Args:
            code: the rule.
            broken: whether each entry breaks it.
            place: tells the place of an entry.
        """
        count = int(np.count_nonzero(broken))
        if count:
            first = np.flatnonzero(broken)[: self._max_affected].tolist()
            self.add(code, count, map(place, first))


class BlockMarks:
    """Which entries of a block break which rules, while several checks look at them."""

    def __init__(self) -> None:
        """Starts without any."""
        self._broken: dict[str, Flags] = {}

    def __call__(self, code: str, broken: Flags) -> None:
        """Notes that entries break a rule, besides those of which that is known."""
        if broken.any():
            known = self._broken.get(code)
            self._broken[code] = broken if known is None else known | broken

    def hand_over(self, findings: Findings, place: Callable[[int], Place]) -> None:
        """Turns everything noted into findings.

        Args:
            findings: where they go.
            place: tells the place of an entry.
        """
        for code, broken in self._broken.items():
            findings.mark(code, broken, place)
