"""What is known of each asset before it is made: key, description, versions, columns, lineage."""

from collections.abc import Mapping
from hashlib import sha256

import dagster as dg
import msgspec

from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.lineage.manifest import FORMAT_VERSION
from coco_dagster.orchestrate import metadata
from coco_dagster.orchestrate.pipeline import ONTOLOGY_ASSET, RAW_LABELS_ASSET, Pipeline
from coco_dagster.tables.schemas import (
    LABEL_TABLES,
    RAW_LABELS,
    SCHEMA_VERSION,
    table_description,
)

AssetSpecs = Mapping[str, dg.AssetSpec]
"""Assets of a pipeline by their name: a table, `raw_labels`, `ontology`, or an export."""


def asset_specs(pipeline: Pipeline) -> dict[str, dg.AssetSpec]:
    """Every asset of a pipeline by its name, from `raw_labels` to the exports.

    Args:
        pipeline: the pipeline.
    """
    return {
        RAW_LABELS_ASSET: _raw_labels_spec(pipeline),
        ONTOLOGY_ASSET: _ontology_spec(pipeline),
        **{table: _table_spec(pipeline, table) for table in LABEL_TABLES},
        **{name: _export_spec(pipeline, name) for name in pipeline.exports},
    }


def _raw_labels_spec(pipeline: Pipeline) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=pipeline.asset_key(RAW_LABELS_ASSET),
        description=table_description(RAW_LABELS),
        group_name=pipeline.name,
        kinds={"encord", "parquet"},
        code_version=_code_version(labels=pipeline.labels),
        metadata={metadata.COLUMN_SCHEMA: metadata.column_schema(RAW_LABELS)},
    )


def _ontology_spec(pipeline: Pipeline) -> dg.AssetSpec:
    source = None if pipeline.ontology else pipeline.asset_key(RAW_LABELS_ASSET)
    return dg.AssetSpec(
        key=pipeline.asset_key(ONTOLOGY_ASSET),
        deps=[source] if source else [],
        description=(
            "Categories, attributes, options and skeletons: "
            + ("derived from the label rows." if source else "read from the ontology's file.")
        ),
        group_name=pipeline.name,
        kinds={"encord", "arrow"},
        code_version=_code_version(ontology=pipeline.ontology),
        metadata={
            metadata.COLUMN_SCHEMA: metadata.ontology_column_schema(),
            metadata.COLUMN_LINEAGE: metadata.ontology_column_lineage(source),
        },
    )


def _table_spec(pipeline: Pipeline, table: str) -> dg.AssetSpec:
    schema = LABEL_TABLES[table]
    raw_labels = pipeline.asset_key(RAW_LABELS_ASSET)
    ontology = pipeline.asset_key(ONTOLOGY_ASSET)
    return dg.AssetSpec(
        key=pipeline.asset_key(table),
        deps=[raw_labels, ontology],
        description=table_description(schema),
        group_name=pipeline.name,
        kinds={"arrow", "parquet"},
        code_version=_code_version(),
        metadata={
            metadata.COLUMN_SCHEMA: metadata.column_schema(schema),
            metadata.COLUMN_LINEAGE: metadata.label_column_lineage(schema, raw_labels, ontology),
        },
    )


def _export_spec(pipeline: Pipeline, name: str) -> dg.AssetSpec:
    settings = pipeline.exports[name]
    return dg.AssetSpec(
        key=pipeline.asset_key(name),
        deps=[pipeline.asset_key(asset) for asset in (*LABEL_TABLES, ONTOLOGY_ASSET)],
        description=(
            f"COCO export, profile `{settings.profile.name}`, layout `{settings.layout}`, with its "
            "manifest and the origin of every annotation."
        ),
        group_name=pipeline.name,
        kinds={"coco", "json"},
        code_version=_code_version(format=FORMAT_VERSION, settings=settings),
    )


def _code_version(**settings: str | ExportSettings | None) -> str:
    """Version of a step: that of the tables' schemas, and a digest of the step's settings."""
    if not settings:
        return SCHEMA_VERSION
    digest = sha256(msgspec.json.encode(settings, order="deterministic")).hexdigest()
    return f"{SCHEMA_VERSION}-{digest[:12]}"
