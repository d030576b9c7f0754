"""The component `coco_dagster.EncordCocoExport`: a pipeline from a `defs.yaml`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import dagster as dg
from dagster_shared.libraries import DagsterLibraryRegistry
from msgspec.structs import replace
from pydantic import Field

import coco_dagster
from coco_dagster.coco.profiles import (
    ENCORD,
    PROFILES,
    ClassificationStyle,
    ExportSettings,
    Layout,
)
from coco_dagster.orchestrate.checks import RejectedLabels
from coco_dagster.orchestrate.definitions import DAILY, build_encord_coco_defs
from coco_dagster.orchestrate.pipeline import NAME_PATTERN
from coco_dagster.orchestrate.scaffolder import EncordCocoExportScaffolder
from coco_dagster.report.settings import ReportSettings

DagsterLibraryRegistry.register("coco-dagster", coco_dagster.__version__, is_dagster_package=False)


def _or_template(pattern: str) -> str:
    """Pattern of a whole setting, which may also be a template."""
    return rf"^({pattern})$|\{{\{{"


def _one_of(choices: Iterable[str]) -> str:
    return _or_template("|".join(choices))


_NAME = _or_template(NAME_PATTERN)
_CRON = _or_template(r"@(hourly|daily|weekly|monthly|yearly)|\S+( +\S+){4}")
_NOT_EMPTY = ".+"


def _setting(description: str, example: Any, *, pattern: str | None = None) -> dg.Resolver:
    """A setting as `dg` shows it and `dg check yaml` checks it.

    Dagster widens every type by `str` so that templates fit, which hides what a type allows: the
    pattern says it again.
    """
    constraint = {"pattern": pattern} if pattern else None
    resolver: dg.Resolver = dg.Resolver.default(
        description=description, examples=[example], json_schema_extra=constraint
    )
    return resolver


class ExportSchedule(dg.Model, dg.Resolvable):
    """When the pipeline's job runs, once the schedule is turned on in the UI."""

    cron: Annotated[
        str,
        Field(pattern=_CRON),
        _setting("Cron expression of five fields, or @daily and the like.", DAILY, pattern=_CRON),
    ] = DAILY
    timezone: Annotated[str, _setting("Time zone of the expression.", "Europe/London")] = "UTC"


class ExportChecks(dg.Model, dg.Resolvable):
    """What the asset checks do about what they find."""

    rejected_labels: Annotated[
        RejectedLabels,
        _setting(
            "What a rejected (malformed) label does: `warn`, or `block` the run and whatever "
            "depends on the export.",
            "block",
            pattern=_one_of(get_args(RejectedLabels)),
        ),
    ] = "warn"


class ExportReport(dg.Model, dg.Resolvable):
    """What people are shown of an export, on its asset page and in `report.html` beside it."""

    pictures: Annotated[
        str | None,
        _setting(
            "Folder or fsspec URL with the pictures of the images, under the names of the export, "
            "their titles or their hashes; left out: annotations are drawn on a plain canvas.",
            "s3://bucket/images",
        ),
    ] = None
    images: Annotated[
        Annotated[int, Field(ge=1, le=1000)],
        _setting("Images in the gallery of `report.html` at most.", 200),
    ] = ReportSettings().images
    html: Annotated[bool, _setting("Write `report.html` beside the export.", True)] = True
    contact_sheet: Annotated[
        bool, _setting("Show annotated images on the asset page: 37 kB of the event log.", True)
    ] = True


@dg.scaffold_with(EncordCocoExportScaffolder)
class EncordCocoExport(dg.Component, dg.Model, dg.Resolvable):
    """Encord label exports in, a COCO dataset out: raw labels, ontology, tables, export, checks.

    Paths that are not absolute count from the root of the project.
    """

    name: Annotated[
        str,
        Field(pattern=_NAME),
        _setting("Prefix of the asset keys, and name of their group.", "faces", pattern=_NAME),
    ]
    labels: Annotated[
        str,
        Field(pattern=_NOT_EMPTY),
        _setting(
            "Label rows: a JSON file (array, single row or JSON lines; .gz, .zst), a folder of "
            "them, a zip, or an fsspec URL of these.",
            "s3://bucket/labels/",
            pattern=_NOT_EMPTY,
        ),
    ]
    ontology: Annotated[
        str | None,
        _setting(
            "Ontology: a JSON file or its fsspec URL; left out, it is derived from the label rows.",
            "data/ontology.json",
        ),
    ] = None
    storage: Annotated[
        str,
        Field(pattern=_NOT_EMPTY),
        _setting(
            "Folder or fsspec URL for tables and exports, the same for every process that runs a "
            "step.",
            "s3://bucket/coco",
            pattern=_NOT_EMPTY,
        ),
    ] = "storage"
    profile: Annotated[
        str,
        Field(pattern=_one_of(PROFILES)),
        _setting("How annotations are rendered.", "encord", pattern=_one_of(PROFILES)),
    ] = ENCORD.name
    layout: Annotated[
        Layout,
        _setting("How they are divided over files.", "dataset", pattern=_one_of(get_args(Layout))),
    ] = "dataset"
    branches: Annotated[
        list[str],
        Field(min_length=1),
        _setting("Branches to export; a label row without one is on `main`.", ["main"]),
    ] = Field(default_factory=lambda: list(ExportSettings().branches))
    classification_style: Annotated[
        ClassificationStyle | None,
        _setting(
            "`flat`: attribute or option to answer; `nested`: attribute to answer, with what is "
            "nested inside. Left out: as the profile says.",
            "nested",
            pattern=_one_of(get_args(ClassificationStyle)),
        ),
    ] = None
    coordinate_precision: Annotated[
        Annotated[int, Field(ge=0, le=15)] | None,
        _setting("Decimals of pixel coordinates; left out: not rounded.", 2),
    ] = None
    file_name_template: Annotated[
        str | None,
        _setting(
            "Format of `file_name`, with the fields data_hash, frame, title, extension and "
            "dataset_title; left out: by the kind of data.",
            "{dataset_title}/{data_hash}{extension}",
        ),
    ] = None
    coco_url: Annotated[
        Literal["empty", "link"] | None,
        _setting(
            "`link` writes the link to the file, without its query, as `coco_url`.",
            "link",
            pattern=_one_of(("empty", "link")),
        ),
    ] = None
    workers: Annotated[
        Annotated[int, Field(ge=1)] | None,
        _setting("Processes that compute the parts of a step; left out: by size.", 4),
    ] = None
    checks: Annotated[
        ExportChecks,
        _setting("What the asset checks do about what they find.", {"rejected_labels": "block"}),
    ] = ExportChecks()
    report: Annotated[
        ExportReport,
        _setting("What people are shown of an export.", {"pictures": "s3://bucket/images"}),
    ] = ExportReport()
    schedule: Annotated[
        ExportSchedule | None,
        _setting(
            "When the job runs; stopped until it is turned on. `null`: no schedule.",
            {"cron": "0 3 * * *", "timezone": "UTC"},
        ),
    ] = ExportSchedule()

    @classmethod
    def get_spec(cls) -> dg.ComponentTypeSpec:
        """What `dg` lists of the component."""
        return dg.ComponentTypeSpec(
            description=cls.__doc__,
            tags=["encord", "coco", "arrow"],
            produces=["asset", "asset_check", "job", "schedule", "resource"],
        )

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Assets, asset checks, job, schedule and storage of the pipeline.

        Args:
            context: where the component is loaded.
        """
        root = context.project_root
        return build_encord_coco_defs(
            name=self.name,
            labels=_located(self.labels, root),
            ontology=_located(self.ontology, root) if self.ontology else None,
            storage=_located(self.storage, root),
            export=self.export_settings(),
            workers=self.workers,
            report=self.report_settings(root),
            rejected_labels=self.checks.rejected_labels,
            cron=self.schedule.cron if self.schedule else None,
            timezone=self.schedule.timezone if self.schedule else "UTC",
        )

    def report_settings(self, root: Path) -> ReportSettings:
        """What is shown of the export.

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
        """The settings that decide what the export holds."""
        overrides = {
            "classification_style": self.classification_style,
            "coordinate_precision": self.coordinate_precision,
            "file_name_template": self.file_name_template,
            "coco_url": self.coco_url,
        }
        given = {name: value for name, value in overrides.items() if value is not None}
        return ExportSettings(
            profile=replace(PROFILES[self.profile], **given),
            layout=self.layout,
            branches=tuple(self.branches),
        )


def _located(location: str, root: Path) -> str:
    """A path made absolute from the root of the project; a URL as it is."""
    return location if "://" in location else str(root / location)
