"""What every step needs: the tables it builds on, and failures that can be read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import dagster as dg

from coco_dagster.errors import CocoDagsterError, StorageError, WorkerError
from coco_dagster.orchestrate.pipeline import ONTOLOGY_ASSET, RAW_LABELS_ASSET, Pipeline
from coco_dagster.orchestrate.resources import EncordCocoStorage
from coco_dagster.orchestrate.specs import AssetSpecs
from coco_dagster.tables.schemas import LABEL_TABLES

if TYPE_CHECKING:
    from coco_dagster.tables.store import TableSet

_WORTH_A_RETRY: Final = (StorageError, WorkerError)


@dataclass(frozen=True)
class PipelineStore:
    """What a pipeline keeps in its storage.

    Attributes:
        storage: where it is kept.
        pipeline: the pipeline.
        specs: its assets, named in messages.
    """

    storage: EncordCocoStorage
    pipeline: Pipeline
    specs: AssetSpecs

    @property
    def raw_labels_root(self) -> str:
        """Where snapshots of the label rows are published."""
        return self.storage.tables(self.pipeline.name, "raw_labels")

    @property
    def ontology_root(self) -> str:
        """Where the tables of the ontology are published."""
        return self.storage.tables(self.pipeline.name, "ontology")

    @property
    def labels_root(self) -> str:
        """Where the tables computed from the label rows are published."""
        return self.storage.tables(self.pipeline.name, "labels")

    @property
    def exports_root(self) -> str:
        """Where COCO exports are published."""
        return self.storage.exports(self.pipeline.name)

    def raw_labels(self) -> "TableSet":
        """The newest snapshot of the label rows; fails as `labels` does."""
        return self._newest(self.raw_labels_root, RAW_LABELS_ASSET)

    def ontology(self) -> "TableSet":
        """The newest tables of the ontology; fails as `labels` does."""
        return self._newest(self.ontology_root, ONTOLOGY_ASSET)

    def labels(self) -> "TableSet":
        """The newest tables computed from the label rows.

        Raises:
            dagster.Failure: there are none yet, or they cannot be read.
        """
        return self._newest(self.labels_root, next(iter(LABEL_TABLES)))

    def _newest(self, root: str, producer: str) -> "TableSet":
        from coco_dagster.tables.store import latest_table_set

        try:
            return latest_table_set(root)
        except StorageError as error:
            asset = self.specs[producer].key.to_user_string()
            message = f"Materialise `{asset}` first. {error}"
            raise dg.Failure(message, allow_retries=False) from error


def pipeline_store(context: Any, pipeline: Pipeline, specs: AssetSpecs) -> PipelineStore:
    """What the pipeline keeps, in the storage that is configured for the run.

    Args:
        context: execution context of a step that requires the pipeline's storage.
        pipeline: the pipeline.
        specs: its assets.
    """
    storage = cast(EncordCocoStorage, getattr(context.resources, pipeline.storage_key))
    return PipelineStore(storage, pipeline, specs)


@contextmanager
def reported_failures() -> Iterator[None]:
    """Turn errors of the pipeline into step failures of one sentence.

    Raises:
        dagster.Failure: in place of a CocoDagsterError. It allows retries where another attempt
            may succeed: storage out of reach, a worker process gone.
    """
    try:
        yield
    except CocoDagsterError as error:
        retry = isinstance(error, _WORTH_A_RETRY)
        raise dg.Failure(str(error), allow_retries=retry) from error
