"""Exports from and to an object store equal those of a local disk, and fail cleanly."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import s3fs

from coco_dagster.errors import SourceError, StorageError
from coco_dagster.export import export_coco
from tests.exports import divide_into
from tests.label_rows import label_row
from tests.objects import box
from tests.stores.label_store import (
    FILES,
    ROWS,
    export_from,
    put_rows,
    same_files,
    write_rows,
)
from tests.stores.s3_server import (
    CUT_SHORT,
    INTERNAL_ERROR,
    SLOW_DOWN,
    Request,
    S3Server,
    every,
    first_time,
    forget_connections,
)

OTHER_ROWS = [label_row([box("other")], label_hash="other", data_hash="other")]


@pytest.fixture(scope="module")
def due(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the export on a local disk."""
    folder = tmp_path_factory.mktemp("local")
    write_rows(folder)
    export_from(str(folder), str(folder / "out"))
    return {path.name: path.read_bytes() for path in (folder / "out").iterdir()}


@pytest.fixture
def labels(bucket: str) -> str:
    """URL of a bucket with label rows."""
    put_rows(bucket)
    return f"s3://{bucket}"


def exported(server: S3Server, bucket: str, folder: str = "out") -> dict[str, bytes]:
    prefix = f"{folder}/"
    found = server.objects(bucket).items()
    return {name.removeprefix(prefix): data for name, data in found if name.startswith(prefix)}


def puts_of(name: str) -> Any:
    return lambda request: request.method == "PUT" and request.path.endswith(name)


def test_an_export_from_bucket_to_bucket_has_the_bytes_of_a_local_one(
    server: S3Server, bucket: str, labels: str, due: dict[str, bytes]
) -> None:
    result = export_from(labels, f"{labels}/out")
    assert sorted(due) == FILES
    assert same_files(exported(server, bucket), due)
    assert result.url == f"{labels}/out"


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uploads of more than two bytes are made in parts."""
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)
    monkeypatch.setattr("s3fs.core.calculate_chunksize", lambda size, **_: max(1, size // 3))


@pytest.mark.usefixtures("small_parts")
def test_an_export_is_uploaded_in_parts(
    server: S3Server, bucket: str, labels: str, due: dict[str, bytes]
) -> None:
    export_from(labels, f"{labels}/out")
    parts = {request.path for request in server.requests if request.is_part}
    assert parts == {f"/{bucket}/out/{name}" for name in FILES}
    assert same_files(exported(server, bucket), due)


@pytest.mark.parametrize(
    "fault",
    [
        every(4, SLOW_DOWN),
        first_time(INTERNAL_ERROR),
        first_time(CUT_SHORT, lambda request: request.method == "GET" and not request.is_listing),
    ],
    ids=["throttled", "internal errors", "answers cut short"],
)
def test_a_store_that_fails_now_and_then_is_asked_again(
    fault: Any, server: S3Server, bucket: str, labels: str, due: dict[str, bytes]
) -> None:
    with server.failing(fault):
        export_from(labels, f"{labels}/out")
    assert same_files(exported(server, bucket), due)


@pytest.fixture
def as_somebody(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A change of the environment, with connections made anew in it and after it."""
    with monkeypatch.context() as patch:
        forget_connections()
        yield patch
    forget_connections()


@pytest.mark.parametrize(
    ("key", "cause"),
    [("stranger", "access is denied"), (None, "there are no credentials for it")],
)
def test_wrong_credentials_are_told_before_the_work(
    key: str | None,
    cause: str,
    server: S3Server,
    bucket: str,
    tmp_path: Path,
    as_somebody: pytest.MonkeyPatch,
) -> None:
    if key:
        as_somebody.setenv("AWS_ACCESS_KEY_ID", key)
    else:
        as_somebody.delenv("AWS_ACCESS_KEY_ID")
        as_somebody.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(StorageError, match=rf"^s3://{bucket}/out cannot be written: {cause}"):
        export_coco(tmp_path / "gone.json", None, f"s3://{bucket}/out")
    with pytest.raises(SourceError, match=rf"^s3://{bucket}/ontology.json "):
        export_from(f"s3://{bucket}", str(tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_a_bucket_that_is_not_there_is_told_before_the_work_and_not_made(
    server: S3Server, tmp_path: Path
) -> None:
    with pytest.raises(StorageError, match="there is no bucket no-such-bucket"):
        export_coco(tmp_path / "gone.json", None, "s3://no-such-bucket/out")
    with pytest.raises(SourceError, match=r"s3://no-such-bucket/.* does not exist"):
        export_from("s3://no-such-bucket", str(tmp_path / "out"))
    assert not server.has_bucket("no-such-bucket")


@pytest.mark.parametrize("moment", ["labels/b.jsonl.gz", "out/lineage.parquet"])
def test_a_bucket_that_vanishes_ends_the_run_with_one_sentence(
    moment: str, server: S3Server, bucket: str, labels: str, due: dict[str, bytes]
) -> None:
    def vanish(request: Request) -> None:
        if request.path == f"/{bucket}/{moment}":
            server.drop_bucket(bucket)

    with (
        server.failing(vanish),
        pytest.raises((SourceError, StorageError), match=r"^s3://[^.]*does not exist|not exist"),
    ):
        export_from(labels, f"{labels}/out")
    assert not server.has_bucket(bucket)
    s3fs.S3FileSystem().mkdir(bucket)
    put_rows(bucket)
    export_from(labels, f"{labels}/out")
    assert same_files(exported(server, bucket), due)


def test_a_file_that_changes_while_it_is_read_is_told(
    server: S3Server, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    divide_into(monkeypatch, 1000)
    monkeypatch.setattr(s3fs.S3FileSystem, "default_block_size", 1000)
    many_blocks = [label_row([box()], data_title="long" * 5000), *ROWS]
    put_rows(bucket, many_blocks)

    def change(request: Request) -> None:
        if request.method == "GET" and request.path.endswith("a.json"):
            put_rows(bucket, [*many_blocks, *OTHER_ROWS])

    forget_connections()
    with (
        server.failing(change),
        pytest.raises(SourceError, match=r"^s3://.*a\.json changed while it was read"),
    ):
        export_from(f"s3://{bucket}", str(tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []
