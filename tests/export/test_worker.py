"""A worker process as its caller sees it."""

import os
import signal
import subprocess
import sys

from coco_dagster.export.processes import WorkerProcesses, send


def test_a_worker_whose_caller_is_gone_ends_without_a_word() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "coco_dagster.export.worker_start"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        send(process.stdin, b"no task")
        process.stdin.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_an_interrupt_at_the_keyboard_is_left_to_the_caller() -> None:
    (worker,) = WorkerProcesses(2).started
    try:
        assert worker.exchange(b"no task")
        os.kill(worker._process.pid, signal.SIGINT)
        assert worker.exchange(b"no task")
    finally:
        worker.end()
