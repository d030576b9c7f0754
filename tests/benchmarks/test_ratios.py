"""Guards against becoming slower: ratios of processor times, which no machine decides alone.

The bounds leave a margin of about a third over what was measured, so that a slowdown by half is
seen and a busy machine is not.
"""

import json
from collections.abc import Callable
from pathlib import Path
from time import process_time

import pytest

from benchmarks.datasets import Dataset, Recipe, write_dataset
from benchmarks.masks import compare_masks
from coco_dagster.coco.profiles import PROFILES, ExportSettings
from coco_dagster.export import export_coco

pytestmark = pytest.mark.xdist_group("ratios")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return write_dataset(tmp_path_factory.mktemp("ratios"), Recipe(images=1000))


def ratio(ours: Callable[[], object], yardstick: Callable[[], object], rounds: int = 3) -> float:
    """The fastest of several rounds of each, taken in turns."""
    fastest = [float("inf")] * 2
    for _ in range(rounds):
        for number, call in enumerate((ours, yardstick)):
            started = process_time()
            call()
            fastest[number] = min(fastest[number], process_time() - started)
    return fastest[0] / fastest[1]


@pytest.mark.parametrize(("profile", "bound"), [("encord", 1.5), ("training", 1.85)])
def test_an_export_in_one_process_costs_about_as_much_as_parsing(
    dataset: Dataset, tmp_path: Path, profile: str, bound: float
) -> None:
    content = dataset.labels.read_bytes()
    settings = ExportSettings(profile=PROFILES[profile])

    def export() -> None:
        export_coco(dataset.labels, dataset.ontology, tmp_path / "out", settings, workers=1)

    assert ratio(export, lambda: json.loads(content)) < bound


def test_masks_on_large_frames_take_a_tenth_of_the_dense_way() -> None:
    times = compare_masks(200, 4000, 3000)
    assert times.equal
    assert times.ours * 10 < times.dense
