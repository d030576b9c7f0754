"""How a running export tells where it is."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """Told of every part that is done."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take note.

        Args:
            stage: `labels`, `rendering` or `writing`.
            done: parts that are done.
            total: all parts, if known.
        """


def silent(stage: str, done: int, total: int | None) -> None:
    """Progress that nobody watches."""


class Stopwatch:
    """Seconds of wall time that each stage took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a block."""
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = self.seconds.get(name, 0.0) + time.perf_counter() - start
            self.seconds[name] = round(spent, 4)
