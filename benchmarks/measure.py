"""Time, processor time and memory of a command and of every process that it starts.

Memory is the sum of the proportional set sizes (PSS) of the process tree, where a page that
several processes share, such as one of a mapped file, counts once. It is sampled every 20 ms, less
often where one sample takes more than a tenth of that. Only Linux tells it.
"""

import contextlib
import ctypes
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

SAMPLE_EVERY = 0.02
LARGEST_SHARE = 0.1
ORPHANS_END_WITHIN = 5.0
PR_SET_CHILD_SUBREAPER = 36
_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"


class CommandError(Exception):
    """A measured command failed."""


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """What a command cost.

    Attributes:
        wall: seconds from the start of its process to its end.
        cpu: processor seconds, of the user and of the system, of all its processes.
        peak: largest sampled memory of its processes in bytes; None where it cannot be known.
        output: what it printed.
    """

    wall: float
    cpu: float
    peak: int | None
    output: str


def measure_in_turns(
    commands: Sequence[Sequence[str]], repeats: int
) -> list[Measurement | CommandError | OSError]:
    """Runs commands in fresh processes, in turns: a machine that gets slower is so for all of them.

    Args:
        commands: programs and arguments.
        repeats: how often each is run for its times; the fastest run counts. With more than one,
            memory is sampled in a run of its own, so that sampling costs no time.

    Returns:
        What each command cost; a `CommandError` where it did not exit with 0, whose message ends
        with what it wrote to stderr, or an `OSError` where it could not be started.
    """
    if repeats == 1:
        return [_outcome(command, sample=True) for command in commands]
    turns = [[_outcome(command, sample=False) for command in commands] for _ in range(repeats)]
    return [_of_all(runs, command) for command, *runs in zip(commands, *turns, strict=True)]


def _of_all(
    runs: list[Measurement | CommandError | OSError], command: Sequence[str]
) -> Measurement | CommandError | OSError:
    """The fastest of some runs, with the memory of one more; or what was raised."""
    measurements = [run for run in runs if isinstance(run, Measurement)]
    if len(measurements) < len(runs):
        return next(run for run in runs if isinstance(run, Exception))
    sampled = _outcome(command, sample=True)
    if isinstance(sampled, Exception):
        return sampled
    fastest = min(measurements, key=lambda run: run.wall)
    return msgspec.structs.replace(fastest, peak=sampled.peak)


def _outcome(command: Sequence[str], *, sample: bool) -> Measurement | CommandError | OSError:
    try:
        return _run(command, sample=sample)
    except (CommandError, OSError) as error:
        return error


def _run(command: Sequence[str], *, sample: bool) -> Measurement:
    _adopt_orphans()
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=_environment()
        )
        with contextlib.ExitStack() as stack:
            samples = stack.enter_context(_sampled_peak()) if sample else []
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu = usage.ru_utime + usage.ru_stime + _cpu_of_orphans()
        if process.returncode:
            stderr.seek(0)
            tail = stderr.read()[-2000:].decode(errors="replace")
            raise CommandError(f"{' '.join(command)} exited with {process.returncode}:\n{tail}")
        stdout.seek(0)
        output = stdout.read().decode()
    return Measurement(wall=wall, cpu=cpu, peak=max(samples, default=None), output=output)


def _environment() -> dict[str, str]:
    """That of this process, but that modules are compiled once, as those of an installed package.

    From an editable install they would otherwise be compiled at every start.
    """
    return {name: value for name, value in os.environ.items() if name != _NO_BYTECODE}


def _adopt_orphans() -> None:
    """Makes this process the parent of those whose own parent ends before them.

    A fork server is not waited for by the process that it serves; without this, the processor time
    of its workers would be nobody's.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _cpu_of_orphans() -> float:
    seconds = 0.0
    deadline = time.monotonic() + ORPHANS_END_WITHIN
    while time.monotonic() < deadline:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if pid:
            seconds += usage.ru_utime + usage.ru_stime
        else:
            time.sleep(SAMPLE_EVERY)
    return seconds


@contextlib.contextmanager
def _sampled_peak() -> Iterator[list[int]]:
    """Samples the memory of all descendants of this process into a list, until the block ends."""
    samples: list[int] = []
    ended = threading.Event()

    def sample() -> None:
        pause = 0.0
        while not ended.wait(pause):
            started = time.perf_counter()
            memory = sum(_memory(pid) for pid in _descendants(os.getpid()))
            samples.extend([memory] if memory else [])
            pause = max(SAMPLE_EVERY, (time.perf_counter() - started) / LARGEST_SHARE)

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    try:
        yield samples
    finally:
        ended.set()
        sampler.join()


def _descendants(pid: int) -> Iterator[int]:
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, children.read_text().split()):
                yield child
                yield from _descendants(child)


def _memory(pid: int) -> int:
    """Proportional set size in bytes; 0 for a process that has ended."""
    with contextlib.suppress(OSError):
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
        return int(found[1]) * 1024 if found else 0
    return 0
