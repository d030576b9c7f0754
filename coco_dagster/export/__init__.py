"""The whole job without an orchestrator: source → tables → COCO → manifest.

Names are imported when they are first used: a worker process needs none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from coco_dagster.export.job import export_coco
    from coco_dagster.export.result import ExportFile, ExportResult
    from coco_dagster.export.snapshots import (
        find_partitions,
        snapshot_partitions,
        snapshot_raw_labels,
    )
    from coco_dagster.export.stages import build_ontology, normalise_tables
    from coco_dagster.export.table_exports import export_tables

__all__ = [
    "ExportFile",
    "ExportResult",
    "build_ontology",
    "export_coco",
    "export_tables",
    "find_partitions",
    "normalise_tables",
    "snapshot_partitions",
    "snapshot_raw_labels",
]

_HOMES: Final = {
    "ExportFile": "result",
    "ExportResult": "result",
    "build_ontology": "stages",
    "export_coco": "job",
    "export_tables": "table_exports",
    "find_partitions": "snapshots",
    "normalise_tables": "stages",
    "snapshot_partitions": "snapshots",
    "snapshot_raw_labels": "snapshots",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
