"""Two runs at once into one place: both end well or one says why, and what is there is whole."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.errors import CocoDagsterError
from coco_dagster.export import (
    build_ontology,
    export_tables,
    normalise_tables,
    snapshot_raw_labels,
)
from coco_dagster.tables.store import latest_table_set
from tests.faults.crash_points import publish
from tests.faults.wholeness import Content, content_of, others_in, unfinished_in
from tests.label_rows import label_row
from tests.objects import box
from tests.stores.label_store import write_rows

ROUNDS = 12


def at_once(*runs: Callable[[], Any]) -> list[BaseException]:
    """Run side by side; what they raised."""
    errors: list[BaseException] = []
    start = threading.Barrier(len(runs))

    def carry_out(run: Callable[[], Any]) -> None:
        start.wait()
        try:
            run()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=carry_out, args=[run]) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def files_of(run: int) -> dict[str, str]:
    return {"annotations.json": f"of run {run}", "lineage.parquet": f"of run {run}" * 50}


def content(folder: Path, run: int) -> Content:
    publish(folder / str(run), files_of(run))
    found = content_of(folder / str(run))
    assert found is not None
    return found


@pytest.mark.parametrize("situation", ["exchange", "no exchange", "among other files"])
def test_exports_into_one_folder_at_once_leave_a_whole_one(
    situation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if situation == "no exchange":
        monkeypatch.setattr("coco_dagster.export.publishing.exchange", lambda *_: False)
    due = [content(tmp_path / "due", run) for run in range(3)]
    others = []
    for number in range(ROUNDS):
        place = tmp_path / str(number)
        out = place / "out"
        if situation == "among other files":
            out.mkdir(parents=True)
            (out / "notes.txt").write_text("mine")
            others = ["notes.txt"]
        errors = at_once(
            *(lambda run=run, out=out: publish(out, files_of(run)) for run in range(3))
        )
        assert errors == []
        assert content_of(out) in due
        assert (
            others_in(out, ["annotations.json", "lineage.parquet", "manifest.json", *others]) == []
        )
        assert others_in(place, ["out"]) == []


def test_runs_over_one_storage_at_once_leave_whole_tables_and_exports(tmp_path: Path) -> None:
    write_rows(tmp_path, [label_row([box(f"o{n}")], label_hash=f"{n}") for n in range(4)])
    storage = tmp_path / "storage"
    finished: list[str] = []

    def run() -> None:
        raw_labels = snapshot_raw_labels(f"{tmp_path}/labels", f"{storage}/raw_labels", workers=1)
        nodes = build_ontology(f"{tmp_path}/ontology.json", raw_labels, f"{storage}/ontology")
        labels = normalise_tables(raw_labels, nodes, f"{storage}/labels", workers=1)
        result = export_tables(labels, nodes, f"{storage}/exports", ExportSettings(), {}, workers=1)
        finished.append(result.export_id)

    errors = at_once(run, run, run)
    assert all(isinstance(error, CocoDagsterError) for error in errors)
    assert len(finished) + len(errors) == 3
    assert len(set(finished)) == 1
    assert content_of(storage / "exports" / finished[0]) is not None
    assert others_in(storage / "exports", [finished[0], "latest.json"]) == []
    assert latest_table_set(f"{storage}/labels").read("annotations").num_rows == 4
    assert unfinished_in(storage) == []
