"""The progress of a job on a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from coco_dagster.export.progress import Progress

_STAGES: Final = {
    "labels": "Reading labels",
    "rendering": "Rendering annotations",
    "writing": "Writing COCO",
    "report": "Writing the report",
}


@contextmanager
def progress_bar() -> Iterator["Progress"]:
    """A progress bar on a terminal, nothing elsewhere."""
    from coco_dagster.export.progress import silent

    if not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                for earlier in bar.tasks:
                    # Of how many chunks a source has, only its end tells.
                    bar.update(earlier.id, total=earlier.completed)
                tasks[stage] = bar.add_task(_STAGES[stage], total=total)
            bar.update(tasks[stage], completed=done, total=total)

        yield show
