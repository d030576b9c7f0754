"""What a check looks at, and what it finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from coco_dagster.orchestrate.store import Partition, PipelineStore

if TYPE_CHECKING:
    from coco_dagster.export.pool import WorkerPool
    from coco_dagster.export.tasks import Task
    from coco_dagster.orchestrate.coco_sample import CocoSamples
    from coco_dagster.orchestrate.file_digests import FileDigests
    from coco_dagster.tables.store import TableSet


_R = TypeVar("_R")


@dataclass(frozen=True)
class Verdict:
    """What a check found.

    Attributes:
        passed: whether all is well.
        description: what is wrong, in a sentence; empty when all is well.
        metadata: numbers that it was found by.
    """

    passed: bool
    description: str
    metadata: Mapping[str, Any]


class StoredTables:
    """Tables of a pipeline, looked up once for all checks of a step; fails as the store does.

    Args:
        store: what the pipeline keeps.
    """

    def __init__(self, store: PipelineStore) -> None:
        self.labels = cache(store.labels)
        self.raw_labels = cache(store.raw_labels)
        self.ontology = cache(store.ontology)


@dataclass(frozen=True)
class Scope:
    """What a check looks at.

    Attributes:
        store: what the pipeline keeps.
        tables: the tables in it.
        asset: name of the table or export that is checked.
        partitions: partitions that the run made.
        threshold: what the check lets pass.
        consumers: programs that the validator takes into account.
        samples: what pycocotools is given of each COCO file.
        digests: of files.
        workers: what carries out tasks that take long.
    """

    store: PipelineStore
    tables: StoredTables
    asset: str
    partitions: Sequence[Partition]
    threshold: float
    consumers: tuple[str, ...]
    samples: "CocoSamples"
    digests: "FileDigests"
    workers: "WorkerPool"

    def labels(self) -> "list[TableSet]":
        """Tables of the partitions."""
        return [self.tables.labels(partition) for partition in self.partitions]

    def raw_labels(self) -> "list[TableSet]":
        """Label rows of the partitions."""
        return [self.tables.raw_labels(partition) for partition in self.partitions]

    def exported_labels(self, partition: Partition) -> "list[TableSet]":
        """Tables that an export was made from.

        Args:
            partition: the partition of an export per partition; None: of the one over all.
        """
        if partition is not None:
            return [self.tables.labels(partition)]
        return [self.tables.labels(key) for key in self.store.partitions_with_labels()]

    def exports(self) -> dict[Partition, str]:
        """Where the exports that the check looks at are published, by partition."""
        per_partition = self.store.pipeline.exports[self.asset].per_partition
        targets = self.partitions if per_partition else [None]
        return {target: self.store.exports_root(self.asset, target) for target in targets}

    def carried_out(self, task: "Task", report: type[_R], *, takes_long: bool) -> _R:
        """The report of a task.

        Args:
            task: what is done.
            report: type of its report.
            takes_long: whether it is worth another process, where there is one.

        Raises:
            CocoDagsterError: what the task raised.
        """
        if takes_long:
            return self.workers.beside(task, report).result()
        return cast(_R, task.run())


def within(share: float, threshold: float) -> bool:
    """Whether a share is no more than what is let pass, whatever its last digits."""
    return share <= threshold + 1e-12
