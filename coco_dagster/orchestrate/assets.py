"""The assets: raw labels, ontology, tables and exports, each kind one step.

A step finds what it reads in the storage, never in memory, so it runs in any executor, and a step
that is run alone works from what the others left. It always reports a materialisation; whether
that was work or reuse is decided by the content-addressed storage and said in the metadata.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import dagster as dg
import msgspec

from coco_dagster.orchestrate import metadata
from coco_dagster.orchestrate.pipeline import ONTOLOGY_ASSET, RAW_LABELS_ASSET
from coco_dagster.orchestrate.reporting import previewed, previewed_ontology, reported
from coco_dagster.orchestrate.specs import AssetSpecs
from coco_dagster.orchestrate.steps import (
    Steps,
    materialised,
    partitions_of,
    reported_failures,
)
from coco_dagster.orchestrate.store import (
    MergedTables,
    Partition,
    PipelineStore,
    combined_versions,
    pipeline_store,
)
from coco_dagster.tables.findings import without_secrets
from coco_dagster.tables.schemas import LABEL_TABLES

if TYPE_CHECKING:
    from coco_dagster.export.result import ExportResult
    from coco_dagster.tables.store import TableSet

MOST_PREVIEWS: Final = 20
"""Partitions of a run up to which their first rows are shown."""

Results = Iterator[dg.MaterializeResult[Any]]


def build_assets(steps: Steps) -> list[dg.AssetsDefinition]:
    """The steps that materialise the assets of a pipeline.

    Args:
        steps: the pipeline, and what its steps have in common.
    """
    return [
        _raw_labels_step(steps),
        _ontology_step(steps),
        _tables_step(steps),
        *(_export_step(steps, name) for name in steps.pipeline.exports),
    ]


def _raw_labels_step(steps: Steps) -> dg.AssetsDefinition:
    pipeline, spec = steps.pipeline, steps.specs[RAW_LABELS_ASSET]

    @dg.multi_asset(**steps.asset_step("raw_labels", [RAW_LABELS_ASSET]))
    def raw_labels(context: dg.AssetExecutionContext) -> Results:
        store = pipeline_store(context, pipeline, steps.specs)
        partitions = partitions_of(context)
        before = {partition: _snapshot_before(store, partition) for partition in partitions}
        with reported_failures():
            snapshots = _snapshots(store, partitions)
        facts = {
            partition: _column_metadata(spec)
            | metadata.table_metadata(tables, RAW_LABELS_ASSET)
            | _changes(before[partition], tables)
            | {"source": without_secrets(pipeline.labels)}
            for partition, tables in snapshots.items()
        }
        shown = _with_previews(context, facts, snapshots, RAW_LABELS_ASSET)
        versions = {partition: tables.version for partition, tables in snapshots.items()}
        yield materialised(context, spec, versions, shown)

    return raw_labels


def _snapshots(
    store: PipelineStore, partitions: Sequence[Partition]
) -> "dict[Partition, TableSet]":
    from coco_dagster.errors import SourceError
    from coco_dagster.export.snapshots import snapshot_partitions, snapshot_raw_labels

    pipeline = store.pipeline
    if pipeline.partition_by == "none":
        root = store.raw_labels_root()
        return {None: snapshot_raw_labels(pipeline.labels, root, workers=pipeline.workers)}
    roots = {key: store.raw_labels_root(key) for key in partitions if key is not None}
    found = snapshot_partitions(
        pipeline.labels, roots, pipeline.partition_by, workers=pipeline.workers
    )
    missing = sorted(roots.keys() - found.keys())
    if missing:
        raise SourceError(
            f"The source has no partition {', '.join(missing[:5])}: take it out with `coco-dagster "
            f"partitions remove {pipeline.name} {missing[0]}`, or check the source."
        )
    return {key: found[key] for key in found}


def _snapshot_before(store: PipelineStore, partition: Partition) -> "TableSet | None":
    from coco_dagster.tables.store import latest_version, usable_table_set

    root = store.raw_labels_root(partition)
    version = latest_version(root)
    return None if version is None else usable_table_set(root, version)


def _changes(before: "TableSet | None", after: "TableSet") -> dict[str, Any]:
    from coco_dagster.export.row_changes import row_changes

    changes = row_changes(before, after)
    return {
        "rows_new": changes.new,
        "rows_changed": changes.changed,
        "rows_removed": changes.removed,
    }


def _ontology_step(steps: Steps) -> dg.AssetsDefinition:
    pipeline, spec = steps.pipeline, steps.specs[ONTOLOGY_ASSET]

    @dg.multi_asset(**steps.asset_step("ontology", [ONTOLOGY_ASSET]))
    def ontology(context: dg.AssetExecutionContext) -> Results:
        from coco_dagster.export.stages import build_ontology

        store = pipeline_store(context, pipeline, steps.specs)
        partitions = [] if pipeline.ontology else store.partitions_with_raw_labels()
        snapshots = [store.raw_labels(partition) for partition in partitions]
        with reported_failures():
            tables = build_ontology(pipeline.ontology, snapshots, store.ontology_root)
        yield dg.MaterializeResult(
            asset_key=spec.key,
            data_version=dg.DataVersion(tables.version),
            metadata=_column_metadata(spec)
            | previewed_ontology(context, metadata.ontology_metadata(tables), tables)
            | {"source": without_secrets(pipeline.ontology or RAW_LABELS_ASSET)},
        )

    return ontology


def _tables_step(steps: Steps) -> dg.AssetsDefinition:
    pipeline, specs = steps.pipeline, steps.specs

    @dg.multi_asset(**steps.asset_step("tables", list(LABEL_TABLES)), can_subset=True)
    def tables(context: dg.AssetExecutionContext) -> Results:
        from coco_dagster.export.stages import normalise_tables

        store = pipeline_store(context, pipeline, specs)
        snapshots = {partition: store.raw_labels(partition) for partition in partitions_of(context)}
        nodes = store.ontology()
        with reported_failures():
            sets = {
                partition: normalise_tables(
                    raw_labels, nodes, store.labels_root(partition), pipeline.workers
                )
                for partition, raw_labels in snapshots.items()
            }
        for table in LABEL_TABLES:
            if specs[table].key in context.selected_asset_keys:
                yield _materialised_table(context, specs[table], sets, table)

    return tables


def _materialised_table(
    context: dg.AssetExecutionContext,
    spec: dg.AssetSpec,
    sets: "Mapping[Partition, TableSet]",
    table: str,
) -> dg.MaterializeResult[Any]:
    facts = {
        partition: _column_metadata(spec) | metadata.table_metadata(tables, table)
        for partition, tables in sets.items()
    }
    versions = {partition: tables.tables[table].sha256 for partition, tables in sets.items()}
    shown = _with_previews(context, facts, sets, table)
    return materialised(context, spec, versions, shown)


def _with_previews(
    context: dg.AssetExecutionContext,
    facts: Mapping[Partition, dict[str, Any]],
    sets: "Mapping[Partition, TableSet]",
    table: str,
) -> Mapping[Partition, dict[str, Any]]:
    """Metadata with the first rows of a table, but for runs over many partitions."""
    if len(facts) > MOST_PREVIEWS:
        return facts
    return {
        partition: previewed(context, given, sets[partition], table)
        for partition, given in facts.items()
    }


def _export_step(steps: Steps, name: str) -> dg.AssetsDefinition:
    pipeline, specs = steps.pipeline, steps.specs

    @dg.multi_asset(**steps.asset_step(name, [name]))
    def export(context: dg.AssetExecutionContext) -> Results:
        store = pipeline_store(context, pipeline, specs)
        per_partition = pipeline.exports[name].per_partition
        targets = partitions_of(context) if per_partition else [None]
        results: dict[Partition, ExportResult] = {}
        facts: dict[Partition, Mapping[str, Any]] = {}
        for target in targets:
            sources = [target] if per_partition else store.partitions_with_labels()
            results[target], facts[target] = _exported(context, store, name, target, sources)
        versions = {target: _export_version(result) for target, result in results.items()}
        yield materialised(context, specs[name], versions, facts)

    return export


def _exported(
    context: dg.AssetExecutionContext,
    store: PipelineStore,
    name: str,
    target: Partition,
    sources: Sequence[Partition],
) -> "tuple[ExportResult, dict[str, Any]]":
    """Make one export, of one partition or of several, and what there is to say of it."""
    from coco_dagster.export.table_exports import export_tables

    pipeline = store.pipeline
    sets = _labels(context, store, sources)
    nodes = store.ontology()
    root = store.exports_root(name, target)
    with reported_failures():
        sets = _up_to_date(context, store, nodes, sets)
        result = export_tables(
            list(sets.values()),
            nodes,
            root,
            pipeline.exports[name].settings,
            _run_facts(context, store.specs, sets, nodes),
            pipeline.workers,
        )
    facts = _export_columns(store.specs) | metadata.export_metadata(result)
    if pipeline.is_partitioned and target is None:
        facts["partitions"] = len(sets)
        facts["partitions_without_tables"] = len(store.registered or ()) - len(sets)
    tables = MergedTables(list(sets.values()))
    asset = store.specs[name].key
    return result, reported(context, facts, asset, result, pipeline.report, tables, target)


def _labels(
    context: dg.AssetExecutionContext, store: PipelineStore, partitions: Sequence[Partition]
) -> "dict[Partition, TableSet]":
    """Tables of partitions."""
    if not partitions:
        raise dg.Failure(
            "No partition has tables yet: add partitions with `coco-dagster partitions add "
            f"{store.pipeline.name}` or the sensor, and materialise them.",
            allow_retries=False,
        )
    return {partition: store.labels(partition) for partition in partitions}


def _up_to_date(
    context: dg.AssetExecutionContext,
    store: PipelineStore,
    nodes: "TableSet",
    sets: "Mapping[Partition, TableSet]",
) -> "dict[Partition, TableSet]":
    """Tables of partitions; those that were made with another ontology are computed anew."""
    from coco_dagster.export.stages import normalise_tables

    current = dict(sets)
    for partition, tables in sets.items():
        if tables.facts["ontology"] != nodes.version:
            context.log.warning(f"{tables.url} was made with another ontology; computed anew.")
            current[partition] = normalise_tables(
                store.raw_labels(partition),
                nodes,
                store.labels_root(partition),
                store.pipeline.workers,
            )
    return current


def _run_facts(
    context: dg.AssetExecutionContext,
    specs: AssetSpecs,
    sets: "Mapping[Partition, TableSet]",
    nodes: "TableSet",
) -> dict[str, Any]:
    """What the manifest records of the run: its id, and the assets that went into the export."""
    versions = {
        specs[table].key.to_user_string(): combined_versions(
            tables.tables[table].sha256 for tables in sets.values()
        )
        for table in LABEL_TABLES
    }
    versions[specs[ONTOLOGY_ASSET].key.to_user_string()] = nodes.version
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
