"""Kills running exports at random moments and looks at what remains.

``python -m tests.faults.kill`` (or ``make faults``) does so 100 times with the command line, which
exports over an earlier export, and 100 times with a Dagster run that adds an export to a storage.
Kills (SIGKILL) take turns: the whole group of processes, the caller alone, one worker alone. The
moments are spread evenly over the processor time of an undisturbed run, each at random within its
share: other programs, which take their share of the clock, do not move them. Linux tells that time.

After each kill every published export must be whole, the newest one that `latest.json` names too;
then the same job is run again, and must succeed, publish the same bytes as an undisturbed run, and
leave nothing else behind. The first breach ends the script with a message and exit code 1.
"""

import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import click

from benchmarks.datasets import Recipe, write_dataset
from tests.faults.wholeness import Content, content_of, others_in, unfinished_in

VICTIMS: Final = ("group", "caller", "worker")
_GLANCE_SECONDS: Final = 0.005
_ORPHANS_LAST_SECONDS: Final = 20
_HOLD_SECONDS: Final = 1

_WORKER: Final = b"coco_dagster.export"
"""In the command of a worker process, not in those of other children of a run."""

_WITHOUT_LOG_CAPTURE: Final = """\
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
telemetry:
  enabled: false
"""
"""Of Dagster: no processes beside ours, which write what a run prints."""


class BreachError(AssertionError):
    """A promise that does not hold."""


@dataclass(frozen=True)
class Given:
    """Label rows in two editions, with their ontology.

    Attributes:
        editions: files of label rows.
        ontology: file of the ontology.
    """

    editions: tuple[Path, Path]
    ontology: Path


class Job(Protocol):
    """A job that can be started, killed and looked at."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    def prepare(self, edition: int) -> None:
        """Bring about the state before the job is started with this edition."""
        ...

    def command(self, edition: int) -> list[str]:
        """The command that runs it."""
        ...

    def published(self) -> list[Content]:
        """All exports that are published; fails where one is not whole."""
        ...

    def newest(self) -> Content | None:
        """The export that readers take for the newest."""
        ...

    def unfinished(self, temporary: Path) -> list[str]:
        """What is neither an export nor anything else that is meant to stay.

        Args:
            temporary: the folder for temporary files.
        """
        ...


class CommandLine:
    """`coco-dagster export` over an earlier export."""

    name = "command line"

    def __init__(self, given: Given, folder: Path) -> None:
        self._given = given
        self._parent = folder / "exports"
        self._out = self._parent / "out"
        self._parent.mkdir(parents=True)

    def prepare(self, edition: int) -> None:
        """Nothing: the export of the other edition is there from the turn before."""

    def command(self, edition: int) -> list[str]:
        """The command with two workers."""
        labels = str(self._given.editions[edition])
        options = ["--ontology", str(self._given.ontology), "--out", str(self._out)]
        return [sys.executable, "-m", "coco_dagster.cli", "export", labels, *options]

    def published(self) -> list[Content]:
        """The only export."""
        content = content_of(self._out)
        return [content] if content else []

    def newest(self) -> Content | None:
        """The only export."""
        return content_of(self._out)

    def unfinished(self, temporary: Path) -> list[str]:
        """Everything beside the export."""
        beside = others_in(self._parent, ["out"]) + others_in(temporary, [])
        return beside + unfinished_in(self._out)


class DagsterRun:
    """A run of the job of a component, into a storage that holds an export already."""

    name = "dagster"

    def __init__(self, given: Given, folder: Path) -> None:
        self._given = given
        self._seed = folder / "seed"
        self._storage = folder / "storage"
        self._home = folder / "home"
        self._home.mkdir(parents=True)
        (self._home / "dagster.yaml").write_text(_WITHOUT_LOG_CAPTURE)
        home = {"DAGSTER_HOME": str(self._home)}
        run = self._run(0, self._seed)
        subprocess.run(run, check=True, env=os.environ | home, capture_output=True)

    def prepare(self, edition: int) -> None:
        """A storage with the export of the first edition."""
        shutil.rmtree(self._storage, ignore_errors=True)
        shutil.copytree(self._seed, self._storage)

    def command(self, edition: int) -> list[str]:
        """A process that runs the job: always with the second edition, which is new."""
        return self._run(1, self._storage)

    def published(self) -> list[Content]:
        """All exports in the storage."""
        contents = [content_of(path) for path in self._exports.iterdir() if path.is_dir()]
        return [content for content in contents if content]

    def newest(self) -> Content | None:
        """The export that `latest.json` names."""
        name = json.loads((self._exports / "latest.json").read_bytes())["export_id"]
        return content_of(self._exports / name)

    def unfinished(self, temporary: Path) -> list[str]:
        """Whatever is in the making; Dagster itself may leave temporary files."""
        exports = [path.name for path in self._exports.iterdir() if content_of(path)]
        strange = others_in(self._exports, [*exports, "latest.json", "previous.json"])
        return strange + unfinished_in(self._storage) + unfinished_in(temporary)

    @property
    def _exports(self) -> Path:
        return self._storage / "exports" / "faults"

    def _run(self, edition: int, storage: Path) -> list[str]:
        labels, ontology = self._given.editions[edition], self._given.ontology
        module = "tests.faults.dagster_run"
        return [sys.executable, "-m", module, str(labels), str(ontology), str(storage)]


@dataclass
class Figures:
    """What came of all kills of a job."""

    seconds: float = 0
    undisturbed_seconds: float = 0
    kills: int = 0
    victims: Counter[str] = field(default_factory=Counter)
    ended_before: int = 0
    newest_after_kill: Counter[str] = field(default_factory=Counter)
    left_behind: int = 0
    whole_reruns: int = 0

    def report(self) -> dict[str, Any]:
        """As JSON."""
        return dict(vars(self))


class Killer:
    """Runs a job over and over, and kills it."""

    def __init__(self, job: Job, temporary: Path) -> None:
        self._job = job
        self._temporary = temporary
        self._temporary.mkdir()
        self.figures = Figures()
        self._goals: dict[int, Content] = {}
        self._seconds = 0.0

    def undisturbed(self) -> None:
        """Run both editions once: how long that takes, and what must come of it."""
        for edition in (0, 1):
            self._job.prepare(edition)
            self._run_to_the_end(edition)
            self.figures.undisturbed_seconds = self._seconds
            goal = self._job.newest()
            if goal is None:
                raise BreachError("An undisturbed run published nothing.")
            self._goals[edition] = goal

    def kill(self, victim: str, share: float, edition: int) -> None:
        """Start the job, kill it after a share of its time, look, and run it again."""
        self._job.prepare(edition)
        before = self._job.newest()
        hit = self._start_and_kill(edition, victim, share * self._seconds)
        self.figures.kills += hit != "nobody"
        self.figures.victims[hit] += 1
        self._look(before, edition)
        self._run_to_the_end(edition)
        if self._job.newest() != self._goals[edition]:
            raise BreachError("The rerun published other bytes than an undisturbed run.")
        left = self._left()
        if left:
            raise BreachError(f"The rerun left {left}.")
        self.figures.whole_reruns += 1

    def _look(self, before: Content | None, edition: int) -> None:
        known = [before, *self._goals.values()]
        if any(content not in known for content in self._job.published()):
            raise BreachError("An export is published that no run would have made.")
        newest = self._job.newest()
        if newest is None:
            raise BreachError("The newest export is gone.")
        which = "new" if newest == self._goals[edition] else "earlier"
        self.figures.newest_after_kill[which] += 1
        self.figures.left_behind += bool(self._left())

    def _left(self) -> list[str]:
        return self._job.unfinished(self._temporary)

    def _start_and_kill(self, edition: int, victim: str, seconds: float) -> str:
        """Start, and kill after some seconds of processor time; what was killed."""
        with subprocess.Popen(
            self._job.command(edition),
            env=self._environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            while process.poll() is None and _spent(process.pid) < seconds:
                time.sleep(_GLANCE_SECONDS * random.random())
            hit = _kill(process, victim)
            _, errors = process.communicate()
            _await_end(process.pid)
        if hit == "nobody" and process.returncode:
            raise BreachError(f"An undisturbed run failed: {errors.decode()}")
        if hit == "worker" and (b"Traceback" in errors and self._job.name == "command line"):
            raise BreachError(f"A killed worker ends in a traceback: {errors.decode()}")
        if hit == "worker" and self._left():
            raise BreachError(f"A run that lost a worker left {self._left()}.")
        self.figures.ended_before += hit == "nobody"
        return hit

    def _run_to_the_end(self, edition: int) -> None:
        spent = _spent(os.getpid())
        done = subprocess.run(
            self._job.command(edition),
            env=self._environment(),
            capture_output=True,
            check=False,
        )
        # The last undisturbed run says best what the next one takes on a busy machine.
        self._seconds = _spent(os.getpid()) - spent
        if done.returncode:
            raise BreachError(f"A run that nobody killed failed: {done.stderr.decode()}")

    def _environment(self) -> dict[str, str]:
        home = self._temporary.with_name("home")
        home.mkdir(exist_ok=True)
        return os.environ | {"TMPDIR": str(self._temporary), "DAGSTER_HOME": str(home)}


def _kill(process: "subprocess.Popen[bytes]", victim: str) -> str:
    """Kill; whom it hit, which is nobody where all had ended."""
    if process.poll() is not None:
        return "nobody"
    if victim == "group":
        os.killpg(process.pid, signal.SIGKILL)
        return victim
    workers = _workers(process.pid) if victim == "worker" else []
    if victim == "worker" and workers:
        with suppress(ProcessLookupError):
            os.kill(workers[0], signal.SIGKILL)
        return victim
    process.kill()
    return "caller"


def _spent(process: int) -> float:
    """Seconds of processor time that a process and its children have taken."""
    ticks = 0
    for one in (process, *_children(process)):
        with suppress(OSError):
            # After the name, which may hold anything, the 12th to 15th are times.
            facts = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, facts[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _workers(process: int) -> list[int]:
    """Worker processes among the children of a process."""
    found = []
    for child in _children(process):
        with suppress(OSError):
            if _WORKER in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
    return found


def _children(process: int) -> list[int]:
    found: list[int] = []
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, children.read_text().split())
    return found


def _await_end(group: int) -> None:
    """Wait for the processes of a group, none of which may outlive its caller for long."""
    deadline = time.monotonic() + _ORPHANS_LAST_SECONDS
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    os.killpg(group, signal.SIGKILL)
    raise BreachError("Workers outlive the caller that was killed.")


def turns(times: int, dice: random.Random) -> Iterator[tuple[str, float]]:
    """Whom to kill and when, as a share of the time: evenly spread, in random order."""
    shares = [(number + dice.random()) / times for number in range(times)]
    dice.shuffle(shares)
    for number, share in enumerate(shares):
        yield VICTIMS[number % len(VICTIMS)], share


def make_editions(folder: Path, images: int) -> Given:
    """Two editions of label rows: the second lacks the last row."""
    data = write_dataset(folder, Recipe(images=images))
    rows = json.loads(data.labels.read_bytes())
    second = folder / "second.json"
    second.write_text("[" + ",\n".join(json.dumps(row) for row in rows[:-1]) + "]")
    return Given((data.labels, second), data.ontology)


def kill_over_and_over(
    job: Job,
    folder: Path,
    times: int,
    seed: int,
    minutes: float = math.inf,
    hold: Path | None = None,
) -> Figures:
    """Kill a job some times, or as often as there is time for.

    Args:
        job: what is killed.
        folder: for temporary files.
        times: how often.
        seed: of the moments.
        minutes: after which no other kill is begun.
        hold: while this file is there, no other kill is begun.

    Raises:
        BreachError: something remained that must not.
    """
    killer = Killer(job, folder / "temporary")
    started = time.monotonic()
    killer.undisturbed()
    for number, (victim, share) in enumerate(turns(times, random.Random(seed))):
        while hold is not None and hold.exists():
            time.sleep(_HOLD_SECONDS)
        if time.monotonic() - started > 60 * minutes:
            break
        killer.kill(victim, share, number % 2)
        killer.figures.seconds = time.monotonic() - started
        click.echo(json.dumps({job.name: killer.figures.report()}), err=True)
    killer.figures.seconds = time.monotonic() - started
    return killer.figures


@click.command(help=__doc__)
@click.option("--times", type=click.IntRange(min=0), default=100, show_default=True)
@click.option("--dagster-times", type=click.IntRange(min=0), default=100, show_default=True)
@click.option("--images", type=click.IntRange(min=1), default=3000, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--minutes", default=math.inf, help="For each of the two; fewer kills if need be.")
@click.option(
    "--hold", type=click.Path(path_type=Path), help="A file: while it is there, nothing is killed."
)
def main(
    times: int, dagster_times: int, images: int, seed: int, minutes: float, hold: Path | None
) -> None:
    """Run everything and print the figures as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        given = make_editions(Path(folder) / "data", images)
        for job, count in ((CommandLine, times), (DagsterRun, dagster_times)):
            if count:
                place = Path(folder) / job.name.replace(" ", "_")
                figures = kill_over_and_over(job(given, place), place, count, seed, minutes, hold)
                click.echo(json.dumps({job.name: figures.report()}))


if __name__ == "__main__":
    try:
        main()
    except BreachError as error:
        sys.exit(f"Breach: {error}")
