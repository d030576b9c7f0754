"""The assets: raw labels, ontology, tables and exports, each kind one step.

A step finds what it reads in the storage, never in memory, so it runs in any executor, and a step
that is run alone works from what the others left. It always reports a materialisation; whether
that was work or reuse is decided by the content-addressed storage and said in the metadata.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import dagster as dg
import msgspec

from coco_dagster.orchestrate import metadata
from coco_dagster.orchestrate.pipeline import ONTOLOGY_ASSET, RAW_LABELS_ASSET, Pipeline
from coco_dagster.orchestrate.reporting import previewed, previewed_ontology, reported
from coco_dagster.orchestrate.specs import AssetSpecs, asset_specs
from coco_dagster.orchestrate.steps import pipeline_store, reported_failures
from coco_dagster.tables.findings import without_secrets
from coco_dagster.tables.schemas import LABEL_TABLES

if TYPE_CHECKING:
    from coco_dagster.export.result import ExportResult
    from coco_dagster.tables.store import TableSet

Results = Iterator[dg.MaterializeResult[Any]]


def build_assets(pipeline: Pipeline) -> list[dg.AssetsDefinition]:
    """The steps that materialise the assets of a pipeline.

    Args:
        pipeline: the pipeline.
    """
    specs = asset_specs(pipeline)
    return [
        _raw_labels_step(pipeline, specs),
        _ontology_step(pipeline, specs),
        _tables_step(pipeline, specs),
        *(_export_step(pipeline, specs, name) for name in pipeline.exports),
    ]


def _raw_labels_step(pipeline: Pipeline, specs: AssetSpecs) -> dg.AssetsDefinition:
    spec = specs[RAW_LABELS_ASSET]

    @dg.multi_asset(
        name=pipeline.step_name("raw_labels"),
        specs=[spec],
        required_resource_keys={pipeline.storage_key},
    )
    def raw_labels(context: dg.AssetExecutionContext) -> Results:
        from coco_dagster.export.snapshots import snapshot_raw_labels

        store = pipeline_store(context, pipeline, specs)
        with reported_failures():
            tables = snapshot_raw_labels(
                pipeline.labels, store.raw_labels_root, workers=pipeline.workers
            )
        yield dg.MaterializeResult(
            asset_key=spec.key,
            data_version=dg.DataVersion(tables.version),
            metadata=_column_metadata(spec)
            | previewed(
                context,
                metadata.table_metadata(tables, RAW_LABELS_ASSET),
                tables,
                RAW_LABELS_ASSET,
            )
            | {"source": without_secrets(pipeline.labels)},
        )

    return raw_labels


def _ontology_step(pipeline: Pipeline, specs: AssetSpecs) -> dg.AssetsDefinition:
    spec = specs[ONTOLOGY_ASSET]

    @dg.multi_asset(
        name=pipeline.step_name("ontology"),
        specs=[spec],
        required_resource_keys={pipeline.storage_key},
    )
    def ontology(context: dg.AssetExecutionContext) -> Results:
        from coco_dagster.export.stages import build_ontology

        store = pipeline_store(context, pipeline, specs)
        raw_labels = None if pipeline.ontology else store.raw_labels()
        with reported_failures():
            tables = build_ontology(pipeline.ontology, raw_labels, store.ontology_root)
        yield dg.MaterializeResult(
            asset_key=spec.key,
            data_version=dg.DataVersion(tables.version),
            metadata=_column_metadata(spec)
            | previewed_ontology(context, metadata.ontology_metadata(tables), tables)
            | {"source": without_secrets(pipeline.ontology or RAW_LABELS_ASSET)},
        )

    return ontology


def _tables_step(pipeline: Pipeline, specs: AssetSpecs) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=pipeline.step_name("tables"),
        specs=[specs[table] for table in LABEL_TABLES],
        can_subset=True,
        required_resource_keys={pipeline.storage_key},
    )
    def tables(context: dg.AssetExecutionContext) -> Results:
        from coco_dagster.export.stages import normalise_tables

        store = pipeline_store(context, pipeline, specs)
        raw_labels, ontology = store.raw_labels(), store.ontology()
        with reported_failures():
            labels = normalise_tables(raw_labels, ontology, store.labels_root, pipeline.workers)
        for table in LABEL_TABLES:
            if specs[table].key in context.selected_asset_keys:
                yield dg.MaterializeResult(
                    asset_key=specs[table].key,
                    data_version=dg.DataVersion(labels.tables[table].sha256),
                    metadata=_column_metadata(specs[table])
                    | previewed(context, metadata.table_metadata(labels, table), labels, table),
                )

    return tables


def _export_step(pipeline: Pipeline, specs: AssetSpecs, name: str) -> dg.AssetsDefinition:
    spec = specs[name]

    @dg.multi_asset(
        name=pipeline.step_name(name),
        specs=[spec],
        required_resource_keys={pipeline.storage_key},
    )
    def export(context: dg.AssetExecutionContext) -> Results:
        from coco_dagster.export.table_exports import export_tables

        store = pipeline_store(context, pipeline, specs)
        labels, ontology = store.labels(), store.ontology()
        with reported_failures():
            result = export_tables(
                labels,
                ontology,
                store.exports_root,
                pipeline.exports[name],
                _run_facts(context, specs, labels, ontology),
                pipeline.workers,
            )
        yield dg.MaterializeResult(
            asset_key=spec.key,
            data_version=dg.DataVersion(_export_version(result)),
            metadata=_export_columns(specs)
            | reported(
                context, metadata.export_metadata(result), spec.key, result, pipeline.report, labels
            ),
        )

    return export


def _run_facts(
    context: dg.AssetExecutionContext, specs: AssetSpecs, labels: "TableSet", ontology: "TableSet"
) -> dict[str, Any]:
    """What the manifest records of the run: its id, and the assets that went into the export."""
    versions = {
        specs[table].key.to_user_string(): labels.tables[table].sha256 for table in LABEL_TABLES
    }
    versions[specs[ONTOLOGY_ASSET].key.to_user_string()] = ontology.version
    return {"dagster_run_id": context.run.run_id, "data_versions": versions}


def _export_version(result: "ExportResult") -> str:
    """Hex digest of an export's files, the manifest aside: the same files, the same version."""
    from coco_dagster.lineage.manifest import MANIFEST_FILE

    files = sorted((file.path, file.sha256) for file in result.files if file.path != MANIFEST_FILE)
    return sha256(msgspec.json.encode(files)).hexdigest()


def _export_columns(specs: AssetSpecs) -> dict[str, Any]:
    """Columns of an export and their lineage, which only a step loads the libraries for."""
    keys = {name: spec.key for name, spec in specs.items()}
    return {
        metadata.COLUMN_SCHEMA: metadata.export_column_schema(),
        metadata.COLUMN_LINEAGE: metadata.export_column_lineage(keys),
    }


def _column_metadata(spec: dg.AssetSpec) -> dict[str, Any]:
    """Columns and their lineage, which each event repeats: lineage tools read events alone."""
    keys = (metadata.COLUMN_SCHEMA, metadata.COLUMN_LINEAGE)
    return {key: spec.metadata[key] for key in keys if key in spec.metadata}
