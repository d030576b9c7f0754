"""Partitions of a pipeline: what the source has, what the instance knows, and runs over some."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import dagster as dg

from coco_dagster.export.partition_keys import checked_keys, shard_key
from coco_dagster.orchestrate.pipeline import Pipeline

if TYPE_CHECKING:
    from coco_dagster.export.snapshots import Division
    from coco_dagster.orchestrate.source_watch import Change

RANGE_START: Final = "dagster/asset_partition_range_start"
RANGE_END: Final = "dagster/asset_partition_range_end"
"""Tags of a run over a range of partitions."""


@dataclass(frozen=True)
class PartitionChange:
    """How the partitions that an instance knows differ from those of the source.

    Attributes:
        added: keys that the instance does not know yet, in the order of the source.
        removed: keys that the source no longer has.
        known: all keys once both are done, in the order of the instance.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    known: tuple[str, ...]


def source_partitions(pipeline: Pipeline) -> list[str]:
    """Keys of the partitions that the source of a pipeline has.

    Args:
        pipeline: a pipeline with partitions.

    Raises:
        SourceError: the source cannot be read.
    """
    from coco_dagster.export.snapshots import find_partitions

    return find_partitions(pipeline.labels, _division(pipeline), workers=pipeline.workers)


def _division(pipeline: Pipeline) -> "Division":
    if pipeline.partition_by == "none":
        raise ValueError(f"The pipeline {pipeline.name} has no partitions.")
    return pipeline.partition_by


def partition_change(present: Sequence[str], registered: Sequence[str]) -> PartitionChange:
    """Compare the partitions of the source with those that the instance knows.

    Args:
        present: keys that the source has.
        registered: keys that the instance knows, in its order.

    Raises:
        SettingsError: a key cannot be used.
    """
    keys = checked_keys(present)
    kept = [key for key in registered if key in set(keys)]
    added = [key for key in keys if key not in set(registered)]
    removed = [key for key in registered if key not in set(keys)]
    return PartitionChange(tuple(added), tuple(removed), (*kept, *added))


def requests_for(
    pipeline: Pipeline, change: PartitionChange
) -> list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest]:
    """What a sensor asks of the instance, so that it knows the partitions of the source.

    Args:
        pipeline: the pipeline.
        change: what it does not know yet, and what is gone.
    """
    partitions = dg.DynamicPartitionsDefinition(name=pipeline.partitions_name)
    requests: list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest] = []
    if change.added:
        requests.append(partitions.build_add_request(list(change.added)))
    if change.removed:
        requests.append(partitions.build_delete_request(list(change.removed)))
    return requests


def touched_partitions(pipeline: Pipeline, known: Sequence[str], change: "Change") -> list[str]:
    """Partitions whose label rows may differ after a change, in the order of the instance.

    Args:
        pipeline: the pipeline.
        known: keys that the instance knows, without those that are gone.
        change: files of the source that are new, changed or gone.
    """
    if pipeline.partition_by != "shard":
        return list(known)
    keys = {shard_key(name) for name in (*change.touched, *change.removed)}
    touched = [key for key in known if key in keys]
    # Files within a zip are not told apart from outside; of partitions that are gone, nothing is
    # left to be made.
    return list(known) if change.touched and not touched else touched


def range_tags(known: Sequence[str], chosen: Collection[str]) -> Mapping[str, str]:
    """Tags of one run over the shortest range of partitions that holds all the chosen ones.

    Args:
        known: keys that the instance knows, in its order.
        chosen: some of them.
    """
    positions = [position for position, key in enumerate(known) if key in set(chosen)]
    return {RANGE_START: known[positions[0]], RANGE_END: known[positions[-1]]}
