"""The whole job without an orchestrator: source → tables → COCO → manifest."""

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
