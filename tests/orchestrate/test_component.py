"""The component: from YAML to definitions."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster.components.resolved.errors import ResolutionException
from dagster.components.testing.utils import (
    DefsFolderSandbox,
    component_defs,
    create_defs_folder_sandbox,
)
from pydantic import ValidationError

from coco_dagster.coco.profiles import PROFILES, ExportSettings
from coco_dagster.errors import SettingsError
from coco_dagster.orchestrate.check_settings import (
    CheckOptions,
    ExportChecks,
    check_settings,
)
from coco_dagster.orchestrate.component import EncordCocoExport
from coco_dagster.orchestrate.definitions import build_encord_coco_defs
from coco_dagster.orchestrate.pipeline import Export
from coco_dagster.orchestrate.settings import ExportSchedule, Freshness, Retries, SourceSensor
from coco_dagster.orchestrate.steps import OpSettings
from coco_dagster.orchestrate.translator import EncordAsset, EncordCocoTranslator
from coco_dagster.report.settings import ReportSettings
from coco_dagster.tables.schemas import LABEL_TABLES

MINIMAL = {"name": "boats", "labels": "labels"}


class VisionTranslator(EncordCocoTranslator):
    def get_asset_spec(self, asset: EncordAsset) -> dg.AssetSpec:
        spec = super().get_asset_spec(asset)
        return spec.replace_attributes(group_name="vision", owners=["team:labels"])


def load(**attributes: Any) -> EncordCocoExport:
    component = EncordCocoExport.from_attributes_dict(attributes=MINIMAL | attributes)
    assert isinstance(component, EncordCocoExport)
    return component


def definitions(**attributes: Any) -> dg.Definitions:
    return component_defs(component=load(**attributes))


def described(made: dg.Definitions) -> dict[str, Any]:
    """What a code location would show of definitions."""
    job, *_ = made.jobs or []
    return {
        "assets": {
            spec.key: (spec.deps, spec.code_version, spec.kinds, spec.description)
            for spec in made.resolve_all_asset_specs()
        },
        "checks": {
            spec.key: (spec.blocking, spec.description)
            for check in made.asset_checks or []
            for spec in getattr(check, "check_specs", [])
        },
        "groups": {
            spec.key: (spec.group_name, spec.owners) for spec in made.resolve_all_asset_specs()
        },
        "conditions": {
            spec.key: (spec.automation_condition, spec.freshness_policy, spec.partitions_def)
            for spec in made.resolve_all_asset_specs()
        },
        "ops": {
            step.op.name: (step.op.tags, step.op.pool, step.op.retry_policy)
            for step in (*(made.assets or []), *(made.asset_checks or []))
            if isinstance(step, dg.AssetsDefinition)
        },
        "sensors": [
            (getattr(sensor, "name", None), getattr(sensor, "minimum_interval_seconds", None))
            for sensor in made.sensors or []
        ],
        "job": getattr(job, "name", None),
        "schedules": [
            (getattr(schedule, "name", None), getattr(schedule, "cron_schedule", None))
            for schedule in made.schedules or []
        ],
        "resources": made.resources,
    }


def test_name_and_labels_are_enough() -> None:
    made = definitions()
    dg.Definitions.validate_loadable(made)
    assert {spec.key.path[-1] for spec in made.resolve_all_asset_specs()} == {
        "raw_labels",
        "ontology",
        *LABEL_TABLES,
        "coco",
    }


def test_yaml_and_python_make_the_same_definitions() -> None:
    from_yaml = definitions(
        ontology="ontology.json",
        storage="out",
        branches=["main", "review"],
        workers=2,
        checks={"no_rejected_labels": {"blocking": True}},
        schedule={"cron": "0 5 * * *"},
        sensor={"interval_seconds": 5},
        partition_by="dataset",
        automation="eager",
        freshness={"fail_hours": 36},
        pool="encord",
        retries={"max_retries": 2},
        ops={"tables": {"tags": {"size": "large"}}},
        translation={"group_name": "vision", "owners": ["team:labels"]},
    )
    root = Path.cwd()
    from_python = build_encord_coco_defs(
        name="boats",
        labels=str(root / "labels"),
        ontology=str(root / "ontology.json"),
        storage=str(root / "out"),
        export=ExportSettings(branches=("main", "review")),
        workers=2,
        checks=ExportChecks(no_rejected_labels=CheckOptions(blocking=True)),  # type: ignore[call-arg]
        schedule=ExportSchedule(cron="0 5 * * *"),
        sensor=SourceSensor(interval_seconds=5),
        partition_by="dataset",
        automation="eager",
        freshness=Freshness(fail_hours=36),
        pool="encord",
        retries=Retries(max_retries=2),
        ops={"tables": OpSettings(tags={"size": "large"})},
        translator=VisionTranslator(),
    )
    assert described(from_yaml) == described(from_python)


def test_checks_take_severity_threshold_and_blocking_from_yaml() -> None:
    given = {"severity": "error", "threshold": 0.25, "blocking": True}
    checks = load(checks={"no_duplicate_boxes": given}).checks
    assert check_settings(checks, "no_duplicate_boxes")[1:] == ("error", True, 0.25)
    assert check_settings(checks, "boxes_inside_image")[1:] == ("warn", False, 0.0)


def test_several_exports_are_the_same_in_yaml_and_in_python() -> None:
    exports = {"archive": {"profile": "encord"}, "trained": {"profile": "training"}}
    shared: dict[str, Any] = {"name": "boats", "partition_by": "shard"}
    from_yaml = definitions(
        exports=exports | {"each": {"per_partition": True}}, partition_by="shard"
    )
    root = Path.cwd()
    from_python = build_encord_coco_defs(
        **shared,
        labels=str(root / "labels"),
        storage=str(root / "storage"),
        exports={
            "archive": ExportSettings(),
            "trained": ExportSettings(profile=PROFILES["training"]),
            "each": Export(per_partition=True),
        },
    )
    assert described(from_yaml) == described(from_python)
    assert {"archive", "trained", "each"} < {
        spec.key.path[-1] for spec in from_yaml.resolve_all_asset_specs()
    }


def test_settings_of_an_export_beside_several_exports_are_an_error() -> None:
    with pytest.raises(SettingsError, match="`profile` stands beside `exports`"):
        definitions(profile="training", exports={"archive": {"profile": "encord"}})


class OursExport(EncordCocoExport):
    def get_asset_spec(self, asset: EncordAsset) -> dg.AssetSpec:
        return super().get_asset_spec(asset).replace_attributes(group_name="ours")


def test_subclass_says_what_assets_look_like_by_one_method() -> None:
    component = OursExport.from_attributes_dict(attributes=MINIMAL)
    specs = dg.build_defs_for_component(component).resolve_all_asset_specs()
    assert {spec.group_name for spec in specs} == {"ours"}


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, ExportSettings()),
        ({"branches": ["review"]}, ExportSettings(branches=("review",))),
        ({"profile": "encord", "layout": "dataset"}, ExportSettings()),
    ],
)
def test_settings_of_the_export(attributes: dict[str, Any], expected: ExportSettings) -> None:
    assert load(**attributes).export_settings() == expected


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("classification_style", "nested"),
        ("coordinate_precision", 2),
        ("coordinate_precision", 0),
        ("file_name_template", "{data_hash}.{extension}"),
        ("coco_url", "link"),
    ],
)
def test_setting_overrides_the_profile(setting: str, value: object) -> None:
    assert getattr(load(**{setting: value}).export_settings().profile, setting) == value


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_can_be_chosen(profile: str) -> None:
    assert load(profile=profile).export_settings().profile == PROFILES[profile]


@pytest.mark.parametrize(
    ("attributes", "setting"),
    [
        ({"name": "big boats"}, "name"),
        ({"name": "boats/2"}, "name"),
        ({"labels": ""}, "labels"),
        ({"profile": "yolo"}, "profile"),
        ({"layout": "zip"}, "layout"),
        ({"branches": []}, "branches"),
        ({"workers": 0}, "workers"),
        ({"coordinate_precision": -1}, "coordinate_precision"),
        ({"checks": {"no_rejected_labels": "ignore"}}, "no_rejected_labels"),
        ({"checks": {"no_such_check": {}}}, "no_such_check"),
        ({"partition_by": "day"}, "partition_by"),
        ({"automation": "always"}, "automation"),
        ({"sensor": {"interval_seconds": 0}}, "interval_seconds"),
        ({"retries": {"backoff": "random"}}, "backoff"),
        ({"exports": {"a": {"layuot": "coco"}}}, "layuot"),
        ({"min_side": "small"}, "min_side"),
        ({"schedule": {"cron": "daily"}}, "cron"),
        ({"lables": "labels"}, "lables"),
    ],
    ids=lambda value: str(value),
)
def test_wrong_setting_is_named(attributes: dict[str, Any], setting: str) -> None:
    with pytest.raises((ValidationError, ResolutionException), match=setting):
        load(**attributes)


def test_settings_may_be_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOATS_LABELS", "s3://bucket/labels")
    monkeypatch.setenv("BOATS_PROFILE", "encord")
    component = load(labels="{{ env.BOATS_LABELS }}", profile="{{ env.BOATS_PROFILE }}")
    assert component.labels == "s3://bucket/labels"
    assert component.profile == "encord"


def resource_url(made: dg.Definitions) -> str:
    return str(getattr((made.resources or {})["boats_storage"], "url", None))


@pytest.mark.parametrize(
    ("storage", "expected"),
    [
        ("out", str(Path.cwd() / "out")),
        ("/data/out", "/data/out"),
        ("s3://bucket/out", "s3://bucket/out"),
        ("memory://out", "memory://out"),
    ],
)
def test_relative_paths_count_from_the_root_of_the_project(storage: str, expected: str) -> None:
    assert resource_url(definitions(storage=storage)) == expected


def test_schedule_is_daily_and_stopped() -> None:
    schedule, *_ = definitions().schedules or []
    assert isinstance(schedule, dg.ScheduleDefinition)
    assert schedule.cron_schedule == "0 3 * * *"
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED


def test_schedule_can_be_left_out() -> None:
    assert not definitions(schedule=None).schedules


def test_job_runs_in_one_process() -> None:
    job = definitions().resolve_job_def("boats_job")
    assert job.executor_def.name == "in_process"


def test_two_pipelines_live_in_one_code_location() -> None:
    merged = dg.Definitions.merge(definitions(), definitions(name="ships", storage="other"))
    dg.Definitions.validate_loadable(merged)
    assert {spec.key.path[0] for spec in merged.resolve_all_asset_specs()} == {"boats", "ships"}


@pytest.fixture
def sandbox() -> Any:
    with create_defs_folder_sandbox() as made:
        yield made


def test_scaffolded_component_loads(sandbox: DefsFolderSandbox) -> None:
    path = sandbox.scaffold_component(EncordCocoExport, defs_path="harbour")
    with sandbox.load_component_and_build_defs(path) as (component, made):
        assert isinstance(component, EncordCocoExport)
        assert component.name == "harbour"
        dg.Definitions.validate_loadable(made)


def test_options_of_the_scaffolder_are_written(sandbox: DefsFolderSandbox) -> None:
    options = {"labels": "data/labels", "ontology": "data/ontology.json"}
    path = sandbox.scaffold_component(
        EncordCocoExport, defs_path="harbour 2", scaffold_params=options
    )
    written = (path / "defs.yaml").read_text()
    assert "  name: harbour_2\n" in written
    assert all(f"  {option}: {value}\n" in written for option, value in options.items())


def test_paths_in_yaml_count_from_the_root_of_their_project(sandbox: DefsFolderSandbox) -> None:
    path = sandbox.scaffold_component(EncordCocoExport, defs_path="boats")
    with sandbox.load_component_and_build_defs(path) as (_, made):
        assert resource_url(made) == str(sandbox.project_root / "storage")


def test_report_settings(tmp_path: Path) -> None:
    shown = {"pictures": "pictures", "images": 50, "html": False, "contact_sheet": False}
    assert load(report=shown).report_settings(tmp_path) == ReportSettings(
        pictures=str(tmp_path / "pictures"), images=50, html=False, contact_sheet=False
    )


def test_reports_are_written_without_settings(tmp_path: Path) -> None:
    assert load().report_settings(tmp_path) == ReportSettings()


@pytest.mark.parametrize("pictures", ["", None])
def test_no_folder_of_pictures_may_be_named(tmp_path: Path, pictures: str | None) -> None:
    settings = load(report={"pictures": pictures}).report_settings(tmp_path)
    assert settings.pictures is None
