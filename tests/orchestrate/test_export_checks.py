"""Numbers of a manifest are read without the label rows in it."""

import json
from pathlib import Path

import pytest

from coco_dagster.errors import StorageError
from coco_dagster.orchestrate import export_checks
from coco_dagster.orchestrate.export_checks import read_manifest
from tests.exports import export_rows
from tests.label_rows import image_unit, label_row
from tests.objects import box

TITLE = '\n "tables": '


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> str:
    rows = [
        label_row({f"f{n}": image_unit([box()])}, label_hash=f"row-{n}", data_title=TITLE)
        for n in range(50)
    ]
    return str(export_rows(tmp_path_factory.mktemp("manifest"), rows).folder)


@pytest.mark.parametrize("tail_bytes", [16, 700, 1 << 20])
def test_numbers_are_found_from_the_end(
    export: str, monkeypatch: pytest.MonkeyPatch, tail_bytes: int
) -> None:
    monkeypatch.setattr(export_checks, "_TAIL_BYTES", tail_bytes)
    manifest = json.loads((Path(export) / "manifest.json").read_text())
    found = read_manifest(export)
    assert found.counts == manifest["counts"]
    assert found.findings == manifest["findings"]
    assert [file.path for file in found.files] == [file["path"] for file in manifest["files"]]


def test_a_manifest_that_somebody_has_rewritten_is_read_as_well(
    export: str, tmp_path: Path
) -> None:
    manifest = json.loads((Path(export) / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert read_manifest(str(tmp_path)) == read_manifest(export)


def test_a_damaged_manifest_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"counts": ')
    with pytest.raises(StorageError, match="damaged"):
        read_manifest(str(tmp_path))
