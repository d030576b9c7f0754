"""The whole job without an orchestrator: source → tables → COCO → manifest.

Names are imported when they are first used: a worker process needs none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from coco_dagster.export.job import export_coco
    from coco_dagster.export.result import ExportFile, ExportResult
    from coco_dagster.export.stages import (
        build_ontology,
        export_tables,
        normalise_tables,
        snapshot_raw_labels,
    )

__all__ = [
    "ExportFile",
    "ExportResult",
    "build_ontology",
    "export_coco",
    "export_tables",
    "normalise_tables",
    "snapshot_raw_labels",
]

_HOMES: Final = {
    "ExportFile": "result",
    "ExportResult": "result",
    "build_ontology": "stages",
    "export_coco": "job",
    "export_tables": "stages",
    "normalise_tables": "stages",
    "snapshot_raw_labels": "stages",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
