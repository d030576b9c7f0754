"""Nothing that is read is ever run, and nothing that is read names a file outside."""

import ast
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from coco_dagster.coco.profiles import ENCORD, ExportSettings
from coco_dagster.export.snapshots import find_partitions, snapshot_partitions
from coco_dagster.report.report import report_export
from coco_dagster.report.settings import ReportSettings
from tests.exports import export_rows
from tests.label_rows import JSON, as_json, dicom_unit, image_unit, label_row, video_unit
from tests.objects import box

ROOT = Path(__file__).parents[1]
MODULES = sorted([*ROOT.glob("coco_dagster/**/*.py"), *ROOT.glob("definitions/**/*.py")])
CODE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "ctypes"}
CODE_CALLS = {"eval", "exec", "compile", "__import__"}
CODE_ATTRIBUTES = {"system", "popen", "unsafe_load", "full_load", "read_pickle", "to_pickle"}


def dangers_in(source: str) -> Iterator[str]:
    """What in a module could run what it reads."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in CODE_MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in CODE_MODULES:
            yield node.module
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in CODE_CALLS:
                yield node.func.id
            if isinstance(node.func, ast.Attribute) and node.func.attr in CODE_ATTRIBUTES:
                yield node.func.attr
            shell = (keyword.value for keyword in node.keywords if keyword.arg == "shell")
            yield from ("shell" for value in shell if getattr(value, "value", True))
            allow = (keyword.value for keyword in node.keywords if keyword.arg == "allow_pickle")
            yield from ("allow_pickle" for value in allow if getattr(value, "value", True))


EXCHANGE = ROOT / "coco_dagster" / "export" / "folder_exchange.py"
"""Calls one function of the system, which Python has no name for."""


def test_no_module_unpickles_or_evaluates() -> None:
    found = {path: set(dangers_in(path.read_text())) for path in MODULES}
    found[EXCHANGE] -= {"ctypes"}
    assert {path: dangers for path, dangers in found.items() if dangers} == {}


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from marshal import loads",
        "eval(text)",
        "exec(text)",
        "os.system(text)",
        "subprocess.run(text, shell=True)",
        "np.load(path, allow_pickle=True)",
        "yaml.unsafe_load(text)",
    ],
)
def test_the_guard_sees_what_it_guards_against(line: str) -> None:
    assert list(dangers_in(line))


# Paths

EVIL = "evil/../../../evil"
NAMES = [
    EVIL,
    "..",
    "/evil",
    "C:\\evil",
    "~/evil",
    "s3://evil/evil",
    "evil\0",
    "$HOME/evil",
    "-evil",
]


def evil_row(name: str) -> JSON:
    """A label row whose every hash, id, title and link is a path."""
    facts = {"label_hash": name, "dataset_hash": name, "dataset_title": name, "data_title": name}
    unit = image_unit([box(name)], data_title=f"{name}.png", data_link=f"file:///{name}")
    return label_row({name: unit}, data_hash=name, **facts)


def evil_rows() -> list[JSON]:
    metadata = {"dicom_instance_uid": EVIL, "file_uri": "file:///evil"}
    slices = {0: {"objects": [box("o")], "classifications": [], "metadata": metadata}}
    video = label_row({f"v{EVIL}": video_unit({0: [box("o")]})}, "video", f"video{EVIL}")
    scan = label_row({f"d{EVIL}": dicom_unit(slices)}, "dicom", f"dicom{EVIL}")
    return [*map(evil_row, NAMES), video, scan]


TOUCHING = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink"}


class _Watch:
    """Notes the paths that this process opens, makes, moves or removes."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.is_on = False
        sys.addaudithook(self._note)

    def _note(self, event: str, given: tuple[Any, ...]) -> None:
        if self.is_on and event in TOUCHING:
            self.paths += [os.fsdecode(path) for path in given[:2] if isinstance(path, str | bytes)]
            self.paths += [str(path) for path in given[:2] if isinstance(path, Path)]


@pytest.fixture(scope="module")
def watch() -> _Watch:
    """There is but one, since a hook stays for as long as the process lives."""
    return _Watch()


@contextmanager
def watching(watch: _Watch) -> Iterator[list[str]]:
    watch.paths = []
    watch.is_on = True
    try:
        yield watch.paths
    finally:
        watch.is_on = False


def leaving(paths: list[str], folder: Path) -> list[str]:
    """Paths that a label named, which lie outside of a folder."""
    named = [path for path in paths if "evil" in path]
    return [path for path in named if not Path(os.path.abspath(path)).is_relative_to(folder)]


@pytest.mark.parametrize("layout", ["dataset", "archive", "roboflow"])
def test_no_name_of_a_label_leaves_the_folder_of_an_export(
    layout: str, watch: _Watch, tmp_path: Path
) -> None:
    template = "{dataset_title}/{title}-{data_hash}-{frame}{extension}"
    profile = ENCORD if layout == "dataset" else _with_template(template)
    settings = ExportSettings(profile=profile, layout=layout)  # type: ignore[arg-type]
    pictures = tmp_path / "a" / "b" / "pictures"
    for folder in (pictures, tmp_path, tmp_path / "a"):
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (200, 100)).save(folder / "evil.png")
    with watching(watch) as paths:
        export = export_rows(tmp_path / "in", evil_rows(), settings=settings)
        report_export(str(export.folder), ReportSettings(pictures=str(pictures)))
    assert str(pictures / "evil.png") in paths
    assert leaving(paths, pictures) == []
    for objects in export.files.values():
        names = [image["file_name"] for coco in objects for image in coco["images"]]
        assert not any(part in ("", ".", "..") for name in names for part in name.split("/"))
    assert not [path for path in export.folder.rglob("*") if "evil" in path.name]


def _with_template(template: str) -> Any:
    from msgspec.structs import replace

    return replace(ENCORD, file_name_template=template)


@pytest.mark.parametrize("division", ["dataset", "shard"])
def test_no_name_of_a_dataset_or_file_leaves_the_folder_of_its_partition(
    division: Any, watch: _Watch, tmp_path: Path
) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    (labels / "..evil.json").write_text(as_json([]))
    (labels / "~evil %2F..\\.json").write_text(as_json(evil_rows()))
    with watching(watch) as paths:
        keys = find_partitions(str(labels), division, workers=1)
        roots = {key: f"{tmp_path}/storage/{key}" for key in keys}
        snapshot_partitions(str(labels), roots, division, workers=1)
    assert len(keys) >= (1 if division == "shard" else len(NAMES))
    assert leaving(paths, tmp_path) == []
    assert {path.parent for path in tmp_path.rglob("tables.json")} != set()


def test_no_name_in_a_manifest_leaves_the_folder_of_its_export(
    watch: _Watch, tmp_path: Path
) -> None:
    from coco_dagster.errors import StorageError

    export = export_rows(tmp_path / "in", [label_row([box()])])
    (tmp_path / "evil.json").write_bytes((export.folder / "annotations.json").read_bytes())
    manifest = (export.folder / "manifest.json").read_text()
    (export.folder / "manifest.json").write_text(
        manifest.replace('"annotations.json"', '"../../evil.json"')
    )
    with watching(watch) as paths, pytest.raises(StorageError, match="leads out of its folder"):
        report_export(str(export.folder), ReportSettings())
    assert [path for path in paths if "evil" in path] == []
    export_rows(tmp_path / "in", [label_row([box()])])
    assert (tmp_path / "evil.json").exists()
