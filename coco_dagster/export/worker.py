"""A worker process: carries out tasks from its standard input until that ends."""

import os
import select
import sys
import traceback
from threading import Thread
from typing import IO, Final

import msgspec

from coco_dagster.encord.redaction import brief
from coco_dagster.errors import CocoDagsterError
from coco_dagster.export.processes import receive, send
from coco_dagster.export.tasks import TASK_DECODER, Failure, Outcome
from coco_dagster.tables.locations import storage_failures

_WORDS: Final = 500
"""Characters that are told of an error that nobody foresaw."""


def work(tasks: IO[bytes], reports: IO[bytes]) -> None:
    """Carry out tasks until there are no more."""
    while (message := receive(tasks)) is not None:
        try:
            with storage_failures("A file of the export"):
                outcome = Outcome(report=TASK_DECODER.decode(message).run())
        except CocoDagsterError as error:
            outcome = Outcome(failure=Failure(type(error).__name__, str(error)))
        except Exception as error:
            if os.environ.get("COCO_DAGSTER_TRACEBACK"):
                traceback.print_exception(error)
            # Its own words may quote what a label row holds.
            text = f"A worker failed in a way that was not foreseen: {brief(repr(error), _WORDS)}."
            outcome = Outcome(failure=Failure("WorkerError", text))
        send(reports, msgspec.msgpack.encode(outcome))


def end_with_caller(tasks: int) -> None:
    """End this process as soon as its caller has ended, even in the middle of a task.

    Otherwise it would go on writing into folders that the next run takes for abandoned.

    Args:
        tasks: descriptor of the pipe that the caller writes to.
    """
    poll = select.poll()
    poll.register(tasks, 0)  # hanging up is always told
    poll.poll()
    os._exit(1)


def main() -> None:
    """Carry out tasks from the standard input until its end."""
    if hasattr(select, "poll"):
        Thread(target=end_with_caller, args=[sys.stdin.fileno()], daemon=True).start()
    # Whatever a library prints must not get between the reports.
    reports = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        work(sys.stdin.buffer, reports)
    except BrokenPipeError:
        # The caller was killed: nobody is left to tell, and closing the pipe would fail again.
        os._exit(1)
