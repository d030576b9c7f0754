"""Workers for the parts of an export: this process, and as many others as are asked for."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar, cast

import msgspec

from coco_dagster.collector import collector_paused
from coco_dagster.errors import WorkerError
from coco_dagster.export.processes import (
    WorkerProcess,
    WorkerProcesses,
    idle_processes,
    keep,
)
from coco_dagster.export.tasks import TASK_ENCODER, Outcome, Task

_R = TypeVar("_R")


class WorkerPool:
    """Carries out tasks in order, here and in worker processes."""

    def __init__(self, workers: int, processes: WorkerProcesses | None = None) -> None:
        self._count = workers if processes is None else processes.workers
        self._processes = processes
        self._workers: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._threads: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._closed = False

    @property
    def workers(self) -> int:
        """Number of workers, the caller among them."""
        return self._count

    def run(self, tasks: Iterable[Task], report: type[_R]) -> Iterator[_R]:
        """Carry out tasks; reports come in the order of the tasks.

        Args:
            tasks: consumed only a few tasks ahead of the reports.
            report: type of their reports.

        Raises:
            WorkerError: a worker process ended, or a task failed in an unforeseen way.
            CocoDagsterError: what a task raised.
        """
        if self._count == 1:
            for task in tasks:
                yield cast(_R, task.run())
            return
        threads = self._start()
        waiting: deque[Future[_R]] = deque()
        try:
            for task in tasks:
                waiting.append(threads.submit(self._run_one, task, report))
                if len(waiting) > 2 * self._count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def run_chained(
        self, tasks: Sequence[Task], report: type[_R], then: Callable[[int, Sequence[_R]], Task]
    ) -> Iterator[_R]:
        """Carry out tasks, each followed by another one in the same process.

        Args:
            tasks: what is done first.
            report: type of its reports.
            then: makes the task that follows, from the position of the first one and the reports
                of it and of all before it.

        Yields:
            The reports of the first tasks in their order, when both tasks are done.

        Raises:
            WorkerError: a worker process ended, or a task failed in an unforeseen way.
            CocoDagsterError: what a task raised.
        """
        reports: list[_R] = []
        if self._count == 1:
            for position, task in enumerate(tasks):
                reports.append(cast(_R, task.run()))
                then(position, reports).run()
                yield reports[position]
            return
        chain: _Chain[_R] = _Chain()
        threads = self._start()
        futures = [
            threads.submit(self._run_pair, chain, position, task, report, then)
            for position, task in enumerate(tasks)
        ]
        try:
            for future in futures:
                try:
                    done = future.result()
                except _GivenUpError as error:
                    raise _cause(futures, error) from None
                yield done
        finally:
            chain.give_up()
            for future in futures:
                future.cancel()

    def beside(self, task: Task, report: type[_R]) -> "Future[_R]":
        """Carry out a task while the caller goes on: in another process, if there is one.

        Args:
            task: what is done.
            report: type of its report.

        Returns:
            Its report; or what `run` raises.
        """
        return self._start().submit(self._run_beside, task, report)

    def dismiss(self) -> None:
        """Let the processes go while the caller goes on: no task will follow.

        They end, unless a later pool may have work for them (see `processes_kept`).
        """
        if self._processes is None:
            return
        if self._threads is not None:
            # Nobody may use a process that has another owner.
            self._threads.shutdown(cancel_futures=True)
        if keep(self._processes):
            self._processes = None
        else:
            self._processes.kill()

    def close(self) -> None:
        """End the processes; nothing is left to do where that was done before."""
        with self._lock:
            self._closed = True
        if self._processes is not None:
            self._processes.end()
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)

    def _start(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._closed:
                raise WorkerError("The work was given up before this part of it began.")
            if self._threads is None:
                self._processes = self._processes or idle_processes(self._count)
                # The caller still divides the source: others take the first tasks.
                for process in self._processes.started:
                    self._workers.put(_OtherProcess(process))
                self._workers.put(_ThisProcess())
                self._threads = ThreadPoolExecutor(self._count)
            return self._threads

    def _run_one(self, task: Task, report: type[_R]) -> _R:
        worker = self._workers.get()
        try:
            return worker.run(task, report)
        finally:
            self._workers.put(worker)

    def _run_beside(self, task: Task, report: type[_R]) -> _R:
        worker = self._workers.get()
        if isinstance(worker, _ThisProcess) and self._count > 1:
            caller, worker = worker, self._workers.get()
            self._workers.put(caller)
        try:
            return worker.run(task, report)
        finally:
            self._workers.put(worker)

    def _run_pair(
        self,
        chain: "_Chain[_R]",
        position: int,
        task: Task,
        report: type[_R],
        then: Callable[[int, Sequence[_R]], Task],
    ) -> _R:
        worker = self._workers.get()
        try:
            reports = chain.add(position, worker.run(task, report))
            worker.run(then(position, reports), type(None))
            return reports[position]
        except BaseException:
            chain.give_up()
            raise
        finally:
            self._workers.put(worker)


class _GivenUpError(WorkerError):
    """A task was not finished since another one failed."""


def _cause(futures: Sequence[Future[_R]], given_up: BaseException) -> BaseException:
    """The error for which the others gave up."""
    for future in futures:
        error = None if future.cancelled() else future.exception()
        if error is not None and not isinstance(error, _GivenUpError):
            return error
    return given_up


class _Chain(Generic[_R]):
    """Reports of concurrent tasks, which wait for those before them.

    Tasks start in order, so that those before a waiting one are always under way.
    """

    def __init__(self) -> None:
        self._reports: list[_R] = []
        self._given_up = False
        self._changed = threading.Condition()

    def add(self, position: int, report: _R) -> Sequence[_R]:
        """Add a report when all before it are there; returns it and them."""
        with self._changed:
            self._changed.wait_for(lambda: self._given_up or len(self._reports) == position)
            if self._given_up:
                raise _GivenUpError("The work was given up because another part of it failed.")
            self._reports.append(report)
            self._changed.notify_all()
            return self._reports[: position + 1]

    def give_up(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._given_up = True
            self._changed.notify_all()


class _Worker(Protocol):
    def run(self, task: Task, report: type[_R]) -> _R: ...


class _ThisProcess:
    """The caller as a worker."""

    def run(self, task: Task, report: type[_R]) -> _R:
        return cast(_R, task.run())


class _OtherProcess:
    """A worker process."""

    def __init__(self, process: WorkerProcess) -> None:
        self._process = process

    def run(self, task: Task, report: type[_R]) -> _R:
        message = self._process.exchange(TASK_ENCODER.encode(task))
        if message is None:
            raise WorkerError(
                f"A worker process ended with exit code {self._process.exit_code()} before its "
                "part was done; if it ran out of memory, use fewer workers, and run again."
            )
        outcome = msgspec.msgpack.decode(message, type=Outcome)
        if outcome.failure is not None:
            raise outcome.failure.as_error()
        return cast(_R, outcome.report)


@contextmanager
def worker_pool(workers: int, processes: WorkerProcesses | None = None) -> Iterator[WorkerPool]:
    """A pool that lets its processes go with the block, and ends them where that fails.

    Args:
        workers: workers, of which the caller is one.
        processes: processes that were started ahead, in place of `workers`.
    """
    pool = WorkerPool(workers, processes)
    with collector_paused():
        try:
            yield pool
            pool.dismiss()
        finally:
            pool.close()
