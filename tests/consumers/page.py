"""The page of the documentation on consumers, made from what was measured."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.consumers.cases import CLEAN, WITHOUT_RUN_LENGTHS
from tests.consumers.defects import DEFECTS
from tests.consumers.measured import Effect, Measurement, Outcome, View
from tests.consumers.registry import CONSUMERS, Consumer

FILE = Path(__file__).parents[2] / "docs" / "consumers.md"

_LONGEST_ERROR = 90
_OUTCOMES: tuple[Outcome, ...] = ("raises", "differs", "reads")

_SETTINGS = ", ".join(f"`{name}: {value}`" for name, value in WITHOUT_RUN_LENGTHS.items())

_HEAD = f"""\
# Consumers: what reads an export, and what breaks whom

`make consumers` installs each consumer into an environment of its own, at the versions in
`tests/consumers/requirements`, lets it look at an export and at files with one defect each, and
writes this page and `tests/consumers/measured.json`. `python -m tests.consumers look NAME…` does so
for some of them. pycocotools, faster-coco-eval and hotcoco stand in the environment of the tests,
which run them every time.

## What reads an export

The sample, which has every shape, exported with the profile `training` in the layouts `coco` and
`roboflow`, with a plain picture for each image. A look passes when the consumer sees every image,
annotation and category, every box to 0.02 px, every mask but for two pixels beside its outline, and
every labelled keypoint, and where the consumer evaluates, when detections that equal the ground
truth score AP 1. What does not pass is looked at again in an export without run lengths
({_SETTINGS}).
"""

_ENVIRONMENTS = """\
## What was run

Environments are for Linux on x86-64. Torch comes from the index that pip is configured for; the
builds with CUDA take some 5 GB, those for processors 1 GB.
"""

_DEFECTS = """\
## What breaks whom

Two small files, one of polygons and one of skeletons, which all of these read, with one thing wrong
in each case. "Sees something else" tells what there was to see and was not, without any error.
"""


def write_page(measured: Mapping[str, Measurement]) -> None:
    """Write the page."""
    FILE.write_text(page(measured), encoding="utf-8")


def page(measured: Mapping[str, Measurement]) -> str:
    """The page as Markdown."""
    sections = (_HEAD, _reading(measured), _ENVIRONMENTS, _running(measured), _DEFECTS)
    return "\n".join((*sections, _breaking(measured)))


def _reading(measured: Mapping[str, Measurement]) -> str:
    head = ("consumer", "look", "images", "annotations", "categories", "least mask IoU", "AP")
    rows: list[tuple[str, ...]] = []
    not_run: list[str] = []
    for consumer in _known(measured):
        measurement = measured[consumer.name]
        name = f"{consumer.name} {measurement.versions.get(_distribution(measurement), '')}".strip()
        if measurement.problem:
            not_run.append(f"- {name}: {_code(measurement.problem)}")
        for task, view in measurement.export.items():
            if view.effect.outcome == "cannot":
                not_run.append(f"- {name}, {task}: {view.effect.told}")
                continue
            rows.append((name, task, *_numbers(view), _result(view.effect)))
            if view.effect.outcome != "reads":
                again = measurement.polygons.get(task)
                if again is not None:
                    told = (*_numbers(again), _result(again.effect))
                    rows.append((name, f"{task}, without run lengths", *told))
    table = _table((*head, "result"), rows)
    return (
        "\n".join((table, "Not run, for want of what they need:\n", *not_run, ""))
        if not_run
        else table
    )


def _numbers(view: View) -> tuple[str, ...]:
    counts = (view.images, view.annotations, view.categories, view.least_iou, view.ap)
    return tuple("" if number is None else f"{number:g}" for number in counts)


def _result(effect: Effect) -> str:
    match effect.outcome:
        case "reads":
            return "passes"
        case "differs":
            return f"**fails**: {effect.told}"
        case "raises":
            return f"**fails**: {_code(effect.told)}"
        case "cannot":
            raise ValueError(f"there is no result: {effect.told}")


def _running(measured: Mapping[str, Measurement]) -> str:
    rows = []
    for consumer in _known(measured):
        measurement = measured[consumer.name]
        versions = ", ".join(f"{name} {text}" for name, text in measurement.versions.items())
        size = "" if measurement.megabytes is None else f"{measurement.megabytes:,} MB"
        rows.append((consumer.name, versions, size, consumer.remark))
    return _table(("consumer", "versions", "environment", "what was run"), rows)


def _breaking(measured: Mapping[str, Measurement]) -> str:
    rows = []
    for defect in DEFECTS.values():
        name = f"{defect.says} (`{defect.name}`)"
        rows.append((name, *(_grouped(measured, defect.name, outcome) for outcome in _OUTCOMES)))
    return _table(("defect", "raises", "sees something else", "reads it as meant"), rows)


def _grouped(measured: Mapping[str, Measurement], case: str, outcome: Outcome) -> str:
    """Who has an outcome, with what is told of it, those that tell the same together."""
    told: dict[str, list[str]] = {}
    for consumer in _known(measured):
        looks = _fair(measured[consumer.name], case)
        for text in dict.fromkeys(e.told for e in looks.values() if e.outcome == outcome):
            same = [task for task, effect in looks.items() if effect == Effect(outcome, text)]
            tasks = "" if len(same) == len(looks) else f" ({', '.join(same)})"
            told.setdefault(text, []).append(consumer.name + tasks)
    parts = []
    for text, names in told.items():
        shown = _code(text) if outcome == "raises" else text
        parts.append(", ".join(names) + (f": {shown}" if text else ""))
    return "; ".join(parts)


def _fair(measurement: Measurement, case: str) -> dict[str, Effect]:
    """The looks at a case by those tasks that read the clean files."""
    clean = measurement.defects.get(CLEAN, {})
    looks = measurement.defects.get(case, {})
    return {
        task: effect
        for task, effect in looks.items()
        if task in clean and clean[task].outcome == "reads"
    }


def _known(measured: Mapping[str, Measurement]) -> list[Consumer]:
    return [consumer for consumer in CONSUMERS if consumer.name in measured]


def _distribution(measurement: Measurement) -> str:
    return next(iter(measurement.versions), "")


def _code(text: str) -> str:
    """A message as code, in one line and not too long."""
    line = " ".join(text.split()).replace("`", "'")
    short = line if len(line) <= _LONGEST_ERROR else line[:_LONGEST_ERROR].rstrip() + "…"
    return f"`{short}`"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head)]
    lines.append(["---"] * len(lines[0]))
    lines += [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
