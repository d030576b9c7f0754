"""What a pipeline keeps in its storage, as its steps and checks read it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import dagster as dg

from coco_dagster.errors import StorageError
from coco_dagster.orchestrate.pipeline import ONTOLOGY_ASSET, RAW_LABELS_ASSET, Pipeline
from coco_dagster.orchestrate.resources import EncordCocoStorage
from coco_dagster.orchestrate.specs import AssetSpecs
from coco_dagster.tables.schemas import LABEL_TABLES

if TYPE_CHECKING:
    import polars as pl

    from coco_dagster.tables.store import TableSet

Partition = str | None
"""Key of a partition; None stands for the undivided source."""


@dataclass(frozen=True)
class PipelineStore:
    """What a pipeline keeps in its storage.

    Attributes:
        storage: where it is kept.
        pipeline: the pipeline.
        specs: its assets, named in messages.
        registered: keys of the partitions that the instance knows; None where there are none.
    """

    storage: EncordCocoStorage
    pipeline: Pipeline
    specs: AssetSpecs
    registered: Sequence[str] | None = None

    def raw_labels_root(self, partition: Partition = None) -> str:
        """Where snapshots of the label rows are published."""
        return self.storage.tables(self.pipeline.name, "raw_labels", partition)

    @property
    def ontology_root(self) -> str:
        """Where the tables of the ontology are published."""
        return self.storage.tables(self.pipeline.name, "ontology")

    def labels_root(self, partition: Partition = None) -> str:
        """Where the tables computed from the label rows are published."""
        return self.storage.tables(self.pipeline.name, "labels", partition)

    def exports_root(self, export: str, partition: Partition = None) -> str:
        """Where an export is published; `partition` of one that is made per partition."""
        folder = self.pipeline.exports[export].folder
        return self.storage.exports(self.pipeline.name, folder, partition)

    def raw_labels(self, partition: Partition = None) -> "TableSet":
        """The newest snapshot of the label rows; fails as `labels` does."""
        return self._newest(self.raw_labels_root(partition), RAW_LABELS_ASSET, partition)

    def ontology(self) -> "TableSet":
        """The newest tables of the ontology; fails as `labels` does."""
        return self._newest(self.ontology_root, ONTOLOGY_ASSET, None)

    def labels(self, partition: Partition = None) -> "TableSet":
        """The newest tables computed from the label rows.

        Raises:
            dagster.Failure: there are none yet, or they cannot be read.
        """
        return self._newest(self.labels_root(partition), next(iter(LABEL_TABLES)), partition)

    def partitions_with_raw_labels(self) -> list[Partition]:
        """Partitions whose label rows have been materialised; the undivided source is always."""
        return self._present(self.raw_labels_root)

    def partitions_with_labels(self) -> list[Partition]:
        """Partitions whose tables have been materialised; the undivided source is always."""
        return self._present(self.labels_root)

    def _present(self, root: Any) -> list[Partition]:
        from coco_dagster.tables.store import latest_version

        if self.registered is None:
            return [None]
        return [key for key in self.registered if latest_version(root(key)) is not None]

    def _newest(self, root: str, producer: str, partition: Partition) -> "TableSet":
        from coco_dagster.tables.store import latest_table_set

        try:
            return latest_table_set(root)
        except StorageError as error:
            asset = self.specs[producer].key.to_user_string()
            of_partition = f" for the partition `{partition}`" if partition is not None else ""
            message = f"Materialise `{asset}`{of_partition} first. {error}"
            raise dg.Failure(message, allow_retries=False) from error


class MergedTables:
    """Tables of several partitions, scanned as one.

    Args:
        sets: the tables of each partition.
    """

    def __init__(self, sets: Sequence["TableSet"]) -> None:
        self._sets = sets

    def scan(self, table: str) -> "pl.LazyFrame":
        """A table as a lazy frame, which reads only what a query needs."""
        import polars as pl

        return pl.concat([tables.scan(table) for tables in self._sets])


def pipeline_store(context: Any, pipeline: Pipeline, specs: AssetSpecs) -> PipelineStore:
    """What the pipeline keeps, in the storage that is configured for the run.

    Args:
        context: execution context of a step that requires the pipeline's storage.
        pipeline: the pipeline.
        specs: its assets.
    """
    storage = cast(EncordCocoStorage, getattr(context.resources, pipeline.storage_key))
    registered = None
    if pipeline.is_partitioned:
        registered = context.instance.get_dynamic_partitions(pipeline.partitions_name)
    return PipelineStore(storage, pipeline, specs, registered)


def combined_versions(versions: Iterable[str]) -> str:
    """One version for several of them: that of the only one, else a digest over all."""
    from coco_dagster.tables.store import combined_digest

    known = list(versions)
    return known[0] if len(known) == 1 else combined_digest(known)


def by_partition(sets: Mapping[Partition, "TableSet"], table: str) -> dict[Partition, str]:
    """Content digest of a table in each partition."""
    return {partition: tables.tables[table].sha256 for partition, tables in sets.items()}
