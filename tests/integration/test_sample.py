"""The sample of the project against the plain reference: it has every shape and kind of data."""

import json
from pathlib import Path

import pytest

from tests.exports import Export, export_files
from tests.integration.comparison import check_against_reference
from tests.integration.promises import check_promises
from tests.label_rows import JSON, labels_of

SAMPLE = Path(__file__).parents[2] / "definitions" / "sample"
LABELS, ONTOLOGY = SAMPLE / "labels.json", SAMPLE / "ontology.json"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Export:
    return export_files(LABELS, ONTOLOGY, tmp_path_factory.mktemp("sample") / "coco")


def sample_rows() -> list[JSON]:
    rows: list[JSON] = json.loads(LABELS.read_bytes())
    return rows


def test_export_keeps_its_promises(exported: Export) -> None:
    check_promises(exported, sample_rows(), LABELS)


def test_export_is_what_the_plain_reference_makes(exported: Export) -> None:
    rejected = {row["object_hash"] for row in exported.findings if row["outcome"] == "rejected"}
    assert len(rejected) == 1
    rows = sample_rows()
    for row in rows:
        for labels in labels_of(row):
            kept = [entry for entry in labels["objects"] if entry["objectHash"] not in rejected]
            labels["objects"] = kept

    check_against_reference(exported, rows, json.loads(ONTOLOGY.read_bytes()))
