"""Where a pipeline keeps what it makes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import dagster as dg
from pydantic import Field

from coco_dagster.export.processes import processes_kept


class EncordCocoStorage(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Folder or fsspec URL below which tables and exports are kept.

    Steps hand nothing to one another but what lies here, so every process and every machine that
    runs a step must reach it under the same name.
    """

    url: str = Field(
        description="Folder or fsspec URL, for example `storage` or `s3://bucket/coco`."
    )

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Self]:
        """The storage, as long as a run's process needs it; its steps share worker processes."""
        with processes_kept(), super().yield_for_execution(context) as storage:
            yield storage

    def tables(self, pipeline: str, tables: str, partition: str | None = None) -> str:
        """Root of one kind of tables: `raw_labels`, `ontology` or `labels`.

        Args:
            pipeline: name of the pipeline.
            tables: kind of tables.
            partition: key of a partition; None for the tables of the undivided source.
        """
        return f"{self._root}/tables/{pipeline}/{tables}{_of_partition(partition)}"

    def exports(self, pipeline: str, folder: str = "", partition: str | None = None) -> str:
        """Root of the COCO exports: one folder for each, beside `latest.json`.

        Args:
            pipeline: name of the pipeline.
            folder: folder of one of several exports.
            partition: key of a partition that has an export of its own.
        """
        within = f"/{folder}" if folder else ""
        return f"{self._root}/exports/{pipeline}{within}{_of_partition(partition)}"

    @property
    def _root(self) -> str:
        return self.url.rstrip("/")


def _of_partition(partition: str | None) -> str:
    return f"/partitions/{partition}" if partition is not None else ""
