"""A whole pipeline as Dagster definitions, without YAML."""

from typing import Final

import dagster as dg

from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.orchestrate.assets import build_assets
from coco_dagster.orchestrate.checks import RejectedLabels, build_checks
from coco_dagster.orchestrate.pipeline import COCO_ASSET, Pipeline
from coco_dagster.orchestrate.resources import EncordCocoStorage
from coco_dagster.orchestrate.specs import asset_specs
from coco_dagster.report.settings import ReportSettings

DAILY: Final = "0 3 * * *"
"""Cron expression of the default schedule: every night at three."""


def build_encord_coco_defs(
    *,
    name: str,
    labels: str,
    ontology: str | None = None,
    storage: str = "storage",
    export: ExportSettings | None = None,
    workers: int | None = None,
    report: ReportSettings | None = None,
    rejected_labels: RejectedLabels = "warn",
    cron: str | None = DAILY,
    timezone: str = "UTC",
) -> dg.Definitions:
    """Assets, asset checks, job and schedule that turn label rows into a COCO export.

    The component `EncordCocoExport` builds the same from YAML.

    Args:
        name: prefix of the asset keys, name of their group, and folder in the storage; letters,
            digits and underscores.
        labels: file, folder, zip or fsspec URL of the label rows. Relative paths count from the
            working directory of the process that runs the step.
        ontology: file or fsspec URL of the ontology; None derives it from the label rows.
        storage: folder or fsspec URL for tables and exports; `dagster.EnvVar` reads it at run time.
        export: what the export holds; None means profile `encord`, layout `dataset`.
        workers: processes that compute the parts of a step; None chooses by size.
        report: what is shown of an export, on its asset page and in `report.html`.
        rejected_labels: `warn` makes the check `no_rejected_labels` a warning, `block` an error
            that fails the run and holds back what is downstream of the export.
        cron: when the schedule runs, once it is turned on; None for no schedule.
        timezone: time zone of `cron`.

    Returns:
        Definitions to merge into those of a code location.
    """
    exports = {COCO_ASSET: export or ExportSettings()}
    pipeline = Pipeline(
        name=name,
        labels=labels,
        ontology=ontology,
        exports=exports,
        workers=workers,
        report=report or ReportSettings(),
    )
    keys = [spec.key for spec in asset_specs(pipeline).values()]
    job = dg.define_asset_job(
        f"{name}_job",
        selection=dg.AssetSelection.assets(*keys),
        description="Every asset of the pipeline and its checks, in one process.",
        executor_def=dg.in_process_executor,
    )
    schedule = dg.ScheduleDefinition(
        name=f"{name}_schedule",
        job=job,
        cron_schedule=cron or DAILY,
        execution_timezone=timezone,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Exports again; label rows that did not change cost next to nothing.",
    )
    return dg.Definitions(
        assets=build_assets(pipeline),
        asset_checks=build_checks(pipeline, rejected_labels),
        jobs=[job],
        schedules=[schedule] if cron else [],
        resources={pipeline.storage_key: EncordCocoStorage(url=storage)},
    )
