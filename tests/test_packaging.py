"""The wheel: what is in it, and that it needs nothing else."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

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
