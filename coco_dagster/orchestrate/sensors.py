"""What starts a pipeline: a sensor that watches its source, and a schedule."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import dagster as dg

from coco_dagster.orchestrate.partitions import (
    partition_change,
    range_tags,
    requests_for,
    source_partitions,
    touched_partitions,
)
from coco_dagster.orchestrate.pipeline import Pipeline
from coco_dagster.orchestrate.settings import DAILY, ExportSchedule, SourceSensor

if TYPE_CHECKING:
    from coco_dagster.orchestrate.source_watch import Change, Seen


CHANGE_TAG: Final = "coco_dagster/source_change"
"""Tag of a run that says what had changed."""

_SENSOR_TAG: Final = "dagster/sensor_name"
_RUN_KEY_TAG: Final = "dagster/run_key"


def sensor_name(pipeline: Pipeline) -> str:
    """Name of the sensor of a pipeline.

    Args:
        pipeline: the pipeline.
    """
    return f"{pipeline.name}_sensor"


def build_sensor(
    pipeline: Pipeline,
    job: Any,
    settings: SourceSensor,
    only: Sequence[dg.AssetKey] | None,
    merged: Sequence[dg.AssetKey],
) -> dg.SensorDefinition:
    """A sensor that starts a run when label rows of the source are new, changed or gone.

    Its cursor holds what it has seen, and the key of a run the content of the source, so that no
    change is missed or run twice, whatever happens between looking and starting the run. Files
    that are being written are waited for.

    Args:
        pipeline: the pipeline.
        job: job to run.
        settings: how often it looks.
        only: assets to materialise; None means all of the job.
        merged: exports over all partitions, which are all there is to do where one is gone.
    """

    @dg.sensor(
        name=sensor_name(pipeline),
        job=job,
        minimum_interval_seconds=settings.interval_seconds,
        default_status=_sensor_status(settings.running),
        description="Watches the label rows; exports again when they are new, changed or gone.",
    )
    def source_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        from coco_dagster.encord.source_stamps import source_stamps
        from coco_dagster.orchestrate.source_watch import Seen, is_being_written, look

        seen = Seen.from_cursor(context.cursor)
        stamps = source_stamps(pipeline.labels)
        if is_being_written(stamps):
            return _skipped("Files are being written; they are looked at when complete.", seen)
        now, change = look(pipeline.labels, stamps, seen)
        if now.digest == seen.digest:
            return _skipped("The label rows are as they were.", now)
        return _requested(context, pipeline, now, change, only, merged)

    return source_sensor


def _skipped(reason: str, seen: "Seen") -> dg.SensorResult:
    return dg.SensorResult(skip_reason=reason, cursor=seen.cursor())


def _requested(
    context: dg.SensorEvaluationContext,
    pipeline: Pipeline,
    now: "Seen",
    change: "Change",
    only: Sequence[dg.AssetKey] | None,
    merged: Sequence[dg.AssetKey],
) -> dg.SensorResult:
    from msgspec.structs import replace

    numbered = replace(now, number=_next_number(context.instance, pipeline, now))

    def run(
        assets: Sequence[dg.AssetKey] | None, tags: Mapping[str, str] | None = None
    ) -> dg.RunRequest:
        return dg.RunRequest(
            run_key=f"{numbered.digest}-{numbered.number}",
            tags={CHANGE_TAG: change.described(), **(tags or {})},
            asset_selection=list(assets) if assets else None,
        )

    if not pipeline.is_partitioned:
        return dg.SensorResult(run_requests=[run(only)], cursor=numbered.cursor())
    registered = context.instance.get_dynamic_partitions(pipeline.partitions_name)
    partitions = partition_change(source_partitions(pipeline), registered)
    touched = touched_partitions(pipeline, partitions.known, change)
    if touched:
        requests = [run(only, range_tags(partitions.known, touched))]
    else:
        requests = [run(merged)] if merged else []
    return dg.SensorResult(
        run_requests=requests,
        dynamic_partitions_requests=requests_for(pipeline, partitions),
        cursor=numbered.cursor(),
    )


def _next_number(instance: dg.DagsterInstance, pipeline: Pipeline, now: "Seen") -> int:
    """Number of this change: the same in every attempt to start its run, and never used before.

    Dagster remembers run keys for ever. Where the cursor was reset, the last run tells how far the
    numbers had got; if it is of this very content, there is nothing to run again.
    """
    if now.number:
        return now.number + 1
    started = dg.RunsFilter(tags={_SENSOR_TAG: sensor_name(pipeline)})
    for run in instance.get_runs(started, limit=1):
        digest, _, number = run.tags.get(_RUN_KEY_TAG, "").rpartition("-")
        if number.isdecimal():
            return int(number) + (digest != now.digest)
    return 1


def build_schedule(pipeline: Pipeline, job: Any, settings: ExportSchedule) -> dg.ScheduleDefinition:
    """A schedule that materialises everything again; what did not change costs next to nothing.

    With partitions it first makes the instance know those of the source.

    Args:
        pipeline: the pipeline.
        job: job to run.
        settings: when it runs.
    """

    @dg.schedule(
        name=f"{pipeline.name}_schedule",
        job=job,
        cron_schedule=settings.cron or DAILY,
        execution_timezone=settings.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING
        if settings.running
        else dg.DefaultScheduleStatus.STOPPED,
        description="Exports again; label rows that did not change cost next to nothing.",
    )
    def export_schedule(
        context: dg.ScheduleEvaluationContext,
    ) -> dg.RunRequest | dg.SkipReason:
        if not pipeline.is_partitioned:
            return dg.RunRequest()
        known = _registered(context.instance, pipeline)
        if not known:
            return dg.SkipReason("The source has no partitions.")
        return dg.RunRequest(tags=dict(range_tags(known, known)))

    return export_schedule


def _registered(instance: dg.DagsterInstance, pipeline: Pipeline) -> list[str]:
    """Keys of the partitions of the source, once the instance knows them."""
    name = pipeline.partitions_name
    change = partition_change(source_partitions(pipeline), instance.get_dynamic_partitions(name))
    if change.added:
        instance.add_dynamic_partitions(name, list(change.added))
    for key in change.removed:
        instance.delete_dynamic_partition(name, key)
    return list(change.known)


def _sensor_status(running: bool) -> dg.DefaultSensorStatus:
    return dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED
