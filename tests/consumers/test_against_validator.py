"""What the validator says of a consumer is what the consumer was measured to do."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pytest

from coco_dagster.coco.validation import CONSUMERS, validate_coco
from coco_dagster.coco.validation.consumers import STUDIED
from tests.consumers import measured
from tests.consumers.cases import CLEAN
from tests.consumers.clean import Json
from tests.consumers.defects import DEFECTS, Defect
from tests.consumers.defects.registry import clean_file
from tests.consumers.measured import Effect, Measurement

MEASURED = {
    name: found
    for name, found in measured.load().items()
    if name in CONSUMERS and not found.problem
}

LOST = re.compile(r"\d+ of \d+ (images|annotations)|AP ")
"""What is told of labels that are gone or that score less."""

LEFT_OUT_ON_PURPOSE = {"crowd", "rle_crowd"}
"""Crowds: leaving them out of training is what the key is for."""

_UNSEEN_PICTURES = "the looks do not tell which of two pictures labels are given to"

OTHERWISE: Mapping[tuple[str, str], str] = {
    ("annotations_empty", "pycocotools"): "what it cannot load is an empty list of detections",
    ("ids_text", "supervision"): "the rule speaks of all ids, and texts as category ids break it",
    ("image_id_twice", "ultralytics"): _UNSEEN_PICTURES,
    ("image_id_twice", "labelformat"): _UNSEEN_PICTURES,
    ("size_null", "datumaro"): "the rule speaks of texts too, which it refuses",
    ("keypoints_category_text", "datumaro"): "it refuses them in files of keypoints alone",
}
"""Defects of which the validator says something else than was measured, and why."""

Worst = Literal["error", "warning"] | None


def findings(folder: Path, coco: Json) -> dict[str, Mapping[str, str]]:
    path = folder / "coco.json"
    path.write_text(json.dumps(coco), encoding="utf-8")
    return {found.code: found.consumers for found in validate_coco(path).findings}


def told(folder: Path, defect: Defect) -> list[Mapping[str, str]]:
    """What the validator says of a defect, and not of the clean file."""
    clean = findings(folder, clean_file(defect.file))
    found = findings(folder, defect.coco)
    return [consumers for code, consumers in found.items() if code not in clean]


def worst(told: list[Mapping[str, str]], consumer: str) -> Worst:
    severities = {consumers[consumer] for consumers in told if consumer in consumers}
    return "error" if "error" in severities else "warning" if severities else None


def looks(measurement: Measurement, defect: Defect) -> list[Effect]:
    """What became of the looks that a consumer takes at the clean file."""
    clean = measurement.defects[CLEAN]
    seen = measurement.defects.get(defect.name, {})
    return [effect for task, effect in seen.items() if clean[task].outcome == "reads"]


def fitting(effects: list[Effect], defect: Defect) -> set[Worst]:
    """What the validator may say: an error where labels are lost, something where they differ."""
    outcomes = {effect.outcome for effect in effects}
    if "raises" in outcomes:
        return {"error"}
    if any(LOST.search(effect.told) for effect in effects if effect.outcome == "differs"):
        return {"warning"} if defect.name in LEFT_OUT_ON_PURPOSE else {"error"}
    return {"error", "warning"} if "differs" in outcomes else {"warning", None}


@pytest.mark.parametrize("defect", DEFECTS.values(), ids=lambda defect: defect.name)
def test_severities_are_those_that_were_measured(tmp_path: Path, defect: Defect) -> None:
    said = told(tmp_path, defect)
    wrong = {}
    for name, measurement in MEASURED.items():
        effects = looks(measurement, defect)
        severity = worst(said, name)
        if effects and severity not in fitting(effects, defect):
            wrong[defect.name, name] = f"said: {severity}; measured: {effects}"
    assert wrong.keys() - OTHERWISE.keys() == set(), wrong
    assert {pair for pair in OTHERWISE if pair[0] == defect.name} <= wrong.keys()


@pytest.mark.parametrize("name", MEASURED)
def test_rules_speak_of_the_versions_that_were_measured(name: str) -> None:
    version, _ = STUDIED[name]
    assert next(iter(MEASURED[name].versions.values())) == version
