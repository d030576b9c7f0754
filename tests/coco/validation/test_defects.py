"""Each known defect is found for the right consumers, and does to them what the rules say."""

from collections.abc import Callable
from pathlib import Path

import pytest

from coco_dagster.coco.validation import CONSUMERS, FileReport, validate_coco
from coco_dagster.coco.validation.rules import RULES
from tests.coco.validation.coco_files import Json, instances, keypoints, text_of
from tests.coco.validation.defects import DEFECTS, INITIALS, Defect
from tests.coco.validation.evaluation import MODULES, perfect_detections, score, score_apart

DEFECT = pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
UNBEARABLE = ("dies", "MemoryError")
"""Outcomes that the process of the tests would not survive."""
BASE = pytest.mark.parametrize("base", [instances, keypoints], ids=lambda base: base.__name__)


pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:tests.coco.validation.evaluation")


def write(folder: Path, text: str) -> Path:
    path = folder / "coco.json"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    return path


def validated(folder: Path, defect: Defect) -> FileReport:
    path = write(folder, defect.text(defect.coco()))
    (report,) = validate_coco(path).files
    return report


def tasks_of(coco: Json) -> list[str]:
    has_keypoints = "skeleton" in coco["categories"][0]
    return ["bbox", "segm", "keypoints"] if has_keypoints else ["bbox", "segm"]


def told(outcome: str, tasks: list[str]) -> dict[str, str]:
    """What a text such as `bbox 0.5, segm KeyError` says of each task."""
    said = dict(part.split() for part in outcome.split(", ") if part)
    return {task: said.get(task, said.get("all", "1.0")) for task in tasks}


@BASE
def test_nothing_is_found_in_a_valid_file(tmp_path: Path, base: Callable[[], Json]) -> None:
    report = validate_coco(write(tmp_path, text_of(base())))
    assert report.findings == ()
    assert report.passed


@DEFECT
def test_a_defect_is_found_and_nothing_else(tmp_path: Path, defect: Defect) -> None:
    findings = validated(tmp_path, defect).findings
    by_severity = {"error": defect.errors, "warning": defect.warnings}
    for severity, codes in by_severity.items():
        assert sorted(f.code for f in findings if f.severity == severity) == sorted(codes.split())


@DEFECT
def test_a_defect_is_an_error_for_the_right_consumers(tmp_path: Path, defect: Defect) -> None:
    findings = validated(tmp_path, defect).findings
    failing = {name for f in findings for name, how in f.consumers.items() if how == "error"}
    assert failing == {INITIALS[initial] for initial in defect.fails}


@DEFECT
def test_consumers_do_what_is_told_of_them(tmp_path: Path, defect: Defect) -> None:
    valid, coco = defect.base(), defect.coco()
    path = write(tmp_path, defect.text(coco))
    detections = perfect_detections(coco if defect.detects_itself else valid, coco)
    for consumer, outcome in zip(MODULES, defect.outcomes, strict=True):
        for task, expected in told(outcome, tasks_of(valid)).items():
            evaluate = score_apart if expected in UNBEARABLE else score
            assert evaluate(consumer, path, detections, task) == expected, (consumer, task)


@DEFECT
def test_an_error_is_told_where_perfect_detections_fail(tmp_path: Path, defect: Defect) -> None:
    findings = validated(tmp_path, defect).findings
    for consumer, outcome in zip(MODULES, defect.outcomes, strict=True):
        severities = {f.consumers[consumer] for f in findings if consumer in f.consumers}
        if "error" in severities:
            assert outcome or consumer in {INITIALS[initial] for initial in defect.unseen}
        elif not severities:
            assert not outcome


@BASE
@pytest.mark.parametrize("consumer", MODULES)
def test_perfect_detections_of_a_valid_file_score_1(
    tmp_path: Path, base: Callable[[], Json], consumer: str
) -> None:
    coco = base()
    path = write(tmp_path, text_of(coco))
    for task in tasks_of(coco):
        assert score(consumer, path, perfect_detections(coco, coco), task) == "1.0"


def test_every_rule_is_broken_by_a_defect() -> None:
    broken = {code for d in DEFECTS for code in (*d.errors.split(), *d.warnings.split())}
    assert broken == set(RULES)


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_every_consumer_minds_something(consumer: str) -> None:
    assert any(rule.severities([consumer]) for rule in RULES.values())
