"""How the annotations of an export are divided over its classes, and how that has changed."""

from collections.abc import Mapping
from typing import NamedTuple

import fsspec

from coco_dagster.coco.published import read_head
from coco_dagster.orchestrate.export_checks import ManifestNumbers, read_manifest


class Shift(NamedTuple):
    """How far the shares of the classes have moved.

    Attributes:
        distance: half the sum of all changes of shares (total variation distance), 0 to 1.
        changes: change of the share of each class, largest first.
    """

    distance: float
    changes: dict[str, float]


def annotations_per_class(export: str, manifest: ManifestNumbers | None = None) -> dict[str, int]:
    """Annotations of an export by the name of their class.

    Args:
        export: folder or URL of the export.
        manifest: its manifest, if it has been read already.
    """
    totals: dict[str, int] = {}
    for file in (manifest or read_manifest(export)).coco_files:
        is_archive = file.path.endswith(".zip")
        with fsspec.open(f"{export}/{file.path}", "rb") as stream:
            names = {
                str(category.id): category.name
                for category in read_head(stream, is_archive=is_archive).categories
            }
        for number, count in (file.annotations_per_category or {}).items():
            name = names.get(number, number)
            totals[name] = totals.get(name, 0) + count
    return totals


def shift(before: Mapping[str, int], after: Mapping[str, int]) -> Shift:
    """Compare the shares of classes in two exports.

    Args:
        before: annotations by class.
        after: likewise; a class that one of them lacks has no share there.
    """
    earlier, later = _shares(before), _shares(after)
    changes = {
        name: later.get(name, 0.0) - earlier.get(name, 0.0)
        for name in dict.fromkeys((*earlier, *later))
    }
    largest = sorted(changes.items(), key=lambda change: (-abs(change[1]), change[0]))
    return Shift(sum(abs(change) for change in changes.values()) / 2, dict(largest))


def _shares(counts: Mapping[str, int]) -> dict[str, float]:
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items() if total}
