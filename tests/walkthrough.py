"""What the README says of a Dagster project of one's own, done as it stands there."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.daemons import running
from tests.readme import ROOT, WALKTHROUGH, all_blocks

DATA = ("labels.json", "ontology.json")
"""Files that the folder holds at first, beside the wheel."""

_WITHIN = 240.0
_DAEMON = "dg dev\n"


def _script() -> str:
    """All commands, up to the one that does not end; files are written where they say."""
    lines = ["set -eux"]
    for language, block in all_blocks(WALKTHROUGH):
        if language == "yaml":
            path = block.splitlines()[0].removeprefix("# ")
            lines += [f"test -f {path}", f"cat > {path} <<'END'", f"{block}END"]
        elif block != _DAEMON:
            lines.append(block)
    return "\n".join(lines)


SCRIPT = _script()


def walk(script: str, folder: Path, programs: Path) -> None:
    """Run commands in a folder.

    The environment has no pip of its own, which takes seconds to install: it gets ours.

    Args:
        script: commands for bash.
        folder: where they are run.
        programs: folder of the programs of the environment that is active.
    """
    pip = programs / "pip"
    pip.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pip "$@"\n')
    pip.chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=_environment(programs),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-8000:]


@contextmanager
def running_daemon(project: Path, home: Path, programs: Path) -> Iterator[Path]:
    """Leave `dg dev` running, and end it with all that it has started.

    Args:
        project: where it is run.
        home: home of its Dagster.
        programs: folder of the programs of the environment that is active.

    Yields:
        Where what it prints is written.
    """
    log = home / "dev.log"
    command: list[str | Path] = [programs / "dg", *_DAEMON.split()[1:], "--port", str(_free_port())]
    environment = _environment(programs) | {"DAGSTER_HOME": str(home)}
    with running(command, project, environment, log):
        yield log


def until(holds: Callable[[], bool], log: Path) -> None:
    """Wait for something that a daemon does.

    Args:
        holds: whether it has done so.
        log: what it has printed, shown where it does not.
    """
    deadline = time.monotonic() + _WITHIN
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(log.read_text()[-8000:])
        time.sleep(0.5)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _environment(programs: Path) -> dict[str, str]:
    """Variables of an environment that is active, at the versions of the constraints."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "DAGSTER", "COCO_DAGSTER"))
    }
    ours = str(Path(sys.executable).parent)
    others = [place for place in kept["PATH"].split(os.pathsep) if place != ours]
    return kept | {
        "PATH": os.pathsep.join([str(programs), *others]),
        "VIRTUAL_ENV": str(programs.parent),
        "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
        "PIP_NO_COMPILE": "1",
        "PIP_PYTHON": str(programs / "python"),
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }


__all__ = ["DATA", "ROOT", "SCRIPT", "running_daemon", "until", "walk"]
