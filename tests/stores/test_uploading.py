"""An export is uploaded as a whole, or is not there: whatever the store does, and whoever else."""

import json
from pathlib import Path

import pytest
import s3fs

from coco_dagster.errors import StorageError
from coco_dagster.export.publishing import publish_folder
from tests.stores.s3_server import (
    EMPTY_LISTING,
    INTERNAL_ERROR,
    SLOW_DOWN,
    Answer,
    Fault,
    Request,
    S3Server,
    always,
)

FILES = {"annotations.json": "[]", "lineage.parquet": "rows", "trees/train.json": "{}"}
OTHERS = {"annotations.json": "[1]", "lineage.parquet": "other rows", "trees/train.json": "{1}"}


@pytest.fixture
def out(bucket: str) -> str:
    return f"s3://{bucket}/out"


def draft(folder: Path, files: dict[str, str]) -> Path:
    """A folder with the files of an export."""
    manifest = json.dumps({"files": [{"path": name} for name in files], "of": files})
    for name, text in {**files, "manifest.json": manifest}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def published(server: S3Server, bucket: str) -> dict[str, str]:
    """The files of the published export but its manifest, which must describe them."""
    found = {
        name.removeprefix("out/"): data.decode() for name, data in server.objects(bucket).items()
    }
    assert json.loads(found.pop("manifest.json"))["of"] == found
    return found


def puts_of(name: str, request: Request) -> bool:
    return request.method == "PUT" and request.path.endswith(f"/out/{name}")


def during(name: str, action: Path, out: str, times: int) -> Fault:
    """Another run that publishes when a file is put, as often as is said."""
    left = times
    is_free = True

    def fault(request: Request) -> None:
        nonlocal left, is_free
        if left and is_free and puts_of(name, request):
            left -= 1
            is_free = False
            publish_folder(action, out)
            is_free = True

    return fault


def test_files_go_into_folders_and_the_manifest_comes_last(
    server: S3Server, bucket: str, out: str, tmp_path: Path
) -> None:
    publish_folder(draft(tmp_path, FILES), out)
    assert published(server, bucket) == FILES
    puts = [request.path for request in server.requests if request.method == "PUT"]
    assert puts[-1] == f"/{bucket}/out/manifest.json"


def test_a_later_export_replaces_an_earlier_one_and_its_files(
    server: S3Server, bucket: str, out: str, tmp_path: Path
) -> None:
    publish_folder(draft(tmp_path / "first", FILES | {"keypoints.json": "gone"}), out)
    s3fs.S3FileSystem().pipe_file(f"{bucket}/notes.txt", b"mine")
    publish_folder(draft(tmp_path / "second", OTHERS), out)
    assert server.objects(bucket).pop("notes.txt") == b"mine"
    s3fs.S3FileSystem().rm_file(f"{bucket}/notes.txt")
    assert published(server, bucket) == OTHERS


def test_files_of_an_earlier_export_go_even_if_a_run_broke_off_between(
    server: S3Server, bucket: str, out: str, tmp_path: Path
) -> None:
    publish_folder(draft(tmp_path / "first", FILES | {"keypoints.json": "gone"}), out)

    in_the_middle = always(INTERNAL_ERROR, lambda request: puts_of("annotations.json", request))
    with server.failing(in_the_middle), pytest.raises(StorageError):
        publish_folder(draft(tmp_path / "second", OTHERS), out)
    assert "out/manifest.json" not in server.objects(bucket)
    assert "out/keypoints.json" in server.objects(bucket)
    publish_folder(draft(tmp_path / "third", OTHERS), out)
    assert published(server, bucket) == OTHERS


@pytest.mark.parametrize(
    ("name", "answer"), [("lineage.parquet", SLOW_DOWN), ("manifest.json", INTERNAL_ERROR)]
)
def test_a_store_that_keeps_failing_has_no_export(
    name: str, answer: Answer, server: S3Server, bucket: str, out: str, tmp_path: Path
) -> None:
    publish_folder(draft(tmp_path / "first", OTHERS), out)
    with (
        server.failing(always(answer, lambda request: puts_of(name, request))),
        pytest.raises(StorageError, match=r"^s3://.*/out cannot be written: .*(SlowDown|Internal)"),
    ):
        publish_folder(draft(tmp_path / "second", FILES), out)
    assert "out/manifest.json" not in server.objects(bucket)
    publish_folder(draft(tmp_path / "third", FILES), out)
    assert published(server, bucket) == FILES


def test_an_upload_in_parts_that_fails_leaves_nothing_visible(
    server: S3Server, bucket: str, out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3fs.core.calculate_chunksize", lambda *_, **__: 1)
    with (
        server.failing(always(INTERNAL_ERROR, lambda request: request.is_part)),
        pytest.raises(StorageError, match=r"^s3://.*/out cannot be written: .*InternalError"),
    ):
        publish_folder(draft(tmp_path, FILES), out)
    assert any(request.is_part for request in server.requests)
    assert server.objects(bucket) == {}
    assert server.unfinished_uploads(bucket) == []


def test_publishing_does_not_trust_listings(
    server: S3Server, bucket: str, out: str, tmp_path: Path
) -> None:
    with server.failing(always(EMPTY_LISTING, lambda request: request.is_listing)):
        publish_folder(draft(tmp_path / "first", FILES | {"keypoints.json": "gone"}), out)
        publish_folder(draft(tmp_path / "second", OTHERS), out)
    assert published(server, bucket) == OTHERS


def test_two_runs_into_one_folder_do_not_mix_their_files(
    server: S3Server, bucket: str, out: str, tmp_path: Path
) -> None:
    other = draft(tmp_path / "other", OTHERS)
    with server.failing(during("lineage.parquet", other, out, times=1)):
        publish_folder(draft(tmp_path / "one", FILES), out)
    assert published(server, bucket) == FILES


def test_a_run_that_is_always_overtaken_says_so(
    server: S3Server, bucket: str, out: str, tmp_path: Path
) -> None:
    other = draft(tmp_path / "other", OTHERS)
    with (
        server.failing(during("lineage.parquet", other, out, times=99)),
        pytest.raises(StorageError, match=r"^Another run writes to s3://.*/out at the same time"),
    ):
        publish_folder(draft(tmp_path / "one", FILES), out)
    assert "out/manifest.json" not in server.objects(bucket)


def test_two_runs_of_the_same_export_both_end_well(
    server: S3Server, bucket: str, out: str, tmp_path: Path
) -> None:
    other = draft(tmp_path / "other", FILES)
    with server.failing(during("lineage.parquet", other, out, times=99)):
        publish_folder(draft(tmp_path / "one", FILES), out)
    assert published(server, bucket) == FILES
