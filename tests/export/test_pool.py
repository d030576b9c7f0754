"""Workers: order, errors, and what happens when one of them dies."""

import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from coco_dagster.coco.writer import FirstIds
from coco_dagster.encord.sources import LabelSource
from coco_dagster.errors import SourceError, StorageError, WorkerError
from coco_dagster.export import export_coco
from coco_dagster.export.places import TableFolder
from coco_dagster.export.pool import WorkerPool, worker_pool
from coco_dagster.export.processes import WorkerProcesses, processes_kept
from coco_dagster.export.stored_tasks import SnapshotPart, SnapshotRows
from coco_dagster.export.tasks import NumberGroup, Task
from tests.exports import divide_into
from tests.label_rows import as_json, label_row
from tests.objects import box

ROWS = [label_row([box()], label_hash=f"{number:02}") for number in range(8)]


def write(folder: Path) -> Path:
    labels = folder / "labels.json"
    labels.write_text(as_json(ROWS))
    return labels


def tasks_in(folder: Path) -> list[Task]:
    chunks = LabelSource(write(folder), folder / "spool").chunks(1)
    return [SnapshotRows(chunk, str(folder / "snapshot")) for chunk in chunks]


def digests(reports: Iterable[SnapshotPart]) -> list[list[str]]:
    return [report.row_digests for report in reports]


def killed(processes: WorkerProcesses) -> WorkerProcesses:
    for process in processes.started:
        os.kill(process._process.pid, signal.SIGKILL)
        process._process.wait()
    return processes


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_reports_come_in_the_order_of_the_tasks(tmp_path: Path, workers: int) -> None:
    with worker_pool(workers) as pool:
        reports = digests(pool.run(tasks_in(tmp_path), SnapshotPart))
    assert len(reports) == len(ROWS)
    assert len({digest for (digest,) in reports}) == len(ROWS)
    with worker_pool(1) as pool:
        assert reports == digests(pool.run(tasks_in(tmp_path), SnapshotPart))


def test_a_pool_may_be_used_again(tmp_path: Path) -> None:
    with worker_pool(2) as pool:
        first = digests(pool.run(tasks_in(tmp_path), SnapshotPart))
        assert digests(pool.run(tasks_in(tmp_path), SnapshotPart)) == first
        assert list(pool.run([], SnapshotPart)) == []


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_task_is_carried_out_while_the_caller_goes_on(tmp_path: Path, workers: int) -> None:
    tasks = tasks_in(tmp_path)
    with worker_pool(workers) as pool:
        expected = digests(pool.run(tasks, SnapshotPart))
        waiting = [pool.beside(task, SnapshotPart) for task in tasks]
        assert digests(future.result() for future in waiting) == expected


def test_what_is_done_beside_the_caller_is_done_by_another_process(tmp_path: Path) -> None:
    (first, *_) = tasks_in(tmp_path)
    with worker_pool(2, killed(WorkerProcesses(2))) as pool:
        for _ in range(3):
            with pytest.raises(WorkerError, match="ended with exit code -9"):
                pool.beside(first, SnapshotPart).result()


def test_processes_end_with_the_pool(tmp_path: Path) -> None:
    processes = WorkerProcesses(3)
    with worker_pool(3, processes) as pool:
        next(iter(pool.run(tasks_in(tmp_path), SnapshotPart)))
    assert all(process._process.poll() is not None for process in processes.started)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_task_is_raised_as_it_was(tmp_path: Path, workers: int) -> None:
    tasks = tasks_in(tmp_path)
    (tmp_path / "labels.json").write_text("[]")
    with (
        pytest.raises(SourceError, match="changed while it was read"),
        worker_pool(workers) as pool,
    ):
        list(pool.run(tasks, SnapshotPart))


def test_a_killed_worker_is_reported(tmp_path: Path) -> None:
    tasks = tasks_in(tmp_path)
    with (
        worker_pool(2, killed(WorkerProcesses(2))) as pool,
        pytest.raises(WorkerError, match=r"exit code -9.*use fewer workers"),
    ):
        list(pool.run(tasks, SnapshotPart))


def test_an_export_whose_worker_is_killed_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    divide_into(monkeypatch, 1)
    labels = write(tmp_path)
    with pytest.raises(WorkerError, match="exit code -9"):
        export_coco(labels, None, tmp_path / "out", processes=killed(WorkerProcesses(2)))
    assert [path.name for path in tmp_path.iterdir()] == ["labels.json"]


def test_an_export_whose_worker_is_killed_while_rendering_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    divide_into(monkeypatch, 1)
    labels = write(tmp_path)
    processes = WorkerProcesses(2)
    run_chained = WorkerPool.run_chained

    def kill_first(pool: WorkerPool, *given: Any) -> Any:
        killed(processes)
        return run_chained(pool, *given)

    monkeypatch.setattr(WorkerPool, "run_chained", kill_first)
    with pytest.raises(WorkerError, match="exit code -9"):
        export_coco(labels, None, tmp_path / "out", processes=processes)
    assert [path.name for path in tmp_path.iterdir()] == ["labels.json"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_folder_that_cannot_be_written_is_one_message(
    workers: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tasks = tasks_in(tmp_path)
    (tmp_path / "snapshot").write_text("in the way")
    with (
        worker_pool(workers) as pool,
        pytest.raises(StorageError, match=r"snapshot.* cannot be written: Not a directory"),
    ):
        list(pool.run(tasks, SnapshotPart))
    assert "Traceback" not in capfd.readouterr().err


def test_what_a_worker_did_not_foresee_is_one_message(
    capfd: pytest.CaptureFixture[str],
) -> None:
    never_rendered = NumberGroup(TableFolder("nowhere", "arrow"), 0, FirstIds(0, 0, 1, 1))
    processes = WorkerProcesses(2)
    with worker_pool(2, processes) as pool, pytest.raises((WorkerError, KeyError)):
        list(pool.run([never_rendered] * 4, type(None)))
    assert "Traceback" not in capfd.readouterr().err


def test_dismissed_processes_end_by_themselves(tmp_path: Path) -> None:
    processes = WorkerProcesses(2)
    with worker_pool(2, processes) as pool:
        assert digests(pool.run(tasks_in(tmp_path), SnapshotPart))
        pool.dismiss()
        (process,) = processes.started
        assert process.exit_code() == -signal.SIGKILL


def pids_of(tmp_path: Path, pools: int) -> list[int]:
    """Processes that pools use, one after the other; of all but the last one all work is done."""
    pids = []
    for _ in range(pools):
        with worker_pool(2) as pool:
            assert digests(pool.run(tasks_in(tmp_path), SnapshotPart))
            assert pool._processes is not None
            pids += [process._process.pid for process in pool._processes.started]
    return pids


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_processes_serve_later_pools_of_a_block_and_end_with_it(tmp_path: Path) -> None:
    with processes_kept():
        pids = pids_of(tmp_path, 3)
        assert is_running(pids[0])
    assert len(set(pids)) == 1
    assert not is_running(pids[0])
    assert len(set(pids_of(tmp_path, 2))) == 2


def test_processes_end_with_their_own_block(tmp_path: Path) -> None:
    with processes_kept():
        with processes_kept(), worker_pool(2), worker_pool(2):
            inner = pids_of(tmp_path, 2)
        (outer,) = set(pids_of(tmp_path, 2))
        assert is_running(outer)
    assert not any(map(is_running, (*inner, outer)))


def test_a_process_that_died_while_it_waited_is_replaced(tmp_path: Path) -> None:
    with processes_kept():
        (first,) = pids_of(tmp_path, 1)
        os.kill(first, signal.SIGKILL)
        os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
        (second,) = pids_of(tmp_path, 1)
        assert second != first


def fail_with(processes: WorkerProcesses) -> None:
    with worker_pool(2, processes):
        raise KeyError


def test_processes_of_a_pool_that_failed_do_not_serve_later_ones(tmp_path: Path) -> None:
    processes = WorkerProcesses(2)
    with processes_kept():
        with pytest.raises(KeyError):
            fail_with(processes)
        (process,) = processes.started
        assert not process.is_running
        assert pids_of(tmp_path, 1) != [process._process.pid]


def test_a_pool_that_was_closed_starts_nothing(tmp_path: Path) -> None:
    (first, *_) = tasks_in(tmp_path)
    pool = WorkerPool(2)
    pool.close()
    with pytest.raises(WorkerError, match="given up before"):
        pool.beside(first, SnapshotPart)
    assert pool._processes is None


def test_processes_are_handed_over_without_work(tmp_path: Path) -> None:
    (first, *_) = tasks_in(tmp_path)
    with processes_kept():
        with worker_pool(2) as pool:
            under_way = pool.beside(first, SnapshotPart)
        assert under_way.done()
        with pytest.raises(WorkerError, match="given up before"):
            pool.beside(first, SnapshotPart)
