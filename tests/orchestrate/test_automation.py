"""Automation conditions by name, and freshness."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from coco_dagster.errors import SettingsError
from coco_dagster.orchestrate.automation import freshness_policy
from coco_dagster.orchestrate.settings import ExportSchedule, Freshness
from coco_dagster.tables.schemas import LABEL_TABLES

Build = Callable[..., dg.Definitions]
UPSTREAM = ("raw_labels", "ontology")
ALL = {*UPSTREAM, *LABEL_TABLES, "coco"}


class Daemon:
    """Evaluations of the automation conditions, which hand on their cursor."""

    def __init__(self, definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
        self._definitions, self._instance = definitions, instance
        self._cursor: Any = None

    def requested(self, now: datetime | None = None) -> set[str]:
        """Assets that are to be materialised, by the last part of their key."""
        result = dg.evaluate_automation_conditions(
            self._definitions, self._instance, cursor=self._cursor, evaluation_time=now
        )
        self._cursor = result.cursor
        keys = {key for key in self._definitions.resolve_asset_graph().get_all_asset_keys()}
        return {key.path[-1] for key in keys if result.get_num_requested(key)}


def materialise(instance: dg.DagsterInstance, *assets: str) -> None:
    for asset in assets:
        instance.report_runless_asset_event(dg.AssetMaterialization(["boats", asset]))


def test_partitions_that_are_new_are_made_once_what_they_need_is_there(
    build: Build, instance: dg.DagsterInstance
) -> None:
    materialise(instance, "ontology")
    daemon = Daemon(build(automation="on_missing", partition_by="shard"), instance)
    assert daemon.requested() == set()
    instance.add_dynamic_partitions("boats_partitions", ["row-a.json"])
    assert daemon.requested() == {"raw_labels", *LABEL_TABLES}
    assert daemon.requested() == set()


def test_eager_assets_follow_their_upstream(build: Build, instance: dg.DagsterInstance) -> None:
    materialise(instance, *UPSTREAM, *LABEL_TABLES, "coco")
    daemon = Daemon(build(automation="eager"), instance)
    assert daemon.requested() == set()
    materialise(instance, "raw_labels")
    assert daemon.requested() == {*LABEL_TABLES, "coco"}
    assert daemon.requested() == set()


def test_assets_that_are_there_are_not_made_on_missing(
    build: Build, instance: dg.DagsterInstance
) -> None:
    materialise(instance, *ALL)
    daemon = Daemon(build(automation="on_missing"), instance)
    daemon.requested()
    materialise(instance, "raw_labels")
    assert daemon.requested() == set()


def test_cron_is_that_of_the_schedule(build: Build, instance: dg.DagsterInstance) -> None:
    materialise(instance, *ALL)
    settings = {"automation": "on_cron", "schedule": ExportSchedule(cron="0 5 * * *")}
    daemon = Daemon(build(**settings), instance)
    start = datetime.now(UTC).replace(hour=4, minute=50) + timedelta(days=1)
    assert daemon.requested(start) == set()
    assert set(UPSTREAM) <= daemon.requested(start + timedelta(minutes=20))


def test_nothing_is_made_by_itself_unless_told_so(build: Build) -> None:
    specs = build().resolve_all_asset_specs()
    assert {spec.automation_condition for spec in specs} == {None}


def test_sensor_starts_the_first_asset_alone_where_the_others_follow_by_themselves(
    build: Build,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("coco_dagster.encord.source_stamps._SETTLED_NS", 0)
    definitions = build(automation="eager")
    context = dg.build_sensor_context(instance, definitions=definitions)
    found: Any = definitions.resolve_sensor_def("boats_sensor")(context)
    (request,) = found.run_requests
    assert request.asset_selection == [dg.AssetKey(["boats", "raw_labels"])]


def test_exports_alone_have_a_freshness_policy(build: Build) -> None:
    specs = build(freshness=Freshness(fail_hours=36, warn_hours=25)).resolve_all_asset_specs()
    policies = {spec.key.path[-1]: spec.freshness_policy for spec in specs}
    assert policies.pop("coco") == dg.FreshnessPolicy.time_window(
        fail_window=timedelta(hours=36), warn_window=timedelta(hours=25)
    )
    assert set(policies.values()) == {None}


def test_freshness_may_be_a_deadline() -> None:
    settings = Freshness(deadline_cron="0 6 * * *", within_hours=12, timezone="Europe/London")
    assert freshness_policy(settings) == dg.FreshnessPolicy.cron(
        deadline_cron="0 6 * * *",
        lower_bound_delta=timedelta(hours=12),
        timezone="Europe/London",
    )


@pytest.mark.parametrize(
    "settings", [Freshness(), Freshness(fail_hours=3, deadline_cron="0 6 * * *")]
)
def test_freshness_is_either_a_window_or_a_deadline(settings: Freshness) -> None:
    with pytest.raises(SettingsError, match="either `fail_hours`"):
        freshness_policy(settings)
