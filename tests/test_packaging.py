"""The wheel: what is in it, that it needs nothing else, and what the README makes of it."""

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import dagster as dg
import pytest

from tests.walkthrough import DATA, ROOT, SCRIPT, running_daemon, until, walk

# One wheel and one environment for all tests.
pytestmark = pytest.mark.xdist_group("wheel")


def run(*command: str | Path, cwd: Path) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout.strip()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def empty_environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of programs of an environment that holds the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder)
    programs = folder / "bin"
    pip = (sys.executable, "-m", "pip", "--python", programs / "python")
    # Most of what is installed is never imported: it is compiled when it is.
    settings = ("--quiet", "--no-compile", "--constraint", ROOT / "constraints.txt")
    run(*pip, "install", *settings, wheel, cwd=folder)
    return programs


def names_in(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    folders = {name.split("/")[0] for name in names_in(wheel)}
    name, version = wheel.name.split("-")[:2]
    assert folders == {"coco_dagster", f"{name}-{version}.dist-info"}


def test_wheel_holds_every_module_and_the_type_marker(wheel: Path) -> None:
    package = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("coco_dagster/**/*.py")}
    assert package | {"coco_dagster/py.typed"} <= set(names_in(wheel))


def test_wheel_holds_the_licence(wheel: Path) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names_in(wheel))


@pytest.mark.slow
def test_component_loads_in_an_empty_environment(empty_environment: Path, tmp_path: Path) -> None:
    program = "import coco_dagster; print(coco_dagster.EncordCocoExport.get_spec().produces)"
    produces = run(empty_environment / "python", "-c", program, cwd=tmp_path)
    assert "asset" in produces


@pytest.mark.slow
def test_component_is_found_through_its_entry_point(
    empty_environment: Path, tmp_path: Path
) -> None:
    program = (
        "from dagster.components.core.package_entry import discover_entry_point_package_objects\n"
        "print([key.to_typename() for key in discover_entry_point_package_objects()])"
    )
    found = run(empty_environment / "python", "-c", program, cwd=tmp_path)
    assert "coco_dagster.EncordCocoExport" in found


@pytest.mark.slow
def test_command_line_exports_in_an_empty_environment(
    empty_environment: Path, tmp_path: Path
) -> None:
    (tmp_path / "labels.json").write_text("[]")
    run(empty_environment / "coco-dagster", "export", "labels.json", "--out", "coco", cwd=tmp_path)
    assert (tmp_path / "coco" / "annotations.json").is_file()


@pytest.fixture(scope="module")
def harbour(wheel: Path, empty_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that somebody has who did what the README says, up to `dg dev`."""
    folder = tmp_path_factory.mktemp("walkthrough")
    shutil.copy(wheel, folder)
    for name in DATA:
        shutil.copy(ROOT / "definitions" / "sample" / name, folder)
    walk(SCRIPT, folder, empty_environment)
    return folder / "harbour"


def newest_export(project: Path) -> Path:
    root = project / "storage" / "exports" / "boats"
    return root / str(json.loads((root / "latest.json").read_text())["export_id"])


@pytest.mark.slow
def test_readme_leads_from_the_wheel_to_an_export(harbour: Path) -> None:
    names = {path.name for path in newest_export(harbour).iterdir()}
    assert {"annotations.json", "keypoints.json", "manifest.json"} <= names


@pytest.mark.slow
def test_readme_leads_to_an_export_that_is_checked(harbour: Path) -> None:
    with dg.DagsterInstance.from_config(str(harbour / ".dagster_home")) as instance:
        (run,) = instance.get_runs()
        evaluated = dg.DagsterEventType.ASSET_CHECK_EVALUATION
        records = instance.get_records_for_run(run.run_id, of_type=evaluated).records
    checks = {
        event.asset_check_evaluation_data.check_name: event.asset_check_evaluation_data
        for record in records
        if (event := record.event_log_entry.dagster_event) is not None
    }
    assert run.is_success
    assert checks["no_rejected_labels"].severity == dg.AssetCheckSeverity.ERROR
    assert all(checks[name].passed for name in ("counts_add_up", "scores_itself"))


@pytest.mark.slow
def test_readme_leads_to_a_daemon_that_exports_what_is_dropped_into_the_folder(
    harbour: Path, empty_environment: Path
) -> None:
    home = harbour / ".dagster_home"
    before = newest_export(harbour)
    row = json.loads((harbour / "labels" / "labels.json").read_text())[0]
    with running_daemon(harbour, home, empty_environment) as log:
        until(lambda: succeeded_runs(home) == 2, log)
        assert newest_export(harbour) == before
        dropped = row | {"label_hash": "dropped", "data_hash": "dropped"}
        (harbour / "labels" / "dropped.json").write_text(json.dumps(dropped))
        until(lambda: newest_export(harbour) != before, log)
        until(lambda: succeeded_runs(home) == 3, log)
        assert schedules_that_run(home) == ["boats_schedule"]
    rows = json.loads((newest_export(harbour) / "manifest.json").read_text())["inputs"]
    assert "dropped" in {listed["label_hash"] for listed in rows["label_rows"]}


def succeeded_runs(home: Path) -> int:
    succeeded = dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS])
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return instance.get_runs_count(succeeded)


def schedules_that_run(home: Path) -> list[str]:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        states = instance.all_instigator_state()
    return [
        state.instigator_name
        for state in states
        if state.instigator_type.value == "SCHEDULE" and state.is_running
    ]
