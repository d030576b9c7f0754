"""The storage as a resource of a run."""

import dagster as dg

from coco_dagster.export.processes import WorkerProcesses, keep
from coco_dagster.orchestrate.resources import EncordCocoStorage

CALLS: list[str] = []


class Announced(EncordCocoStorage):
    """A storage of somebody's own, with what Dagster offers for resources."""

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        CALLS.append(f"set up {self.url}")

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        CALLS.append(f"torn down {self.url}")


def test_storage_keeps_worker_processes_for_a_run_and_what_a_subclass_does() -> None:
    CALLS.clear()
    processes = WorkerProcesses(2)
    (process,) = processes.started

    @dg.asset
    def made(storage: EncordCocoStorage) -> None:
        assert keep(processes)
        assert process.is_running
        CALLS.append(storage.exports("boats"))

    assert dg.materialize([made], resources={"storage": Announced(url="here")}).success
    assert CALLS == ["set up here", "here/exports/boats", "torn down here"]
    assert not process.is_running
