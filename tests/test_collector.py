"""The collector of cycles, and whom it rests for."""

import gc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from coco_dagster.collector import collector_paused
from coco_dagster.export.pool import worker_pool


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    """A collector at work, whatever earlier tests have left."""
    was_enabled = gc.isenabled()
    gc.enable()
    yield
    if not was_enabled:
        gc.disable()


@pytest.mark.parametrize("block", [collector_paused, lambda: worker_pool(1)])
def test_the_collector_works_again_after_the_block(
    block: Callable[[], AbstractContextManager[object]],
) -> None:
    paused: list[bool] = []

    def fail_within() -> None:
        with block():
            paused.append(not gc.isenabled())
            raise RuntimeError

    for _ in range(2):
        with pytest.raises(RuntimeError):
            fail_within()
        assert gc.isenabled()
    assert paused == [True, True]


def test_a_block_within_another_leaves_it_paused() -> None:
    with collector_paused():
        with collector_paused():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    with collector_paused():
        pass
    assert not gc.isenabled()
