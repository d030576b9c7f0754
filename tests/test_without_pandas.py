"""pandas, which pyarrow imports without need wherever it is installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coco_dagster.export.processes import WorkerProcesses
from tests.label_rows import as_json, label_row
from tests.objects import box


@pytest.fixture
def path_with_pandas(tmp_path: Path) -> str:
    """A search path on which a package named pandas ends any process that imports it."""
    package = tmp_path / "site" / "pandas"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("import os\nos._exit(99)\n")
    return str(package.parent)


def test_the_command_line_does_not_import_pandas(path_with_pandas: str, tmp_path: Path) -> None:
    labels = tmp_path / "labels.json"
    labels.write_text(as_json(label_row([box()])))
    subprocess.run(
        [sys.executable, "-m", "coco_dagster.cli", "export", labels, "--out", tmp_path / "out"],
        check=True,
        env=os.environ | {"PYTHONPATH": path_with_pandas},
    )
    assert (tmp_path / "out" / "annotations.json").is_file()


def test_workers_do_not_import_pandas(
    path_with_pandas: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(path_with_pandas)
    (worker,) = WorkerProcesses(2).started
    try:
        assert worker.exchange(b"no task") is not None
    finally:
        worker.end()
