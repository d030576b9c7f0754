"""Everything that is read of an export to show it."""

import re
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from coco_dagster.report.categories import ShownCategories, read_categories
from coco_dagster.report.changes import Changes, ExportState, changes_between, export_state
from coco_dagster.report.coco_survey import CocoSurvey, ShownImage, survey_coco
from coco_dagster.report.findings import ShownFindings, read_findings
from coco_dagster.report.lineage_survey import LineageSurvey, survey_lineage
from coco_dagster.report.origins import OriginKey, ScanTable, shown_origins
from coco_dagster.report.published_export import PublishedExport


class Inspection(Struct, frozen=True):
    """What was found in an export.

    Attributes:
        export: the export.
        categories: its categories.
        lineage: what its table of origins told.
        coco: what its COCO files told.
        findings: the findings that are shown.
        origins: where the annotations came from that are shown.
        changes: what changed since an earlier export, if there is one.
    """

    export: PublishedExport
    categories: ShownCategories
    lineage: LineageSurvey
    coco: CocoSurvey
    findings: ShownFindings
    origins: dict[OriginKey, dict[str, Any]]
    changes: Changes | None

    @property
    def images(self) -> Sequence[ShownImage]:
        """The images that are shown."""
        return self.coco.images

    def split_of(self, file: str) -> str | None:
        """The split that a COCO file holds; None where the export has no splits."""
        splits = self.export.facts.settings.get("splits") or ()
        for split in splits:
            name = str(split.get("name", ""))
            if name and re.search(rf"(^|[/_]){re.escape(name)}([_./]|$)", file):
                return name
        return None


def inspect_export(
    export: PublishedExport,
    most_images: int,
    earlier: ExportState | None = None,
    scan: ScanTable | None = None,
) -> Inspection:
    """Read an export once.

    Args:
        export: the export.
        most_images: images that are shown at most.
        earlier: an export to compare with.
        scan: opens the tables that the export was made from.

    Raises:
        StorageError: a file of the export is gone.
    """
    categories = read_categories(export)
    lineage = survey_lineage(export, categories, most_images)
    coco = survey_coco(export, categories, lineage, most_images)
    return Inspection(
        export=export,
        categories=categories,
        lineage=lineage,
        coco=coco,
        findings=read_findings(export, [image.key for image in coco.images]),
        origins=shown_origins(export, coco.images, scan),
        changes=None if earlier is None else changes_between(earlier, export_state(export)),
    )
