"""Reports beside exports."""

import json
import shutil
from pathlib import Path

import fsspec
import pytest

from coco_dagster.errors import SettingsError, StorageError
from coco_dagster.report.changes import export_state
from coco_dagster.report.published_export import PublishedExport
from coco_dagster.report.report import report_export
from coco_dagster.report.settings import ReportSettings
from tests.exports import export_rows
from tests.label_rows import label_row
from tests.objects import box, polygon
from tests.report.conftest import Reported

ROWS = [
    label_row([box("a"), box("b"), polygon("c")], label_hash="1"),
    label_row([], label_hash="2"),
]


def test_the_report_is_beside_the_export_and_no_part_of_it(sample_report: Reported) -> None:
    manifest = json.loads((sample_report.folder / "manifest.json").read_text())
    assert "report.html" not in [entry["path"] for entry in manifest["files"]]
    assert {path.name for path in sample_report.folder.iterdir()} == {
        "manifest.json",
        "report.html",
        *(entry["path"] for entry in manifest["files"]),
    }


def test_every_picture_of_the_sample_is_found(sample_report: Reported) -> None:
    assert (sample_report.report.pictures, sample_report.report.picture_problems) == (24, {})


def test_categories_with_their_numbers(tmp_path: Path) -> None:
    export = export_rows(tmp_path, ROWS)
    report = report_export(str(export.folder))
    rows = {row.name: row for row in report.categories if row.annotations}
    assert list(rows) == ["bounding_box", "polygon"]
    assert (rows["bounding_box"].annotations, rows["bounding_box"].images) == (2, 1)
    assert rows["bounding_box"].share == pytest.approx(2 / 3)
    assert rows["bounding_box"].change is None


def test_what_changed_since_an_export_that_is_gone(tmp_path: Path) -> None:
    earlier = export_rows(tmp_path / "earlier", ROWS[:1])
    state = export_state(PublishedExport(str(earlier.folder)))
    shutil.rmtree(earlier.folder)
    export = export_rows(tmp_path / "now", [label_row([box("a")], label_hash="1")])
    report = report_export(str(export.folder), since=state)
    assert report.since == earlier.manifest["export_id"]
    changes = {row.name: row.change for row in report.categories if row.change}
    assert changes == {"bounding_box": -1, "polygon": -1}


def test_neither_page_nor_sheet_where_none_is_wanted(tmp_path: Path) -> None:
    export = export_rows(tmp_path, ROWS)
    settings = ReportSettings(html=False, contact_sheet=False)
    report = report_export(str(export.folder), settings)
    assert (report.url, report.bytes, report.contact_sheet) == (None, 0, None)
    assert not (export.folder / "report.html").exists()


def test_an_export_that_is_made_anew_loses_its_old_report(tmp_path: Path) -> None:
    export = export_rows(tmp_path, ROWS)
    report_export(str(export.folder))
    (export.folder / "report.html").write_text("old")
    again = export_rows(tmp_path, ROWS[:1])
    assert again.folder == export.folder
    assert not (again.folder / "report.html").exists()


def test_a_report_in_an_object_store(sample_report: Reported) -> None:
    store = fsspec.filesystem("memory")
    for path in sample_report.folder.glob("*.[jp]*"):
        store.pipe_file(f"/exports/two/{path.name}", path.read_bytes())
    report = report_export("memory://exports/two")
    assert report.url == "memory://exports/two/report.html"
    assert store.cat_file("/exports/two/report.html").startswith(b"<!DOCTYPE html>")


def test_a_folder_of_pictures_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    export = export_rows(tmp_path, ROWS)
    with pytest.raises(SettingsError, match="no folder of pictures"):
        report_export(str(export.folder), ReportSettings(pictures=str(tmp_path / "none")))


def test_a_folder_without_an_export_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="There is no export"):
        report_export(str(tmp_path))
