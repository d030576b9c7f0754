"""Worker processes for the parts of an export.

They are started as processes of their own rather than by `multiprocessing`, so that nothing is
pickled and a caller's script needs no ``if __name__ == "__main__"``.
"""

import os
import queue
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TypeVar, cast

import msgspec

from coco_dagster.errors import WorkerError
from coco_dagster.export.tasks import TASK_ENCODER, Outcome, Task
from coco_dagster.export.worker import receive, send

_R = TypeVar("_R")


class WorkerPool:
    """Carries out tasks in order, in worker processes or, with one worker, right here."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._processes: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        self._threads: ThreadPoolExecutor | None = None
        self._started: list[_Process] = []

    def run(self, tasks: Iterable[Task], report: type[_R]) -> Iterator[_R]:
        """Carry out tasks; reports come in the order of the tasks.

        Args:
            tasks: consumed only a few tasks ahead of the reports.
            report: type of their reports.

        Raises:
            WorkerError: a worker process ended, or a task failed in an unforeseen way.
            CocoDagsterError: what a task raised.
        """
        if self._workers == 1:
            for task in tasks:
                yield cast(_R, task.run())
            return
        threads = self._start()
        waiting: deque[Future[_R]] = deque()
        try:
            for task in tasks:
                waiting.append(threads.submit(self._run_one, task, report))
                if len(waiting) > 2 * self._workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def close(self) -> None:
        """End the processes."""
        for process in self._started:
            process.end()
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)

    def _start(self) -> ThreadPoolExecutor:
        if self._threads is None:
            self._started = [_Process(self._workers) for _ in range(self._workers)]
            for process in self._started:
                self._processes.put(process)
            self._threads = ThreadPoolExecutor(self._workers)
        return self._threads

    def _run_one(self, task: Task, report: type[_R]) -> _R:
        process = self._processes.get()
        try:
            return process.run(task, report)
        finally:
            self._processes.put(process)


class _Process:
    """One worker process."""

    def __init__(self, workers: int) -> None:
        threads = str(max(1, available_cores() // workers))
        path = os.pathsep.join(entry for entry in sys.path if entry)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "coco_dagster.export.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ
            | {"PYTHONPATH": path, "POLARS_MAX_THREADS": threads, "OMP_NUM_THREADS": threads},
        )

    def run(self, task: Task, report: type[_R]) -> _R:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            send(stdin, TASK_ENCODER.encode(task))
            message = receive(stdout)
        except (OSError, ValueError):
            message = None
        if message is None:
            raise WorkerError(
                f"A worker process ended with exit code {self._process.wait()} before its part "
                "was done; if it ran out of memory, use fewer workers, and run again."
            )
        outcome = msgspec.msgpack.decode(message, type=Outcome)
        if outcome.failure is not None:
            raise outcome.failure.as_error()
        return cast(_R, outcome.report)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def worker_pool(workers: int) -> Iterator[WorkerPool]:
    """A pool whose processes end with the block, whatever happens in it."""
    pool = WorkerPool(workers)
    try:
        yield pool
    finally:
        pool.close()
