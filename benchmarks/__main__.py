"""Compares coco_dagster with JSON parsers and with Encord's own exporter.

`compare` runs them on one dataset; `scaling` shows how time and memory grow with the dataset;
`peers` adds programs that read and write COCO.
"""

import os
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import click
import msgspec
from rich.console import Console

from benchmarks.datasets import Dataset, Recipe, write_dataset
from benchmarks.masks import compare_masks
from benchmarks.report import Row, as_table, growth, measured, measured_in_turns, not_measured
from benchmarks.subjects import (
    HERE,
    PEERS,
    SDK_EXPORTER,
    encord_python,
    exporter,
    floor,
    interpreter_start,
    parser,
    round_trip,
    sdk_exporter,
    trainable,
)

TABLE_WIDTH = 110
SIZES = (2000, 8000, 20000, 80000)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
repeats_option = click.option(
    "--repeats", default=3, show_default=True, help="Runs of each; the fastest counts."
)
sdk_option = click.option(
    "--sdk-up-to",
    default=8000,
    show_default=True,
    help="Largest number of images that Encord's exporter is given: its time grows quadratically.",
)
data_option = click.option(
    "--data",
    default=HERE / ".data",
    type=click.Path(path_type=Path),
    help="Folder in which datasets are kept for the next time.",
)
seed_option = click.option("--seed", default=0, show_default=True, help="Seed of the label rows.")


@click.group(help=__doc__)
def main() -> None:
    """Entry point of `python -m benchmarks`."""


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--images", default=2000, show_default=True, help="Label rows of one image each.")
@click.option("--videos", default=0, show_default=True, help="Label rows of one video each.")
@click.option("--frames", default=100, show_default=True, help="Frames of each video.")
@click.option("--copies", default=1, show_default=True, help="Times the same labels are written.")
@seed_option
def generate(folder: Path, images: int, videos: int, frames: int, copies: int, seed: int) -> None:
    """Write label rows and their ontology into FOLDER."""
    recipe = Recipe(images=images, videos=videos, frames=frames, copies=copies, seed=seed)
    dataset = write_dataset(folder, recipe)
    click.echo(f"{dataset.labels}: {dataset.objects:,} objects, {dataset.size / 1e6:,.0f} MB")


@main.command()
@click.option("--images", default=8000, show_default=True, help="Label rows of one image each.")
@click.option("--videos", default=0, show_default=True, help="Label rows of one video each.")
@click.option("--frames", default=100, show_default=True, help="Frames of each video.")
@click.option("--workers", multiple=True, type=int, help="Also measure with N workers.")
@repeats_option
@sdk_option
@seed_option
@data_option
@as_json
def compare(
    images: int,
    videos: int,
    frames: int,
    workers: tuple[int, ...],
    repeats: int,
    sdk_up_to: int,
    seed: int,
    data: Path,
    as_json: bool,
) -> None:
    """Parsers, Encord's exporter and coco-dagster on the same label rows."""
    recipe = Recipe(images=images, videos=videos, frames=frames, seed=seed)
    dataset = write_dataset(data / recipe.name, recipe)
    rows = _rows(dataset, repeats, sdk_up_to, workers)
    _show([*rows, measured(interpreter_start(repeats), dataset)], as_json)


@main.command()
@click.argument("images", nargs=-1, type=int)
@repeats_option
@sdk_option
@seed_option
@data_option
@as_json
def scaling(
    images: tuple[int, ...], repeats: int, sdk_up_to: int, seed: int, data: Path, as_json: bool
) -> None:
    """The same at several sizes: IMAGES label rows of one image each, 2000 to 80000 by default."""
    recipes = [Recipe(images=number, seed=seed) for number in images or SIZES]
    datasets = [write_dataset(data / recipe.name, recipe) for recipe in recipes]
    rows = [row for dataset in datasets for row in _rows(dataset, repeats, sdk_up_to)]
    _show(sorted(rows, key=lambda row: (row.name, row.images)), as_json)


@main.command()
@click.option("--images", default=8000, show_default=True, help="Label rows of one image each.")
@repeats_option
@sdk_option
@seed_option
@data_option
@as_json
def peers(images: int, repeats: int, sdk_up_to: int, seed: int, data: Path, as_json: bool) -> None:
    """Label rows to COCO, against what other programs need from COCO to COCO.

    None but Encord's exporter reads label rows. The environments of the others are those of
    `make consumers`.
    """
    recipe = Recipe(images=images, seed=seed)
    dataset = write_dataset(data / recipe.name, recipe)
    rows = _rows(dataset, repeats, sdk_up_to)
    with tempfile.TemporaryDirectory() as folder:
        tree, out = Path(folder) / "tree", Path(folder) / "out"
        rows.append(measured(trainable(dataset, tree, repeats), dataset))
        # Datumaro asks for the folder of the images, of which it reads none.
        (tree / "images" / "train").mkdir(parents=True)
        rows += [measured(round_trip(peer, tree, out, 1), dataset) for peer in PEERS]
    _show(rows, as_json)


@main.command()
@click.option("--count", default=10_000, show_default=True, help="Number of masks.")
@click.option("--width", default=4000, show_default=True, help="Columns of each frame.")
@click.option("--height", default=3000, show_default=True, help="Rows of each frame.")
def masks(count: int, width: int, height: int) -> None:
    """Masks on large frames: ours against decoding, transposing and encoding each one."""
    times = compare_masks(count, width, height)
    click.echo(
        f"{times.masks:,} masks of {times.width:,} x {times.height:,} pixels: ours "
        f"{times.ours:.2f} s, dense {times.dense:.2f} s, {times.dense / times.ours:.1f} times; "
        f"{'the same' if times.equal else 'NOT THE SAME'} text for each"
    )


def _rows(
    dataset: Dataset, repeats: int, sdk_up_to: int, workers: tuple[int, ...] = ()
) -> list[Row]:
    subjects = [parser(library, dataset, repeats) for library in ("json", "orjson")]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        subjects.append(exporter(dataset, out, repeats))
        subjects += [exporter(dataset, out, repeats, number) for number in workers]
        rows = measured_in_turns(subjects, dataset)
        rows.append(measured(floor(dataset, out, repeats), dataset))
        return [*rows, _sdk_row(dataset, out, sdk_up_to)]


def _sdk_row(dataset: Dataset, out: Path, up_to: int) -> Row:
    if dataset.images > up_to:
        return not_measured(SDK_EXPORTER, dataset, f"more than --sdk-up-to {up_to} images")
    python = encord_python()
    if python is None:
        return not_measured(SDK_EXPORTER, dataset, "its environment cannot be made")
    return measured(sdk_exporter(dataset, out, python), dataset)


def _show(rows: list[Row], as_json: bool) -> None:
    packages = ("coco-dagster", "msgspec", "orjson", "polars", "pyarrow")
    machine = {
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
    }
    if as_json:
        click.echo(msgspec.json.encode({"machine": machine, "rows": rows}).decode())
        return
    console = Console() if sys.stdout.isatty() else Console(width=TABLE_WIDTH)
    console.print(as_table(rows))
    for line in growth(rows):
        console.print(line)
    console.print(machine)
    for row in rows:
        if row.problem is not None:
            console.print(f"{row.name} at {row.images:,} images: {row.problem}")


if __name__ == "__main__":
    main()
