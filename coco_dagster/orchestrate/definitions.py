"""A whole pipeline as Dagster definitions, without YAML."""

from collections.abc import Mapping
from typing import Any, Final

import dagster as dg

from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.errors import SettingsError
from coco_dagster.export.partition_keys import PartitionBy
from coco_dagster.orchestrate.assets import build_assets
from coco_dagster.orchestrate.automation import automation_condition, freshness_policy
from coco_dagster.orchestrate.check_settings import ExportChecks
from coco_dagster.orchestrate.checks import build_checks
from coco_dagster.orchestrate.pipeline import COCO_ASSET, Export, Pipeline
from coco_dagster.orchestrate.resources import EncordCocoStorage
from coco_dagster.orchestrate.sensors import build_schedule, build_sensor
from coco_dagster.orchestrate.settings import (
    AutomationName,
    ExportSchedule,
    Freshness,
    Retries,
    SourceSensor,
    step_names,
)
from coco_dagster.orchestrate.specs import asset_specs
from coco_dagster.orchestrate.steps import OpSettings, Steps
from coco_dagster.orchestrate.translator import EncordCocoTranslator
from coco_dagster.report.settings import ReportSettings

DEFAULT_SCHEDULE: Final = ExportSchedule()
DEFAULT_SENSOR: Final = SourceSensor()


def build_encord_coco_defs(
    *,
    name: str,
    labels: str,
    ontology: str | None = None,
    storage: str = "storage",
    export: ExportSettings | None = None,
    exports: Mapping[str, ExportSettings | Export] | None = None,
    partition_by: PartitionBy = "none",
    workers: int | None = None,
    report: ReportSettings | None = None,
    checks: ExportChecks | None = None,
    schedule: ExportSchedule | None = DEFAULT_SCHEDULE,
    sensor: SourceSensor | None = DEFAULT_SENSOR,
    automation: AutomationName = "none",
    freshness: Freshness | None = None,
    pool: str | None = None,
    retries: Retries | None = None,
    ops: Mapping[str, OpSettings] | None = None,
    translator: EncordCocoTranslator | None = None,
) -> dg.Definitions:
    """Assets, asset checks, job, schedule and sensor that turn label rows into COCO exports.

    The component `EncordCocoExport` builds the same from YAML.

    Args:
        name: prefix of the asset keys, name of their group, and folder in the storage; letters,
            digits and underscores.
        labels: file, folder, zip or fsspec URL of the label rows. Relative paths count from the
            working directory of the process that runs the step.
        ontology: file or fsspec URL of the ontology; None derives it from the label rows.
        storage: folder or fsspec URL for tables and exports; `dagster.EnvVar` reads it at run time.
        export: what the export holds; None means profile `encord`, layout `dataset`.
        exports: several exports of the same tables by name, in place of `export`.
        partition_by: what the partitions of label rows and tables are.
        workers: processes that compute the parts of a step; None chooses by size.
        report: what is shown of an export.
        checks: what the asset checks do.
        schedule: when the job runs, once the schedule is turned on; None for no schedule.
        sensor: how the source is watched, once the sensor is turned on; None for no sensor.
        automation: when Dagster materialises assets by itself.
        freshness: how old the exports may get.
        pool: concurrency pool of the steps.
        retries: how often a step is tried again.
        ops: settings of single steps: `raw_labels`, `ontology`, `tables`, and each export by name.
        translator: decides how the assets look in Dagster.

    Returns:
        Definitions to merge into those of a code location.

    Raises:
        SettingsError: settings contradict each other.
    """
    if export is not None and exports is not None:
        raise SettingsError("Give `export` for one export or `exports` for several, not both.")
    pipeline = Pipeline(
        name=name,
        labels=labels,
        ontology=ontology,
        exports=_exports(export, exports),
        partition_by=partition_by,
        workers=workers,
        report=report or ReportSettings(),
    )
    specs = asset_specs(
        pipeline,
        translator,
        automation_condition(automation, schedule or ExportSchedule()),
        freshness_policy(freshness) if freshness else None,
    )
    steps = Steps(pipeline, specs, _ops(ops or {}, pipeline), pool, _retry_policy(retries))
    job = _job(pipeline, specs)
    return dg.Definitions(
        assets=build_assets(steps),
        asset_checks=build_checks(steps, checks or ExportChecks()),
        jobs=[job],
        schedules=[build_schedule(pipeline, job, schedule)] if schedule else [],
        sensors=[_sensor(pipeline, specs, job, sensor, automation)] if sensor else [],
        resources={pipeline.storage_key: EncordCocoStorage(url=storage)},
    )


def _exports(
    export: ExportSettings | None, exports: Mapping[str, ExportSettings | Export] | None
) -> dict[str, Export]:
    if exports is None:
        return {COCO_ASSET: Export(settings=export or ExportSettings())}
    given = {
        name: one if isinstance(one, Export) else Export(settings=one)
        for name, one in exports.items()
    }
    return {
        name: Export(settings=one.settings, per_partition=one.per_partition, folder=name)
        for name, one in given.items()
    }


def _ops(ops: Mapping[str, OpSettings], pipeline: Pipeline) -> Mapping[str, OpSettings]:
    known = step_names(pipeline.exports)
    for step in ops:
        if step not in known:
            raise SettingsError(f"There is no step `{step}` to set; there are {', '.join(known)}.")
    return ops


def _retry_policy(retries: Retries | None) -> dg.RetryPolicy | None:
    if retries is None or not retries.max_retries:
        return None
    backoff = {"linear": dg.Backoff.LINEAR, "exponential": dg.Backoff.EXPONENTIAL}
    return dg.RetryPolicy(
        max_retries=retries.max_retries,
        delay=retries.delay_seconds,
        backoff=backoff.get(retries.backoff),
    )


def _job(pipeline: Pipeline, specs: Mapping[str, dg.AssetSpec]) -> Any:
    return dg.define_asset_job(
        f"{pipeline.name}_job",
        selection=dg.AssetSelection.assets(*(spec.key for spec in specs.values())),
        description="Every asset of the pipeline and its checks, in one process.",
        executor_def=dg.in_process_executor,
    )


def _sensor(
    pipeline: Pipeline,
    specs: Mapping[str, dg.AssetSpec],
    job: Any,
    settings: SourceSensor,
    automation: AutomationName,
) -> dg.SensorDefinition:
    merged = [
        specs[name].key for name, export in pipeline.exports.items() if not export.per_partition
    ]
    only = None if automation == "none" else [specs["raw_labels"].key]
    return build_sensor(pipeline, job, settings, only, merged)
