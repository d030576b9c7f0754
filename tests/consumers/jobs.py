"""Runs a consumer's runner over cases, in a process that may die."""

import json
import os
import resource
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.consumers.environments import ROOT

Json = dict[str, Any]

SECONDS = 1800
"""What a process may take for all its jobs."""

BYTES = 4 * 2**30
"""What a process may allocate: pycocotools draws a ring with a NaN through 2^31 points."""

_LOG_BYTES = 2000


class RunnerError(Exception):
    """A runner did not even start; the message is the end of what it printed."""


@dataclass(frozen=True)
class Answers:
    """What a runner told.

    Attributes:
        versions: of the consumer and of what matters beside it.
        of: by job (`TASK=FOLDER`) what was seen (`seen`), the error (`error`), or why the job
            could not be done (`cannot`).
    """

    versions: dict[str, str]
    of: dict[str, Json]


def run(runner: str, python: Path, jobs: Sequence[str], home: Path) -> Answers:
    """Do jobs; where a process dies, its job is answered with that, and another does the rest.

    Args:
        runner: module of the runner.
        python: interpreter that has the consumer.
        jobs: `TASK=FOLDER` each.
        home: for what the consumer writes into the user's folders.

    Raises:
        RunnerError: the consumer cannot be imported.
    """
    versions: dict[str, str] = {}
    answers: dict[str, Json] = {}
    left = list(jobs)
    while left:
        lines, ended = _process(runner, python, left, home)
        told = list(lines)
        if not told:
            raise RunnerError(ended)
        versions = told[0]["versions"]
        answers |= {line.pop("job"): line for line in told[1:]}
        left = [job for job in left if job not in answers]
        if left:
            answers[left.pop(0)] = {"error": f"The process ended: {ended.splitlines()[0]}"}
    return Answers(versions, answers)


def _process(
    runner: str, python: Path, jobs: Sequence[str], home: Path
) -> tuple[Iterator[Json], str]:
    home.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {
        "HOME": str(home),
        "OMP_NUM_THREADS": "1",
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_CONFIG_HOME": str(home / ".config"),
    }
    environment.pop("PYTHONPATH", None)
    with tempfile.TemporaryDirectory() as folder:
        answers, log = Path(folder) / "answers.jsonl", Path(folder) / "log"
        command = [str(python), "-m", runner, str(answers), *jobs]
        with log.open("wb") as output:
            try:
                done = subprocess.run(
                    command,
                    cwd=ROOT,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=SECONDS,
                    preexec_fn=_limit_memory,
                    check=False,
                )
                ended = f"exit code {done.returncode}"
            except subprocess.TimeoutExpired:
                ended = f"it took more than {SECONDS} seconds"
        lines = answers.read_text(encoding="utf-8").splitlines() if answers.exists() else []
        tail = log.read_bytes()[-_LOG_BYTES:].decode(errors="replace")
        return map(json.loads, lines), f"{ended}\n{tail}"


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (BYTES, BYTES))
