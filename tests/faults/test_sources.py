"""Sources that break off or change while they are read: never a part of them taken for all."""

import gzip
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFile, MemoryFileSystem

from coco_dagster.encord.sources import LabelSource, read_text
from coco_dagster.errors import SourceError
from coco_dagster.export import export_coco
from tests.faults.wholeness import others_in
from tests.label_rows import as_json, label_row
from tests.objects import box

ROWS = [label_row([box(f"o{number}")], label_hash=f"row-{number}") for number in range(12)]
TEXT = as_json(ROWS).encode()
LINES = b"\n".join(json.dumps(row).encode() for row in ROWS)
FORMS = {"labels.json": TEXT, "labels.jsonl": LINES, "labels.json.gz": gzip.compress(TEXT, mtime=0)}
PIECES = 2000

Change = Callable[[Path], None]


def rows_of(labels: str | Path, spool: Path) -> int:
    """Number of the rows of a source, read piece by piece."""
    rows = 0
    for chunk in LabelSource(labels, spool).chunks(PIECES):
        rows += len(chunk.read_rows())
        chunk.discard()
    return rows


class BreakingOff(MemoryFileSystem):  # type: ignore[misc]
    """Storage that fails after some bytes of a file.

    Attributes:
        error: what it raises; after: bytes that can be read before.
    """

    protocol = "breaking"
    store: dict[str, Any] = {}  # noqa: RUF012  # as in the class above
    error: Exception = OSError()
    after = 0

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return "/" + path.removeprefix("breaking://").strip("/")

    def _open(self, path: str, mode: str = "rb", **_: Any) -> Any:
        return _BreakingFile(self.store[self._strip_protocol(path)].getvalue())


class _BreakingFile(io.BytesIO):
    def readinto(self, buffer: Any) -> int:
        data = super().read(min(len(buffer), 1000))
        if self.tell() > BreakingOff.after:
            raise BreakingOff.error
        buffer[: len(data)] = data
        return len(data)


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    fsspec.register_implementation("breaking", BreakingOff, clobber=True)
    store = BreakingOff()
    for name, data in FORMS.items():
        BreakingOff.store[f"/{name}"] = MemoryFile(store, f"/{name}", data)

    def after(count: int, error: Exception) -> None:
        monkeypatch.setattr(BreakingOff, "after", count)
        monkeypatch.setattr(BreakingOff, "error", error)

    yield after
    BreakingOff.store.clear()


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize(
    "error",
    [OSError(5, "secret"), ConnectionResetError("secret"), TimeoutError("secret")],
    ids=lambda error: type(error).__name__,
)
def test_a_read_that_fails_at_any_point_is_an_error_of_the_source(
    name: str, error: Exception, breaking: Any, tmp_path: Path
) -> None:
    size = len(FORMS[name])
    for after in range(0, size, max(1, size // 12)):
        breaking(after, error)
        with pytest.raises(SourceError, match=rf"^breaking:///?{name} cannot be read") as caught:
            rows_of(f"breaking://{name}", tmp_path / "spool")
        assert "secret" not in str(caught.value)
        assert not any((tmp_path / "spool").glob("*"))
    breaking(size, error)
    assert rows_of(f"breaking://{name}", tmp_path / "spool") == len(ROWS)


@pytest.mark.parametrize("name", FORMS)
def test_a_file_that_is_cut_short_anywhere_is_never_taken_for_a_whole_one(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    data = FORMS[name]
    row_ends = {at for at in range(len(data)) if data[at : at + 1] == b"\n"}
    for length in range(1, len(data), max(1, len(data) // 60)):
        path.write_bytes(data[:length])
        if name.endswith("jsonl") and length in row_ends:
            continue  # nothing tells that there were more lines
        with pytest.raises(SourceError, match=name):
            rows_of(path, tmp_path / "spool")


def longer(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\n")


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def other_bytes_of_the_same_length(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"#" * (size // 2))
        os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


@pytest.mark.parametrize("change", [longer, cut, other_bytes_of_the_same_length])
@pytest.mark.parametrize("name", FORMS)
def test_a_file_that_changes_while_it_is_read_is_told(
    name: str, change: Change, tmp_path: Path
) -> None:
    path = tmp_path / name
    # Longer than what is read ahead of the rows.
    filler = b" " * 50_000 if name.endswith("gz") else b"\n" * 50_000
    path.write_bytes(
        gzip.compress(TEXT + os.urandom(0) + filler, 0)
        if name.endswith("gz")
        else FORMS[name] + filler
    )
    chunks = LabelSource(path, tmp_path / "spool").chunks(PIECES)
    next(chunks).read_rows()
    change(path)
    with pytest.raises(SourceError, match=rf"{name} changed while it was read: start again"):
        sum(len(chunk.read_rows()) for chunk in chunks)


def test_a_file_that_another_one_replaces_is_told(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    path.write_bytes(TEXT)
    chunks = LabelSource(path, tmp_path / "spool").chunks(PIECES)
    next(chunks).read_rows()
    path.with_name("other").write_bytes(as_json(ROWS[::-1]).encode())
    path.with_name("other").rename(path)
    with pytest.raises(SourceError, match="changed while it was read"):
        sum(len(chunk.read_rows()) for chunk in chunks)


def test_a_file_that_was_written_while_its_rows_were_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    path.write_bytes(TEXT)
    *_, last = LabelSource(path, tmp_path / "spool").chunks(PIECES)
    real_seek = io.FileIO.seek

    class Written(io.FileIO):
        def __init__(self, path: str, mode: str, buffering: int) -> None:
            super().__init__(path, mode)

        def seek(self, offset: int, whence: int = 0) -> int:
            longer(path)
            return real_seek(self, offset, whence)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("coco_dagster.encord.source_chunks.open", Written, raising=False)
        with pytest.raises(SourceError, match="changed while it was read"):
            last.read_rows()


@pytest.mark.parametrize("change", ["edited", "added", "removed"])
def test_a_source_that_changes_between_ontology_and_labels_is_told(
    change: str, tmp_path: Path
) -> None:
    folder = tmp_path / "labels"
    folder.mkdir()
    for number in range(2):
        (folder / f"{number}.json").write_text(as_json(ROWS[number : number + 1]))
    source = LabelSource(folder, tmp_path / "spool")
    assert len(list(source.chunks())) == 1
    if change == "edited":
        (folder / "1.json").write_text(as_json(ROWS[5:9]))
    if change == "added":
        (folder / "2.json").write_text(as_json(ROWS[5:6]))
    if change == "removed":
        (folder / "1.json").unlink()
    with pytest.raises(SourceError, match=rf"{folder} changed while it was read"):
        list(source.chunks())


def test_an_ontology_that_changes_while_it_is_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ontology.json"
    path.write_bytes(b'{"objects": []}' + b" " * 100_000)
    from coco_dagster.encord.source_streams import SourceStream

    real_readinto = SourceStream.readinto

    def readinto(stream: SourceStream, view: memoryview) -> int:
        count = real_readinto(stream, view)
        if path.stat().st_size == size:
            longer(path)
        return count

    size = path.stat().st_size
    monkeypatch.setattr(SourceStream, "readinto", readinto)
    with pytest.raises(SourceError, match=r"ontology\.json changed while it was read"):
        read_text(path)


def test_an_export_of_a_source_that_breaks_off_publishes_nothing(
    breaking: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    breaking(5000, ConnectionResetError())
    with pytest.raises(SourceError, match=r"labels\.json cannot be read"):
        export_coco("breaking://labels.json", None, tmp_path / "out", workers=1)
    assert others_in(tmp_path, ["temporary"]) == []
    assert others_in(tmp_path / "temporary", []) == []
