"""What the package imports is what it declares."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BROUGHT_BY_DAGSTER = {"dagster-shared"}


def imported_modules(path: Path) -> Iterator[str]:
    """Top-level modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def distribution_of(requirement: str) -> str:
    """Name of a distribution, in the one spelling that compares."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name[0]).lower()


@cache
def distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


def declared_dependencies() -> set[str]:
    """What is installed, and what users may install with an extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = (needs for name, needs in project["optional-dependencies"].items() if name != "dev")
    requirements = chain(project["dependencies"], *extras)
    return {distribution_of(requirement) for requirement in requirements}


@pytest.mark.parametrize(
    "path",
    sorted(ROOT.glob("coco_dagster/**/*.py")),
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_every_library_that_a_module_imports_is_declared(path: Path) -> None:
    libraries = set(imported_modules(path)) - sys.stdlib_module_names - {"coco_dagster"}
    allowed = declared_dependencies() | BROUGHT_BY_DAGSTER
    homes = {name: set(map(distribution_of, distributions()[name])) for name in libraries}
    assert [name for name, home in homes.items() if not home & allowed] == []


def test_every_pinned_version_is_a_name_and_a_version() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.!+-]+", line)] == []


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {*project["dependencies"], *project["optional-dependencies"]["dev"]}
    pinned = map(distribution_of, (ROOT / "constraints.txt").read_text().splitlines())
    assert set(map(distribution_of, needed)) <= set(pinned)
