"""What changed from one export to the next."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from coco_dagster.report.categories import read_categories
from coco_dagster.report.published_export import (
    LabelRowEntry,
    ManifestFacts,
    PublishedExport,
)

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


class ExportState(Struct, frozen=True):
    """What of an export is compared; it stays when the export itself is replaced.

    Attributes:
        facts: its manifest.
        rows: its label rows by their hash; one without a hash is named by its content.
        annotations: a hash for each object on a frame, ascending; it means nothing to another run.
        categories: annotations by name and shape of the category.
    """

    facts: ManifestFacts
    rows: dict[str, LabelRowEntry]
    annotations: NDArray[np.uint64]
    categories: dict[tuple[str, str], int]


def export_state(export: PublishedExport) -> ExportState:
    """Read what of an export is compared.

    Args:
        export: the export.

    Raises:
        StorageError: a file of the export is gone.
    """
    return ExportState(
        facts=export.facts,
        rows={row.label_hash or row.sha256: row for row in export.label_rows()},
        annotations=_annotations(export),
        categories=_per_category(export),
    )


def changes_between(before: ExportState, after: ExportState) -> Changes:
    """Compare two exports.

    Args:
        before: the earlier one.
        after: the one now.
    """
    both = before.rows.keys() & after.rows.keys()
    edited = {name for name in both if before.rows[name].sha256 != after.rows[name].sha256}
    there, here = before.annotations, after.annotations
    findings = (before.facts.findings, after.facts.findings)
    return Changes(
        since=before.facts.export_id,
        counts=list(_changes(before.facts.counts, after.facts.counts, _COUNTS)),
        categories={
            key: Change(key[0], before.categories.get(key, 0), after.categories.get(key, 0))
            for key in dict.fromkeys([*after.categories, *before.categories])
        },
        findings=list(_changes(*findings, sorted({*findings[0], *findings[1]}))),
        settings=list(_setting_changes(before.facts.settings, after.facts.settings)),
        added=_row_changes(after.rows, after.rows.keys() - before.rows.keys()),
        removed=_row_changes(before.rows, before.rows.keys() - after.rows.keys()),
        edited=_row_changes(after.rows, edited),
        annotations_added=int(np.setdiff1d(here, there, assume_unique=True).size),
        annotations_removed=int(np.setdiff1d(there, here, assume_unique=True).size),
    )


def _row_changes(rows: Mapping[str, LabelRowEntry], names: AbstractSet[str]) -> RowChanges:
    titles = [row.data_title or name for name, row in rows.items() if name in names]
    return RowChanges(len(names), titles[:MOST_ROWS], frozenset(names))


def _annotations(export: PublishedExport) -> NDArray[np.uint64]:
    hashes = [batch.hash_rows().to_numpy() for batch in export.lineage(_ANNOTATION)]
    return np.unique(np.concatenate([np.zeros(0, np.uint64), *hashes]))


def _changes(
    before: Mapping[str, int], after: Mapping[str, int], names: Iterable[str]
) -> Iterator[Change]:
    for name in names:
        yield Change(name, before.get(name, 0), after.get(name, 0))


def _per_category(export: PublishedExport) -> dict[tuple[str, str], int]:
    """Annotations by name and shape of the category."""
    categories = read_categories(export)
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
