"""What is in the making is nobody's but its maker's, and goes away when that one is gone."""

import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coco_dagster.errors import StorageError
from coco_dagster.tables import staging
from coco_dagster.tables.staging import (
    IDLE_SECONDS,
    RETIRED,
    is_staged,
    locked_folder,
    remove_abandoned,
    staged_file,
    staging_folder,
    work_folder,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def left_by_a_killed_run(parent: Path, *files: str) -> Path:
    """A staging folder whose maker has ended without a chance to remove it."""
    folder, descriptor = staging._claim(parent, ".", 0o777)
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("unfinished")
    os.close(descriptor)
    return folder


def from_before_the_restart(folder: Path) -> Path:
    """The same folder as another machine, or this one before its restart, would have named it."""
    boot = folder.name.split("-")[1]
    return folder.rename(folder.with_name(folder.name.replace(boot, "0" * len(boot))))


def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)


def age(folder: Path, seconds: float) -> None:
    """Let everything in a folder be older than the folder around it."""
    written = folder.parent.stat().st_mtime - seconds
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (written, written))


def test_a_staging_folder_is_there_for_the_block_alone(tmp_path: Path) -> None:
    with staging_folder(tmp_path / "new" / "parent") as folder:
        assert folder.parent == tmp_path / "new" / "parent"
        assert is_staged(folder.name)
        (folder / "file").touch()
    assert names(folder.parent) == []


@pytest.mark.parametrize("folder", [staging_folder, lambda _: work_folder()])
def test_a_failure_removes_the_folder(
    folder: Callable[[Path], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def interrupted() -> None:
        with folder(tmp_path) as made:
            (made / "file").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(tmp_path) == []


def test_only_its_maker_enters_a_work_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with work_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    left_by_a_killed_run(tmp_path, "draft/annotations.json")
    left_by_a_killed_run(tmp_path)
    with staging_folder(tmp_path) as folder:
        assert names(tmp_path) == [folder.name]


def test_what_is_in_use_is_kept(tmp_path: Path) -> None:
    with staging_folder(tmp_path) as first, staging_folder(tmp_path) as second:
        remove_abandoned(tmp_path)
        assert names(tmp_path) == sorted([first.name, second.name])


@pytest.mark.parametrize(("idle", "kept"), [(IDLE_SECONDS - 60, True), (IDLE_SECONDS + 60, False)])
@pytest.mark.parametrize("why", ["another machine", "no locks", "no owner"])
def test_where_a_lock_proves_nothing_only_what_rests_for_a_day_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str, idle: int, kept: bool
) -> None:
    folder = left_by_a_killed_run(tmp_path, "draft/annotations.json")
    if why == "another machine":
        folder = from_before_the_restart(folder)
    if why == "no locks":
        without_locks(monkeypatch)
    if why == "no owner":
        (folder / ".owner").unlink()
    age(folder, idle)
    remove_abandoned(tmp_path)
    assert names(tmp_path) == ([folder.name] if kept else [])


def test_one_file_that_is_written_keeps_the_whole_folder(tmp_path: Path) -> None:
    folder = from_before_the_restart(left_by_a_killed_run(tmp_path, "a", "deep/b"))
    age(folder, 2 * IDLE_SECONDS)
    (folder / "deep" / "b").write_text("still written")
    remove_abandoned(tmp_path)
    assert names(tmp_path) == [folder.name]


def test_runs_work_where_there_are_no_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_locks(monkeypatch)
    with staging_folder(tmp_path) as first, staging_folder(tmp_path) as second:
        assert names(tmp_path) == sorted([first.name, second.name])
    with locked_folder(tmp_path) as is_there:
        assert is_there
    assert names(tmp_path) == []


def test_a_folder_whose_maker_has_not_yet_locked_it_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_owned_file = staging._owned_file
    hasty = iter([True, True, False])

    def owned_file(path: Path) -> int | None:
        if next(hasty):
            remove_abandoned(tmp_path)
        return real_owned_file(path)

    monkeypatch.setattr(staging, "_owned_file", owned_file)
    with staging_folder(tmp_path) as folder:
        assert names(tmp_path) == [folder.name]


def test_what_others_named_alike_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".coco_dagster-settings").mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".owner").touch()
    link = tmp_path / left_by_a_killed_run(elsewhere).name
    link.symlink_to(elsewhere)
    remove_abandoned(tmp_path)
    assert names(tmp_path) == sorted([".coco_dagster-settings", "elsewhere", link.name])
    assert (elsewhere / ".owner").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_folders_of_other_users_are_left_alone(tmp_path: Path) -> None:
    folder = left_by_a_killed_run(tmp_path)
    os.chown(folder, 12345, -1)
    remove_abandoned(tmp_path)
    assert names(tmp_path) == [folder.name]


def test_what_was_being_replaced_is_put_back(tmp_path: Path) -> None:
    left_by_a_killed_run(tmp_path, f"{RETIRED}/out/manifest.json", "draft/manifest.json")
    remove_abandoned(tmp_path)
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["manifest.json"]


def test_what_has_been_replaced_is_not_put_back(tmp_path: Path) -> None:
    left_by_a_killed_run(tmp_path, f"{RETIRED}/out/old")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "new").touch()
    remove_abandoned(tmp_path)
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["new"]


def test_a_staged_file_takes_its_name_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "latest.json"
    path.write_text("old")
    with staged_file(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"
        assert len(names(tmp_path)) == 2
    assert path.read_text() == "new"
    assert names(tmp_path) == ["latest.json"]


def test_a_staged_file_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "latest.json"
    path.write_text("old")

    def out_of_space() -> None:
        with staged_file(path) as file:
            file.write(b"new")
            raise OSError(errno.ENOSPC, "full")

    with pytest.raises(OSError, match="full"):
        out_of_space()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["latest.json"]


def test_a_file_that_a_killed_run_left_is_removed_by_who_writes_beside_it(tmp_path: Path) -> None:
    left = tmp_path / staging._new_name(".")
    left.write_text("unfinished")
    with staged_file(tmp_path / "latest.json"):
        pass
    assert names(tmp_path) == ["latest.json"]


def test_a_file_that_is_being_written_is_kept(tmp_path: Path) -> None:
    with staged_file(tmp_path / "latest.json") as file:
        file.write(b"new")
        remove_abandoned(tmp_path)
    assert (tmp_path / "latest.json").read_bytes() == b"new"


def test_a_folder_is_held_by_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "PATIENCE_SECONDS", 0)
    with locked_folder(tmp_path) as is_there:
        assert is_there
        with pytest.raises(StorageError, match="Another run writes to"), locked_folder(tmp_path):
            pytest.fail("Two hold one folder.")
    with locked_folder(tmp_path) as is_there:
        assert is_there


def test_a_folder_that_another_one_replaced_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    real_locked = staging._locked

    def locked(descriptor: int) -> bool | None:
        folder.rename(tmp_path / "old")
        folder.mkdir()
        return real_locked(descriptor)

    monkeypatch.setattr(staging, "_locked", locked)
    with locked_folder(folder) as is_there:
        assert not is_there
