"""The asset checks."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from coco_dagster.coco.profiles import TRAINING, ExportSettings
from coco_dagster.export.processes import WorkerProcess
from coco_dagster.orchestrate.check_settings import CHECK_TYPES, ExportChecks
from coco_dagster.orchestrate.checks import build_checks
from coco_dagster.orchestrate.pipeline import Export, Pipeline
from coco_dagster.orchestrate.specs import asset_specs
from coco_dagster.orchestrate.steps import Steps
from coco_dagster.orchestrate.table_verdicts import KEYED_TABLES
from coco_dagster.tables.schemas import ONTOLOGY_TABLES
from coco_dagster.tables.store import TableSet
from tests.exports import divide_into
from tests.objects import polygon
from tests.orchestrate.conftest import boat, write_row

Build = Callable[..., dg.Definitions]
Launch = Callable[..., dg.ExecuteInProcessResult]
Finished = tuple[dg.Definitions, dg.ExecuteInProcessResult]

TABLE_CHECKS = {
    *((table, "keys_unique") for table in KEYED_TABLES),
    ("annotations", "annotations_have_frame_and_category"),
    ("annotations", "boxes_inside_image"),
    ("annotations", "no_duplicate_boxes"),
    ("label_rows", "empty_images_reviewed"),
    ("objects", "tracks_without_gaps"),
    ("ontology", "no_ontology_drift"),
}
EXPORT_CHECKS = {
    "class_balance",
    "counts_add_up",
    "loads_in_pycocotools",
    "no_rejected_labels",
    "scores_itself",
    "valid_for_consumers",
}
Started = list[WorkerProcess]
BLOCKING = ExportChecks(no_rejected_labels={"blocking": True})  # type: ignore[call-arg]


def evaluations(
    result: dg.ExecuteInProcessResult,
) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    """Evaluations of a run by the last part of the asset's key and the check's name."""
    return {
        (evaluation.asset_key.path[-1], evaluation.check_name): evaluation
        for evaluation in result.get_asset_check_evaluations()
    }


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """Worker processes that are started."""
    found: Started = []
    start = WorkerProcess.__init__

    def noted(process: WorkerProcess, workers: int) -> None:
        start(process, workers)
        found.append(process)

    monkeypatch.setattr(WorkerProcess, "__init__", noted)
    return found


@pytest.fixture
def take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of any size take long to be validated."""
    monkeypatch.setattr("coco_dagster.orchestrate.export_verdicts.CHUNK_BYTES", 0)
    monkeypatch.setattr("coco_dagster.export.chunks.available_cores", lambda: 2)


def export_folder(storage: Path) -> Path:
    root = storage / "exports" / "boats"
    return root / str(json.loads((root / "latest.json").read_text())["export_id"])


def test_every_check_runs_and_passes_on_good_labels(finished: Finished) -> None:
    found = evaluations(finished[1])
    assert set(found) == {*TABLE_CHECKS, *(("coco", name) for name in EXPORT_CHECKS)}
    assert all(evaluation.passed for evaluation in found.values())


def test_errors_that_follow_from_a_setting_are_told_and_no_failure(finished: Finished) -> None:
    judged = evaluations(finished[1])["coco", "valid_for_consumers"]
    assert judged.metadata["errors"] == judged.metadata["errors_by_setting"]
    assert judged.metadata["errors"].value
    listed = judged.metadata["findings"]
    assert isinstance(listed, dg.TableMetadataValue)
    reasons = {record.data["code"]: record.data["follows_from"] for record in listed.records}
    assert reasons["annotation_id_zero"] == "first_annotation_id: 0"


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


def specs_of(checks: ExportChecks, **settings: Any) -> dict[str, list[dg.AssetCheckSpec]]:
    """Checks of a pipeline by the name of their step."""
    pipeline = Pipeline(name="boats", labels="labels", **settings)
    steps = build_checks(Steps(pipeline, asset_specs(pipeline)), checks)
    return {step.op.name: list(step.check_specs) for step in steps}


def test_every_check_has_a_description() -> None:
    specs = [spec for step in specs_of(ExportChecks()).values() for spec in step]
    assert all(spec.description for spec in specs)


def test_blocking_check_stands_in_a_step_of_its_own() -> None:
    steps = specs_of(BLOCKING)
    alone = steps["boats__check_coco_no_rejected_labels"]
    assert [(spec.name, spec.blocking) for spec in alone] == [("no_rejected_labels", True)]
    others = [spec for name, step in steps.items() for spec in step if step != alone]
    assert not any(spec.blocking for spec in others)


def test_severity_none_leaves_a_check_out() -> None:
    off = ExportChecks(
        **{check.name: {"severity": "none"} for check in CHECK_TYPES}  # type: ignore[arg-type]
    )
    assert specs_of(off) == {}


def test_derived_ontology_cannot_drift_from_its_labels() -> None:
    names = {spec.name for step in specs_of(ExportChecks()).values() for spec in step}
    assert "no_ontology_drift" not in names


def test_every_export_is_judged_by_what_consumers_need() -> None:
    exports = {"plain": Export(), "trained": Export(settings=ExportSettings(profile=TRAINING))}
    steps = specs_of(ExportChecks(), exports=exports)
    judged = {name for name, step in steps.items() if "valid_for_consumers" in str(step)}
    assert judged == {"boats__check_plain", "boats__check_trained"}


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
    result = launch(build(checks=BLOCKING), raise_on_error=False)
    assert not result.success
    assert len(result.get_asset_materialization_events()) == 12
    assert evaluations(result).keys() >= {("coco", name) for name in EXPORT_CHECKS}


@pytest.mark.usefixtures("rejected_label")
def test_blocked_export_holds_back_what_depends_on_it(build: Build) -> None:
    definitions = build(checks=BLOCKING)

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


def test_classes_are_compared_with_those_of_the_export_before(
    build: Build, launch: Launch, labels: Path
) -> None:
    first = launch(build(ontology=None))
    assert evaluations(first)["coco", "class_balance"].metadata["compared"].value is False
    write_row(labels, "c", [polygon(f"outline-{number}") for number in range(3)])
    moved = evaluations(launch(build(ontology=None)))["coco", "class_balance"]
    assert not moved.passed
    assert "50.0%" in str(moved.description)
    lenient = ExportChecks(class_balance={"threshold": 0.5})  # type: ignore[call-arg]
    assert run_export_checks(build(ontology=None, checks=lenient))["class_balance"].passed


def test_severity_and_threshold_decide_what_a_failure_is(
    build: Build, launch: Launch, labels: Path
) -> None:
    write_row(labels, "c", [boat("o1", 0.9)])

    def found(threshold: float) -> dg.AssetCheckEvaluation:
        given = {"severity": "error", "threshold": threshold}
        checks = ExportChecks(boxes_inside_image=given)  # type: ignore[call-arg]
        result = launch(build(checks=checks), "raw_labels", "ontology", "annotations")
        return evaluations(result)["annotations", "boxes_inside_image"]

    assert found(0.25).passed
    failed = found(0.24)
    assert not failed.passed
    assert failed.severity == dg.AssetCheckSeverity.ERROR
    assert "1 of 4 boxes" in str(failed.description)


def test_checks_read_tables_of_labels_part_by_part(
    build: Build, launch: Launch, labels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coco_dagster.export.chunks.CHUNK_BYTES", 1)
    for name in "cd":
        write_row(labels, name, [boat("o1")])
    most: list[int] = []

    def batches(tables: TableSet, table: str, columns: Any = None) -> Iterator[Any]:
        for batch in whole_batches(tables, table, columns):
            most.append(batch.num_rows)
            yield batch

    def read(tables: TableSet, table: str, columns: Any = None) -> Any:
        assert table in ONTOLOGY_TABLES, f"all of {table} was read"
        return whole_read(tables, table, columns)

    launch(build(workers=1))
    whole_batches, whole_read = TableSet.batches, TableSet.read
    monkeypatch.setattr(TableSet, "batches", batches)
    monkeypatch.setattr(TableSet, "read", read)
    monkeypatch.setattr(TableSet, "scan", lambda *_: pytest.fail("a table was scanned"))
    selection = dg.AssetSelection.all_asset_checks()
    job = dg.define_asset_job("check", selection=selection, executor_def=dg.in_process_executor)
    merged = dg.Definitions.merge(build(), dg.Definitions(jobs=[job]))
    found = evaluations(merged.resolve_job_def("check").execute_in_process())
    assert set(found) == {*TABLE_CHECKS, *(("coco", name) for name in EXPORT_CHECKS)}
    # No more than the two boxes of one label row.
    assert max(most) == 2


def test_checks_run_alone_on_what_is_published(finished: Finished) -> None:
    assert set(run_export_checks(finished[0])) == EXPORT_CHECKS


@pytest.mark.usefixtures("take_long")
def test_check_in_another_process_has_the_same_verdict(
    finished: Finished, published: dg.Definitions, started: Started
) -> None:
    found = run_export_checks(published)["valid_for_consumers"]
    expected = evaluations(finished[1])["coco", "valid_for_consumers"]
    assert len(started) == 1
    assert (found.passed, found.metadata) == (expected.passed, expected.metadata)


@pytest.mark.usefixtures("take_long")
def test_check_whose_process_dies_can_be_tried_again(
    published: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coco_dagster.export.processes._WORKER", "raise SystemExit(3)")
    with pytest.raises(dg.Failure, match="exit code 3") as failure:
        run_export_checks(published)
    assert failure.value.allow_retries


def test_steps_of_a_run_share_a_worker_process_that_ends_with_it(
    build: Build, launch: Launch, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    divide_into(monkeypatch, 1)
    assert launch(build(workers=2)).success
    (process,) = started
    assert not process.is_running


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
    lines = path.read_text().splitlines()
    del lines[-2]
    path.write_text("\n".join(lines))
    found = run_export_checks(published)
    for check in ("counts_add_up", "valid_for_consumers"):
        assert not found[check].passed
        assert "annotations.json" in str(found[check].description)


def test_file_that_is_no_coco_file_is_found(published: dg.Definitions, storage: Path) -> None:
    path = export_folder(storage) / "annotations.json"
    spoilt = path.read_text().replace('"segmentation":[[', '"segmentation":["a",[')
    path.write_text(spoilt)
    found = run_export_checks(published)
    assert not found["loads_in_pycocotools"].passed
    assert "annotations.json" in str(found["loads_in_pycocotools"].description)
    assert not found["valid_for_consumers"].passed
    assert "the segmentation is neither" in str(found["valid_for_consumers"].description)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "gone": Path.unlink,
    "cut short": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "of other bytes": lambda path: path.write_bytes(b"\x00\xff" * 500),
}


@pytest.mark.usefixtures("rejected_label")
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files_of_an_export_fail_the_checks_that_read_them_alone(
    build: Build, launch: Launch, storage: Path, damage: str
) -> None:
    launch(build())
    kept = {path.name: path.read_bytes() for path in export_folder(storage).iterdir()}
    readers_of = {
        "annotations.json": {"loads_in_pycocotools", "scores_itself", "valid_for_consumers"},
        "lineage.parquet": set(),
        "findings.parquet": set(),
    }
    for name, readers in readers_of.items():
        path = export_folder(storage) / name
        DAMAGES[damage](path)
        found = run_export_checks(build())
        assert set(found) == EXPORT_CHECKS
        failed = {check for check, evaluation in found.items() if not evaluation.passed}
        assert failed == {"counts_add_up", "no_rejected_labels", *readers}
        for check in ("counts_add_up", *readers):
            assert name in str(found[check].description)
        path.write_bytes(kept[name])


def test_manifest_that_is_gone_is_told_with_what_to_do(
    published: dg.Definitions, storage: Path
) -> None:
    (export_folder(storage) / "manifest.json").unlink()
    with pytest.raises(dg.Failure) as failure:
        run_export_checks(published)
    assert "manifest.json is gone; remove its folder" in str(failure.value.description)


def test_number_that_is_wrong_in_the_manifest_is_found(
    published: dg.Definitions, storage: Path
) -> None:
    path = export_folder(storage) / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["counts"]["skipped"] += 1
    path.write_text(json.dumps(manifest))
    assert not run_export_checks(published)["counts_add_up"].passed
