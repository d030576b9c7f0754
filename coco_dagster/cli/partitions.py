"""`coco-dagster partitions`: commands that ask a Dagster instance.

They live on Dagster's side of the package and are known here by name alone: only those who ask for
them load Dagster.
"""

from collections.abc import Callable
from copy import copy
from functools import wraps
from importlib import import_module
from typing import Any

import click

from coco_dagster.cli.failures import one_paragraph_on_failure


class _DagsterCommands(click.Group):
    """A group whose commands are loaded when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands."""
        return self._loaded().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of the commands, whose failures are one paragraph."""
        found = self._loaded().get_command(ctx, cmd_name)
        if found is None or found.callback is None:
            return found
        command = copy(found)
        command.callback = _reporting(found.callback)
        return command

    def _loaded(self) -> click.Group:
        module = import_module("coco_dagster.orchestrate.partition_commands")
        group: click.Group = module.partitions
        return group


def _reporting(callback: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(callback)
    def reporting(*args: Any, **options: Any) -> Any:
        with one_paragraph_on_failure(outcome="nothing was changed"):
            return callback(*args, **options)

    return reporting


@click.command(cls=_DagsterCommands)
def partitions() -> None:
    """List, add and remove partitions that a Dagster instance knows."""
