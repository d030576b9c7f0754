"""How a runner is asked, and how it answers.

It runs where little but the consumer is installed: this module needs numpy alone.
"""

import importlib.metadata
import json
import re
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

Json = dict[str, Any]

INSTANCES = "coco/annotations/instances_train.json"
KEYPOINTS = "coco/annotations/person_keypoints_train.json"
PICTURES = "coco/images/train"
ROBOFLOW = "roboflow"
"""Where the files of a case lie below its folder."""

_LONGEST_MESSAGE = 300
_FOLDERS = re.compile(r"(?:/[\w.~-]+)+/")


class CannotError(Exception):
    """Something that the consumer needs besides its package is absent; the message names it."""


class Thing(TypedDict, total=False):
    """An annotation as a consumer sees it.

    Attributes:
        category: name of its category; None where the consumer gives it none.
        box: x, y, width and height in pixels.
        mask: run lengths as COCO writes them, or `{"size": …, "rings": …}` with x, y, x, y, … of
            every ring.
        keypoints: number of its labelled keypoints.
    """

    category: str | None
    box: list[float]
    mask: Json
    keypoints: int


class Seen(TypedDict, total=False):
    """What a consumer sees in a case.

    Attributes:
        images: number of images.
        categories: names of the categories; None for one that has none.
        things: the annotations.
        ap: average precision of detections that equal the ground truth.
    """

    images: int
    categories: list[str | None]
    things: list[Thing]
    ap: float


Look = Callable[[Path], Seen]


def run_lengths(mask: npt.NDArray[Any]) -> Json:
    """A mask of shape (height, width) as run lengths, column by column, background first."""
    pixels = np.concatenate([[0], np.asarray(mask).astype(bool).ravel(order="F"), [0]])
    edges = np.flatnonzero(pixels[1:] != pixels[:-1])
    counts = np.diff(np.concatenate([[0], edges, [pixels.size - 2]])).tolist()
    return {"size": [int(size) for size in np.shape(mask)], "counts": counts}


def as_boxes(corners: npt.ArrayLike) -> list[list[float]]:
    """Boxes as x, y, width and height, from rows of left, top, right and bottom."""
    left_top, right_bottom = np.split(np.asarray(corners, float).reshape(-1, 4), 2, axis=1)
    boxes: list[list[float]] = np.hstack([left_top, right_bottom - left_top]).tolist()
    return boxes


def answer(packages: Sequence[str], looks: Mapping[str, Look]) -> None:
    """Do what the command line asks: `RUNNER ANSWERS TASK=FOLDER…`.

    Every line of the file `ANSWERS` is a JSON object: first the versions of the packages, then for
    each job what was seen, the error that was raised, or why it could not be run. It grows job by
    job, so that a process that dies leaves the answers before.

    Args:
        packages: distributions whose versions are told, the consumer first.
        looks: what looks at the folder of a case, by task.
    """
    warnings.simplefilter("ignore")
    answers, *jobs = sys.argv[1:]
    with Path(answers).open("a", encoding="utf-8") as file:

        def tell(line: Json) -> None:
            file.write(json.dumps(line) + "\n")
            file.flush()

        tell({"versions": {name: importlib.metadata.version(name) for name in packages}})
        for job in jobs:
            task, _, folder = job.partition("=")
            tell({"job": job} | _looked(looks[task], Path(folder)))


def _looked(look: Look, folder: Path) -> Json:
    try:
        return {"seen": look(folder)}
    except CannotError as reason:
        return {"cannot": str(reason)}
    # Some consumers end the process when they dislike a file.
    except (Exception, SystemExit) as error:
        return {"error": _told(error)}


def _told(error: BaseException) -> str:
    """Type of an error, and the message of what caused it, in one line and without folders."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    names = [type(error).__name__] + ([] if cause is error else [type(cause).__name__])
    message = _FOLDERS.sub("…/", " ".join(str(cause).split()))[:_LONGEST_MESSAGE]
    return ": ".join([*names, message] if message else names)
