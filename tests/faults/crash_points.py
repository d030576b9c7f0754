"""Publishing that is killed before each of its steps on the file system, one after the other.

``python -m tests.faults.crash_points FOLDER [STRIDE]`` does so for every situation that an export
can be published into, and prints how many steps each has. Each attempt is a process of its own,
forked from one that has imported everything, so that there can be hundreds of them in a second.
"""

import hashlib
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from unittest import mock

from coco_dagster.export import publishing
from coco_dagster.export.publishing import export_draft, publish_folder
from coco_dagster.tables.staging import remove_abandoned
from tests.faults.wholeness import Content, content_of, others_in, unfinished_in

EARLIER: Final = {"annotations.json": "earlier", "keypoints.json": "gone", "trees/a.json": "gone"}
NEWER: Final = {"annotations.json": "newer", "lineage.parquet": "new", "trees/b.json": "new"}
_STEPS: Final = frozenset(
    {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "open", "os.listdir", "os.scandir"}
)

Situation = Callable[[Path], Any]


def publish(out: Path, files: dict[str, str]) -> None:
    """Publish an export of some files."""
    with export_draft(str(out), out.parent) as draft:
        for name, text in files.items():
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            (draft / name).write_text(text)
        entries = [
            {
                "path": name,
                "bytes": len(text),
                "sha256": hashlib.sha256(text.encode()).hexdigest(),
            }
            for name, text in files.items()
        ]
        (draft / "manifest.json").write_text(json.dumps({"files": entries}))
        publish_folder(draft, str(out))


@contextmanager
def _nothing_there(out: Path) -> Any:
    yield


@contextmanager
def _an_earlier_export(out: Path) -> Any:
    publish(out, EARLIER)
    yield


@contextmanager
def _no_exchange(out: Path) -> Any:
    publish(out, EARLIER)
    with mock.patch.object(publishing, "exchange", return_value=False):
        yield


@contextmanager
def _among_other_files(out: Path) -> Any:
    publish(out, EARLIER)
    (out / "notes.txt").write_text("mine")
    yield


@contextmanager
def _mounted(out: Path) -> Any:
    publish(out, EARLIER)
    (out / "notes.txt").write_text("mine")
    with mock.patch("os.path.ismount", lambda path: Path(path) == out):
        yield


SITUATIONS: Final[dict[str, Situation]] = {
    "nothing is there": _nothing_there,
    "an earlier export": _an_earlier_export,
    "an earlier export, and folders cannot be exchanged": _no_exchange,
    "an earlier export among other files": _among_other_files,
    "an earlier export on a disk of its own": _mounted,
}
MAY_BE_GONE: Final = {
    "nothing is there",
    "an earlier export among other files",
    "an earlier export on a disk of its own",
}
"""Where there may be no export afterwards, until the next run: none is better than half of one."""


def crash_everywhere(folder: Path, stride: int) -> dict[str, int]:
    """Number of steps in each situation; fails where a crash leaves what it must not.

    Args:
        folder: for exports.
        stride: 1 takes every step, 2 every second one.
    """
    return {
        name: _crash_before_each_step(folder / str(number), name, stride)
        for number, name in enumerate(SITUATIONS)
    }


def _crash_before_each_step(folder: Path, name: str, stride: int) -> int:
    steps = 0
    while True:
        place = folder / str(steps)
        place.mkdir(parents=True)
        out = place / "out"
        with SITUATIONS[name](out):
            is_killed = _killed_before(steps, out)
            _check(out, name)
        if not is_killed:
            return steps
        steps += stride


def _killed_before(step: int, out: Path) -> bool:
    process = os.fork()
    if process == 0:
        _kill_this_process_before(step)
        publish(out, NEWER)
        os._exit(0)
    _, status = os.waitpid(process, 0)
    return os.WIFSIGNALED(status)


def _kill_this_process_before(step: int) -> None:
    left = step

    def count(event: str, _: tuple[Any, ...]) -> None:
        nonlocal left
        if event in _STEPS:
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    sys.addaudithook(count)


def _check(out: Path, name: str) -> None:
    allowed = [_content(EARLIER), _content(NEWER)]
    remove_abandoned(out.parent)
    found = _files(out)
    if name not in MAY_BE_GONE or found is not None:
        assert found in allowed, (name, found)
    publish(out, NEWER)
    assert _files(out) == _content(NEWER), name
    assert others_in(out.parent, ["out"]) == [], name
    mine = ["notes.txt"] if (out / "notes.txt").exists() else []
    assert (
        others_in(out, [*mine, "annotations.json", "lineage.parquet", "trees", "manifest.json"])
        == []
    ), name
    assert others_in(out / "trees", ["b.json"]) == [], name
    assert unfinished_in(out) == [], name


def _files(out: Path) -> Content | None:
    content = content_of(out)
    return content and {name: digest for name, digest in content.items() if name in EARLIER | NEWER}


def _content(files: dict[str, str]) -> Content:
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}


if __name__ == "__main__":
    arguments = [*sys.argv[1:], "1"]
    print(json.dumps(crash_everywhere(Path(arguments[0]), int(arguments[1])), indent=1))
