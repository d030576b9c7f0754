"""Google's and Microsoft's stores by their addresses: the code path of S3, to a store in memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry

from coco_dagster.errors import StorageError
from coco_dagster.export import export_coco
from tests.stores.label_store import FILES, ROWS, as_files, export_from, same_files, write_rows


class _Bucket(MemoryFileSystem):  # type: ignore[misc]
    """A store in memory that is asked for what addresses of a cloud name."""

    store: dict[str, Any] = {}  # noqa: RUF012  # as in the class above
    pseudo_dirs: list[str] = [""]  # noqa: RUF012

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return (path.partition("://")[2] if "://" in path else path).strip("/")


class GoogleBucket(_Bucket):
    protocol = ("gs", "gcs")


class AzureContainer(_Bucket):
    protocol = ("az", "abfs", "abfss")


@pytest.fixture(params=[GoogleBucket, AzureContainer], ids=["gs", "az"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """URL of a bucket with label rows."""
    kind: type[_Bucket] = request.param
    for protocol in kind.protocol:
        monkeypatch.setitem(_registry, protocol, kind)
    url = f"{kind.protocol[0]}://bucket"
    system = fsspec.filesystem(kind.protocol[0])
    for name, data in as_files(ROWS).items():
        system.pipe_file(f"bucket/{name}", data)
    yield url
    _Bucket.store.clear()


def test_an_export_has_the_bytes_of_a_local_one(store: str, tmp_path: Path) -> None:
    write_rows(tmp_path)
    export_from(str(tmp_path), str(tmp_path / "out"))
    due = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    export_from(store, f"{store}/out")
    prefix = "bucket/out/"
    found = {
        name.removeprefix(prefix): file.getvalue()
        for name, file in _Bucket.store.items()
        if name.startswith(prefix)
    }
    assert sorted(found) == FILES
    assert same_files(found, due)


def test_a_bucket_that_is_not_there_is_not_made(store: str, tmp_path: Path) -> None:
    other = store.replace("bucket", "none")
    with pytest.raises(StorageError, match="there is no bucket none"):
        export_coco(tmp_path / "gone.json", None, f"{other}/out")
    assert not any(name.startswith("none") for name in _Bucket.store)
