"""The asset checks."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from coco_dagster.orchestrate.checks import KEYED_TABLES, build_checks
from coco_dagster.orchestrate.pipeline import Pipeline

Build = Callable[..., dg.Definitions]
Launch = Callable[..., dg.ExecuteInProcessResult]
Finished = tuple[dg.Definitions, dg.ExecuteInProcessResult]

EXPORT_CHECKS = {"counts_add_up", "loads_in_pycocotools", "no_rejected_labels"}


def evaluations(
    result: dg.ExecuteInProcessResult,
) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    """Evaluations of a run by the last part of the asset's key and the check's name."""
    return {
        (evaluation.asset_key.path[-1], evaluation.check_name): evaluation
        for evaluation in result.get_asset_check_evaluations()
    }


def export_folder(storage: Path) -> Path:
    root = storage / "exports" / "boats"
    return root / str(json.loads((root / "latest.json").read_text())["export_id"])


def test_every_check_runs_and_passes_on_good_labels(finished: Finished) -> None:
    found = evaluations(finished[1])
    assert set(found) == {
        *((table, "keys_unique") for table in KEYED_TABLES),
        ("annotations", "annotations_have_frame_and_category"),
        *(("coco", name) for name in EXPORT_CHECKS),
    }
    assert all(evaluation.passed for evaluation in found.values())


def test_checks_stand_in_steps_of_their_own(finished: Finished) -> None:
    steps = {event.step_key for event in finished[1].all_events if event.step_key}
    assert steps == {
        "boats__raw_labels",
        "boats__ontology",
        "boats__tables",
        "boats__coco",
        "boats__check_tables",
        "boats__check_coco",
    }


def test_checks_run_only_for_the_assets_of_the_run(finished: Finished, launch: Launch) -> None:
    assert set(evaluations(launch(finished[0], "frames"))) == {("frames", "keys_unique")}


def test_every_check_has_a_description() -> None:
    pipeline = Pipeline(name="boats", labels="labels")
    specs = [spec for check in build_checks(pipeline, "warn") for spec in check.check_specs]
    assert all(spec.description for spec in specs)


@pytest.mark.usefixtures("rejected_label")
def test_rejected_label_is_a_warning_that_lists_it(build: Build, launch: Launch) -> None:
    result = launch(build())
    assert result.success
    failed = {key: found for key, found in evaluations(result).items() if not found.passed}
    assert set(failed) == {("coco", "no_rejected_labels")}
    evaluation = failed["coco", "no_rejected_labels"]
    assert evaluation.severity == dg.AssetCheckSeverity.WARN
    assert evaluation.metadata["rejected"].value == 1
    listed = evaluation.metadata["labels"]
    assert isinstance(listed, dg.TableMetadataValue)
    (record,) = listed.records
    assert (record.data["label_hash"], record.data["object_hash"]) == ("row-c", "o1")
    assert record.data["message"]


@pytest.mark.usefixtures("rejected_label")
def test_rejected_label_can_fail_the_run_after_everything_is_made(
    build: Build, launch: Launch
) -> None:
    result = launch(build(rejected_labels="block"), raise_on_error=False)
    assert not result.success
    assert len(result.get_asset_materialization_events()) == 12
    assert evaluations(result).keys() >= {("coco", name) for name in EXPORT_CHECKS}


@pytest.mark.usefixtures("rejected_label")
def test_blocked_export_holds_back_what_depends_on_it(build: Build) -> None:
    definitions = build(rejected_labels="block")

    @dg.asset(deps=[dg.AssetKey(["boats", "coco"])])
    def model() -> None: ...

    job = dg.define_asset_job("everything", executor_def=dg.in_process_executor)
    merged = dg.Definitions.merge(definitions, dg.Definitions(assets=[model], jobs=[job]))
    result = merged.resolve_job_def("everything").execute_in_process(raise_on_error=False)
    made = {event.asset_key for event in result.get_asset_materialization_events()}
    assert dg.AssetKey(["boats", "coco"]) in made
    assert dg.AssetKey("model") not in made


def run_export_checks(definitions: dg.Definitions) -> dict[str, dg.AssetCheckEvaluation]:
    """Run the checks of the export alone, on what is published."""
    checks = dg.AssetSelection.checks_for_assets(dg.AssetKey(["boats", "coco"]))
    job = dg.define_asset_job("check", selection=checks)
    merged = dg.Definitions.merge(definitions, dg.Definitions(jobs=[job]))
    result = merged.resolve_job_def("check").execute_in_process()
    return {found.check_name: found for found in result.get_asset_check_evaluations()}


def test_checks_run_alone_on_what_is_published(finished: Finished) -> None:
    assert set(run_export_checks(finished[0])) == EXPORT_CHECKS


def test_checks_without_an_export_say_so(build: Build) -> None:
    with pytest.raises(dg.Failure) as failure:
        run_export_checks(build())
    assert "materialise it first" in str(failure.value.description)


def test_file_that_changed_after_publication_is_found(
    published: dg.Definitions, storage: Path
) -> None:
    path = export_folder(storage) / "annotations.json"
    path.write_text(path.read_text() + " ")
    found = run_export_checks(published)["counts_add_up"]
    assert not found.passed
    assert "annotations.json" in str(found.description)


def test_annotation_that_is_missing_from_the_file_is_found(
    published: dg.Definitions, storage: Path
) -> None:
    path = export_folder(storage) / "annotations.json"
    document: dict[str, Any] = json.loads(path.read_text())
    document["annotations"].pop()
    path.write_text(json.dumps(document))
    found = run_export_checks(published)["loads_in_pycocotools"]
    assert not found.passed
    assert "2 images and 2 annotations" in str(found.description)


def test_file_that_is_no_coco_file_is_found(published: dg.Definitions, storage: Path) -> None:
    (export_folder(storage) / "annotations.json").write_text('{"annotations": [{}]}')
    assert not run_export_checks(published)["loads_in_pycocotools"].passed


def test_number_that_is_wrong_in_the_manifest_is_found(
    published: dg.Definitions, storage: Path
) -> None:
    path = export_folder(storage) / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["counts"]["skipped"] += 1
    path.write_text(json.dumps(manifest))
    assert not run_export_checks(published)["counts_add_up"].passed
