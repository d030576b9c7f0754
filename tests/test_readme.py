"""Every command and every program of the README works, or is run elsewhere, by name."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from dagster.components.testing.utils import create_defs_folder_sandbox

import coco_dagster
from tests.readme import README, ROOT, WALKTHROUGH, blocks

SAMPLE = ROOT / "definitions" / "sample"

# One project for all tests.
pytestmark = pytest.mark.xdist_group("readme")

RUN_ELSEWHERE = {
    "make demo": ".ci/run",
    "make test": ".ci/run",
    "make check": ".ci/run",
    "make dev": "tests/test_makefile.py",
    "python -m benchmarks compare": "tests/benchmarks/test_commands.py",
    "python -m benchmarks scaling": "tests/benchmarks/test_commands.py",
    "python -m benchmarks peers": "tests/benchmarks/test_commands.py",
}


def commands() -> list[str]:
    lines = "\n".join(blocks("sh", README.replace(WALKTHROUGH, ""))).splitlines()
    return [line for line in lines if line and not line.startswith("export ")]


def export_commands() -> list[str]:
    return [command for command in commands() if command.startswith("coco-dagster ")]


def targets() -> list[str]:
    """Targets of make that are named in a sentence or a block."""
    named = re.findall(r"`make ([a-z]+)`", README)
    return sorted({*named, *re.findall(r"^make ([a-z]+)$", "\n".join(commands()), re.M)})


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the README speaks of, those of the sample, and the exports."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "labels.json").symlink_to(SAMPLE / "labels.json")
    (folder / "ontology.json").symlink_to(SAMPLE / "ontology.json")
    (folder / "pictures").symlink_to(SAMPLE)
    for command in export_commands():
        run(shlex.split(command), folder)
    return folder


def run(command: list[str], folder: Path) -> str:
    programs = str(Path(sys.executable).parent)
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PATH": os.pathsep.join([programs, os.environ["PATH"]])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("command", sorted(set(commands()) - set(export_commands())))
def test_every_other_command_is_run_elsewhere(command: str) -> None:
    assert command in (ROOT / RUN_ELSEWHERE[command]).read_text()


@pytest.mark.parametrize("target", targets())
def test_every_target_that_is_named_is_in_the_makefile(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M)


def test_the_export_commands_write_the_files_of_the_table(project: Path) -> None:
    files = set(re.findall(r"^\| `(\w+\.(?:json|parquet|html))` \|", README, re.M))
    assert files == {path.name for path in (project / "coco").iterdir()}


def test_the_options_of_the_table_are_those_of_the_command() -> None:
    told = set(re.findall(r"^\| `(--[a-z-]+)", README, re.M))
    options = run(["coco-dagster", "export", "--help"], ROOT)
    known = set(re.findall(r"--[a-z]+(?:-[a-z]+)*", options))
    assert told == known - {"--help"}


@pytest.mark.parametrize("program", blocks("python"))
def test_the_programs_run_in_a_folder_with_an_export(
    program: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    exec(program, {})


@pytest.mark.parametrize("yaml", blocks("yaml"))
def test_the_pipelines_load(yaml: str) -> None:
    with create_defs_folder_sandbox() as sandbox:
        path = sandbox.defs_folder_path / "faces"
        path.mkdir(parents=True)
        (path / "defs.yaml").write_text(yaml)
        with sandbox.load_component_and_build_defs(defs_path=path) as (component, _):
            assert isinstance(component, coco_dagster.EncordCocoExport)


def test_the_tables_are_those_of_the_schemas() -> None:
    from coco_dagster.tables.schemas import TABLES

    section = README.split("\n## Tables\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", section, re.M)
    assert re.findall(r"`(\w+)`", " ".join(cells)) == list(TABLES)


def test_the_variables_are_those_of_the_code_location() -> None:
    location = (ROOT / "definitions" / "defs" / "sample" / "defs.yaml").read_text()
    used = set(re.findall(r"env\('(\w+)'", location))
    assert used == set(re.findall(r"^\| `(COCO_DAGSTER_\w+)` \|", README, re.M))
