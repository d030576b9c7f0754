"""Strange but well-formed label rows, made from seeds, against the plain reference."""

import json
from pathlib import Path

import pytest

from coco_dagster.coco.profiles import TRAINING, ExportSettings
from tests.exports import divide_into, export_rows
from tests.integration.comparison import (
    check_against_reference,
    check_training_against_reference,
)
from tests.integration.promises import check_promises
from tests.integration.random_rows import RowMaker

ROWS = 40
PARTS = 60_000


@pytest.mark.parametrize("seed", range(4))
def test_export_is_what_the_plain_reference_makes(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker = RowMaker(seed)
    rows = maker.rows(ROWS)
    divide_into(monkeypatch, PARTS)

    text = json.dumps(rows, ensure_ascii=False)
    exported = export_rows(tmp_path, text, maker.ontology)

    assert exported.rejected == exported.skipped == []
    check_against_reference(exported, rows, maker.ontology)
    check_promises(exported, rows, tmp_path / "labels.json")


@pytest.mark.parametrize("seed", range(4))
def test_training_is_what_the_plain_reference_makes(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker = RowMaker(seed)
    rows = maker.rows(ROWS)
    divide_into(monkeypatch, PARTS)

    text = json.dumps(rows, ensure_ascii=False)
    exported = export_rows(tmp_path, text, maker.ontology, ExportSettings(profile=TRAINING))

    assert exported.rejected == []
    check_training_against_reference(exported, rows, maker.ontology)
