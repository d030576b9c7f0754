"""An export is seen as a whole or not at all, whatever stood in its place."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from upath import UPath

from coco_dagster.errors import StorageError
from coco_dagster.export import export_coco
from coco_dagster.export.publishing import export_draft, publish_folder
from tests.label_rows import as_json, label_row
from tests.objects import box

FILES = ["annotations.json", "findings.parquet", "lineage.parquet", "manifest.json"]


def export(tmp_path: Path, out: Any, *objects: Any) -> str:
    labels = tmp_path / "labels.json"
    labels.write_text(as_json([label_row(objects or [box()])]))
    return export_coco(labels, None, out, workers=1).export_id


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def published(folder: Path) -> str:
    return str(json.loads((folder / "manifest.json").read_text())["export_id"])


@pytest.mark.parametrize("before", ["nothing", "an empty folder", "no parent"])
def test_an_export_appears_where_nothing_was(tmp_path: Path, before: str) -> None:
    out = tmp_path / "deep" / "er" / "out" if before == "no parent" else tmp_path / "out"
    if before == "an empty folder":
        out.mkdir()
    assert export(tmp_path, out) == published(out)
    assert names(out) == FILES
    assert names(out.parent) == (["labels.json", "out"] if out.parent == tmp_path else ["out"])


def test_an_earlier_export_is_replaced_as_a_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(tmp_path, out)
    inode = out.stat().st_ino
    assert export(tmp_path, out, box("other")) == published(out)
    assert out.stat().st_ino != inode
    assert names(tmp_path) == ["labels.json", "out"]


def test_other_files_of_a_folder_are_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    (out / "sub").mkdir()
    for objects in ([box("a")], [box("b")]):
        assert export(tmp_path, out, *objects) == published(out)
        assert names(out) == sorted([*FILES, "notes.txt", "sub"])
    assert (out / "notes.txt").read_text() == "mine"
    assert names(tmp_path) == ["labels.json", "out"]


def test_files_of_an_earlier_export_go_even_if_others_stay(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    manifest = {"files": [{"path": "keypoints.json"}, {"path": "../keep.txt"}]}
    (out / "manifest.json").write_text(json.dumps(manifest))
    (out / "keypoints.json").write_text("{}")
    (out / "notes.txt").write_text("mine")
    (tmp_path / "keep.txt").write_text("mine")
    export(tmp_path, out)
    assert names(out) == sorted([*FILES, "notes.txt"])
    assert (tmp_path / "keep.txt").exists()


@pytest.mark.parametrize("manifest", ["[]", "{", "5", '{"files": 5}', '{"files": [5]}', "\x00"])
def test_a_manifest_that_is_not_ours_means_that_the_files_are_not_either(
    tmp_path: Path, manifest: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "manifest.json").write_text(manifest)
    (out / "picture.jpg").write_text("mine")
    assert export(tmp_path, out) == published(out)
    assert (out / "picture.jpg").exists()


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_failure_to_replace_leaves_the_earlier_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool
) -> None:
    out = tmp_path / "out"
    first = export(tmp_path, out)
    real_rename = Path.rename

    def fail(path: Path, target: Path) -> Path:
        if path.name == "draft":
            raise OSError(28, "No space left on device")
        return real_rename(path, target)

    def exchange(one: Path, _: Path) -> bool:
        return can_exchange and bool(fail(one, one))

    monkeypatch.setattr("coco_dagster.export.publishing.exchange", exchange)
    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(StorageError, match="No space left"):
        export(tmp_path, out, box("other"))
    assert published(out) == first
    assert names(out) == FILES
    assert names(tmp_path) == ["labels.json", "out"]


def test_an_export_that_another_run_overtakes_is_published_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an exchange of folders there is a moment in which neither is there."""
    out = tmp_path / "out"
    export(tmp_path, out)
    real_rename = Path.rename
    overtaken: list[str] = []

    def rename(path: Path, target: Path) -> Path:
        if path.name == "draft" and not overtaken:
            overtaken.append(target.name)
            target.mkdir()
            (target / "of_another_run.txt").write_text("mine")
        return real_rename(path, target)

    monkeypatch.setattr("coco_dagster.export.publishing.exchange", lambda *_: False)
    monkeypatch.setattr(Path, "rename", rename)
    assert export(tmp_path, out, box("other")) == published(out)
    assert names(out) == sorted([*FILES, "of_another_run.txt"])
    assert names(tmp_path) == ["labels.json", "out"]


def test_a_crash_among_other_files_leaves_no_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    export(tmp_path, out)
    real_replace = Path.replace

    def crash(path: Path, target: Path) -> Path:
        if path.name == "lineage.parquet":
            raise OSError(28, "No space left on device")
        return real_replace(path, target)

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(StorageError):
        export(tmp_path, out, box("other"))
    assert "manifest.json" not in names(out)
    assert "notes.txt" in names(out)
    assert names(tmp_path) == ["labels.json", "out"]


@pytest.mark.parametrize(
    "stage",
    ["rendering.write_coco_file", "table_files.write_lineage", "rendering.check_file_names"],
)
def test_a_failure_while_rendering_leaves_the_earlier_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    out = tmp_path / "out"
    first = export(tmp_path, out)

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"coco_dagster.export.{stage}", fail)
    with pytest.raises(KeyboardInterrupt):
        export(tmp_path, out, box("other"))
    assert published(out) == first
    assert names(tmp_path) == ["labels.json", "out"]


def test_a_file_in_the_place_of_the_folder_fails_before_anything_is_done(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_text("mine")
    with pytest.raises(StorageError, match="not a folder"):
        export(tmp_path, out)
    assert out.read_text() == "mine"
    assert names(tmp_path) == ["labels.json", "out"]


def test_a_file_in_the_place_of_a_parent_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StorageError, match="cannot be written"):
        export(tmp_path, tmp_path / "file" / "out")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with (
        pytest.raises(StorageError, match="Permission denied"),
        export_draft(str(tmp_path / "out"), tmp_path),
    ):
        pytest.fail("There is no draft.")


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    for objects in ([box("a")], [box("b")]):
        assert export(tmp_path, tmp_path / "out", *objects) == published(tmp_path / "real")
    assert (tmp_path / "out").is_symlink()
    assert names(tmp_path) == ["labels.json", "out", "real"]


def test_the_working_directory_stays_the_same_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    inode = here.stat().st_ino
    for objects in ([box("a")], [box("b")]):
        assert export(tmp_path, ".", *objects) == published(here)
    assert here.stat().st_ino == inode
    assert names(Path()) == FILES
    assert names(tmp_path) == ["here", "labels.json"]


def test_a_mounted_folder_is_never_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    out.mkdir()
    inode = out.stat().st_ino
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == out)
    for objects in ([box("a")], [box("b")]):
        assert export(tmp_path, out, *objects) == published(out)
    assert out.stat().st_ino == inode
    assert names(out) == FILES
    assert names(tmp_path) == ["labels.json", "out"]


def test_the_manifest_is_written_last_and_taken_away_first(tmp_path: Path) -> None:
    out = f"memory://{tmp_path.name}/out"
    first = export(tmp_path, out)
    target = UPath(out)
    assert sorted(path.name for path in target.iterdir()) == FILES
    assert json.loads((target / "manifest.json").read_bytes())["export_id"] == first
    seen: list[tuple[str, bool]] = []
    real_put = target.fs.put_file

    def put(source: str, place: str, **options: Any) -> None:
        seen.append((Path(place).name, (target / "manifest.json").exists()))
        real_put(source, place, **options)

    target.fs.put_file = put
    try:
        second = export(tmp_path, out, box("other"))
    finally:
        target.fs.put_file = real_put
    assert seen == [(name, False) for name in FILES]
    assert json.loads((target / "manifest.json").read_bytes())["export_id"] == second


def test_a_file_url_is_a_local_folder(tmp_path: Path) -> None:
    out = tmp_path / "with space"
    assert export(tmp_path, out.as_uri()) == published(out)


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("", "path of the export is empty"),
        ("nowhere://bucket/out?sig=SECRET", "nowhere://bucket/out"),
    ],
)
def test_a_place_that_cannot_be_is_named_before_anything_is_read(
    tmp_path: Path, out: str, message: str
) -> None:
    with pytest.raises(StorageError, match=message) as caught:
        export_coco(tmp_path / "gone.json", None, out)
    assert "SECRET" not in str(caught.value)


def test_storage_whose_package_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    # Another test may have used it.
    monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, "s3", raising=False)
    with pytest.raises(StorageError, match="needs a package"):
        export_coco(tmp_path / "gone.json", None, "s3://bucket/out")


def test_secrets_of_a_url_are_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("coco_dagster.export.uploading._put", fail)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(StorageError, match="cannot be written") as caught:
        publish_folder(tmp_path, "memory://user:SECRET@bucket/out?sig=SECRET")
    assert "SECRET" not in str(caught.value)
