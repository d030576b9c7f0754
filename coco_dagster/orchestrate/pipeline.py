"""What one pipeline is: its source, its settings, and the names that follow from its name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.errors import SettingsError
from coco_dagster.export.partition_keys import PARTITION_BY, PartitionBy
from coco_dagster.report.settings import ReportSettings
from coco_dagster.tables.schemas import LABEL_TABLES

NAME_PATTERN: Final = "[A-Za-z0-9_]+"
"""What the name of a pipeline or an export may be: it becomes part of asset keys, op names and
paths."""

RAW_LABELS_ASSET: Final = "raw_labels"
ONTOLOGY_ASSET: Final = "ontology"
COCO_ASSET: Final = "coco"

_TAKEN: Final = frozenset((RAW_LABELS_ASSET, ONTOLOGY_ASSET, *LABEL_TABLES))
_EXPORT_ID: Final = re.compile("[0-9a-f]{16}")


@dataclass(frozen=True, kw_only=True)
class Export:
    """A COCO export of the tables of a pipeline.

    Attributes:
        settings: what it holds.
        per_partition: whether every partition has an export of its own, instead of one over all.
        folder: folder below the exports of the pipeline; empty where these lie there directly.
    """

    settings: ExportSettings = field(default_factory=ExportSettings)
    per_partition: bool = False
    folder: str = ""


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Label rows, the tables computed from them, and the COCO exports of these tables.

    Attributes:
        name: prefix of the asset keys, group of the assets, and folder in the storage.
        labels: file, folder, zip or fsspec URL of the label rows.
        ontology: file or fsspec URL of the ontology; None derives it from the label rows.
        exports: each export by the name of its asset.
        partition_by: what the partitions of the label rows and tables are.
        workers: processes that compute the parts of a step; None chooses by size.
        report: what the report on an export shows.

    Raises:
        SettingsError: a name cannot be used, or there are no partitions to export one by one.
    """

    name: str
    labels: str
    ontology: str | None = None
    exports: Mapping[str, Export] = field(default_factory=lambda: {COCO_ASSET: Export()})
    partition_by: PartitionBy = "none"
    workers: int | None = None
    report: ReportSettings = field(default_factory=ReportSettings)

    def __post_init__(self) -> None:
        """Check what follows from the settings of several exports."""
        _check_name("pipeline", self.name)
        if self.partition_by not in PARTITION_BY:
            raise SettingsError(
                f"`partition_by` is {self.partition_by!r}; it may be {', '.join(PARTITION_BY)}."
            )
        if not self.exports:
            raise SettingsError(f"The pipeline `{self.name}` has no export; name at least one.")
        for name, export in self.exports.items():
            _check_name("export", name)
            if name in _TAKEN or _EXPORT_ID.fullmatch(name):
                raise SettingsError(
                    f"No export can be named `{name}`, which names something else in a pipeline."
                )
            if export.per_partition and not self.is_partitioned:
                raise SettingsError(
                    f"The export `{name}` is to be made per partition, but the pipeline has none; "
                    "set `partition_by` to dataset or shard."
                )

    @property
    def is_partitioned(self) -> bool:
        """Whether label rows and tables have partitions."""
        return self.partition_by != "none"

    @property
    def partitions_name(self) -> str:
        """Name under which the instance keeps the keys of the partitions."""
        return partitions_name(self.name)

    @property
    def storage_key(self) -> str:
        """Key of the resource that says where tables and exports are kept."""
        return f"{self.name}_storage"

    def step_name(self, step: str) -> str:
        """Name of the op that runs a step, unique within a code location.

        Args:
            step: what the step makes.
        """
        return f"{self.name}__{step}"


def partitions_name(pipeline: str) -> str:
    """Name of the dynamic partitions of a pipeline.

    Args:
        pipeline: name of the pipeline.
    """
    return f"{pipeline}_partitions"


def _check_name(what: str, name: str) -> None:
    if not re.fullmatch(NAME_PATTERN, name):
        raise SettingsError(
            f"The name {name!r} of the {what} holds more than letters, digits and underscores; "
            "asset keys and folders are made from it."
        )
