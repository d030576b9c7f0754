"""Nothing that is published depends on the clock, however it jumps."""

import ast
import os
import random
import time
from pathlib import Path

import pytest

from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.export import export_coco
from tests.faults.wholeness import content_of
from tests.stores.label_store import write_rows

PACKAGE = Path(__file__).parents[2] / "coco_dagster"
CLOCKS = {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"}
CALENDARS = {"now", "utcnow", "today", "localtime", "gmtime"}
READERS = {
    "encord/source_stamps.py": "whether a file was written so long ago that a change would show",
    "export/progress.py": "how long stages take, which is told but not published",
    "tables/staging.py": "how long to wait for a folder that another run holds",
}
"""The modules that read a clock, and what for. Dagster's side reads it for what it schedules."""


def clocks_read_in(path: Path) -> set[str]:
    """Names of the clocks that a module reads."""
    tree = ast.parse(path.read_text())
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "time"
        for alias in node.names
    }
    return (attributes & (CLOCKS | CALENDARS)) | imported


def test_only_what_is_not_published_reads_the_clock() -> None:
    modules = [path for path in PACKAGE.rglob("*.py") if "orchestrate" not in path.parts]
    found = {path.relative_to(PACKAGE).as_posix() for path in modules if clocks_read_in(path)}
    assert found == READERS.keys()


@pytest.mark.parametrize("layout", ["dataset", "archive"])
def test_an_export_under_a_jumping_clock_has_the_same_bytes(
    layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rows(tmp_path)
    settings = ExportSettings(layout=layout)  # type: ignore[arg-type]
    labels, nodes = tmp_path / "labels", tmp_path / "ontology.json"
    export_coco(labels, nodes, tmp_path / "steady", settings, workers=1)
    dice = random.Random(0)
    for name in CLOCKS:
        scale = 10**9 if name.endswith("_ns") else 1
        monkeypatch.setattr(time, name, lambda scale=scale: dice.randrange(4 * 10**9) * scale)
    for number, path in enumerate(labels.iterdir()):
        written = (0, 2**32)[number % 2]
        os.utime(path, (written, written))
    export_coco(labels, nodes, tmp_path / "jumping", settings, workers=1)
    assert content_of(tmp_path / "jumping") == content_of(tmp_path / "steady")
