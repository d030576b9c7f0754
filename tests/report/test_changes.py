"""What changed from one export to the next."""

from pathlib import Path
from typing import Any

from coco_dagster.coco.settings import settings_from
from coco_dagster.report.changes import Changes, changes_between, export_state
from coco_dagster.report.published_export import PublishedExport
from tests.exports import export_rows
from tests.label_rows import JSON, label_row
from tests.objects import box, polygon


def changes(
    folder: Path, before: list[JSON], after: list[JSON], settings: dict[str, Any] | None = None
) -> Changes:
    old = export_rows(folder / "before", before)
    new = export_rows(folder / "after", after, settings=settings_from(settings or {}))
    old_state, new_state = (
        export_state(PublishedExport(str(export.folder))) for export in (old, new)
    )
    return changes_between(old_state, new_state)


def row(name: str, *objects: JSON, **fields: Any) -> JSON:
    return label_row(objects, label_hash=name, data_title=f"{name}.jpg", **fields)


def test_nothing_changed(tmp_path: Path) -> None:
    rows = [row("a", box("o"))]
    found = changes(tmp_path, rows, rows)
    assert (found.added.count, found.removed.count, found.edited.count) == (0, 0, 0)
    assert (found.annotations_added, found.annotations_removed) == (0, 0)
    assert all(change.before == change.after for change in found.counts)
    assert found.settings == []


def test_rows_are_added_removed_and_edited(tmp_path: Path) -> None:
    before = [row("gone", box("o")), row("edited", box("o")), row("same", box("o"))]
    after = [row("same", box("o")), row("edited", box("o"), box("p")), row("new", box("o"))]
    found = changes(tmp_path, before, after)
    assert (found.added.titles, found.removed.titles) == (["new.jpg"], ["gone.jpg"])
    assert found.edited.titles == ["edited.jpg"]
    assert found.added.label_hashes == {"new"}
    assert found.edited.label_hashes == {"edited"}
    assert (found.annotations_added, found.annotations_removed) == (2, 1)


def test_an_object_that_moved_is_an_edit_and_no_new_annotation(tmp_path: Path) -> None:
    moved = box("o", {"x": 0.5, "y": 0.5, "w": 0.1, "h": 0.1})
    found = changes(tmp_path, [row("a", box("o"))], [row("a", moved)])
    assert (found.edited.count, found.annotations_added, found.annotations_removed) == (1, 0, 0)


def test_categories_and_findings_are_compared_by_number(tmp_path: Path) -> None:
    found = changes(tmp_path, [row("a", box("o"))], [row("a", polygon("o"), box("p", {"x": 1}))])
    numbers = {key: (change.before, change.after) for key, change in found.categories.items()}
    assert numbers["bounding_box", "bounding_box"] == (1, 0)
    assert numbers["polygon", "polygon"] == (0, 1)
    assert [(change.before, change.after) for change in found.findings] == [(0, 1)]


def test_settings_that_differ_are_named(tmp_path: Path) -> None:
    rows = [row("a", box("o"))]
    found = changes(tmp_path, rows, rows, {"coordinate_precision": 2, "branches": ["main", "x"]})
    assert {(change.name, str(change.before), str(change.after)) for change in found.settings} == {
        ("profile.coordinate_precision", "None", "2"),
        ("branches", "['main']", "['main', 'x']"),
    }


def test_only_some_rows_of_very_many_are_named(tmp_path: Path) -> None:
    after = [row(f"row {number}", box("o")) for number in range(80)]
    found = changes(tmp_path, [], after)
    assert (found.added.count, len(found.added.titles)) == (80, 50)
