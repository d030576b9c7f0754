"""Disks that are full or read-only: one sentence, nothing published, nothing left, and it heals."""

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.errors import StorageError
from coco_dagster.export import (
    build_ontology,
    export_tables,
    normalise_tables,
    snapshot_raw_labels,
)
from tests.exports import divide_into
from tests.faults.wholeness import content_of, others_in, unfinished_in
from tests.label_rows import label_row
from tests.objects import every_shape
from tests.stores.label_store import export_from, write_rows

EARLIER = [label_row(every_shape(), label_hash="row-0", data_hash="image-0")]
NEWER = [
    label_row(every_shape(), label_hash=f"row-{number}", data_hash=f"image-{number}")
    for number in range(40)
]
ROOM = "2m"


@pytest.fixture
def labels(tmp_path: Path) -> str:
    write_rows(tmp_path / "given", NEWER)
    return str(tmp_path / "given")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@contextmanager
def files_of_at_most(count: int) -> Iterator[None]:
    """No file grows beyond some bytes, as on a disk that is full: writing fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def disk(folder: Path, *options: str) -> Iterator[Path]:
    """A small disk of its own; needs the right to mount one."""
    folder.mkdir(exist_ok=True)
    settings = ",".join(("size=" + ROOM, *options))
    mount = ["mount", "-t", "tmpfs", "-o", settings, "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount disks")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path, spare: int) -> None:
    """Fill a disk but for some bytes."""
    rest = subprocess.run(
        ["df", "--output=avail", "-B1", folder], capture_output=True, text=True, check=True
    )
    (folder / "ballast").write_bytes(bytes(max(0, int(rest.stdout.split()[1]) - spare)))


@pytest.mark.parametrize(
    ("count", "workers"), [(0, 1), (1000, 2), (6000, 1), (20_000, 1), (60_000, 1)]
)
def test_a_disk_that_is_full_at_any_point_leaves_the_earlier_export(
    count: int,
    workers: int,
    labels: str,
    temporary: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    divide_into(monkeypatch, 20_000)
    write_rows(tmp_path / "earlier", EARLIER)
    place = tmp_path / "exports"
    export_from(str(tmp_path / "earlier"), str(place / "out"))
    earlier = content_of(place / "out")
    with files_of_at_most(count), pytest.raises(StorageError, match=r"cannot be .*File too large"):
        export_from(labels, str(place / "out"), workers=workers)
    assert content_of(place / "out") == earlier
    assert others_in(place, ["out"]) == []
    assert others_in(temporary, []) == []


@pytest.mark.parametrize(
    ("full", "spare"),
    [("exports", 0), ("exports", 80_000), ("temporary", 0), ("temporary", 200_000)],
)
def test_a_full_disk_leaves_the_earlier_export_and_room_lets_the_next_run_succeed(
    full: str, spare: int, labels: str, temporary: Path, tmp_path: Path
) -> None:
    write_rows(tmp_path / "earlier", EARLIER)
    out = tmp_path / "exports" / "out"
    with disk(tmp_path / full) as small:
        export_from(str(tmp_path / "earlier"), str(out))
        earlier = content_of(out)
        fill(small, spare)
        with pytest.raises(StorageError, match=r"cannot be .*No space left on device\W+free"):
            export_from(labels, str(out))
        assert content_of(out) == earlier
        assert others_in(out.parent, ["out", "ballast"]) == []
        assert others_in(temporary, ["ballast"]) == []
        (small / "ballast").unlink()
        export_from(labels, str(out))
        assert content_of(out) not in (None, earlier)


def test_a_read_only_disk_is_told(labels: str, temporary: Path, tmp_path: Path) -> None:
    with (
        disk(tmp_path / "exports", "ro") as small,
        pytest.raises(StorageError, match=r"exports/out cannot be written: Read-only file system"),
    ):
        export_from(labels, str(small / "out"))
    assert others_in(temporary, []) == []


def test_a_read_only_folder_for_temporary_files_is_told(
    labels: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with disk(tmp_path / "temporary", "ro") as small:
        monkeypatch.setattr("tempfile.tempdir", str(small))
        with pytest.raises(StorageError, match=r"temporary files, .*: Read-only file system"):
            export_from(labels, str(tmp_path / "exports" / "out"))
    assert not (tmp_path / "exports" / "out").exists()


def run_stages(labels: str, storage: Path) -> Any:
    raw_labels = snapshot_raw_labels(f"{labels}/labels", f"{storage}/raw_labels", workers=1)
    nodes = build_ontology(f"{labels}/ontology.json", raw_labels, f"{storage}/ontology")
    tables = normalise_tables(raw_labels, nodes, f"{storage}/labels", workers=1)
    return export_tables(tables, nodes, f"{storage}/exports", ExportSettings(), {}, workers=1)


@pytest.mark.parametrize("count", [0, 300, 10_000])
def test_stages_on_a_disk_that_is_full_at_any_point_can_be_run_again(
    count: int, labels: str, temporary: Path, tmp_path: Path
) -> None:
    storage = tmp_path / "storage"
    with files_of_at_most(count), pytest.raises(StorageError, match=r"cannot be .*File too large"):
        run_stages(labels, storage)
    assert unfinished_in(tmp_path) == []
    assert not (storage / "exports" / "latest.json").exists()
    result = run_stages(labels, storage)
    assert content_of(storage / "exports" / result.export_id) is not None
    assert unfinished_in(tmp_path) == []
