"""Which stretches of the source are rendered together."""

from pathlib import Path

import pytest

from coco_dagster.encord.limits import PREFIX, SourceLimits
from coco_dagster.errors import ExportError
from coco_dagster.export.places import PartSlice, TableFolder, Window
from coco_dagster.export.processes import CHUNK_BYTES
from coco_dagster.export.source_order import groups_of_windows
from coco_dagster.tables.normalise import normalise_rows
from coco_dagster.tables.parts import write_part
from tests.label_rows import image_unit, label_row
from tests.normalised import numbered, ontology_index
from tests.objects import box


def windows_of_files(folder: Path, *files: str) -> list[Window]:
    """A window for each file, with a label row that shows it: on a branch, as in "file@branch"."""
    place = TableFolder(str(folder), "arrow")
    for number, file in enumerate(files):
        data_hash, _, branch = file.partition("@")
        row = label_row({data_hash: image_unit([box()])}, label_hash=f"row-{number}")
        if branch:
            row["branch_name"] = branch
        tables = normalise_rows(numbered([row]), ontology_index()).tables
        write_part(place.path, number, tables, "arrow")
    return [(PartSlice(place, number),) for number in range(len(files))]


def grouped(windows: list[Window], limits: SourceLimits | None = None) -> list[list[int | str]]:
    groups = groups_of_windows(windows, ["main"], "main", limits)
    return [[part.part for part in group] for group in groups]


def test_windows_of_different_files_stand_alone(tmp_path: Path) -> None:
    assert grouped(windows_of_files(tmp_path, "a", "b", "c")) == [[0], [1], [2]]


def test_windows_between_two_of_one_file_go_with_them(tmp_path: Path) -> None:
    windows = windows_of_files(tmp_path, "x", "a", "b", "a", "c")
    assert grouped(windows) == [[0], [1, 2, 3], [4]]


def test_stretches_that_overlap_are_one(tmp_path: Path) -> None:
    windows = windows_of_files(tmp_path, "a", "b", "a", "b", "c")
    assert grouped(windows) == [[0, 1, 2, 3], [4]]


def test_label_rows_on_branches_that_are_not_exported_bring_nothing_together(
    tmp_path: Path,
) -> None:
    windows = windows_of_files(tmp_path, "a", "b", "a@review", "a@main", "c@review")
    assert grouped(windows[:3]) == [[0], [1], [2]]
    assert grouped(windows) == [[0, 1, 2, 3], [4]]


def test_label_rows_of_one_file_that_stand_too_far_apart_are_told(tmp_path: Path) -> None:
    windows = windows_of_files(tmp_path, "x", "a", "b", "a", "c")
    limits = SourceLimits(shared_bytes=3 * CHUNK_BYTES - 1)
    with pytest.raises(ExportError, match=rf"such as the file a:.*{PREFIX}SHARED_BYTES raises"):
        grouped(windows, limits)
    assert grouped(windows, SourceLimits(shared_bytes=3 * CHUNK_BYTES))[1] == [1, 2, 3]


def test_a_window_alone_is_never_too_much(tmp_path: Path) -> None:
    windows = windows_of_files(tmp_path, "a", "b")
    assert grouped(windows, SourceLimits(shared_bytes=1)) == [[0], [1]]
