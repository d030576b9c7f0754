"""The cases that consumers look at: folders with files, pictures, and what they hold."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coco_dagster.coco.settings import settings_from
from coco_dagster.export import export_coco
from tests.consumers import clean
from tests.consumers.comparison import held
from tests.consumers.defects import DEFECTS, Defect
from tests.consumers.pictures import write_pictures
from tests.consumers.runners.looking import (
    INSTANCES,
    KEYPOINTS,
    PICTURES,
    ROBOFLOW,
    Json,
    Seen,
)

SAMPLE = Path(__file__).parents[2] / "definitions" / "sample"
LABELS, ONTOLOGY = SAMPLE / "labels.json", SAMPLE / "ontology.json"
EXPORT, POLYGONS, CLEAN = "export", "polygons", "clean"
"""Names of the cases without a defect."""

WITHOUT_RUN_LENGTHS = {"holes": "keyhole", "bitmasks": "outline"}
"""Settings for consumers that read no run lengths of what is no crowd."""


@dataclass(frozen=True)
class Case:
    """A folder in the trees that consumers expect.

    Attributes:
        name: name of the case.
        folder: where it lies.
        holds: what there is to see, in the file of shapes with an area and in that of keypoints.
        file: the file that is looked at; None for both.
    """

    name: str
    folder: Path
    holds: tuple[Seen, Seen]
    file: str | None = None

    def expected(self, task: str) -> Seen:
        """What a task should see."""
        return self.holds[task == "keypoints"]

    def concerns(self, task: str) -> bool:
        """Whether a task reads the file that is looked at."""
        return self.file in (None, "poses" if task == "keypoints" else "instances")


def exported(folder: Path, labels: Path = LABELS, ontology: Path = ONTOLOGY) -> Case:
    """Label rows, exported with the profile `training` in the trees of trainers."""
    return _exported(EXPORT, folder, labels, ontology)


def exported_as_polygons(folder: Path) -> Case:
    """The sample, exported `WITHOUT_RUN_LENGTHS`."""
    return _exported(POLYGONS, folder, LABELS, ONTOLOGY, **WITHOUT_RUN_LENGTHS)


def _exported(name: str, folder: Path, labels: Path, ontology: Path, **changes: str) -> Case:
    for layout in ("coco", "roboflow"):
        settings = settings_from({"profile": "training", "layout": layout} | changes)
        export_coco(labels, ontology, folder / layout, settings)
    files = [json.loads((folder / path).read_bytes()) for path in (INSTANCES, KEYPOINTS)]
    _write_pictures(files[0], folder)
    return Case(name, folder, (held(files[0]), held(files[1])))


def written(folder: Path) -> list[Case]:
    """The clean files and those with one defect, each in a folder of its own."""
    meant = (held(clean.instances()), held(clean.poses()))
    _write(clean.instances(), clean.poses(), folder / CLEAN)
    _write_pictures(clean.instances(), folder / CLEAN)
    return [
        Case(CLEAN, folder / CLEAN, meant),
        *(_broken(defect, folder / name, meant) for name, defect in DEFECTS.items()),
    ]


def _broken(defect: Defect, folder: Path, meant: tuple[Seen, Seen]) -> Case:
    if defect.file == "instances":
        _write(defect.coco, clean.poses(), folder)
        meant = (held(defect.meaning), meant[1])
    else:
        _write(clean.instances(), defect.coco, folder)
        meant = (meant[0], held(defect.meaning))
    _write_pictures(defect.coco, folder, clean.SIZES)
    return Case(defect.name, folder, meant, defect.file)


def _write(instances: Json, poses: Json, folder: Path) -> None:
    roboflow = f"{ROBOFLOW}/train/_annotations.coco.json"
    for path, coco in ((INSTANCES, instances), (KEYPOINTS, poses), (roboflow, instances)):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(json.dumps(coco), encoding="utf-8")


def _write_pictures(
    coco: Json, folder: Path, sizes: Sequence[tuple[int, int]] | None = None
) -> None:
    for place in (PICTURES, f"{ROBOFLOW}/train"):
        write_pictures(coco, folder / place, sizes)
