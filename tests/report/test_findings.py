"""The findings that are shown of an export that may have very many."""

from pathlib import Path

import pytest

from coco_dagster.report import findings
from coco_dagster.report.findings import read_findings
from coco_dagster.report.published_export import PublishedExport
from tests.exports import Export, export_rows
from tests.label_rows import label_row
from tests.objects import box, polygon


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Export:
    rows = [
        label_row([box("bad", {"x": 1}), box("good")], label_hash=f"row {number:02}")
        for number in range(40)
    ]
    rare = label_row([polygon("thin", [(0, 0), (1, 1)])], label_hash="z")
    deleted = label_row([box("o", None, isDeleted=True)], label_hash="zz")
    return export_rows(tmp_path_factory.mktemp("findings"), [*rows, rare, deleted])


def test_kinds_of_findings_are_counted_the_gravest_first(export: Export) -> None:
    found = read_findings(PublishedExport(str(export.folder)), [])
    assert [(code.code, code.outcome, code.count) for code in found.codes] == [
        ("malformed_geometry", "rejected", 40),
        ("too_few_points", "rejected", 1),
        ("deleted", "skipped", 1),
    ]
    assert found.total == len(export.findings)


def test_of_very_many_each_kind_is_shown(export: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "MOST_FINDINGS", 5)
    found = read_findings(PublishedExport(str(export.folder)), [])
    assert len(found.rows) == 5
    assert {row["code"] for row in found.rows} == {
        "malformed_geometry",
        "too_few_points",
        "deleted",
    }


def test_those_of_shown_images_come_first(export: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "MOST_FINDINGS", 3)
    found = read_findings(PublishedExport(str(export.folder)), [("file-row 33", 0)])
    assert "file-row 33" in {row["data_hash"] for row in found.rows}


def test_no_finding_is_no_row(tmp_path: Path) -> None:
    export = export_rows(tmp_path, [label_row([box("o")])])
    found = read_findings(PublishedExport(str(export.folder)), [])
    assert (found.rows, found.codes, found.total) == ([], [], 0)
