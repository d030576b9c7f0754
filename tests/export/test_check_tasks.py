"""Checks as messages: the tasks, and what they report."""

from pathlib import Path

import msgspec

from coco_dagster.export import build_ontology, snapshot_raw_labels
from coco_dagster.export.check_tasks import (
    FindDrift,
    FoundDrift,
    ValidatedFiles,
    ValidateFiles,
)
from coco_dagster.export.tasks import TASK_DECODER, TASK_ENCODER, Outcome
from tests.exports import export_rows
from tests.label_rows import as_json, label_row
from tests.objects import box, every_shape


def carried_out_elsewhere(task: ValidateFiles | FindDrift) -> object:
    """The report of a task that passes between processes, both ways."""
    received = TASK_DECODER.decode(TASK_ENCODER.encode(task))
    assert received == task
    outcome = Outcome(report=received.run())
    return msgspec.msgpack.decode(msgspec.msgpack.encode(outcome), type=Outcome).report


def test_problems_of_files_come_back_as_they_were_found(tmp_path: Path) -> None:
    export = export_rows(tmp_path, [label_row([*every_shape()])])
    task = ValidateFiles([str(export.folder / "annotations.json")], ["pycocotools"])
    report = carried_out_elsewhere(task)
    assert isinstance(report, ValidatedFiles)
    assert report == task.run()
    found = {finding.code: finding for finding in report.report.findings}
    assert found["annotation_id_zero"].count == 1
    assert found["annotation_id_zero"].consumers == {"pycocotools": "error"}
    assert report.report.errors


def test_drift_comes_back_as_it_was_found(tmp_path: Path) -> None:
    labels, ontology = tmp_path / "labels.json", tmp_path / "ontology.json"
    labels.write_text(as_json([label_row([box("o", name="Boat")])]))
    ontology.write_text(as_json({"objects": [], "classifications": []}))
    raw = snapshot_raw_labels(str(labels), str(tmp_path / "raw"), workers=1)
    task = FindDrift([raw], build_ontology(str(ontology), raw, str(tmp_path / "nodes")))
    report = carried_out_elsewhere(task)
    assert isinstance(report, FoundDrift)
    assert report == task.run()
    assert [(drift.name, drift.problem) for drift in report.drifts] == [("Boat", "removed")]
