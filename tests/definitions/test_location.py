"""The code location of this repository."""

import json
import tomllib
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load import location_origins_from_yaml_paths
from dagster._core.workspace.load_target import WorkspaceFileTarget

from coco_dagster.tables.schemas import ONTOLOGY_TABLES, TABLES
from definitions.definitions import defs
from tests.dg_command import run_dg

ROOT = Path(__file__).parents[2]
VARIABLES = (
    "COCO_DAGSTER_LABELS",
    "COCO_DAGSTER_ONTOLOGY",
    "COCO_DAGSTER_PICTURES",
    "COCO_DAGSTER_STORAGE",
)


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


def code_versions() -> dict[dg.AssetKey, str | None]:
    return {spec.key: spec.code_version for spec in location().resolve_all_asset_specs()}


def test_empty_variables_are_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    before = code_versions()
    for variable in VARIABLES:
        monkeypatch.setenv(variable, "")
    assert code_versions() == before
    assert storage() == str(ROOT / "storage")


def test_workspace_and_dg_name_the_same_location() -> None:
    (origin,) = location_origins_from_yaml_paths([str(ROOT / "workspace.yaml")])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    assert origin.location_name == project["code_location_name"]
    assert origin.loadable_target_origin.module_name == f"{project['root_module']}.definitions"


def dg_prints(*arguments: str) -> str:
    """What a command of `dg` prints in the root of the project."""
    done = run_dg(ROOT, *arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_dg_checks_yaml_and_definitions() -> None:
    assert "All component YAML validated successfully" in dg_prints("check", "defs")


def test_dg_lists_the_assets_with_their_descriptions() -> None:
    assets = json.loads(dg_prints("list", "defs", "--json"))["assets"]
    listed = {asset["asset_key"]: asset["description"] for asset in assets}
    assert "sample/coco" in listed
    assert all(listed.values())


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


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Home of an instance whose runs write to `storage` beside it."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("COCO_DAGSTER_STORAGE", str(tmp_path / "storage"))
    return home


def materialised(home: Path) -> set[str]:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return {key.path[-1] for key in instance.all_asset_keys()}


@pytest.mark.slow
def test_job_materialises_the_sample(home: Path) -> None:
    dg_prints("launch", "--job", "sample_job")
    assert materialised(home) == {*TABLES} - {*ONTOLOGY_TABLES} | {"ontology", "coco"}
    assert (home.parent / "storage" / "exports" / "sample" / "latest.json").exists()


@pytest.mark.slow
def test_default_executor_runs_each_step_in_a_process_and_pickles_nothing(home: Path) -> None:
    # Four steps of six, as each imports everything anew.
    assets = {"raw_labels", "ontology", "findings"}
    dg_prints("launch", "--assets", ",".join(f"sample/{asset}" for asset in sorted(assets)))
    assert materialised(home) == assets
    steps = {"sample__check_tables", "sample__ontology", "sample__raw_labels", "sample__tables"}
    assert set(steps_with_a_process(home)) == steps
    stored = [path for path in (home / "storage").rglob("*") if path.is_file()]
    assert {path.parent.name for path in stored} <= {"compute_logs"}


def steps_with_a_process(home: Path) -> list[str]:
    """Steps of the only run that were run in processes of their own."""
    started = dg.DagsterEventType.STEP_WORKER_STARTED
    with dg.DagsterInstance.from_config(str(home)) as instance:
        (run,) = instance.get_runs()
        records = instance.get_records_for_run(run.run_id, of_type=started).records
    return sorted(str(record.event_log_entry.step_key) for record in records)
