"""Settings of an export, checked before any work is done."""

from typing import Final

from coco_dagster.coco.layouts import export_plan
from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.coco.settings import checked
from coco_dagster.errors import SettingsError
from coco_dagster.lineage.manifest import (
    FINDINGS_FILE,
    LINEAGE_FILE,
    MANIFEST_FILE,
    REPORT_FILE,
)

_TAKEN: Final = frozenset({FINDINGS_FILE, LINEAGE_FILE, MANIFEST_FILE, REPORT_FILE})


def checked_settings(settings: ExportSettings) -> ExportSettings:
    """Settings that an export can be made with.

    Raises:
        SettingsError: a setting has a value that it cannot have, some contradict each other, or a
            split is called like a file that every export has.
    """
    settings = checked(settings)
    for file in export_plan(settings).files:
        if file.path.casefold() in _TAKEN:
            raise SettingsError(
                f"A split cannot be called so that its file is `{file.path}`, which every export "
                "has; give it another name."
            )
    return settings
