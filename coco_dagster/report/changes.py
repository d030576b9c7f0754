"""What changed from one export to the next."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from coco_dagster.report.categories import ShownCategories, read_categories
from coco_dagster.report.published_export import LabelRowEntry, PublishedExport

MOST_ROWS: Final = 50
"""Label rows of each kind of change that are named."""

_COUNTS: Final = ("images", "annotations", "objects", "skipped", "rejected", "categories")
_ANNOTATION: Final = ("data_hash", "frame", "object_hash")


class Change(Struct, frozen=True):
    """A number before and after."""

    name: str
    before: int
    after: int


class SettingChange(Struct, frozen=True):
    """A setting before and after, as JSON values."""

    name: str
    before: Any
    after: Any


class RowChanges(Struct, frozen=True):
    """Label rows that share a fate: how many, the titles of some, and the hashes of all."""

    count: int
    titles: list[str]
    label_hashes: frozenset[str]


class Changes(Struct, frozen=True):
    """What changed since an earlier export.

    Attributes:
        since: id of the earlier export.
        counts: images, annotations and the like.
        categories: annotations of each category by name and shape.
        findings: findings by code.
        settings: settings that differ.
        added: label rows that were not there; removed and edited likewise.
        annotations_added: annotations of objects that were not on their frames before.
        annotations_removed: annotations of objects that are not on their frames any more.
    """

    since: str
    counts: list[Change]
    categories: dict[tuple[str, str], Change]
    findings: list[Change]
    settings: list[SettingChange]
    added: RowChanges
    removed: RowChanges
    edited: RowChanges
    annotations_added: int
    annotations_removed: int


def changes_since(earlier: PublishedExport, export: PublishedExport) -> Changes:
    """Compare two exports.

    Args:
        earlier: the export before.
        export: the export now.
    """
    before, after = _rows_by_name(earlier), _rows_by_name(export)
    edited = {
        name for name in before.keys() & after.keys() if before[name].sha256 != after[name].sha256
    }
    there, here = _annotations(earlier), _annotations(export)
    return Changes(
        since=earlier.facts.export_id,
        counts=list(_changes(earlier.facts.counts, export.facts.counts, _COUNTS)),
        categories=_category_changes(earlier, export),
        findings=list(
            _changes(
                earlier.facts.findings,
                export.facts.findings,
                sorted({*earlier.facts.findings, *export.facts.findings}),
            )
        ),
        settings=list(_setting_changes(earlier.facts.settings, export.facts.settings)),
        added=_row_changes(after, after.keys() - before.keys()),
        removed=_row_changes(before, before.keys() - after.keys()),
        edited=_row_changes(after, edited),
        annotations_added=int(np.setdiff1d(here, there, assume_unique=True).size),
        annotations_removed=int(np.setdiff1d(there, here, assume_unique=True).size),
    )


def _rows_by_name(export: PublishedExport) -> dict[str, LabelRowEntry]:
    """Label rows by their hash; one without a hash is named by its content."""
    return {row.label_hash or row.sha256: row for row in export.label_rows()}


def _row_changes(rows: Mapping[str, LabelRowEntry], names: set[str]) -> RowChanges:
    titles = [row.data_title or name for name, row in rows.items() if name in names]
    return RowChanges(len(names), titles[:MOST_ROWS], frozenset(names))


def _annotations(export: PublishedExport) -> NDArray[np.uint64]:
    """A hash for each object on a frame, the same in all exports that one run reads."""
    hashes = [batch.hash_rows().to_numpy() for batch in export.lineage(_ANNOTATION)]
    return np.unique(np.concatenate([np.zeros(0, np.uint64), *hashes]))


def _changes(
    before: Mapping[str, int], after: Mapping[str, int], names: Iterator[str] | Any
) -> Iterator[Change]:
    for name in names:
        yield Change(name, before.get(name, 0), after.get(name, 0))


def _category_changes(
    earlier: PublishedExport, export: PublishedExport
) -> dict[tuple[str, str], Change]:
    before, after = _per_category(earlier), _per_category(export)
    return {
        key: Change(key[0], before.get(key, 0), after.get(key, 0))
        for key in dict.fromkeys([*after, *before])
    }


def _per_category(export: PublishedExport) -> dict[tuple[str, str], int]:
    """Annotations by name and shape of the category."""
    categories: ShownCategories = read_categories(export)
    totals: dict[tuple[str, str], int] = {}
    counts = {file.path: file.annotations_per_category for file in export.coco_files}
    for (path, number), position in categories.positions.items():
        entry = categories.entries[position]
        count = counts[path].get(str(number), 0)
        key = (entry.name, entry.shape)
        totals[key] = totals.get(key, 0) + count
    return totals


def _setting_changes(
    before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = ""
) -> Iterator[SettingChange]:
    for name in dict.fromkeys([*after, *before]):
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _setting_changes(old, new, f"{prefix}{name}.")
        elif old != new:
            yield SettingChange(f"{prefix}{name}", old, new)
