"""Worker processes: how they start, what passes between them and their caller, how they end.

Messages are MessagePack behind their length in four bytes. They only name files, so that they stay
small and no data passes through them. Processes are started by their command line rather than by
`multiprocessing`: nothing is pickled, and a caller's script needs no ``if __name__ == "__main__"``.

This module imports nothing that takes time, so that processes can be started while their caller
still imports its libraries.
"""

import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import IO, Final

CHUNK_BYTES: Final = 16 << 20
"""Bytes of label rows in a part, the unit of work: small enough to keep memory low, large enough
for what is done once a part not to matter."""

_LENGTH: Final = struct.Struct("<I")

_WORKER: Final = "from coco_dagster.export.worker_start import main; main()"


def send(stream: IO[bytes], message: bytes) -> None:
    """Write one message."""
    stream.write(_LENGTH.pack(len(message)) + message)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes | None:
    """Read one message; None where the other side has ended."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    message = stream.read(length)
    return message if len(message) == length else None


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def started_ahead(labels: str, workers: int | None) -> "WorkerProcesses | None":
    """Processes for a local file that is large enough to be divided; else None.

    Args:
        labels: path of the label rows.
        workers: workers that were asked for; by default one for each core.
    """
    count = workers or available_cores()
    try:
        size = os.stat(labels).st_size if os.path.isfile(labels) else 0
    except (OSError, ValueError):
        return None
    return WorkerProcesses(count) if count > 1 and size > CHUNK_BYTES else None


def one_of(workers: int) -> dict[str, str]:
    """Environment variables that leave each of some workers its share of the cores and memory.

    Libraries read them when they are imported.

    Args:
        workers: how many share the machine.
    """
    return {
        "POLARS_MAX_THREADS": str(max(1, available_cores() // workers)),
        # Nothing here multiplies matrices; the threads for it would only be started.
        "OPENBLAS_NUM_THREADS": "1",
        # Arrow and polars each keep what they have freed for themselves, apart from what Python
        # keeps: a process then takes a third more memory, and no less time.
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "_RJEM_MALLOC_CONF": "dirty_decay_ms:200,muzzy_decay_ms:0",
    }


class WorkerProcess:
    """One worker process.

    Args:
        workers: how many share the machine, which is divided among them.
    """

    def __init__(self, workers: int) -> None:
        path = os.pathsep.join(entry for entry in sys.path if entry)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": path, **one_of(workers)},
        )

    def exchange(self, message: bytes) -> bytes | None:
        """Send a task and wait for its outcome; None where the process has ended instead."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            return None
        try:
            send(stdin, message)
            return receive(stdout)
        except (OSError, ValueError):
            return None

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def exit_code(self) -> int:
        """Exit code of the ended process; negative for the signal that ended it."""
        return self._process.wait()

    def kill(self) -> None:
        """Tell the process to end, without waiting for it: freeing its memory takes a while."""
        self._process.kill()

    def end(self) -> None:
        """End the process."""
        self.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


class WorkerProcesses:
    """The processes that help a caller, who is a worker too.

    Args:
        workers: workers in all; one fewer processes are started.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.started = [WorkerProcess(workers) for _ in range(workers - 1)]

    @property
    def are_running(self) -> bool:
        """Whether none of them has ended."""
        return all(process.is_running for process in self.started)

    def kill(self) -> None:
        """Tell all processes to end."""
        for process in self.started:
            process.kill()

    def end(self) -> None:
        """End all processes."""
        self.kill()
        for process in self.started:
            process.end()


_kept: Final[dict[object, dict[int, WorkerProcesses]]] = {}
"""Processes without work by their number of workers, for each block that keeps some."""

_kept_lock: Final = Lock()


@contextmanager
def processes_kept() -> Iterator[None]:
    """Processes that are done within the block wait for more work, until it ends.

    A process takes a quarter of a second to start.
    """
    block = object()
    with _kept_lock:
        _kept[block] = {}
    try:
        yield
    finally:
        with _kept_lock:
            waiting = _kept.pop(block)
        for processes in waiting.values():
            processes.end()


def keep(processes: WorkerProcesses) -> bool:
    """Let processes wait for more work.

    Args:
        processes: processes that have nothing to do.

    Returns:
        Whether a block keeps them; otherwise nothing has happened.
    """
    with _kept_lock:
        kept = _kept.values()
        return any(some.setdefault(processes.workers, processes) is processes for some in kept)


def idle_processes(workers: int) -> WorkerProcesses:
    """Processes that wait for work; new ones where none do.

    Args:
        workers: workers in all, the caller among them.
    """
    with _kept_lock:
        waiting = next((some.pop(workers) for some in _kept.values() if workers in some), None)
    if waiting is None:
        return WorkerProcesses(workers)
    if waiting.are_running:
        return waiting
    waiting.end()
    return WorkerProcesses(workers)
