"""What was measured, as the project keeps it: `measured.json`."""

from pathlib import Path
from typing import Literal

import msgspec

from tests.consumers.cases import EXPORT, POLYGONS, Case
from tests.consumers.comparison import compare
from tests.consumers.jobs import Answers
from tests.consumers.registry import Consumer
from tests.consumers.runners.looking import Json

FILE = Path(__file__).with_name("measured.json")

Outcome = Literal["reads", "differs", "raises", "cannot"]


class Effect(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a look at a case.

    Attributes:
        outcome: `reads`, everything was seen as it is meant; `differs`, something was not;
            `raises`, an error; `cannot`, it could not be run here.
        told: the differences, the error, or why it could not be run.
    """

    outcome: Outcome
    told: str = ""


class View(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a look at the export.

    Attributes:
        effect: as for any case.
        images: number of images that were seen; None where nothing was.
        annotations: number of annotations.
        categories: number of categories.
        least_iou: of the masks with those that pycocotools draws.
        ap: average precision of detections that equal the ground truth.
    """

    effect: Effect
    images: int | None = None
    annotations: int | None = None
    categories: int | None = None
    least_iou: float | None = None
    ap: float | None = None


class Measurement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was measured of a consumer.

    Attributes:
        versions: of the consumer, which comes first, and of what matters beside it.
        megabytes: size of its environment; None for that of the suite.
        problem: why it could not be installed or started.
        export: the looks at the export, by task.
        polygons: the looks at the same without run lengths.
        defects: the looks at the small cases, by case (`clean` among them) and task.
    """

    versions: dict[str, str] = {}
    megabytes: int | None = None
    problem: str | None = None
    export: dict[str, View] = {}
    polygons: dict[str, View] = {}
    defects: dict[str, dict[str, Effect]] = {}


def measurement(
    consumer: Consumer, cases: list[Case], answers: Answers, size: int | None
) -> Measurement:
    """Judge the answers of a consumer.

    Args:
        consumer: whose answers they are.
        cases: what it was asked to look at.
        answers: by job.
        size: megabytes of its environment.
    """
    views: dict[str, dict[str, View]] = {}
    for case in cases:
        tasks = [task for task in consumer.looks if case.concerns(task)]
        looks = {task: _view(case, task, answers.of[job(case, task)]) for task in tasks}
        views |= {case.name: looks} if looks else {}
    return Measurement(
        versions=answers.versions,
        megabytes=size,
        export=views.pop(EXPORT),
        polygons=views.pop(POLYGONS),
        defects={
            name: {task: view.effect for task, view in looks.items()}
            for name, looks in views.items()
        },
    )


def job(case: Case, task: str) -> str:
    """A look at a case, as a runner is asked for it."""
    return f"{task}={case.folder}"


def jobs(consumer: Consumer, cases: list[Case]) -> list[str]:
    """All looks of a consumer."""
    return [job(case, task) for case in cases for task in consumer.looks if case.concerns(task)]


def _view(case: Case, task: str, answer: Json) -> View:
    if "error" in answer:
        return View(effect=Effect("raises", answer["error"]))
    if "cannot" in answer:
        return View(effect=Effect("cannot", answer["cannot"]))
    seen = answer["seen"]
    compared = compare(case.expected(task), seen)
    told = "; ".join(compared.differences)
    return View(
        effect=Effect("differs" if told else "reads", told),
        images=seen["images"],
        annotations=len(seen["things"]),
        categories=len(seen["categories"]),
        least_iou=None if compared.least_iou is None else round(compared.least_iou, 3),
        ap=None if "ap" not in seen else round(seen["ap"], 6),
    )


def load() -> dict[str, Measurement]:
    """What was measured last, by consumer."""
    if not FILE.exists():
        return {}
    return msgspec.json.decode(FILE.read_bytes(), type=dict[str, Measurement])


def save(measured: dict[str, Measurement]) -> None:
    """Keep what was measured."""
    text = msgspec.json.format(msgspec.json.encode(measured), indent=1)
    FILE.write_bytes(text + b"\n")
