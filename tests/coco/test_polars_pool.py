"""Work within polars' pool."""

import threading

import polars as pl
import pytest

from coco_dagster.coco.polars_pool import within_pool
from coco_dagster.errors import ExportError


def test_returns_what_the_work_returns() -> None:
    assert within_pool(lambda: pl.Series([1, 2]).sum()) == 3


def test_an_error_comes_out_as_it_was_raised() -> None:
    error = ExportError("It cannot be done.")

    def fail() -> None:
        raise error

    with pytest.raises(ExportError) as caught:
        within_pool(fail)
    assert caught.value is error


def test_works_from_several_threads_at_once() -> None:
    totals: list[int] = []

    def add(number: int) -> None:
        frame = pl.DataFrame({"n": range(number)})
        totals.append(within_pool(lambda: frame.select(pl.sum("n")).item()))

    threads = [threading.Thread(target=add, args=[number]) for number in range(1, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(totals) == sorted(sum(range(number)) for number in range(1, 20))


def test_nests() -> None:
    assert within_pool(lambda: within_pool(lambda: pl.select(pl.lit(1) + 1).item())) == 2
