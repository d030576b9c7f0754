import gzip
import io
import json
import os
import pickle
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pyarrow as pa
import pytest
from upath import UPath

from coco_dagster.encord.sources import LabelSource, Location, SourceRow, read_text
from coco_dagster.errors import SourceError, StorageError

SHARED = Path(__file__).parents[3] / "shared" / "data" / "encord"
ONTOLOGY = {"objects": [{"id": "1", "name": "Car"}], "classifications": []}


def label_row(number: int) -> bytes:
    return json.dumps({"label_hash": f"row-{number}", "data_units": {}}).encode()


ROWS = [label_row(number) for number in range(5)]
FORMS = {
    "array": b"[" + b",".join(ROWS) + b"]",
    "pretty array": b"[\n  " + b",\n  ".join(ROWS) + b"\n]\n",
    "JSON lines": b"\n".join(ROWS) + b"\n",
    "Windows lines": b"\r\n".join(ROWS),
    "byte order mark": b"\xef\xbb\xbf[" + b",".join(ROWS) + b"]",
    "concatenated": b"".join(ROWS),
}


def zstd(text: bytes) -> bytes:
    return bytes(pa.compress(text, "zstd"))


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", method) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return stored.getvalue()


def write(folder: Path, members: dict[str, bytes]) -> Path:
    for name, text in members.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    return folder


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    """fsspec's file system in memory, empty before and after."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


def read(labels: Location, spool: Path, chunk_bytes: int = 1 << 20) -> list[SourceRow]:
    """All rows of a source, by way of pickled chunks that are discarded."""
    rows = []
    for chunk in LabelSource(labels, spool).chunks(chunk_bytes):
        received = pickle.loads(pickle.dumps(chunk))
        rows += received.read_rows()
        received.discard()
    return rows


def texts(rows: list[SourceRow]) -> list[bytes]:
    return [bytes(row.json) for row in rows]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("chunk_bytes", [16, 120, 1 << 20])
def test_every_form_gives_the_rows_as_received(
    form: bytes, chunk_bytes: int, tmp_path: Path, spool: Path
) -> None:
    path = write(tmp_path, {"labels.json": form}) / "labels.json"
    assert read(path, spool, chunk_bytes) == [
        SourceRow("labels.json", index, row) for index, row in enumerate(ROWS)
    ]


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("one.json.gz", gzip.compress(FORMS["array"], mtime=0)),
        (
            "two-members.jsonl.gz",
            gzip.compress(ROWS[0], mtime=0) + gzip.compress(b"".join(ROWS[1:])),
        ),
        ("one.json.zst", zstd(FORMS["array"])),
        ("two-frames.jsonl.zst", zstd(ROWS[0]) + zstd(b"".join(ROWS[1:]))),
        ("compressed-in-spite-of-its-name.json", gzip.compress(FORMS["array"], mtime=0)),
        ("plain-in-spite-of-its-name.json.gz", FORMS["array"]),
    ],
)
@pytest.mark.parametrize("chunk_bytes", [100, 1 << 20])
def test_compressed_files_give_the_same_rows(
    name: str, stored: bytes, chunk_bytes: int, tmp_path: Path, spool: Path
) -> None:
    rows = read(write(tmp_path, {name: stored}) / name, spool, chunk_bytes)
    assert texts(rows) == ROWS
    assert {row.source_file for row in rows} == {name}


def test_a_single_row_is_a_source(tmp_path: Path, spool: Path) -> None:
    path = write(tmp_path, {"row.json": json.dumps(json.loads(ROWS[0]), indent=2).encode()})
    assert len(read(path / "row.json", spool)) == 1


def test_an_empty_array_is_an_empty_source(tmp_path: Path, spool: Path) -> None:
    assert read(write(tmp_path, {"labels.json": b"[]"}) / "labels.json", spool) == []


def test_a_folder_with_an_empty_array_is_an_empty_source(tmp_path: Path, spool: Path) -> None:
    assert read(write(tmp_path / "in", {"labels.json": b"[]"}), spool) == []


MEMBERS = {
    "b.json": FORMS["array"],
    "a/z.jsonl": FORMS["JSON lines"],
    "a/b.ndjson.gz": gzip.compress(FORMS["JSON lines"], mtime=0),
    "a.json.zst": zstd(ROWS[0]),
}
ORDER = [("a.json.zst", 1), ("a/b.ndjson.gz", 5), ("a/z.jsonl", 5), ("b.json", 5)]
IN_ORDER = [(name, index) for name, count in ORDER for index in range(count)]


def places(rows: list[SourceRow]) -> list[tuple[str, int]]:
    return [(row.source_file, row.source_index) for row in rows]


@pytest.mark.parametrize("chunk_bytes", [16, 100, 300, 1 << 20])
def test_a_folder_is_read_in_the_order_of_its_paths(
    chunk_bytes: int, tmp_path: Path, spool: Path
) -> None:
    rows = read(write(tmp_path / "in", MEMBERS), spool, chunk_bytes)
    assert places(rows) == IN_ORDER
    assert texts(rows) == [ROWS[0], *ROWS, *ROWS, *ROWS]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_is_read_in_the_order_of_its_paths(method: int, tmp_path: Path, spool: Path) -> None:
    path = write(tmp_path, {"labels.zip": zipped(MEMBERS, method)}) / "labels.zip"
    assert places(read(path, spool, 300)) == IN_ORDER


def test_a_zip_is_known_by_its_first_bytes(tmp_path: Path, spool: Path) -> None:
    path = write(tmp_path, {"download": zipped(MEMBERS)}) / "download"
    assert places(read(path, spool)) == IN_ORDER


def test_member_names_of_a_zip_never_become_paths(tmp_path: Path, spool: Path) -> None:
    stored = zipped({"../../evil.json": ROWS[0], "/root/evil.json": ROWS[1]})
    path = write(tmp_path / "in", {"labels.zip": stored}) / "labels.zip"
    for chunk in LabelSource(path, spool).chunks():
        assert {Path(segment.path).parent for segment in chunk.segments} == {spool}
        assert len(chunk.read_rows()) == 2
    assert {path.name for path in tmp_path.rglob("*evil*")} == set()


def test_small_files_share_a_chunk(tmp_path: Path, spool: Path) -> None:
    members = {f"{number}.json": row for number, row in enumerate(ROWS)}
    chunks = list(LabelSource(write(tmp_path / "in", members), spool).chunks())
    assert [(chunk.index, chunk.rows, len(chunk.segments)) for chunk in chunks] == [(0, 5, 5)]
    assert chunks[0].length == sum(map(len, ROWS))


def test_a_full_chunk_is_handed_out_before_what_follows_is_looked_at(
    tmp_path: Path, spool: Path
) -> None:
    rows = b",".join(label_row(1_000 + number) for number in range(20))
    write(tmp_path, {"labels.json": b"[" + rows + b',{"label_hash": oops}]'})
    chunks = LabelSource(tmp_path / "labels.json", spool).chunks(len(rows) + 20)
    assert next(chunks).rows == 20
    with pytest.raises(SourceError, match="cannot be read as label rows"):
        next(chunks)


def test_local_plain_files_are_read_in_place(tmp_path: Path, spool: Path) -> None:
    path = write(tmp_path, {"labels.json": FORMS["array"]}) / "labels.json"
    (chunk,) = LabelSource(path, spool).chunks()
    assert chunk.spool_file is None
    assert not spool.exists()
    assert Path(chunk.segments[0].path) == path


def test_a_relative_path_stays_readable_from_another_folder(
    tmp_path: Path, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"labels.json": FORMS["array"]})
    monkeypatch.chdir(tmp_path)
    (chunk,) = LabelSource("labels.json", spool).chunks()
    monkeypatch.chdir("/")
    assert texts(chunk.read_rows()) == ROWS


def test_spooled_bytes_are_gone_once_chunks_are_discarded(tmp_path: Path, spool: Path) -> None:
    path = (
        write(tmp_path, {"labels.json.gz": gzip.compress(FORMS["array"], mtime=0)})
        / "labels.json.gz"
    )
    for chunk in LabelSource(path, spool).chunks(120):
        assert len(list(spool.iterdir())) == 1
        chunk.discard()
        chunk.discard()
    assert list(spool.iterdir()) == []


def test_spooled_bytes_are_gone_if_the_source_turns_out_unreadable(
    tmp_path: Path, spool: Path
) -> None:
    members = {"a.json": ROWS[0], "b.json": b"[nonsense]"}
    path = write(tmp_path, {"labels.zip": zipped(members)}) / "labels.zip"
    with pytest.raises(SourceError, match=r"b\.json"):
        list(LabelSource(path, spool).chunks())
    assert list(spool.iterdir()) == []


def test_the_same_source_gives_the_same_chunks(tmp_path: Path, spool: Path) -> None:
    folder = write(tmp_path / "in", {"b.json": FORMS["array"], "a.json": FORMS["JSON lines"]})
    first, second = (list(LabelSource(folder, spool).chunks(150)) for _ in range(2))
    assert first == second


def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path, spool: Path) -> None:
    path = write(tmp_path, {"labels.json": FORMS["array"]}) / "labels.json"
    (chunk,) = LabelSource(path, spool).chunks()
    path.write_bytes(FORMS["pretty array"])
    with pytest.raises(SourceError, match=r"labels\.json changed while it was read"):
        chunk.read_rows()


def test_a_named_pipe_is_a_source(tmp_path: Path, spool: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_bytes(FORMS["array"]))
    writer.start()
    assert texts(read(path, spool)) == ROWS
    writer.join()


PASSED_OVER = {
    "image.png": b"\x89PNG",
    "notes.txt": b"hello",
    "archive.zip": b"PK",
    ".hidden.json": ROWS[0],
    ".cache/rows.json": ROWS[0],
    "__MACOSX/._labels.json": b"\x00\x05\x16\x07",
    "ontology.json": json.dumps(ONTOLOGY).encode(),
    "other.json": b'{"images": [], "annotations": []}',
    "wrapped.json": json.dumps({"title": "Cars", "editor": ONTOLOGY}, indent=1).encode(),
}


def test_other_files_of_a_folder_are_passed_over_with_a_note(tmp_path: Path, spool: Path) -> None:
    folder = write(tmp_path / "in", PASSED_OVER | {"labels.json": FORMS["array"]})
    (folder / "link").symlink_to(folder, target_is_directory=True)
    (folder / "broken.json").symlink_to(folder / "nowhere")
    source = LabelSource(folder, spool)
    assert [chunk.rows for chunk in source.chunks()] == [5]
    reasons = {note.source_file: note.reason for note in source.passed_over}
    for name in ("archive.zip", "image.png", "notes.txt"):
        assert reasons.pop(name).startswith("it is not named like a file of label rows (*.json,")
    assert reasons == {
        ".cache/": "it is hidden",
        ".hidden.json": "it is hidden",
        "__MACOSX/": "macOS keeps attributes of files there",
        "broken.json": "it is not a regular file",
        "link/": "it is a link to a folder",
        "ontology.json": "it is an ontology",
        "wrapped.json": "it is an ontology",
        "other.json": "it holds an object that is no label row",
    }


def test_other_members_of_a_zip_are_passed_over_with_a_note(tmp_path: Path, spool: Path) -> None:
    stored = zipped(PASSED_OVER | {"labels.json": FORMS["array"], "empty-folder/": b""})
    source = LabelSource(write(tmp_path, {"in.zip": stored}) / "in.zip", spool)
    assert [chunk.rows for chunk in source.chunks()] == [5]
    assert {note.source_file for note in source.passed_over} == set(PASSED_OVER)
    assert all(str(note).startswith(note.source_file) for note in source.passed_over)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"label_hash": "x", "objects": []}).encode(),
        json.dumps({"data_units": {}, "classifications": []}).encode(),
        json.dumps({"data_hash": "x", "objects": []}).encode(),
        json.dumps(ONTOLOGY).encode() + ROWS[0],
        b"[5]",
        b"[" + json.dumps(ONTOLOGY).encode() + b",{}]",
    ],
)
def test_what_is_not_one_object_of_another_kind_is_read_as_rows(
    text: bytes, tmp_path: Path, spool: Path
) -> None:
    assert len(read(write(tmp_path / "in", {"labels.json": text}), spool)) >= 1


def test_a_file_name_that_is_not_unicode_is_escaped(tmp_path: Path, spool: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.json")).write_bytes(ROWS[0])
    assert places(read(folder, spool)) == [("caf\\udce9.json", 0)]


@pytest.mark.parametrize(
    "path",
    [
        "memory://exports/labels.json",
        "memory://exports/labels.json.gz",
        "memory://exports/labels.zip",
        "memory://exports/folder",
        "zip://labels.json::memory://exports/labels.zip",
        "zip://::memory://exports/labels.zip",
    ],
)
@pytest.mark.parametrize("chunk_bytes", [100, 1 << 20])
def test_urls_of_any_fsspec_file_system_are_read(
    path: str, chunk_bytes: int, spool: Path, memory: fsspec.AbstractFileSystem
) -> None:
    memory.pipe(
        {
            "/exports/labels.json": FORMS["array"],
            "/exports/labels.json.gz": gzip.compress(FORMS["array"], mtime=0),
            "/exports/labels.zip": zipped({"labels.json": FORMS["array"]}),
            "/exports/folder/labels.json": FORMS["array"],
            "/exports/folder/.keep": b"",
        }
    )
    rows = read(path, spool, chunk_bytes)
    assert texts(rows) == ROWS
    assert {row.source_file for row in rows} <= {"labels.json", "labels.json.gz"}


def test_a_url_of_a_local_file_is_read_in_place(tmp_path: Path, spool: Path) -> None:
    path = write(tmp_path, {"labels.json": FORMS["array"]}) / "labels.json"
    (chunk,) = LabelSource(path.as_uri(), spool).chunks()
    assert chunk.spool_file is None
    assert texts(chunk.read_rows()) == ROWS


def test_universal_paths_are_sources(spool: Path, memory: fsspec.AbstractFileSystem) -> None:
    memory.pipe("/labels.json", FORMS["array"])
    assert texts(read(UPath("memory://labels.json"), spool)) == ROWS


def test_the_query_of_a_url_stays_out_of_file_names(
    spool: Path, memory: fsspec.AbstractFileSystem
) -> None:
    memory.pipe("/labels.json?sig=secret", FORMS["array"])
    assert {row.source_file for row in read("memory://labels.json?sig=secret", spool)} == {
        "labels.json"
    }


@pytest.mark.parametrize(
    "url",
    [
        "nosuch://user:secret@host/labels.json?sig=secret#secret",
        "memory://user:secret@host/labels.json?sig=secret",
        "nosuch://key:sec/secret@bucket/labels.json",
        "zip://a.json::nosuch://user:secret@host/labels.zip?sig=secret",
    ],
)
def test_errors_tell_no_secrets(url: str, spool: Path, memory: fsspec.AbstractFileSystem) -> None:
    with pytest.raises(SourceError) as caught:
        read(url, spool)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_syntax_errors_of_remote_files_tell_no_secrets(
    spool: Path, memory: fsspec.AbstractFileSystem
) -> None:
    memory.pipe("/labels.json?sig=secret", b"[1 2]")
    with pytest.raises(
        SourceError, match=r"memory://labels\.json cannot be read.* byte 3"
    ) as error:
        read("memory://labels.json?sig=secret", spool)
    assert "secret" not in str(error.value)


def damaged_zip() -> bytes:
    stored = bytearray(zipped({"labels.json": FORMS["array"]}, zipfile.ZIP_STORED))
    stored[60] ^= 1
    return bytes(stored)


def encrypted_zip() -> bytes:
    stored = bytearray(zipped({"labels.json": FORMS["array"]}))
    directory = stored.index(b"PK\x01\x02")
    stored[directory + 8] |= 1
    return bytes(stored)


@pytest.mark.parametrize(
    ("name", "stored", "message"),
    [
        ("empty.json", b"", "at byte 0, the file ends without a value"),
        ("scalar.json", b'"x"', "at byte 0, a string stands in place of label rows"),
        ("cut.json", b'[{"label_hash": "a"}, {"lab', "at byte 27, the text ends in the middle"),
        ("nan.json", b'[{"a": 1}, {"a": NaN}]', "at byte 17, NaN is not a JSON value"),
        ("behind.json", b"[] []", "at byte 3, text follows the end of the array"),
        ("utf16.json", '[{"a":1}]'.encode("utf-16"), "UTF-16"),
        (
            "damaged.json.gz",
            gzip.compress(FORMS["array"], mtime=0)[:-9],
            "its gzip data breaks off",
        ),
        ("damaged.json.zst", zstd(FORMS["array"])[:-9], "its zstd data breaks off"),
        ("nan.json.gz", gzip.compress(b"[NaN]", mtime=0), "at byte 1, NaN"),
        ("damaged.zip", damaged_zip(), "labels.json is damaged or cut short"),
        ("cut.zip", zipped(MEMBERS)[:-30], "cut.zip is damaged or cut short"),
        ("no.zip", b"hello", "no.zip is damaged or cut short"),
        ("encrypted.zip", encrypted_zip(), "labels.json is encrypted"),
        ("nan.zip", zipped({"a.json": b"[NaN]"}), "nan.zip: a.json cannot be .* at byte 1, NaN"),
        ("none.zip", zipped({"a.txt": b""}), "holds no file of label rows"),
    ],
)
def test_unreadable_files_are_named_with_place_and_cause(
    name: str, stored: bytes, message: str, tmp_path: Path, spool: Path
) -> None:
    path = write(tmp_path, {name: stored}) / name
    with pytest.raises(SourceError, match=message) as caught:
        read(path, spool)
    assert str(caught.value).startswith(str(path))
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("members", [{}, {"a.txt": b""}, {"ontology.json": b'{"objects": []}'}])
def test_a_folder_without_label_rows_is_an_error(
    members: dict[str, bytes], tmp_path: Path, spool: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    with pytest.raises(SourceError, match="holds no file of label rows"):
        read(write(folder, members), spool)


def test_a_missing_source_is_named(tmp_path: Path, spool: Path) -> None:
    with pytest.raises(SourceError, match=r"nowhere\.json does not exist"):
        read(tmp_path / "nowhere.json", spool)


def test_a_missing_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nowhere\.json does not exist"):
        read_text(tmp_path / "nowhere.json")


def test_a_missing_url_is_named(spool: Path, memory: fsspec.AbstractFileSystem) -> None:
    with pytest.raises(SourceError, match=r"memory://nowhere/labels\.json does not exist"):
        read("memory://nowhere/labels.json", spool)


def test_an_empty_path_is_an_error(spool: Path) -> None:
    with pytest.raises(SourceError, match="path of the source is empty"):
        read("", spool)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_the_right_to_read_it_is_named(tmp_path: Path, spool: Path) -> None:
    path = write(tmp_path, {"labels.json": FORMS["array"]}) / "labels.json"
    path.chmod(0)
    with pytest.raises(SourceError, match=r"labels\.json may not be read"):
        read(path, spool)


def test_a_spool_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, {"labels.json.gz": gzip.compress(FORMS["array"], mtime=0), "file": b""})
    with pytest.raises(StorageError, match="temporary folder"):
        read(path / "labels.json.gz", tmp_path / "file")


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("ontology.json", b'{"objects": []}'),
        ("ontology.json", b'\xef\xbb\xbf{"objects": []}'),
        ("ontology.json.gz", gzip.compress(b'{"objects": []}', mtime=0)),
        ("ontology.json.zst", zstd(b'{"objects": []}')),
    ],
)
def test_a_text_is_read_whole(name: str, stored: bytes, tmp_path: Path) -> None:
    assert read_text(write(tmp_path, {name: stored}) / name) == b'{"objects": []}'


def test_a_long_text_is_read_whole(tmp_path: Path) -> None:
    text = b"x" * 300_000
    assert read_text(write(tmp_path, {"long": text}) / "long") == text


def test_a_text_behind_a_url_is_read(memory: fsspec.AbstractFileSystem) -> None:
    memory.pipe("/ontology.json", b"{}")
    assert read_text("memory://ontology.json") == b"{}"


def test_a_folder_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a folder: name a file in it"):
        read_text(tmp_path)


@pytest.mark.shared_data
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data/encord")
def test_the_label_rows_of_the_sdk_are_read_from_their_folders(spool: Path) -> None:
    for folder in sorted(SHARED.iterdir()):
        whole = json.loads((folder / "labels.json").read_bytes())
        expected = whole if isinstance(whole, list) else [whole]
        rows = read(folder, spool, 1000)
        assert [json.loads(bytes(row.json)) for row in rows] == expected
        assert {row.source_file for row in rows} == {"labels.json"}
