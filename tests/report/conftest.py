"""An export of the sample with its report, and a browser, each made once."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from coco_dagster.export import export_coco
from coco_dagster.export.result import ExportResult
from coco_dagster.report.report import Report, report_export
from coco_dagster.report.settings import ReportSettings
from tests.report.browser import Browser, chromium

SAMPLE = Path(__file__).parents[2] / "definitions" / "sample"


@dataclass(frozen=True)
class Reported:
    """An export with `report.html` beside it."""

    folder: Path
    report: Report

    @property
    def page(self) -> Path:
        return self.folder / "report.html"


@pytest.fixture(scope="session")
def sample_report(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    """The sample with all of its pictures, reported on while its tables are there."""
    folder = tmp_path_factory.mktemp("reported") / "out"
    reports: list[Report] = []

    def inspect(result: ExportResult, scan: Callable[[str], pl.LazyFrame]) -> None:
        reports.append(report_export(result.url, ReportSettings(pictures=str(SAMPLE)), None, scan))

    labels, ontology = SAMPLE / "labels.json", SAMPLE / "ontology.json"
    export_coco(labels, ontology, folder, workers=1, inspect=inspect)
    return Reported(folder, reports[0])


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The one browser of all tests that need one."""
    if chromium() is None:
        if os.environ.get("REQUIRE_CHROMIUM"):
            pytest.fail("Chromium is not installed, and these tests must run.")
        pytest.skip("Chromium is not installed")
    with Browser(tmp_path_factory.mktemp("chromium")) as running:
        yield running
