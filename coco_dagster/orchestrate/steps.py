"""What every step of a pipeline has: its op's settings, its partitions, failures to be read."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import dagster as dg

from coco_dagster.errors import CocoDagsterError, StorageError, WorkerError
from coco_dagster.orchestrate.pipeline import Pipeline
from coco_dagster.orchestrate.specs import AssetSpecs
from coco_dagster.orchestrate.store import Partition, combined_versions

_WORTH_A_RETRY: Final = (StorageError, WorkerError)


@dataclass(frozen=True)
class OpSettings:
    """Settings of the op of a step; None where Dagster's default holds.

    Attributes:
        name: its name.
        tags: its tags, as executors read them.
        description: what the UI says of it.
        pool: concurrency pool.
        backfill_policy: how partitions of a backfill are divided over runs.
    """

    name: str | None = None
    tags: Mapping[str, Any] = field(default_factory=dict)
    description: str | None = None
    pool: str | None = None
    backfill_policy: dg.BackfillPolicy | None = None


@dataclass(frozen=True)
class Steps:
    """The steps of a pipeline, as far as they are alike.

    Attributes:
        pipeline: the pipeline.
        specs: its assets.
        ops: settings of single steps by name: `raw_labels`, `ontology`, `tables`, an export.
        pool: concurrency pool of steps for which `ops` says nothing.
        retry_policy: how often each step is tried again.
    """

    pipeline: Pipeline
    specs: AssetSpecs
    ops: Mapping[str, OpSettings] = field(default_factory=dict)
    pool: str | None = None
    retry_policy: dg.RetryPolicy | None = None

    def asset_step(self, step: str, assets: list[str]) -> dict[str, Any]:
        """Arguments of `dagster.multi_asset` for a step.

        Args:
            step: name of the step.
            assets: names of the assets that it makes.
        """
        specs = [self.specs[name] for name in assets]
        arguments = self._op(step)
        policy = self.ops.get(step, OpSettings()).backfill_policy
        if policy is None and self.pipeline.is_partitioned:
            # Assets without partitions have it too: `dg launch --partition-range` asks for it.
            policy = dg.BackfillPolicy.single_run()
        if policy is not None:
            arguments["backfill_policy"] = policy
        return arguments | {"specs": specs}

    def check_step(self, step: str, checks: list[dg.AssetCheckSpec]) -> dict[str, Any]:
        """Arguments of `dagster.multi_asset_check` for a step.

        Args:
            step: name of the step.
            checks: the checks that it makes.
        """
        return self._op(step) | {"specs": checks, "can_subset": True}

    def _op(self, step: str) -> dict[str, Any]:
        op = self.ops.get(step, OpSettings())
        return {
            "name": op.name or self.pipeline.step_name(step),
            "description": op.description,
            "op_tags": dict(op.tags),
            "pool": op.pool or self.pool,
            "retry_policy": self.retry_policy,
            "required_resource_keys": {self.pipeline.storage_key},
        }


def partitions_of(context: Any) -> list[Partition]:
    """Partitions that a step of the run makes, sorted; [None] where its assets have none.

    Args:
        context: execution context of the step.
    """
    if not context.has_partition_key and not context.has_partition_key_range:
        return [None]
    return sorted(context.partition_keys)


def materialised(
    context: dg.AssetExecutionContext,
    spec: dg.AssetSpec,
    versions: Mapping[Partition, str],
    metadata: Mapping[Partition, Mapping[str, Any]],
) -> dg.MaterializeResult[Any]:
    """Report an asset, with what there is to say of each of its partitions.

    Dagster gives all partitions of a run one data version, so that of several partitions is a
    digest over theirs.

    Args:
        context: execution context of the step.
        spec: the asset.
        versions: version of its content, by partition.
        metadata: likewise.
    """
    version = dg.DataVersion(combined_versions(versions.values()))
    if None in metadata:
        return dg.MaterializeResult(
            asset_key=spec.key, data_version=version, metadata=metadata[None]
        )
    for partition, facts in metadata.items():
        context.add_asset_metadata(facts, asset_key=spec.key, partition_key=partition)
    return dg.MaterializeResult(asset_key=spec.key, data_version=version)


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
