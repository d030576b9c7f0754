"""The same assets in executors other than the job's own."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

PROGRAM = """\
import dagster as dg
from coco_dagster import build_encord_coco_defs

pipeline = build_encord_coco_defs(
    name="boats", labels={labels!r}, ontology={ontology!r}, storage={storage!r}
)
everything = dg.Definitions.merge(
    pipeline,
    dg.Definitions(
        jobs=[dg.define_asset_job("everything", executor_def=dg.multiprocess_executor)],
    ),
)


def job():
    return everything.resolve_job_def("everything")
"""


@pytest.fixture
def job(
    labels: Path, ontology: Path, storage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """A job that every process can build anew, run by the multiprocess executor."""
    program = PROGRAM.format(labels=str(labels), ontology=str(ontology), storage=str(storage))
    (tmp_path / "boats_location.py").write_text(program)
    monkeypatch.syspath_prepend(tmp_path)
    yield dg.reconstructable(__import__("boats_location").job)
    sys.modules.pop("boats_location")


@pytest.mark.slow
def test_assets_and_checks_run_in_a_process_for_each_step(
    job: Any, tmp_path: Path, storage: Path
) -> None:
    home = tmp_path / "dagster_home"
    home.mkdir()
    with dg.instance_for_test(temp_dir=str(home)) as instance:
        result = dg.execute_job(job, instance=instance)
        assert result.success
        made = [event for event in result.all_events if event.is_step_materialization]
        checks = [
            event
            for event in result.all_events
            if event.event_type_value == "ASSET_CHECK_EVALUATION"
        ]
        assert len(made) == 12
        assert len(checks) == 12
    assert (storage / "exports" / "boats" / "latest.json").exists()
    assert not list(home.rglob("boats__*"))
