"""Lets consumers look at an export and at one-defect cases, and writes what they saw."""

import shutil
import sys
import tempfile
from pathlib import Path

import click

from tests.consumers.cases import Case, exported, exported_as_polygons, written
from tests.consumers.environments import (
    InstallError,
    environment_of,
    installed,
    make_environment,
    megabytes,
    python_of,
)
from tests.consumers.jobs import RunnerError, run
from tests.consumers.measured import Measurement, jobs, load, measurement, save
from tests.consumers.page import write_page
from tests.consumers.registry import CONSUMERS, Consumer

BY_NAME = {consumer.name: consumer for consumer in CONSUMERS}


@click.group(help=__doc__)
def main() -> None:
    """Entry point of `python -m tests.consumers`."""


@main.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BY_NAME)))
@click.option("--keep", is_flag=True, help="Keep the environments for the next time.")
def look(names: tuple[str, ...], keep: bool) -> None:
    """Let the consumers NAMES look; without names, all of them.

    What they saw goes to tests/consumers/measured.json and docs/consumers.md.
    """
    with tempfile.TemporaryDirectory(prefix="consumers-") as folder:
        place = Path(folder)
        exports = [exported(place / "export"), exported_as_polygons(place / "polygons")]
        cases = [*exports, *written(place / "cases")]
        for name in names or BY_NAME:
            click.echo(f"{name} …")
            try:
                measured = _measured(BY_NAME[name], cases, place / "homes" / name)
            finally:
                if not keep:
                    shutil.rmtree(environment_of(BY_NAME[name]), ignore_errors=True)
            save(load() | {name: measured})
            write_page(load())
            click.echo(_summary(measured))


@main.command()
@click.argument("name", type=click.Choice(list(BY_NAME)))
@click.argument("packages", nargs=-1, required=True)
def pin(name: str, packages: tuple[str, ...]) -> None:
    """Pin the versions of PACKAGES, and of all that they bring, for the consumer NAME."""
    consumer = BY_NAME[name]
    folder = environment_of(consumer)
    make_environment(folder, list(packages))
    pinned = "\n".join(installed(folder / "bin" / "python")) + "\n"
    consumer.requirements.write_text(pinned, encoding="utf-8")


def _measured(consumer: Consumer, cases: list[Case], home: Path) -> Measurement:
    try:
        python = python_of(consumer)
        answers = run(consumer.runner, python, jobs(consumer, cases), home)
    except InstallError as problem:
        return Measurement(problem=str(problem))
    except RunnerError as problem:
        click.echo(str(problem), err=True)
        return Measurement(problem=f"its runner does not start: {str(problem).splitlines()[-1]}")
    size = None if consumer.stands_here else megabytes(environment_of(consumer))
    return measurement(consumer, cases, answers, size)


def _summary(measured: Measurement) -> str:
    if measured.problem:
        return f"  {measured.problem}"
    looks = [
        f"  {task}: {view.effect.outcome} {view.effect.told}"
        for task, view in measured.export.items()
    ]
    return "\n".join(looks)


if __name__ == "__main__":
    sys.exit(main())
