"""What a source may ask for: every bound holds, says so, and can be raised."""

import gzip
import io
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from coco_dagster.encord.limits import PREFIX, SourceLimits, limits_of
from coco_dagster.encord.sources import LabelSource, read_text
from coco_dagster.errors import SettingsError, SourceError
from coco_dagster.export import export_coco

ROW = b'{"label_hash": "a", "data_units": {}}'
BLANK = b"[" + b" " * 200_000 + ROW + b"]"
"""Text that packs to a thousandth of its length."""


def zipped(members: dict[str, bytes]) -> bytes:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return stored.getvalue()


def rows_of(path: Path, limits: SourceLimits) -> int:
    source = LabelSource(path, path.with_name("spool"), limits=limits)
    return sum(len(chunk.read_rows()) for chunk in source.chunks())


def many_files(folder: Path) -> Path:
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.json").write_bytes(ROW)
    return folder


BOMBS: dict[str, Callable[[], bytes]] = {
    "bomb.json.gz": lambda: gzip.compress(BLANK),
    "bomb.json.zst": lambda: bytes(pa.compress(BLANK, "zstd")),
    "bomb.zip": lambda: zipped({"labels.json": BLANK}),
    "nested.zip": lambda: zipped({"labels.json.gz": gzip.compress(BLANK)}),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_unpacks_to_far_more_than_its_size_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(BOMBS[name]())
    limits = SourceLimits(unpacked_bytes=1000, expansion=20)
    with pytest.raises(
        SourceError,
        match=rf"{name}.* unpacks to more than 20 times its own size.*{PREFIX}EXPANSION raises",
    ):
        rows_of(path, limits)
    assert rows_of(path, msgspec.structs.replace(limits, expansion=10**6)) == 1
    assert rows_of(path, msgspec.structs.replace(limits, unpacked_bytes=10**6)) == 1


def test_the_files_of_a_zip_count_together(tmp_path: Path) -> None:
    path = tmp_path / "labels.zip"
    path.write_bytes(zipped({f"{number}.json": BLANK for number in range(20)}))
    limits = SourceLimits(unpacked_bytes=2 * len(BLANK), expansion=20)
    with pytest.raises(SourceError, match="unpacks to more than 20 times"):
        rows_of(path, limits)


def test_a_bomb_stops_an_export_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bomb.json.gz").write_bytes(gzip.compress(BLANK))
    monkeypatch.setenv(f"{PREFIX}UNPACKED_BYTES", "1000")
    monkeypatch.setenv(f"{PREFIX}EXPANSION", "20")
    with pytest.raises(SourceError, match="20 times its own size"):
        export_coco(tmp_path / "bomb.json.gz", None, tmp_path / "out", workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["bomb.json.gz"]


@pytest.mark.parametrize(
    ("text", "limits", "message"),
    [
        (b"[" + ROW[:-1] + b', "x": "' + b"x" * 5000 + b'"}]', {"row_bytes": 1000}, "1,000 bytes"),
        (b"[" + ROW[:-1] + b', "x": [' + b"{}," * 50 + b"{}]}]", {"row_objects": 30}, "30 JSON ob"),
    ],
)
def test_a_gigantic_row_is_refused(
    text: bytes, limits: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "labels.json"
    path.write_bytes(text)
    (name,) = limits
    bounded = SourceLimits(**limits)
    with pytest.raises(
        SourceError, match=rf"labels\.json .* at byte \d+, a row begins .*{message}.*"
    ) as caught:
        list(LabelSource(path, tmp_path / "spool", limits=bounded).chunks(500))
    assert f"{PREFIX}{name.upper()}" in str(caught.value)
    assert rows_of(path, SourceLimits()) == 1


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=rf"labels holds 4 files.*{PREFIX}FILES raises"):
        rows_of(many_files(tmp_path / "labels"), SourceLimits(files=3))
    path = tmp_path / "labels.zip"
    path.write_bytes(zipped({f"{number}.json": ROW for number in range(4)}))
    with pytest.raises(SourceError, match=r"labels\.zip holds 4 files"):
        rows_of(path, SourceLimits(files=3))
    assert rows_of(path, SourceLimits(files=4)) == 4


def test_too_long_an_ontology_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ontology.json"
    path.write_bytes(b'{"objects": []}' + b" " * 5000)
    with pytest.raises(SourceError, match=rf"ontology\.json is longer .*{PREFIX}TEXT_BYTES raises"):
        read_text(path, SourceLimits(text_bytes=1000))
    assert read_text(path).startswith(b'{"objects"')


def test_links_that_lead_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    folder = many_files(tmp_path / "labels")
    (tmp_path / "secret.json").write_bytes(ROW)
    (folder / "out.json").symlink_to(tmp_path / "secret.json")
    (folder / "within.json").symlink_to(folder / "0.json")
    source = LabelSource(folder, tmp_path / "spool")
    assert sum(chunk.rows for chunk in source.chunks()) == 5
    (passed_over,) = source.passed_over
    assert passed_over.source_file == "out.json"
    assert f"{PREFIX}LINKS=true" in passed_over.reason
    assert rows_of(folder, SourceLimits(links=True)) == 6


def test_a_link_in_a_zip_is_the_text_that_it_is(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_bytes(ROW)
    link = zipfile.ZipInfo("link.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "labels.zip", "w") as archive:
        archive.writestr(link, str(tmp_path / "secret.json"))
    with pytest.raises(SourceError, match=r"link\.json cannot be read .*'/' cannot begin JSON"):
        rows_of(tmp_path / "labels.zip", SourceLimits())


def test_the_environment_raises_a_bound() -> None:
    assert limits_of({}) == SourceLimits()
    raised = limits_of({f"{PREFIX}FILES": "7", f"{PREFIX}LINKS": "true", f"{PREFIX}EXPANSION": ""})
    assert raised == SourceLimits(files=7, links=True)


@pytest.mark.parametrize("value", ["0", "-5", "many", "1.5"])
def test_a_bound_that_is_none_is_named(value: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{PREFIX}FILES is `{value}`: it must be a whole"):
        limits_of({f"{PREFIX}FILES": value})
