"""`coco-dagster validate`: exit codes, what it prints and where, and how it starts."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from coco_dagster.cli import main
from coco_dagster.coco.validation import CONSUMERS
from tests.coco.validation.coco_files import Json, instances

MODULE = [sys.executable, "-m", "coco_dagster.cli"]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["validate", *map(str, arguments)])


def environment(**options: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | options


def write(folder: Path, coco: Any, name: str = "coco.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(coco))
    return path


def with_id_zero() -> Json:
    coco = instances()
    coco["annotations"][0]["id"] = 0
    return coco


def with_warning() -> Json:
    coco = instances()
    coco["images"][0]["file_name"] = "a\\1.jpg"
    return coco


def test_a_file_without_errors_passes(tmp_path: Path) -> None:
    path = write(tmp_path, instances())
    found = run(path)
    assert (found.exit_code, found.stderr) == (0, "")
    summary = "3 images, 5 annotations and 2 categories; 0 errors, 0 warnings"
    assert found.stdout == f"{path}: {summary}\n"


def test_an_error_is_exit_code_1_and_one_line(tmp_path: Path) -> None:
    path = write(tmp_path, with_id_zero())
    found = run(path, write(tmp_path, instances(), "valid.json"))
    assert (found.exit_code, found.stderr) == (1, "")
    finding, summary, other = found.stdout.splitlines()
    assert finding.startswith(f"{path}: error: annotation_id_zero: 1 (annotation 0): ")
    assert summary.endswith("1 errors, 0 warnings")
    assert other.endswith("0 errors, 0 warnings")


def test_warnings_alone_pass(tmp_path: Path) -> None:
    found = run(write(tmp_path, with_warning()))
    assert found.exit_code == 0
    assert ": warning: file_name_backslash: 1 (image 1): " in found.stdout


def test_only_the_consumers_that_are_asked_for_count(tmp_path: Path) -> None:
    path = write(tmp_path, with_id_zero())
    assert run(path, "--for", "hotcoco").exit_code == 0
    assert run(path, "--for", "torchvision").exit_code == 0
    assert run(path, "--for", "hotcoco", "--for", "mmdet").exit_code == 1


def test_many_of_them_are_named_in_part(tmp_path: Path) -> None:
    coco = instances()
    for annotation in coco["annotations"]:
        annotation["area"] = 0
    found = run(write(tmp_path, coco))
    assert ": area_zero: 5 (annotation 1, annotation 2, annotation 3, …): " in found.stdout


def test_the_report_as_json(tmp_path: Path) -> None:
    path = write(tmp_path, [instances(), with_id_zero()])
    found = run(path, "--json", "--for", "mmdet", "--for", "pycocotools")
    assert (found.exit_code, found.stderr) == (1, "")
    report = json.loads(found.stdout)
    message = report["files"][0]["findings"][0].pop("message")
    assert "pycocotools, mmdet: counts a match to it as a false positive" in message
    assert report == {
        "passed": False,
        "errors": 1,
        "warnings": 0,
        "consumers": ["pycocotools", "mmdet"],
        "files": [
            {
                "path": str(path),
                "coco_objects": 2,
                "images": 6,
                "annotations": 10,
                "categories": 4,
                "findings": [
                    {
                        "code": "annotation_id_zero",
                        "severity": "error",
                        "count": 1,
                        "affected": [{"kind": "annotation", "id": 0, "index": 0, "unit": "[1]"}],
                        "consumers": {"pycocotools": "error", "mmdet": "error"},
                    }
                ],
            }
        ],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ('{"images": [', "is not JSON"),
        ('{"type": "x"}', "is not a COCO file"),
        ("[3]", "is not a COCO file"),
    ],
)
def test_what_is_not_coco_is_exit_code_2_and_one_paragraph(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "coco.json"
    path.write_text(text)
    found = run(path, "--json")
    assert (found.exit_code, found.stdout) == (2, "")
    assert found.stderr.startswith(f"Error: {path} {message}")
    assert found.stderr.count("\n") == 1


def test_a_missing_file_is_exit_code_2(tmp_path: Path) -> None:
    found = run(tmp_path / "gone.json")
    assert found.exit_code == 2
    assert "gone.json does not exist" in found.stderr


@pytest.mark.parametrize("arguments", [[], ["x", "--for", "yolo"]])
def test_a_wrong_command_says_how_to_use_it(arguments: list[str]) -> None:
    found = run(*arguments)
    assert found.exit_code == 2
    assert "Usage:" in found.stderr


def test_an_unknown_case_is_no_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("what")

    monkeypatch.setattr("coco_dagster.coco.validation.validator.validate_file", fail)
    found = run(write(tmp_path, instances()))
    assert (found.exit_code, found.stdout) == (2, "")
    assert "nothing was checked" in found.stderr
    assert "Traceback" not in found.stderr


def test_the_help_teaches() -> None:
    text = run("--help").stdout
    for word in (*CONSUMERS, "FILE", "--for", "--json", "Exit code", "zip", "s3://"):
        assert word in text
    assert "\n    coco-dagster validate annotations.json\n" in text


def test_a_terminal_shows_a_table(tmp_path: Path) -> None:
    path = write(tmp_path, with_id_zero())
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [*MODULE, "validate", str(path)],
        stdout=theirs,
        stderr=theirs,
        env=environment(COLUMNS="160", NO_COLOR="1"),
        check=False,
    )
    os.close(theirs)
    text = os.read(ours, 1 << 20).decode()
    os.close(ours)
    assert done.returncode == 1
    assert "What, for whom, and what to do" in text
    assert "annotation_id_zero" in text
    assert "annotation 0" in text
    assert "1 errors, 0 warnings" in text


def test_it_imports_neither_dagster_nor_polars(tmp_path: Path) -> None:
    path = write(tmp_path, instances())
    script = (
        "import sys; from coco_dagster.cli import main\n"
        "light = set(sys.modules)\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(sorted({'dagster', 'polars'} & set(sys.modules)), 'numpy' in light)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "validate", str(path)],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[] False"
