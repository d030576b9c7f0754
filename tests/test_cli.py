"""The command line: exit codes, what it prints and where, and how it starts."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from click.testing import CliRunner, Result

from coco_dagster.cli import main
from coco_dagster.coco.profiles import LAYOUTS
from coco_dagster.coco.settings import profile_from, profile_settings
from coco_dagster.errors import CocoDagsterError
from tests.label_rows import as_json, label_row
from tests.objects import box
from tests.ontologies import ontology

ROWS = [
    label_row([box(), box("bad", {"x": 1})], label_hash="1"),
    label_row([box()], label_hash="2", branch_name="x"),
]


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.json"
    path.write_text(as_json(ROWS))
    (tmp_path / "ontology.json").write_text(as_json(ontology()))
    return path


def run(*arguments: object, **options: Any) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], **options)


def process(*arguments: object, **options: Any) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "coco_dagster.cli", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run(
        command, capture_output=True, text=True, env=environment | options, check=False
    )


def is_one_paragraph(text: str) -> bool:
    return text.startswith("Error: ") and "\n" not in text.strip() and "Traceback" not in text


def test_an_export_with_rejected_objects_succeeds_in_silence(tmp_path: Path, labels: Path) -> None:
    found = process(
        "export", labels, "--ontology", tmp_path / "ontology.json", "--out", tmp_path / "out"
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["counts"]["rejected"] == 1


def test_the_ontology_may_be_left_out(tmp_path: Path, labels: Path) -> None:
    assert run("export", labels, "--out", tmp_path / "out").exit_code == 0


def test_the_result_as_json(tmp_path: Path, labels: Path) -> None:
    found = run("export", labels, "--out", tmp_path / "out", "--json")
    assert (found.exit_code, found.stderr) == (0, "")
    result = json.loads(found.stdout)
    assert {"export_id", "images", "annotations", "skipped", "rejected", "files"} <= set(result)
    assert (result["images"], result["annotations"]) == (1, 1)
    assert (result["skipped"], result["rejected"]) == (1, 1)
    paths = [file["path"] for file in result["files"]]
    assert sorted(paths) == sorted(path.name for path in (tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("branches", "annotations"), [([], 1), (["x"], 1), (["main", "x"], 2), (["gone"], 0)]
)
def test_branches(tmp_path: Path, labels: Path, branches: list[str], annotations: int) -> None:
    options = [text for branch in branches for text in ("--branch", branch)]
    found = run("export", labels, "--out", tmp_path / "out", "--json", *options)
    assert json.loads(found.stdout)["annotations"] == annotations


def settings_of(out: Path) -> Any:
    return json.loads((out / "manifest.json").read_text())["settings"]


@pytest.mark.parametrize("profile", ["encord", "training"])
def test_single_settings_of_a_profile_can_be_changed(
    tmp_path: Path, labels: Path, profile: str
) -> None:
    out = tmp_path / "out"
    changes = ["--holes", "keyhole", "--min-side", "none", "--polyline-width", "2.5"]
    changes += ["--file-name-template", "{default}.png", "--first-image-id", "7"]
    assert run("export", labels, "--out", out, "--profile", profile, *changes).exit_code == 0
    expected = profile_from(
        profile,
        holes="keyhole",
        min_side=None,
        polyline_width=2.5,
        file_name_template="{default}.png",
        first_image_id=7,
    )
    assert settings_of(out)["profile"] == msgspec.to_builtins(expected)
    (image,) = json.loads((out / "annotations.json").read_text())["images"]
    assert (image["id"], image["file_name"]) == (7, "images/file-1.jpg.png")


def test_splits_by_share_and_by_dataset(tmp_path: Path, labels: Path) -> None:
    out = tmp_path / "out"
    options = ["--split", "train=0.5,val=0.25", "--split", "rest=0.25"]
    options += ["--dataset-split", "Harbour=test", "--layout", "roboflow"]
    assert run("export", labels, "--out", out, *options).exit_code == 0
    assert settings_of(out)["splits"] == [
        {"name": "train", "share": 0.5, "datasets": []},
        {"name": "val", "share": 0.25, "datasets": []},
        {"name": "rest", "share": 0.25, "datasets": []},
        {"name": "test", "share": 0.0, "datasets": ["Harbour"]},
    ]
    test = json.loads((out / "test" / "_annotations.coco.json").read_text())
    assert len(test["images"]) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--split", "train"], "train"),
        (["--split", "train=x"], "train=x"),
        (["--split", "train=0.5"], "add up to 1"),
        (["--split", "a/b=1"], "a/b"),
        (["--dataset-split", "Harbour"], "Harbour"),
        (["--split", "manifest=1"], "manifest.json"),
        (["--file-name-template", "{x}"], "{x}"),
    ],
)
def test_settings_that_contradict_are_explained(
    tmp_path: Path, labels: Path, options: list[str], message: str
) -> None:
    found = run("export", labels, "--out", tmp_path / "out", *options)
    assert (found.exit_code, found.stdout) == (1, "")
    assert is_one_paragraph(found.stderr)
    assert message in found.stderr
    assert not (tmp_path / "out").exists()


def test_strict_says_what_would_be_lost(tmp_path: Path, labels: Path) -> None:
    found = run("export", labels, "--out", tmp_path / "out", "--profile", "strict")
    assert found.exit_code == 1
    assert is_one_paragraph(found.stderr)
    assert "object bad" in found.stderr
    assert not (tmp_path / "out").exists()
    kept = run("export", labels, "--out", tmp_path / "out", "--profile", "strict", "--on-loss=skip")
    assert kept.exit_code == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers_gives_the_same_export(
    tmp_path: Path, labels: Path, workers: int
) -> None:
    expected = json.loads(run("export", labels, "--out", tmp_path / "0", "--json").stdout)
    found = run("export", labels, "--out", tmp_path / "1", "--json", "--workers", workers)
    coco, *_ = json.loads(found.stdout)["files"]
    assert coco == expected["files"][0]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("labels.json", '[{"a": 1', "labels.json"),
        ("labels.json", '[{"a": NaN}]', "labels.json"),
        ("labels.json", "", "labels.json"),
        ("ontology.json", "[]", "ontology.json"),
        ("out", "mine", "out"),
    ],
)
def test_a_failure_is_one_paragraph_and_publishes_nothing(
    tmp_path: Path, labels: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / name).write_text(text)
    found = run(
        "export", labels, "--ontology", tmp_path / "ontology.json", "--out", tmp_path / "out"
    )
    assert (found.exit_code, found.stdout) == (1, "")
    assert is_one_paragraph(found.stderr)
    assert message in found.stderr
    assert not (tmp_path / "out").is_dir()
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    found = run("export", tmp_path / "gone.json", "--out", tmp_path / "out")
    assert found.exit_code == 1
    assert is_one_paragraph(found.stderr)
    assert "gone.json" in found.stderr


@pytest.mark.parametrize(
    "error",
    [
        CocoDagsterError("a clear sentence"),
        MemoryError(),
        OSError(28, "No space left on device", "/x"),
        OSError("odd"),
        KeyError("what"),
        RecursionError("deep"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
    ],
)
def test_no_error_shows_a_traceback(
    tmp_path: Path, labels: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("coco_dagster.export.job.export_coco", fail)
    found = run("export", labels, "--out", tmp_path / "out")
    assert (found.exit_code, found.stdout) == (1, "")
    assert is_one_paragraph(found.stderr)


def test_an_interrupt_is_said_and_has_its_own_code(
    tmp_path: Path, labels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("coco_dagster.export.job.export_coco", interrupt)
    found = run("export", labels, "--out", tmp_path / "out")
    assert found.exit_code == 130
    assert "nothing was published" in found.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["export"],
        ["export", "x"],
        ["export", "x", "--out", "y", "--profile", "z"],
        ["export", "x", "--out", "y", "--layout", "z"],
        ["export", "x", "--out", "y", "--holes", "z"],
        ["export", "x", "--out", "y", "--rle-iscrowd", "2"],
        ["export", "x", "--out", "y", "--polyline-width", "0"],
        ["export", "x", "--out", "y", "--min-side", "many"],
        ["export", "x", "--out", "y", "--workers", "0"],
        ["export", "x", "--out", "y", "--workers", "many"],
        ["nothing"],
    ],
)
def test_a_wrong_command_says_how_to_use_it(arguments: list[str]) -> None:
    found = run(*arguments)
    assert found.exit_code == 2
    assert "Usage:" in found.stderr


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_the_help_teaches(flag: str) -> None:
    found = run("export", flag)
    assert found.exit_code == 0
    for word in ("LABELS", "--ontology", "--out", "--branch", "--workers", "--json", "s3://"):
        assert word in found.stdout
    assert "\n  Examples:\n" in found.stdout
    assert "manifest.json" in found.stdout
    for name, setting in profile_settings().items():
        assert f"--{name.replace('_', '-')}" in found.stdout
        assert setting.description.split()[0] in found.stdout
    for layout in LAYOUTS:
        assert f"\n    {layout} " in found.stdout
    assert "export" in run(flag).stdout


def commands(group: click.Group = main, *names: str) -> Iterator[tuple[str, ...]]:
    """Names of every command, and of those below it."""
    yield names
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)
        else:
            yield (*names, name)


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_examples_stand_on_lines_of_their_own(command: tuple[str, ...]) -> None:
    shown = run(*command, "--help").stdout
    assert "\\b" not in shown
    assert "Examples:" not in shown or "\n  Examples:\n    coco-dagster" in shown


def test_the_version_is_that_of_the_package() -> None:
    from coco_dagster import __version__

    assert __version__ in run("--version").stdout


def test_dagster_is_never_imported(tmp_path: Path, labels: Path) -> None:
    script = (
        "import sys; from coco_dagster.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(sorted(name for name in sys.modules if name.partition('.')[0] == 'dagster'))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script, "export", str(labels), "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=True,
    )
    assert found.stdout.strip() == "[]"


def shown_on(terminal: int) -> Iterator[str]:
    """What a program writes to a terminal, until it ends."""
    while True:
        try:
            piece = os.read(terminal, 1 << 16)
        except OSError:  # how Linux says that nobody holds the other end any more
            return
        if not piece:
            return
        yield piece.decode(errors="replace")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
def test_a_result_that_cannot_be_printed_is_told_in_a_sentence(
    tmp_path: Path, labels: Path
) -> None:
    command = [sys.executable, "-m", "coco_dagster.cli", "export", str(labels), "--json"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with open("/dev/full", "w") as full:
        found = subprocess.run(
            [*command, "--out", str(tmp_path / "out")],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            check=False,
        )
    assert found.returncode == 1
    assert found.stderr == "Error: The output cannot be printed: No space left on device.\n"
    assert (tmp_path / "out" / "manifest.json").is_file()


def test_a_terminal_shows_a_summary(tmp_path: Path, labels: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "coco_dagster.cli", "export", str(labels)]
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "COLUMNS": "200"}
    with subprocess.Popen(
        [*command, "--out", str(tmp_path / "out")],
        stdout=theirs,
        stderr=theirs,
        env=os.environ | environment,
    ) as started:
        os.close(theirs)
        text = "".join(shown_on(ours))
    os.close(ours)
    assert started.returncode == 0
    assert "1 images, 1 annotations, 1 skipped and 1 rejected" in text
    assert "malformed_geometry" in text
