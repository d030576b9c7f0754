"""The schedule asks for a run over whatever the source has."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from coco_dagster.orchestrate.settings import ExportSchedule
from tests.orchestrate.conftest import boat, write_row

Build = Callable[..., dg.Definitions]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance on disk: a schedule opens it anew."""
    with dg.instance_for_test() as made:
        yield made


def tick(definitions: dg.Definitions, instance: dg.DagsterInstance) -> Any:
    """What one evaluation of the schedule asks for."""
    schedule = definitions.resolve_schedule_def("boats_schedule")
    context = dg.build_schedule_context(instance, datetime(2026, 1, 1, 3))
    return schedule.evaluate_tick(context)


def test_schedule_runs_the_whole_job(build: Build, instance: dg.DagsterInstance) -> None:
    (request,) = tick(build(), instance).run_requests
    assert (request.asset_selection, request.partition_key) == (None, None)


def test_schedule_runs_all_partitions_of_the_source_in_one_run(
    build: Build, instance: dg.DagsterInstance, labels: Path
) -> None:
    instance.add_dynamic_partitions("boats_partitions", ["row-a.json", "row-z.json"])
    write_row(labels, "c", [boat("o1")])
    (request,) = tick(build(partition_by="shard"), instance).run_requests
    assert instance.get_dynamic_partitions("boats_partitions") == [
        "row-a.json",
        "row-b.json",
        "row-c.json",
    ]
    assert request.tags["dagster/asset_partition_range_start"] == "row-a.json"
    assert request.tags["dagster/asset_partition_range_end"] == "row-c.json"


def test_schedule_has_the_cron_expression_and_the_time_zone(build: Build) -> None:
    settings = ExportSchedule(cron="0 5 * * 1", timezone="Europe/London", running=True)
    schedule = build(schedule=settings).resolve_schedule_def("boats_schedule")
    assert (schedule.cron_schedule, schedule.execution_timezone, schedule.default_status) == (
        "0 5 * * 1",
        "Europe/London",
        dg.DefaultScheduleStatus.RUNNING,
    )
