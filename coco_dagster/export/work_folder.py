"""A folder for what passes between the stages of a job."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coco_dagster.tables import staging
from coco_dagster.tables.locations import storage_failures


@contextmanager
def work_folder() -> Iterator[Path]:
    """An empty local folder that is gone after the block.

    Should the process be killed, the next one that makes such a folder removes it.

    Raises:
        StorageError: it cannot be made or written, or another file in the block cannot.
    """
    with storage_failures("The folder for temporary files"):
        place = f"The folder for temporary files, {tempfile.gettempdir()},"
    with storage_failures(place), staging.work_folder() as folder:
        yield folder
