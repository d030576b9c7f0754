"""Checks that need not be judged again, and those that must be."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from coco_dagster.coco.profiles import TRAINING, ExportSettings
from coco_dagster.orchestrate import checks, export_verdicts, table_verdicts
from coco_dagster.orchestrate.check_settings import ExportChecks
from coco_dagster.orchestrate.checked_content import JUDGES_OF_COCO
from coco_dagster.orchestrate.verdict_memory import CONTENT, JUDGED_IN
from coco_dagster.orchestrate.verdicts import Scope, Verdict
from tests.orchestrate.conftest import boat, write_row
from tests.orchestrate.test_checks import TABLE_CHECKS, evaluations, export_folder

Build = Callable[..., dg.Definitions]
Launch = Callable[..., dg.ExecuteInProcessResult]
Judged = Callable[..., set[tuple[str, str]]]
Key = tuple[str, str]

OF_COCO = {("coco", name) for name in JUDGES_OF_COCO}
ALWAYS = {("coco", name) for name in ("counts_add_up", "no_rejected_labels", "class_balance")}


@pytest.fixture
def judged(launch: Launch, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Judged:
    """Runs a pipeline in one instance; returns the checks that were judged by it."""
    seen: set[Key] = set()

    def noted(name: str, judge: Callable[[Scope], Verdict]) -> Callable[[Scope], Verdict]:
        def judging(scope: Scope) -> Verdict:
            seen.add((scope.asset, name))
            return judge(scope)

        return judging

    for judges in (export_verdicts.EXPORT_JUDGES, table_verdicts.TABLE_JUDGES):
        for name, judge in judges.items():
            monkeypatch.setitem(judges, name, noted(name, judge))

    def run(definitions: dg.Definitions, *assets: str) -> set[Key]:
        seen.clear()
        launch(definitions, *assets, instance=instance)
        return set(seen)

    return run


def test_unchanged_content_is_judged_once(build: Build, judged: Judged) -> None:
    assert judged(build()) == TABLE_CHECKS | OF_COCO | ALWAYS
    assert judged(build()) == ALWAYS


def test_changed_label_is_judged(build: Build, judged: Judged, labels: Path) -> None:
    judged(build())
    write_row(labels, "b", [boat("o1", 0.3)])
    changed = judged(build())
    assert changed >= OF_COCO | {("annotations", "boxes_inside_image")}
    # The objects and their frames are the ones that they were.
    assert not changed & {("objects", "keys_unique"), ("frames", "keys_unique")}


def test_remembered_verdict_says_what_it_said_and_in_which_run(
    build: Build, launch: Launch, instance: dg.DagsterInstance, labels: Path
) -> None:
    write_row(labels, "c", [boat("o1", 0.9)])
    runs = [launch(build(), instance=instance) for _ in range(3)]
    first, *later = (evaluations(run)["annotations", "boxes_inside_image"] for run in runs)
    assert not first.passed
    for again in later:
        assert (again.passed, again.severity, again.description) == (
            False,
            first.severity,
            first.description,
        )
        facts = dict(again.metadata)
        assert facts.pop(JUDGED_IN) == dg.MetadataValue.dagster_run(runs[0].run_id)
        assert facts == first.metadata
    assert JUDGED_IN not in first.metadata
    assert CONTENT in first.metadata


def test_file_that_was_damaged_is_judged_again(
    build: Build, judged: Judged, launch: Launch, instance: dg.DagsterInstance, storage: Path
) -> None:
    judged(build())
    path = export_folder(storage) / "annotations.json"
    path.write_text(path.read_text().replace('"segmentation":[[', '"segmentation":["a",['))
    selection = dg.AssetSelection.checks_for_assets(dg.AssetKey(["boats", "coco"]))
    job = dg.define_asset_job("check", selection=selection)
    merged = dg.Definitions.merge(build(), dg.Definitions(jobs=[job]))
    result = merged.resolve_job_def("check").execute_in_process(instance=instance)
    found = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert not any(found[name].passed for name in JUDGES_OF_COCO)


def test_file_that_is_gone_is_told_by_the_check(
    build: Build, judged: Judged, instance: dg.DagsterInstance, storage: Path
) -> None:
    judged(build())
    (export_folder(storage) / "annotations.json").unlink()
    key = dg.AssetCheckKey(dg.AssetKey(["boats", "coco"]), "valid_for_consumers")
    job = dg.define_asset_job("check", selection=dg.AssetSelection.checks(key))
    merged = dg.Definitions.merge(build(), dg.Definitions(jobs=[job]))
    result = merged.resolve_job_def("check").execute_in_process(instance=instance)
    (found,) = result.get_asset_check_evaluations()
    assert not found.passed
    assert "annotations.json" in str(found.description)


@pytest.mark.parametrize(
    ("given", "anew"),
    [
        ({"boxes_inside_image": {"threshold": 0.5}}, {("annotations", "boxes_inside_image")}),
        ({"boxes_inside_image": {"severity": "error"}}, set()),
    ],
)
def test_new_threshold_is_judged_and_a_severity_is_not(
    build: Build, judged: Judged, given: dict[str, Any], anew: set[Key]
) -> None:
    judged(build())
    assert judged(build(checks=ExportChecks(**given))) == anew | ALWAYS


def test_other_settings_of_the_export_are_judged(build: Build, judged: Judged) -> None:
    judged(build())
    assert judged(build(export=ExportSettings(profile=TRAINING)), "coco") == OF_COCO | ALWAYS


def test_other_version_of_a_library_is_judged(
    build: Build, judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(build())
    monkeypatch.setattr(
        "coco_dagster.lineage.manifest.library_versions", lambda: {"pycocotools": "next"}
    )
    assert judged(build()) == TABLE_CHECKS | OF_COCO | ALWAYS


def test_check_that_fails_with_an_error_is_judged_again(
    build: Build, judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(checks.Check, "judged", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            judged(build())
    assert judged(build()) == TABLE_CHECKS | OF_COCO | ALWAYS
