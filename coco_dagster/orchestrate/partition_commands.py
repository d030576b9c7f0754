"""`coco-dagster partitions`: which partitions of a pipeline a Dagster instance knows.

Dagster itself has no command for dynamic partitions. The command line loads this module by its
name when it is asked for, so that everything else runs without Dagster.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import click
import dagster as dg

from coco_dagster.errors import SettingsError
from coco_dagster.export.partition_keys import PARTITION_BY, checked_key, checked_keys
from coco_dagster.orchestrate.pipeline import partitions_name

_DIVISIONS = tuple(division for division in PARTITION_BY if division != "none")


@click.group()
def partitions() -> None:
    """Partitions of a pipeline that a Dagster instance knows (the one of DAGSTER_HOME)."""


@partitions.command("list")
@click.argument("pipeline")
def list_partitions(pipeline: str) -> None:
    """Print the keys of the partitions of PIPELINE, one a line."""
    with _instance() as instance:
        for key in instance.get_dynamic_partitions(partitions_name(pipeline)):
            click.echo(key)


@partitions.command("add")
@click.argument("pipeline")
@click.argument("keys", nargs=-1)
@click.option(
    "--labels",
    metavar="SOURCE",
    help="Add the partitions that these label rows have: a file, folder, zip or fsspec URL.",
)
@click.option(
    "--by",
    type=click.Choice(_DIVISIONS),
    default="dataset",
    show_default=True,
    help="What the partitions of the label rows are, as `partition_by` of the component.",
)
def add_partitions(pipeline: str, keys: tuple[str, ...], labels: str | None, by: str) -> None:
    """Make partitions of PIPELINE known, by their KEYS or from the label rows.

    \b
    Examples:
      coco-dagster partitions add faces --labels labels/ --by shard
      coco-dagster partitions add faces Harbour-cameras-18441a98
    """  # noqa: D301
    wanted = checked_keys([*keys, *(_of_source(labels, by) if labels else [])])
    if not wanted:
        raise SettingsError("Name the partitions to add, or the label rows that have them.")
    with _instance() as instance:
        name = partitions_name(pipeline)
        known = set(instance.get_dynamic_partitions(name))
        added = [key for key in wanted if key not in known]
        if added:
            instance.add_dynamic_partitions(name, added)
    for key in added:
        click.echo(key)


@partitions.command("remove")
@click.argument("pipeline")
@click.argument("keys", nargs=-1, required=True)
def remove_partitions(pipeline: str, keys: tuple[str, ...]) -> None:
    """Let partitions of PIPELINE be forgotten; their tables stay in the storage."""
    with _instance() as instance:
        name = partitions_name(pipeline)
        known = instance.get_dynamic_partitions(name)
        for key in keys:
            if key not in known:
                raise SettingsError(f"The pipeline `{pipeline}` has no partition `{key}`.")
            instance.delete_dynamic_partition(name, key)
            click.echo(key)


def _of_source(labels: str, by: str) -> list[str]:
    from coco_dagster.export.snapshots import find_partitions

    return [
        checked_key(key) for key in find_partitions(labels, "shard" if by == "shard" else "dataset")
    ]


@contextmanager
def _instance() -> Iterator[dg.DagsterInstance]:
    try:
        instance = dg.DagsterInstance.get()
    except dg.DagsterError as error:
        raise SettingsError(
            "There is no Dagster instance: set DAGSTER_HOME to the folder of yours."
        ) from error
    with instance:
        yield instance
