"""The command line, `coco-dagster`: a module for each command.

Starts fast: what computes is imported only when it is needed, and Dagster never.
"""

import os
import sys
from contextlib import suppress

import click

from coco_dagster.cli.export import export
from coco_dagster.cli.partitions import partitions
from coco_dagster.cli.preview import preview
from coco_dagster.cli.report import report
from coco_dagster.cli.validate import validate
from coco_dagster.without_pandas import keep_pandas_out


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="coco-dagster", prog_name="coco-dagster")
def main() -> None:
    """Turn Encord label exports into COCO datasets, with the lineage of every annotation."""


main.add_command(export)
main.add_command(validate)
main.add_command(preview)
main.add_command(report)
main.add_command(partitions)


def run() -> None:
    """Run the command line as a process of its own, which ends as soon as it is done.

    Without this the interpreter would first take down everything that was imported, which takes
    longer than some commands do.
    """
    keep_pandas_out()
    try:
        main()
    except SystemExit as ended:
        if not isinstance(ended.code, int | None):
            raise
        # What cannot be written any more is told by the interpreter's own way to end.
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(ended.code or 0)
        raise
    except OSError as error:
        # Commands tell of all that they cannot read or write themselves.
        click.echo(f"Error: The output cannot be printed: {error.strerror or error}.", err=True)
        # Unlike `sys.exit`, this does not try to print it once more.
        os._exit(1)
