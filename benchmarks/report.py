"""Measurements as rows, and rows as a table."""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import msgspec
from rich.table import Table

from benchmarks.datasets import Dataset
from benchmarks.measure import CommandError, Measurement, measure_in_turns
from benchmarks.subjects import FLOOR, Subject

NOT_MEASURED = "not measured"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a comparison.

    Attributes:
        name: what was measured.
        images: images and video frames of the input.
        objects: objects of the input.
        megabytes: size of the label rows, in 10⁶ bytes.
        wall: seconds of the whole process, interpreter start included.
        cpu: processor seconds of all its processes.
        peak_megabytes: largest memory of all its processes together, in 10⁶ bytes.
        steps: seconds of its steps, as it told them itself.
        problem: why it was not measured.
    """

    name: str
    images: int
    objects: int
    megabytes: float
    wall: float | None = None
    cpu: float | None = None
    peak_megabytes: float | None = None
    steps: dict[str, float] = {}
    problem: str | None = None


def not_measured(name: str, dataset: Dataset, problem: str) -> Row:
    """The row of a subject that could not be run."""
    size = dataset.size / 1e6
    return Row(
        name=name,
        images=dataset.images,
        objects=dataset.objects,
        megabytes=size,
        problem=problem,
    )


def measured(subject: Subject, dataset: Dataset) -> Row:
    """Measures a subject; one that fails has a row that says why."""
    (row,) = measured_in_turns([subject], dataset)
    return row


def measured_in_turns(subjects: Sequence[Subject], dataset: Dataset) -> list[Row]:
    """Measures subjects that are run equally often, in turns."""
    (repeats,) = {subject.repeats for subject in subjects}
    outcomes = measure_in_turns([subject.command for subject in subjects], repeats)
    return [
        _row(not_measured(subject.name, dataset, NOT_MEASURED), outcome)
        for subject, outcome in zip(subjects, outcomes, strict=True)
    ]


def _row(row: Row, run: Measurement | CommandError | OSError) -> Row:
    if isinstance(run, Exception):
        return msgspec.structs.replace(row, problem=str(run))
    return msgspec.structs.replace(
        row,
        wall=run.wall,
        cpu=run.cpu,
        peak_megabytes=None if run.peak is None else run.peak / 1e6,
        steps=_steps(run.output),
        problem=None,
    )


def _steps(output: str) -> dict[str, float]:
    class Told(msgspec.Struct):
        seconds: dict[str, float] = {}

    try:
        return msgspec.json.decode(output, type=Told).seconds
    except msgspec.DecodeError:
        return {}


def seconds_of_json_loads(rows: Iterable[Row]) -> dict[int, float]:
    """Seconds of the bare call of `json.loads`, by number of images."""
    return {row.images: row.steps["loads"] for row in rows if row.name == "json.loads"}


def as_table(rows: list[Row]) -> Table:
    """A table with one line for each row and one for each of its steps."""
    table = Table(title="Wall and CPU in seconds, peak memory in MB of all processes together")
    table.add_column("", no_wrap=True)
    for name in (
        "images",
        "objects",
        "MB in",
        "wall",
        "CPU",
        "peak",
        "of json.loads",
        "of the floor",
    ):
        table.add_column(name, justify="right")
    yardsticks = seconds_of_json_loads(rows)
    floors = {row.images: sum(row.steps.values()) for row in rows if row.name == FLOOR}
    for row in rows:
        yardstick = yardsticks.get(row.images)
        table.add_row(
            row.name,
            f"{row.images:,}",
            f"{row.objects:,}",
            f"{row.megabytes:,.0f}",
            _number(row.wall) if row.problem is None else NOT_MEASURED,
            _number(row.cpu),
            _number(row.peak_megabytes, 0),
            _ratio(row.wall, yardstick),
            _ratio(row.wall, floors.get(row.images)),
        )
        for step, seconds in row.steps.items():
            table.add_row(
                f"  {step}", "", "", "", _number(seconds), "", "", _ratio(seconds, yardstick), ""
            )
    return table


def growth(rows: Iterable[Row]) -> Iterator[str]:
    """For each subject that was measured at several sizes, how its cost grows with the images.

    The exponent is the slope between the smallest and the largest size, both as logarithms: 1 is
    linear, 2 quadratic.
    """
    measured_rows = sorted((row for row in rows if row.wall), key=lambda row: row.name)
    for name, group in groupby(measured_rows, key=lambda row: row.name):
        by_size = sorted(group, key=lambda row: row.images)
        first, last = by_size[0], by_size[-1]
        if first.images == last.images or not first.wall or not last.wall:
            continue
        exponent = math.log(last.wall / first.wall) / math.log(last.images / first.images)
        text = f"{name}, {first.images:,} to {last.images:,} images: time grows as n^{exponent:.2f}"
        if first.peak_megabytes and last.peak_megabytes:
            text += f", memory by {last.peak_megabytes / first.peak_megabytes:.2f}"
        yield text


def _number(value: float | None, decimals: int = 2) -> str:
    return "" if value is None else f"{value:,.{decimals}f}"


def _ratio(seconds: float | None, yardstick: float | None) -> str:
    return "" if seconds is None or not yardstick else f"{seconds / yardstick:.2f}"
