"""How the assets of a pipeline look in Dagster, and how to make them look otherwise.

A subclass of `EncordCocoTranslator` renames, regroups, tags or hands over assets by one method:

    class OursTranslator(EncordCocoTranslator):
        def get_asset_spec(self, asset: EncordAsset) -> dg.AssetSpec:
            spec = super().get_asset_spec(asset)
            return spec.replace_attributes(group_name="vision", owners=["team:labels"])
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

import dagster as dg
import msgspec

from coco_dagster.lineage.manifest import FORMAT_VERSION
from coco_dagster.orchestrate import metadata
from coco_dagster.orchestrate.pipeline import ONTOLOGY_ASSET, RAW_LABELS_ASSET, Export, Pipeline
from coco_dagster.tables.schemas import (
    LABEL_TABLES,
    NORMALISATION_VERSION,
    RAW_LABELS,
    SCHEMA_VERSION,
    table_description,
)

AssetKind = Literal["raw_labels", "ontology", "table", "export"]


@dataclass(frozen=True)
class EncordAsset:
    """One asset of a pipeline, as far as its looks depend on it.

    Attributes:
        name: the table, `raw_labels`, `ontology`, or the name of an export.
        kind: which of these it is.
        pipeline: the pipeline.
    """

    name: str
    kind: AssetKind
    pipeline: Pipeline

    @property
    def export(self) -> Export:
        """The export that the asset is.

        Raises:
            KeyError: the asset is none.
        """
        return self.pipeline.exports[self.name]

    @property
    def is_partitioned(self) -> bool:
        """Whether the asset has partitions."""
        if self.kind == "ontology" or not self.pipeline.is_partitioned:
            return False
        return self.kind != "export" or self.export.per_partition


class EncordCocoTranslator:
    """Turns assets of a pipeline into what Dagster shows of them."""

    def get_asset_spec(self, asset: EncordAsset) -> dg.AssetSpec:
        """What Dagster shows of an asset: key, group, description, kinds, code version, columns.

        Other assets of the pipeline follow its key: what depends on it keeps doing so when it is
        renamed.

        Args:
            asset: the asset.
        """
        return _SPECS[asset.kind](asset)


def assets_of(pipeline: Pipeline) -> list[EncordAsset]:
    """All assets of a pipeline, those that others depend on first."""
    return [
        EncordAsset(RAW_LABELS_ASSET, "raw_labels", pipeline),
        EncordAsset(ONTOLOGY_ASSET, "ontology", pipeline),
        *(EncordAsset(table, "table", pipeline) for table in LABEL_TABLES),
        *(EncordAsset(name, "export", pipeline) for name in pipeline.exports),
    ]


def default_key(pipeline: Pipeline, asset: str) -> dg.AssetKey:
    """Key of an asset that no translation renames.

    Args:
        pipeline: the pipeline.
        asset: name of the asset within it.
    """
    return dg.AssetKey([pipeline.name, asset])


def _raw_labels_spec(asset: EncordAsset) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=default_key(asset.pipeline, asset.name),
        description=table_description(RAW_LABELS),
        group_name=asset.pipeline.name,
        kinds={"encord", "parquet"},
        code_version=_code_version(SCHEMA_VERSION, labels=asset.pipeline.labels),
        partitions_def=_partitions_def(asset),
        metadata={metadata.COLUMN_SCHEMA: metadata.column_schema(RAW_LABELS)},
    )


def _ontology_spec(asset: EncordAsset) -> dg.AssetSpec:
    pipeline = asset.pipeline
    raw_labels = default_key(pipeline, RAW_LABELS_ASSET)
    source = None if pipeline.ontology else raw_labels
    return dg.AssetSpec(
        key=default_key(pipeline, asset.name),
        deps=[_over_all_partitions(pipeline, source)] if source else [],
        description=(
            "Categories, attributes, options and skeletons: "
            + ("derived from the label rows." if source else "read from the ontology's file.")
        ),
        group_name=pipeline.name,
        kinds={"encord", "arrow"},
        code_version=_code_version(SCHEMA_VERSION, ontology=pipeline.ontology),
        metadata={
            metadata.COLUMN_SCHEMA: metadata.ontology_column_schema(),
            metadata.COLUMN_LINEAGE: metadata.ontology_column_lineage(source),
        },
    )


def _table_spec(asset: EncordAsset) -> dg.AssetSpec:
    pipeline = asset.pipeline
    schema = LABEL_TABLES[asset.name]
    raw_labels = default_key(pipeline, RAW_LABELS_ASSET)
    ontology = default_key(pipeline, ONTOLOGY_ASSET)
    return dg.AssetSpec(
        key=default_key(pipeline, asset.name),
        deps=[raw_labels, ontology],
        description=table_description(schema),
        group_name=pipeline.name,
        kinds={"arrow", "parquet"},
        code_version=f"{SCHEMA_VERSION}-{NORMALISATION_VERSION}",
        partitions_def=_partitions_def(asset),
        metadata={
            metadata.COLUMN_SCHEMA: metadata.column_schema(schema),
            metadata.COLUMN_LINEAGE: metadata.label_column_lineage(schema, raw_labels, ontology),
        },
    )


def _export_spec(asset: EncordAsset) -> dg.AssetSpec:
    pipeline, settings = asset.pipeline, asset.export.settings
    tables = [default_key(pipeline, table) for table in LABEL_TABLES]
    deps = [
        dg.AssetDep(key) if asset.is_partitioned else _over_all_partitions(pipeline, key)
        for key in tables
    ]
    return dg.AssetSpec(
        key=default_key(pipeline, asset.name),
        deps=[*deps, default_key(pipeline, ONTOLOGY_ASSET)],
        description=(
            f"COCO export, profile `{settings.profile.name}`, layout `{settings.layout}`, with its "
            "manifest and the origin of every annotation."
        ),
        group_name=pipeline.name,
        kinds={"coco", "json"},
        code_version=_code_version(FORMAT_VERSION, settings=settings),
        partitions_def=_partitions_def(asset),
    )


_SPECS: dict[AssetKind, Callable[[EncordAsset], dg.AssetSpec]] = {
    "raw_labels": _raw_labels_spec,
    "ontology": _ontology_spec,
    "table": _table_spec,
    "export": _export_spec,
}


def _over_all_partitions(pipeline: Pipeline, key: dg.AssetKey) -> dg.AssetDep:
    if not pipeline.is_partitioned:
        return dg.AssetDep(key)
    return dg.AssetDep(key, partition_mapping=dg.AllPartitionMapping())


def _partitions_def(asset: EncordAsset) -> dg.DynamicPartitionsDefinition | None:
    if not asset.is_partitioned:
        return None
    return dg.DynamicPartitionsDefinition(name=asset.pipeline.partitions_name)


def _code_version(version: str, **settings: Any) -> str:
    """Version of a step: that of what it writes, and a digest of the settings that decide it."""
    digest = sha256(msgspec.json.encode(settings, order="deterministic")).hexdigest()
    return f"{version}-{digest[:12]}"
