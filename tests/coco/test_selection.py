"""Which label rows an export holds; the objects of the others are skipped."""

from pathlib import Path
from typing import Any

import pytest

from coco_dagster.coco.profiles import ExportSettings
from tests.exports import Export, export_rows
from tests.label_rows import JSON, group_row, image_unit, label_row, space, video_row
from tests.objects import box


def export(tmp_path: Path, *rows: JSON, branches: tuple[str, ...] = ("main",)) -> Export:
    return export_rows(tmp_path, list(rows), settings=ExportSettings(branches=branches))


def row_on(branch: Any, name: str, **fields: Any) -> JSON:
    unit = image_unit([box(name), box("bad", {"x": 1}), box("gone", isDeleted=True)])
    answers = {"sound": {"shape": "audio", "range": [[0, 1]]}}
    return label_row(
        {"f": unit}, label_hash=name, branch_name=branch, object_answers=answers, **fields
    )


ROWS = [row_on("main", "m"), row_on(None, "n"), row_on("x", "x"), row_on("", "e")]


@pytest.mark.parametrize(
    ("branches", "exported"),
    [
        (("main",), ["m", "n"]),
        (("x",), ["x"]),
        (("main", "x"), ["m", "n", "x"]),
        (("gone",), []),
        (("",), ["e"]),
    ],
)
def test_only_the_branches_asked_for_are_exported(
    tmp_path: Path, branches: tuple[str, ...], exported: list[str]
) -> None:
    found = export(tmp_path, *ROWS, branches=branches)
    assert found.object_hashes == exported
    assert found.skipped.count("branch_not_exported") == 4 * (4 - len(exported))
    assert found.manifest["counts"]["objects"] == 16
    assert len(found.images) == bool(exported)


def test_what_is_skipped_for_its_branch_keeps_its_place(tmp_path: Path) -> None:
    found = export(tmp_path, *ROWS[2:3])
    assert {row["label_hash"] for row in found.findings} == {"x"}
    assert sorted(str(row["object_hash"]) for row in found.findings) == [
        "bad",
        "gone",
        "sound",
        "x",
    ]
    assert {row["outcome"] for row in found.findings} == {"skipped"}


def test_the_head_looks_at_exported_rows_alone(tmp_path: Path) -> None:
    rows = [
        row_on("main", "m", dataset_title="Mine", last_edited_at="2024-01-01 00:00:00"),
        row_on("x", "x", dataset_title="Other", last_edited_at="2025-01-01 00:00:00"),
    ]
    info = export(tmp_path, *rows).coco["info"]
    assert (info["description"], info["year"]) == ("Mine", 2024)


def test_tracks_are_counted_over_what_is_exported(tmp_path: Path) -> None:
    found = export(tmp_path, ROWS[2], ROWS[0])
    assert [entry["track_id"] for entry in found.attributes] == [1]


@pytest.mark.parametrize("branches", [("main",), ("x",), ("gone",)])
@pytest.mark.parametrize("newest", ["main", "x"])
def test_editions_of_a_row_and_branches_add_up(
    tmp_path: Path, branches: tuple[str, ...], newest: str
) -> None:
    rows = [
        row_on(branch, "same", last_edited_at=f"2025-01-0{1 + (branch == newest)} 00:00:00")
        for branch in ("main", "x")
    ]
    found = export(tmp_path, *rows, branches=branches)
    assert found.skipped.count("superseded_row") == 4
    assert found.object_hashes == ["same"] * (newest in branches)


def test_a_finding_on_a_space_of_another_branch_names_the_space(tmp_path: Path) -> None:
    row = group_row({"s": space("image", {0: [box()]})}, branch_name="x")
    (finding,) = export(tmp_path, row).findings
    assert (finding["space"], finding["data_hash"], finding["frame"]) == ("s", "s", 0)


def test_an_unreadable_row_is_found_whatever_the_branch(tmp_path: Path) -> None:
    found = export_rows(tmp_path, [*ROWS[2:3], {"label_hash": "u"}])
    assert found.notes == ["unreadable_row"]


def test_a_file_that_two_rows_show_is_noted_once(tmp_path: Path) -> None:
    rows = [video_row({0: [box("a")], 1: [box("a")]}, name) for name in ("1", "2", "3")]
    found = export(tmp_path, *rows)
    shared = [row["label_hash"] for row in found.findings if row["code"] == "shared_data_hash"]
    assert sorted(shared) == ["2", "3"]
    assert len(found.annotations) == 6
