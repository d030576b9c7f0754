"""The code location of this repository."""

import os
import subprocess
import tomllib
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load import location_origins_from_yaml_paths
from dagster._core.workspace.load_target import WorkspaceFileTarget

from definitions.definitions import defs

ROOT = Path(__file__).parents[2]
VARIABLES = ("COCO_DAGSTER_LABELS", "COCO_DAGSTER_ONTOLOGY", "COCO_DAGSTER_STORAGE")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


def location() -> dg.Definitions:
    made = defs()
    assert isinstance(made, dg.Definitions)
    return made


def spec(asset: str) -> dg.AssetSpec:
    key = dg.AssetKey(["sample", asset])
    return next(spec for spec in location().resolve_all_asset_specs() if spec.key == key)


def storage() -> str:
    return str(getattr((location().resources or {})["sample_storage"], "url", None))


def test_location_holds_one_pipeline_with_job_and_schedule() -> None:
    made = location()
    dg.Definitions.validate_loadable(made)
    assert {spec.group_name for spec in made.resolve_all_asset_specs()} == {"sample"}
    assert [getattr(job, "name", None) for job in made.jobs or []] == ["sample_job"]
    assert [getattr(schedule, "name", None) for schedule in made.schedules or []] == [
        "sample_schedule"
    ]


def test_storage_is_in_the_root_of_the_project() -> None:
    assert storage() == str(ROOT / "storage")


def test_storage_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCO_DAGSTER_STORAGE", "s3://bucket/coco")
    assert storage() == "s3://bucket/coco"


def test_sample_has_an_ontology_file() -> None:
    assert not list(spec("ontology").deps)


def test_other_labels_do_not_take_the_ontology_of_the_sample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COCO_DAGSTER_LABELS", "/data/labels")
    assert [dep.asset_key.path[-1] for dep in spec("ontology").deps] == ["raw_labels"]


def test_other_labels_can_have_an_ontology(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCO_DAGSTER_LABELS", "/data/labels")
    monkeypatch.setenv("COCO_DAGSTER_ONTOLOGY", "/data/ontology.json")
    assert not list(spec("ontology").deps)


@pytest.mark.parametrize("variable", VARIABLES)
def test_empty_variable_is_as_none(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {asset: spec(asset).code_version for asset in ("raw_labels", "ontology")}
    monkeypatch.setenv(variable, "")
    assert {asset: spec(asset).code_version for asset in ("raw_labels", "ontology")} == before
    assert storage() == str(ROOT / "storage")


def test_workspace_and_dg_name_the_same_location() -> None:
    (origin,) = location_origins_from_yaml_paths([str(ROOT / "workspace.yaml")])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    assert origin.location_name == project["code_location_name"]
    assert origin.loadable_target_origin.module_name == f"{project['root_module']}.definitions"


def run(command: list[str], settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"DAGSTER_DISABLE_TELEMETRY": "1"} | settings,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", ["dg check yaml", "dg check defs", "dg list defs --json"])
def test_dg_accepts_the_project(command: str) -> None:
    done = run(command.split(), {})
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_workspace_file_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    workspace = WorkspaceFileTarget([str(ROOT / "workspace.yaml")])
    with (
        dg.DagsterInstance.local_temp() as instance,
        WorkspaceProcessContext(instance, workspace) as process,
    ):
        request = process.create_request_context()
        assert request.code_location_errors() == []
        jobs = {
            job.name
            for location in request.code_locations
            for repository in location.get_repositories().values()
            for job in repository.get_all_jobs()
        }
    assert "sample_job" in jobs


@pytest.mark.slow
@pytest.mark.parametrize("selection", [["--job", "sample_job"], ["--assets", "*"]], ids=" ".join)
def test_dg_launches_every_asset_of_the_sample(selection: list[str], tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    settings = {"DAGSTER_HOME": str(home), "COCO_DAGSTER_STORAGE": str(tmp_path / "storage")}
    done = run(["dg", "launch", *selection], settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "storage" / "exports" / "sample" / "latest.json").exists()
