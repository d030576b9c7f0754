"""The component `coco_dagster.EncordCocoExport`: a pipeline from a `defs.yaml`."""

from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import Annotated, Any

import dagster as dg
from dagster.components.resolved.core_models import OpSpec
from dagster.components.utils.translation import (
    ComponentTranslator,
    TranslationFn,
    TranslationFnResolver,
    create_component_translator_cls,
)
from dagster_shared.libraries import DagsterLibraryRegistry
from pydantic import Field

import coco_dagster
from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.errors import SettingsError
from coco_dagster.export.partition_keys import PARTITION_BY, PartitionBy
from coco_dagster.orchestrate.check_settings import ExportChecks
from coco_dagster.orchestrate.definitions import build_encord_coco_defs
from coco_dagster.orchestrate.export_options import ExportOptions, NamedExport, settings_of
from coco_dagster.orchestrate.pipeline import NAME_PATTERN, Export
from coco_dagster.orchestrate.scaffolder import EncordCocoExportScaffolder
from coco_dagster.orchestrate.settings import (
    AUTOMATIONS,
    NOT_EMPTY,
    AutomationName,
    ExportSchedule,
    Freshness,
    Report,
    Retries,
    SourceSensor,
    one_of,
    or_template,
    setting,
)
from coco_dagster.orchestrate.steps import OpSettings
from coco_dagster.orchestrate.translator import EncordAsset, EncordCocoTranslator
from coco_dagster.report.settings import ReportSettings

DagsterLibraryRegistry.register("coco-dagster", coco_dagster.__version__, is_dagster_package=False)

_NAME = or_template(NAME_PATTERN)
_TEMPLATE = r"\{\{"


def _translation() -> TranslationFnResolver[EncordAsset]:
    resolver = TranslationFnResolver[EncordAsset](lambda asset: {"asset": asset})
    resolver.description = (
        "What Dagster shows otherwise of the assets: key, key_prefix, group_name, tags, owners, "
        "kinds, description, metadata, …; templates know `asset` (name, kind, pipeline) and `spec`."
    )
    resolver.examples = [{"group_name": "vision", "owners": ["team:labels"]}]
    return resolver


@dg.scaffold_with(EncordCocoExportScaffolder)
class EncordCocoExport(dg.Component, ExportOptions):
    """Encord label exports in, COCO datasets out: raw labels, ontology, tables, exports, checks.

    Paths that are not absolute count from the root of the project.
    """

    name: Annotated[
        str,
        Field(pattern=_NAME),
        setting("Prefix of the asset keys, and name of their group.", "faces", pattern=_NAME),
    ]
    labels: Annotated[
        str,
        Field(pattern=NOT_EMPTY),
        setting(
            "Label rows: a JSON file (array, single row or JSON lines; .gz, .zst), a folder of "
            "them, a zip, or an fsspec URL of these.",
            "s3://bucket/labels/",
            pattern=NOT_EMPTY,
        ),
    ]
    ontology: Annotated[
        str | None,
        setting(
            "Ontology: a JSON file or its fsspec URL; left out, it is derived from the label rows.",
            "data/ontology.json",
        ),
    ] = None
    storage: Annotated[
        str,
        Field(pattern=NOT_EMPTY),
        setting(
            "Folder or fsspec URL for tables and exports, the same for every process that runs a "
            "step.",
            "s3://bucket/coco",
            pattern=NOT_EMPTY,
        ),
    ] = "storage"
    partition_by: Annotated[
        PartitionBy,
        setting(
            "Partitions of label rows and tables: none, one for each dataset, or one for each file "
            "or folder at the top of the source (shard).",
            "dataset",
            pattern=one_of(PARTITION_BY),
        ),
    ] = "none"
    exports: Annotated[
        dict[str, NamedExport] | None,
        setting(
            "Several exports of the same tables by name, in place of the one that the settings "
            "beside this one describe.",
            {"archive": {"profile": "encord"}, "training": {"profile": "training"}},
            pattern=_TEMPLATE,
        ),
    ] = None
    workers: Annotated[
        Annotated[int, Field(ge=1)] | None,
        setting(
            "Processes that compute the parts of a step; left out: by size.", 4, pattern=_TEMPLATE
        ),
    ] = None
    report: Annotated[
        Report, setting("What is shown of an export.", {"images": 200}, pattern=_TEMPLATE)
    ] = Report()
    checks: Annotated[
        ExportChecks,
        setting(
            "What the asset checks do, each by its name.",
            {"no_rejected_labels": {"blocking": True}},
            pattern=_TEMPLATE,
        ),
    ] = ExportChecks()
    schedule: Annotated[
        ExportSchedule | None,
        setting(
            "When the job runs; stopped until it is turned on. `null`: no schedule.",
            {"cron": "0 3 * * *", "timezone": "UTC"},
            pattern=_TEMPLATE,
        ),
    ] = ExportSchedule()
    sensor: Annotated[
        SourceSensor | None,
        setting(
            "Watches the label rows; stopped until it is turned on. `null`: no sensor.",
            {"interval_seconds": 60},
            pattern=_TEMPLATE,
        ),
    ] = SourceSensor()
    automation: Annotated[
        AutomationName,
        setting(
            "When Dagster materialises assets by itself: none, eager (whenever what they are made "
            "from has changed), on_missing (partitions that come up), on_cron (by the schedule's "
            "expression).",
            "eager",
            pattern=one_of(AUTOMATIONS),
        ),
    ] = "none"
    freshness: Annotated[
        Freshness | None,
        setting("How old the exports may get.", {"fail_hours": 36}, pattern=_TEMPLATE),
    ] = None
    pool: Annotated[
        str | None, setting("Concurrency pool of the steps, as in dagster.yaml.", "encord")
    ] = None
    retries: Annotated[
        Retries | None,
        setting("How often a step is tried again.", {"max_retries": 3}, pattern=_TEMPLATE),
    ] = None
    ops: Annotated[
        dict[str, OpSpec] | None,
        setting(
            "Settings of single steps (raw_labels, ontology, tables, and each export by its name): "
            "name, tags, description, pool, backfill_policy.",
            {"tables": {"pool": "large", "tags": {"dagster/priority": "1"}}},
            pattern=_TEMPLATE,
        ),
    ] = None
    translation: Annotated[TranslationFn[EncordAsset] | None, _translation()] = None

    @classmethod
    def get_spec(cls) -> dg.ComponentTypeSpec:
        """What `dg` lists of the component."""
        produces = ["asset", "asset_check", "job", "schedule", "sensor", "resource"]
        # Early releases of Dagster 1.13 do not ask for it.
        known = signature(dg.ComponentTypeSpec.__new__).parameters
        lists: dict[str, Any] = {"produces": produces} if "produces" in known else {}
        return dg.ComponentTypeSpec(
            description=cls.__doc__, tags=["encord", "coco", "arrow"], **lists
        )

    def get_asset_spec(self, asset: EncordAsset) -> dg.AssetSpec:
        """What Dagster shows of an asset; a subclass may say otherwise.

        Args:
            asset: the asset.
        """
        return EncordCocoTranslator().get_asset_spec(asset)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Assets, asset checks, job, schedule, sensor and storage of the pipeline.

        Args:
            context: where the component is loaded.
        """
        root = context.project_root
        return build_encord_coco_defs(
            name=self.name,
            labels=_located(self.labels, root),
            ontology=_located(self.ontology, root) if self.ontology else None,
            storage=_located(self.storage, root),
            **self._exports(),
            partition_by=self.partition_by,
            workers=self.workers,
            report=self.report_settings(root),
            checks=self.checks,
            schedule=self.schedule,
            sensor=self.sensor,
            automation=self.automation,
            freshness=self.freshness,
            pool=self.pool,
            retries=self.retries,
            ops={step: _op_settings(op) for step, op in (self.ops or {}).items()},
            translator=_ComponentTranslator(self),
        )

    def report_settings(self, root: Path) -> ReportSettings:
        """What is shown of the exports.

        Args:
            root: where relative paths count from.
        """
        shown = self.report
        return ReportSettings(
            pictures=_located(shown.pictures, root) if shown.pictures else None,
            images=shown.images,
            html=shown.html,
            contact_sheet=shown.contact_sheet,
        )

    def export_settings(self) -> ExportSettings:
        """The settings that decide what the export holds, where there is one."""
        return settings_of(self)

    def _exports(self) -> Mapping[str, Any]:
        """The one export that the settings describe, or those that have a name."""
        if self.exports is None:
            return {"export": self.export_settings()}
        given = sorted(self.model_fields_set.intersection(ExportOptions.model_fields))
        if given:
            raise SettingsError(
                f"`{given[0]}` stands beside `exports`; write it into each export that it is for."
            )
        return {
            "exports": {
                name: Export(settings=settings_of(one), per_partition=one.per_partition)
                for name, one in self.exports.items()
            }
        }


class _ComponentTranslator(
    create_component_translator_cls(EncordCocoExport, EncordCocoTranslator),  # type: ignore[misc]
    ComponentTranslator[EncordCocoExport],
):
    """Asks the component, which a subclass may have changed, and then its `translation`."""

    def get_asset_spec(self, asset: EncordAsset) -> dg.AssetSpec:
        spec: dg.AssetSpec = super().get_asset_spec(asset)
        translation = self.component.translation
        return translation(spec, asset) if translation else spec


def _op_settings(op: OpSpec) -> OpSettings:
    return OpSettings(op.name, op.tags or {}, op.description, op.pool, op.backfill_policy)


def _located(location: str, root: Path) -> str:
    """A path made absolute from the root of the project; a URL as it is."""
    return location if "://" in location else str(root / location)
