"""A small project: two label rows of one image each, and their ontology."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from coco_dagster.orchestrate.definitions import build_encord_coco_defs

BOX = {"x": 0.1, "y": 0.2, "w": 0.3, "h": 0.4}

ONTOLOGY = {
    "objects": [
        {
            "id": "1",
            "name": "Boat",
            "color": "#D33115",
            "shape": "bounding_box",
            "featureNodeHash": "boat",
            "attributes": [],
        }
    ],
    "classifications": [],
}


def box(object_hash: str, geometry: dict[str, Any] = BOX) -> dict[str, Any]:
    return {
        "objectHash": object_hash,
        "featureHash": "boat",
        "name": "Boat",
        "value": "boat",
        "color": "#D33115",
        "shape": "bounding_box",
        "boundingBox": geometry,
        "confidence": 1,
        "manualAnnotation": True,
    }


def label_row(name: str, objects: list[dict[str, Any]]) -> dict[str, Any]:
    unit = {
        "data_hash": f"file-{name}",
        "data_title": f"{name}.jpg",
        "data_type": "image/jpeg",
        "data_link": "",
        "data_sequence": 0,
        "width": 100,
        "height": 50,
        "labels": {"objects": objects, "classifications": []},
    }
    return {
        "label_hash": f"row-{name}",
        "branch_name": "main",
        "created_at": "2025-01-07 16:12:23",
        "last_edited_at": "2025-02-07 16:12:23",
        "data_hash": unit["data_hash"],
        "data_title": unit["data_title"],
        "data_type": "image",
        "dataset_hash": "dataset",
        "dataset_title": "Harbour",
        "label_status": "LABELLED",
        "data_units": {unit["data_hash"]: unit},
        "object_answers": {},
        "classification_answers": {},
        "object_actions": {},
    }


def write_labels(folder: Path) -> Path:
    """Write two label rows with three boxes."""
    folder.mkdir()
    for row in (label_row("a", [box("o1"), box("o2")]), label_row("b", [box("o1")])):
        (folder / f"{row['label_hash']}.json").write_text(json.dumps(row))
    return folder


def write_ontology(path: Path) -> Path:
    path.write_text(json.dumps(ONTOLOGY))
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
    path = labels / "row-c.json"
    row = label_row("c", [box("o1", {"x": 0.1, "y": 0.2, "h": 0.4})])
    path.write_text(json.dumps(row))
    return path


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
def launch() -> Callable[..., dg.ExecuteInProcessResult]:
    return run_job


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dg.Definitions, dg.ExecuteInProcessResult]:
    """A pipeline of which every asset has been materialised, and the run that did it."""
    folder = tmp_path_factory.mktemp("boats")
    definitions = build_encord_coco_defs(
        name="boats",
        labels=str(write_labels(folder / "labels")),
        ontology=str(write_ontology(folder / "ontology.json")),
        storage=str(folder / "storage"),
    )
    return definitions, run_job(definitions)
