"""Parts that go when they were read for the last time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest

from coco_dagster.export import export_coco, job
from coco_dagster.export.places import PartSlice, TableFolder, read_slices
from coco_dagster.tables.parts import write_part
from coco_dagster.tables.schemas import LABEL_TABLES
from tests.exports import divide_into
from tests.label_rows import as_json, label_row
from tests.objects import box

TABLE = pa.table({"label_hash": ["a", "b"]})


def stored(folder: Path) -> TableFolder:
    place = TableFolder(str(folder), "arrow")
    write_part(place.path, 0, {"frames": TABLE, "label_rows": TABLE}, place.form)
    return place


def files(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.rglob("*.arrow"))


def test_tables_that_are_discarded_go_and_what_was_read_of_them_stays(tmp_path: Path) -> None:
    part = PartSlice(stored(tmp_path), 0)
    read = read_slices([part], {"frames": ["label_hash"]})
    part.discard(["frames", "objects"])
    assert files(tmp_path) == ["label_rows"]
    assert read["frames"].equals(TABLE)


def test_a_part_that_was_sliced_stays_for_its_other_slices(tmp_path: Path) -> None:
    PartSlice(stored(tmp_path), 0, window=0).discard(["frames"])
    assert files(tmp_path) == ["frames", "label_rows"]


@pytest.mark.parametrize("workers", [1, 2])
def test_of_what_was_rendered_only_the_table_of_label_rows_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    left = files_when_published(tmp_path, monkeypatch, workers, inspected=False)
    assert left == {"label_rows"}


def test_what_is_inspected_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = files_when_published(tmp_path, monkeypatch, 1, inspected=True)
    assert left == set(LABEL_TABLES)


def files_when_published(
    folder: Path, monkeypatch: pytest.MonkeyPatch, workers: int, *, inspected: bool
) -> set[str]:
    """Tables of label rows, and lines, that are left when an export is published."""
    divide_into(monkeypatch, 1)
    rows = [label_row([box()], label_hash=f"{number:02}") for number in range(4)]
    labels = folder / "labels.json"
    labels.write_text(as_json(rows))
    found: list[set[str]] = []

    def publish(draft: Path, out: str) -> None:
        made = work.glob("tables/*/*"), work.glob("rendered/lines/*")
        found.append({path.parent.name for paths in made for path in paths})

    @contextmanager
    def known_folder() -> Iterator[Path]:
        work.mkdir()
        yield work

    work = folder / "work"
    monkeypatch.setattr(job, "work_folder", known_folder)
    monkeypatch.setattr(job, "publish_folder", publish)
    inspect = (lambda result, read: None) if inspected else None
    export_coco(labels, None, folder / "out", workers=workers, inspect=inspect)
    return found[0]
