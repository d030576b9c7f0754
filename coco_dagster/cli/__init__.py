"""The command line, `coco-dagster`: a module for each command.

Starts fast: what computes is imported only when it is needed, and Dagster never.
"""

import click

from coco_dagster.cli.export import export
from coco_dagster.cli.partitions import partitions
from coco_dagster.cli.preview import preview
from coco_dagster.cli.report import report
from coco_dagster.cli.validate import validate


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="coco-dagster", prog_name="coco-dagster")
def main() -> None:
    """Turn Encord label exports into COCO datasets, with the lineage of every annotation."""


main.add_command(export)
main.add_command(validate)
main.add_command(preview)
main.add_command(report)
main.add_command(partitions)
