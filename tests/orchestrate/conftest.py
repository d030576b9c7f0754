"""A small project: two label rows of one image each, and their ontology."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from coco_dagster.orchestrate.definitions import build_encord_coco_defs
from tests.label_rows import JSON, as_json, image_unit, label_row
from tests.objects import box
from tests.ontologies import object_node

ONTOLOGY = {
    "objects": [object_node("bounding_box", name="Boat")],
    "classifications": [],
}


def boat(object_hash: str, x: float = 0.1) -> JSON:
    """A boat, with its left edge at a fraction of the width."""
    return box(object_hash, {"x": x, "y": 0.2, "w": 0.3, "h": 0.4}, name="Boat")


def write_row(folder: Path, name: str, objects: list[JSON]) -> Path:
    """Write a label row of one image, `row-<name>`, to a file of its own."""
    path = folder / f"row-{name}.json"
    unit = image_unit(objects, data_title=f"{name}.jpg")
    path.write_text(as_json(label_row({f"file-{name}": unit}, label_hash=path.stem)))
    return path


def write_labels(folder: Path) -> Path:
    """Write two label rows with three boxes."""
    folder.mkdir()
    write_row(folder, "a", [boat("o1"), boat("o2", 0.5)])
    write_row(folder, "b", [boat("o1")])
    return folder


def write_ontology(path: Path) -> Path:
    path.write_text(as_json(ONTOLOGY))
    return path


def run_job(
    definitions: dg.Definitions,
    *assets: str,
    instance: dg.DagsterInstance | None = None,
    raise_on_error: bool = True,
) -> dg.ExecuteInProcessResult:
    """Run the job of the pipeline `boats`, or the given assets of it, in this process."""
    keys = [dg.AssetKey(["boats", asset]) for asset in assets]
    return definitions.resolve_job_def("boats_job").execute_in_process(
        instance=instance, asset_selection=keys or None, raise_on_error=raise_on_error
    )


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """A folder of two label rows with three boxes."""
    return write_labels(tmp_path / "labels")


@pytest.fixture
def rejected_label(labels: Path) -> Path:
    """One more label row, with a box that has no width."""
    return write_row(labels, "c", [box("o1", {"x": 0.1, "y": 0.2, "h": 0.4}, name="Boat")])


@pytest.fixture
def ontology(tmp_path: Path) -> Path:
    return write_ontology(tmp_path / "ontology.json")


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    return tmp_path / "storage"


@pytest.fixture
def build(labels: Path, ontology: Path, storage: Path) -> Callable[..., dg.Definitions]:
    """Definitions of the pipeline `boats` on the label rows, settings as given."""

    def definitions(**settings: Any) -> dg.Definitions:
        defaults = {
            "name": "boats",
            "labels": str(labels),
            "ontology": str(ontology),
            "storage": str(storage),
        }
        return build_encord_coco_defs(**{**defaults, **settings})

    return definitions


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance that keeps everything in memory."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def launch() -> Callable[..., dg.ExecuteInProcessResult]:
    return run_job


@pytest.fixture(scope="session")
def finished_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the pipeline of `finished`: labels, ontology and storage."""
    return tmp_path_factory.mktemp("boats")


@pytest.fixture(scope="session")
def finished(finished_folder: Path) -> tuple[dg.Definitions, dg.ExecuteInProcessResult]:
    """A pipeline of which every asset has been materialised, and the run that did it."""
    definitions = build_encord_coco_defs(
        name="boats",
        labels=str(write_labels(finished_folder / "labels")),
        ontology=str(write_ontology(finished_folder / "ontology.json")),
        storage=str(finished_folder / "storage"),
    )
    return definitions, run_job(definitions)


@pytest.fixture
def published(
    finished: object, finished_folder: Path, build: Callable[..., dg.Definitions], storage: Path
) -> dg.Definitions:
    """A pipeline whose storage holds what `finished` made, and may be spoilt."""
    shutil.copytree(finished_folder / "storage", storage)
    return build()
