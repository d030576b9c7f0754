"""Work within polars' pool of threads."""

from collections.abc import Callable
from typing import TypeVar

import polars as pl

_R = TypeVar("_R")


def within_pool(work: Callable[[], _R]) -> _R:
    """Carry out work that asks polars for many small results.

    polars hands each expression to a thread of its pool and waits for it; a thread of the pool
    computes at once. For a hundred small expressions, waking a thread each time took a fifth of
    the time.

    Args:
        work: what is done; it must not wait for other work of this kind, which the same thread may
            have to do.

    Returns:
        What it returns; what it raises is raised.
    """
    results: list[_R] = []
    errors: list[BaseException] = []

    def carry_out(frame: pl.DataFrame) -> pl.DataFrame:
        try:
            results.append(work())
        except BaseException as error:
            # polars would wrap it in an error of its own.
            errors.append(error)
        return frame

    pl.LazyFrame().map_batches(carry_out).collect()
    if errors:
        raise errors[0]
    return results[0]
