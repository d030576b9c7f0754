"""Python's collector of cycles, which walks through everything that is decoded again and again."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """No search for cycles within the block.

    What is decoded from JSON are trees without cycles, which leave memory as soon as nobody has
    them. Looking for cycles in them takes a tenth of the time of whatever decodes, and a third in
    a process that holds much else, such as one of Dagster's.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
