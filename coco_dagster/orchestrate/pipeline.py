"""What one pipeline is: its source, its settings, and the asset keys that follow from its name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import dagster as dg

from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.errors import SettingsError
from coco_dagster.report.settings import ReportSettings

NAME_PATTERN: Final = "[A-Za-z0-9_]+"
"""What the name of a pipeline may be: it becomes part of asset keys, op names and paths."""

RAW_LABELS_ASSET: Final = "raw_labels"
ONTOLOGY_ASSET: Final = "ontology"
COCO_ASSET: Final = "coco"


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Label rows, the tables computed from them, and the COCO exports of these tables.

    Attributes:
        name: prefix of the asset keys, group of the assets, and folder in the storage.
        labels: file, folder, zip or fsspec URL of the label rows.
        ontology: file or fsspec URL of the ontology; None derives it from the label rows.
        exports: settings of each export by the name of its asset.
        workers: processes that compute the parts of a step; None chooses by size.
        report: what is shown of an export, on its asset page and in `report.html`.

    Raises:
        SettingsError: the name holds more than letters, digits and underscores.
    """

    name: str
    labels: str
    ontology: str | None = None
    exports: Mapping[str, ExportSettings] = field(
        default_factory=lambda: {COCO_ASSET: ExportSettings()}
    )
    workers: int | None = None
    report: ReportSettings = field(default_factory=ReportSettings)

    def __post_init__(self) -> None:
        """Check the name."""
        if not re.fullmatch(NAME_PATTERN, self.name):
            raise SettingsError(
                f"The name {self.name!r} of the pipeline holds more than letters, digits and "
                "underscores; asset keys and folders are made from it."
            )

    @property
    def storage_key(self) -> str:
        """Key of the resource that says where tables and exports are kept."""
        return f"{self.name}_storage"

    def asset_key(self, asset: str) -> dg.AssetKey:
        """Key of one of the pipeline's assets.

        Args:
            asset: name of a table, `raw_labels`, `ontology`, or the name of an export.
        """
        return dg.AssetKey([self.name, asset])

    def step_name(self, step: str) -> str:
        """Name of the op that runs a step, unique within a code location.

        Args:
            step: what the step makes.
        """
        return f"{self.name}__{step}"
