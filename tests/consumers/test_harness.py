"""The harness tells what consumers do, and the page tells what was measured."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from tests.consumers import clean, measured, page
from tests.consumers.cases import Case, exported
from tests.consumers.comparison import compare, held
from tests.consumers.defects import DEFECTS
from tests.consumers.defects.registry import clean_file
from tests.consumers.environments import ROOT, InstallError, make_environment
from tests.consumers.jobs import RunnerError, run
from tests.consumers.registry import CONSUMERS, Consumer
from tests.consumers.runners.looking import Json, Seen, as_boxes, run_lengths

RUNNERS = "tests.consumers.runners"
INSTALLED = [consumer for consumer in CONSUMERS if not measured.load()[consumer.name].problem]
WITH_OWN = [consumer for consumer in CONSUMERS if not consumer.stands_here]


UNREAD = {
    ("ultralytics", "keypoints"): "it wants one number of keypoints in all categories",
    ("fiftyone", "evaluation"): "it needs MongoDB",
    ("sahi", "boxes"): "it takes boxes from polygons, also where these are curves",
    ("sahi", "masks"): "it passes over parts of annotations",
}
"""Looks at the export that fail or could not be run, and why."""


def name_of(consumer: Consumer) -> str:
    return consumer.name


# Requirements and what was measured


@pytest.mark.parametrize("consumer", WITH_OWN, ids=name_of)
def test_environments_are_made_of_names_and_versions(consumer: Consumer) -> None:
    lines = consumer.requirements.read_text(encoding="utf-8").splitlines()
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []


@pytest.mark.parametrize("consumer", INSTALLED, ids=name_of)
def test_versions_that_were_measured_are_those_that_are_pinned(consumer: Consumer) -> None:
    path = ROOT / "constraints.txt" if consumer.stands_here else consumer.requirements
    pinned = dict(line.split("==") for line in path.read_text(encoding="utf-8").splitlines())
    versions = measured.load()[consumer.name].versions
    assert {name: text.split("+")[0] for name, text in versions.items()} == {
        name: pinned[name] for name in versions
    }


@pytest.mark.parametrize("consumer", INSTALLED, ids=name_of)
def test_every_look_at_the_export_was_measured(consumer: Consumer) -> None:
    measurement = measured.load()[consumer.name]
    assert tuple(measurement.export) == tuple(measurement.polygons) == consumer.looks
    assert set(measurement.defects) <= {"clean", *DEFECTS}


@pytest.mark.parametrize("consumer", INSTALLED, ids=name_of)
def test_every_defect_was_measured(consumer: Consumer) -> None:
    measurement = measured.load()[consumer.name]
    for defect in DEFECTS.values():
        tasks = {
            task for task in consumer.looks if (task == "keypoints") == (defect.file != "instances")
        }
        assert set(measurement.defects.get(defect.name, {})) == tasks


@pytest.mark.parametrize("consumer", INSTALLED, ids=name_of)
def test_every_consumer_reads_the_clean_files(consumer: Consumer) -> None:
    looks = measured.load()[consumer.name].defects["clean"]
    assert {effect.outcome for effect in looks.values()} <= {"reads", "cannot"}


@pytest.mark.parametrize("consumer", INSTALLED, ids=name_of)
def test_every_consumer_reads_the_export_with_or_without_run_lengths(consumer: Consumer) -> None:
    measurement = measured.load()[consumer.name]
    unread = {
        (consumer.name, task)
        for task in consumer.looks
        if "reads"
        not in (measurement.export[task].effect.outcome, measurement.polygons[task].effect.outcome)
    }
    assert unread == {pair for pair in UNREAD if pair[0] == consumer.name}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return exported(tmp_path_factory.mktemp("sample"))


@pytest.mark.parametrize("consumer", INSTALLED, ids=name_of)
def test_every_consumer_counts_what_the_export_holds_today(
    consumer: Consumer, sample: Case
) -> None:
    for task, view in measured.load()[consumer.name].export.items():
        if view.effect.outcome == "reads":
            held = sample.expected(task)
            assert view.images == held["images"]
            assert view.annotations == len(held["things"])
            assert view.categories == len(held["categories"])
            assert view.ap in (None, 1.0)


def test_the_page_is_what_was_measured() -> None:
    assert page.FILE.read_text(encoding="utf-8") == page.page(measured.load())


# Cases


@pytest.mark.parametrize("name", DEFECTS)
def test_every_defect_changes_the_file(name: str) -> None:
    assert DEFECTS[name].coco != clean_file(DEFECTS[name].file)


def test_clean_files_stay_clean() -> None:
    before = (clean.instances(), clean.poses())
    for defect in DEFECTS.values():
        defect.bring(clean_file(defect.file))
    assert before == (clean.instances(), clean.poses())


# Comparisons


def seen_of(coco: Json, *keys: str) -> Seen:
    """What a consumer sees that looks for some keys."""
    seen = held(coco)
    things = [{key: thing[key] for key in ("category", *keys)} for thing in seen["things"]]  # type: ignore[literal-required]
    return {**seen, "things": things}  # type: ignore[typeddict-item]


@pytest.mark.parametrize("key", ["box", "mask"])
def test_what_is_seen_as_it_is_has_no_difference(key: str) -> None:
    expected = held(clean.instances())
    assert compare(expected, seen_of(clean.instances(), key)).differences == ()


def test_images_annotations_categories_and_scores_are_compared() -> None:
    seen = seen_of(clean.instances(), "box")
    seen["images"] = 2
    seen["categories"].pop()
    del seen["things"][0]
    seen["ap"] = 0.5
    assert compare(held(clean.instances()), seen).differences == (
        "2 of 3 images",
        "categories cat, dog",
        "5 of 6 annotations",
        "1 of 6 with another box",
        "AP 0.500",
    )


@pytest.mark.parametrize("box", [[8.0, 8.0, 32.0, 28.1], [], None, [8.0, 8.0, None, 28.0]])
def test_another_box_is_told(box: list[float]) -> None:
    seen = seen_of(clean.instances(), "box")
    seen["things"][0]["box"] = box
    compared = compare(held(clean.instances()), seen)
    assert compared.differences == ("1 of 6 with another box",)


@pytest.mark.parametrize(
    "mask",
    [
        {"size": [64, 96], "rings": []},
        {"size": [64, 96], "rings": [[8.0, 8.0, 40.0, 8.0, float("nan"), 36.0]]},
        {"size": [64, 96], "rings": [[8.0, 8.0, 24.0, 8.0, 24.0, 36.0, 8.0, 36.0]]},
        {"size": [96, 64], "counts": [6144]},
        {"size": [64, 96], "counts": [100, 9000]},
    ],
    ids=["none", "not a number", "half", "other size", "too long"],
)
def test_another_mask_is_told(mask: Json) -> None:
    seen = seen_of(clean.instances(), "mask")
    seen["things"][0]["mask"] = mask
    compared = compare(held(clean.instances()), seen)
    assert compared.differences == ("1 of 6 with another mask",)
    assert compared.least_iou is not None
    assert compared.least_iou < 0.7


def test_a_mask_that_was_drawn_with_its_outline_is_the_same() -> None:
    seen = seen_of(clean.instances(), "mask")
    (ring,) = clean.instances()["annotations"][0]["segmentation"]
    grown = [n + (1 if n > 20 else -1) for n in ring]
    seen["things"][0]["mask"] = {"size": [64, 96], "rings": [grown]}
    compared = compare(held(clean.instances()), seen)
    assert compared.differences == ()
    assert compared.least_iou is not None
    assert compared.least_iou < 1


def test_labelled_keypoints_are_compared() -> None:
    seen = seen_of(clean.poses(), "keypoints")
    seen["things"][1]["keypoints"] = 2
    compared = compare(held(clean.poses()), seen)
    assert compared.differences == ("1 of 3 with another number of keypoints",)


# Runners


@pytest.mark.parametrize("mask", [np.eye(4, 7), np.ones((3, 2)), np.zeros((2, 3))])
def test_run_lengths_are_those_of_coco(mask: NDArray[np.float64]) -> None:
    height, width = mask.shape
    decoded = coco_mask.decode(coco_mask.frPyObjects(run_lengths(mask), height, width))
    assert (decoded == mask).all()


def test_boxes_have_a_width_and_a_height() -> None:
    assert as_boxes([[1, 2, 4, 8]]) == [[1, 2, 3, 6]]
    assert as_boxes([]) == []


def test_a_job_that_fails_does_not_cost_the_others(tmp_path: Path) -> None:
    jobs = [f"{look}=/{look}" for look in ("raises", "dies", "ends", "cannot", "well")]
    answers = run(f"{RUNNERS}.mishaps", Path(sys.executable), jobs, tmp_path)
    assert answers.versions == {"numpy": np.__version__}
    assert answers.of == {
        "raises=/raises": {"error": "ValueError: KeyError: 'bbox'"},
        "dies=/dies": {"error": "The process ended: exit code 7"},
        "ends=/ends": {"error": "SystemExit: bad file"},
        "cannot=/cannot": {"cannot": "no database"},
        "well=/well": {"seen": {"images": 1, "categories": ["well"], "things": []}},
    }


def test_a_runner_that_does_not_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match="No module named"):
        run(f"{RUNNERS}.absent", Path(sys.executable), ["boxes=x"], tmp_path)


@pytest.mark.slow
def test_a_consumer_that_is_on_no_index_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="no-such-consumer"):
        make_environment(tmp_path / "own", ["--no-index", "no-such-consumer==1.0"])
    assert not (tmp_path / "own").exists()
