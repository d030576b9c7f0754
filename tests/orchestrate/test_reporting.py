"""Reports within a step: what they add, and that they never fail it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from coco_dagster.report import report
from coco_dagster.report.settings import ReportSettings
from tests.orchestrate.conftest import boat, write_row

Build = Callable[..., dg.Definitions]
Launch = Callable[..., dg.ExecuteInProcessResult]


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    (event,) = (
        event
        for event in result.get_asset_materialization_events()
        if event.asset_key is not None and event.asset_key.path[-1] == asset
    )
    return dict(event.materialization.metadata)


def test_the_export_has_a_report_and_a_sheet(build: Build, launch: Launch) -> None:
    found = metadata(launch(build()), "coco")
    assert Path(found["report"].path).read_text().startswith("<!DOCTYPE html>")
    assert found["contact_sheet"].md_str.startswith("![annotated images](data:image/")
    assert [record.data["category"] for record in found["largest_categories"].records] == ["Boat"]
    assert found["annotations"].value == 3


def test_tables_show_their_first_rows_and_no_raw_json(build: Build, launch: Launch) -> None:
    result = launch(build())
    raw = metadata(result, "raw_labels")["preview"]
    assert "json" not in [column.name for column in raw.schema.columns]
    assert len(raw.records) == 2
    frames = metadata(result, "frames")["preview"].records[0].data
    assert frames["data_hash"] == "file-a"
    ontology = metadata(result, "ontology")["preview"].records[0].data
    assert (ontology["name"], ontology["color"]) == ("Boat", "#D33115")


def test_a_report_can_be_done_without(build: Build, launch: Launch) -> None:
    settings = ReportSettings(html=False, contact_sheet=False)
    found = metadata(launch(build(report=settings)), "coco")
    assert "report" not in found
    assert "contact_sheet" not in found


def test_the_next_export_is_compared_with_this_one(
    build: Build, launch: Launch, labels: Path
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        first = metadata(launch(build(), instance=instance), "coco")
        assert "compared_with" not in first
        write_row(labels, "c", [boat("o1"), boat("o2", 0.5)])
        second = metadata(launch(build(), instance=instance), "coco")
        again = metadata(launch(build(), instance=instance), "coco")
    assert second["compared_with"].value == first["export_id"].value
    (record,) = second["largest_categories"].records
    assert record.data["change"] == 2
    # Nothing is new the third time, and the report is still about what was.
    assert again["compared_with"].value == first["export_id"].value


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Exports of which a report was made."""
    made: list[str] = []

    def report_export(export: str, *given: Any) -> Any:
        made.append(export)
        return make(export, *given)

    make = report.report_export
    monkeypatch.setattr(report, "report_export", report_export)
    return made


def test_the_report_on_an_unchanged_export_is_not_made_again(
    build: Build, launch: Launch, instance: dg.DagsterInstance, reports: list[str]
) -> None:
    first, second = (metadata(launch(build(), instance=instance), "coco") for _ in range(2))
    assert len(reports) == 1
    assert list(second)[:2] == ["contact_sheet", "report"]
    own = {"reused", *(name for name in {**first, **second} if name.startswith("seconds/"))}
    assert {k: v for k, v in first.items() if k not in own} == {
        k: v for k, v in second.items() if k not in own
    }


def test_a_page_that_is_gone_is_written_again(
    build: Build, launch: Launch, instance: dg.DagsterInstance, reports: list[str]
) -> None:
    page = Path(metadata(launch(build(), instance=instance), "coco")["report"].path)
    page.unlink()
    launch(build(), instance=instance)
    assert page.exists()
    assert len(reports) == 2


def test_other_settings_make_another_report(
    build: Build, launch: Launch, instance: dg.DagsterInstance, reports: list[str]
) -> None:
    launch(build(), instance=instance)
    launch(build(report=ReportSettings(images=1)), instance=instance)
    assert len(reports) == 2


def test_pictures_are_looked_for_every_time(
    build: Build, launch: Launch, instance: dg.DagsterInstance, reports: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for _ in range(2):
        launch(build(report=ReportSettings(pictures=str(folder))), instance=instance)
    assert len(reports) == 2


def test_a_report_that_fails_costs_the_report_alone(
    build: Build, launch: Launch, tmp_path: Path
) -> None:
    settings = ReportSettings(pictures=str(tmp_path / "nowhere"))
    result = launch(build(report=settings))
    assert result.success
    found = metadata(result, "coco")
    assert "contact_sheet" not in found
    assert found["annotations"].value == 3


def test_a_preview_that_fails_costs_the_preview_alone(
    build: Build, launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("coco_dagster.orchestrate.reporting.row_preview", fail)
    result = launch(build())
    assert result.success
    assert "preview" not in metadata(result, "frames")
