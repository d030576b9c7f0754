"""The assets of a pipeline as Dagster sees them."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from coco_dagster.orchestrate import metadata
from coco_dagster.orchestrate.pipeline import Pipeline
from coco_dagster.orchestrate.translator import EncordCocoTranslator, assets_of, default_key

AssetSpecs = Mapping[str, dg.AssetSpec]
"""Assets of a pipeline by their name: a table, `raw_labels`, `ontology`, or an export."""


def asset_specs(
    pipeline: Pipeline,
    translator: EncordCocoTranslator | None = None,
    automation: "dg.AutomationCondition[Any] | None" = None,
    freshness: dg.FreshnessPolicy | None = None,
) -> dict[str, dg.AssetSpec]:
    """Every asset of a pipeline by its name, from `raw_labels` to the exports.

    Args:
        pipeline: the pipeline.
        translator: decides what Dagster shows of them.
        automation: condition of assets to which the translator gives none.
        freshness: policy of exports to which the translator gives none.
    """
    translator = translator or EncordCocoTranslator()
    assets = assets_of(pipeline)
    given = {asset.name: translator.get_asset_spec(asset) for asset in assets}
    renamed = {default_key(pipeline, name): spec.key for name, spec in given.items()}
    return {
        asset.name: _completed(
            _following(given[asset.name], renamed),
            automation,
            freshness if asset.kind == "export" else None,
        )
        for asset in assets
    }


def _completed(
    spec: dg.AssetSpec,
    automation: "dg.AutomationCondition[Any] | None",
    freshness: dg.FreshnessPolicy | None,
) -> dg.AssetSpec:
    return spec.replace_attributes(
        automation_condition=spec.automation_condition or automation,
        freshness_policy=spec.freshness_policy or freshness,
    )


def _following(spec: dg.AssetSpec, renamed: Mapping[dg.AssetKey, dg.AssetKey]) -> dg.AssetSpec:
    """The asset with its dependencies, and the lineage of its columns, by their translated keys."""
    deps = [
        dg.AssetDep(
            renamed.get(dep.asset_key, dep.asset_key), partition_mapping=dep.partition_mapping
        )
        for dep in spec.deps
    ]
    return spec.replace_attributes(deps=deps, metadata=_following_metadata(spec.metadata, renamed))


def _following_metadata(
    given: Mapping[str, Any], renamed: Mapping[dg.AssetKey, dg.AssetKey]
) -> dict[str, Any]:
    lineage = given.get(metadata.COLUMN_LINEAGE)
    if not isinstance(lineage, dg.TableColumnLineage):
        return dict(given)
    deps_by_column = {
        column: [
            dg.TableColumnDep(renamed.get(dep.asset_key, dep.asset_key), dep.column_name)
            for dep in deps
        ]
        for column, deps in lineage.deps_by_column.items()
    }
    return {**given, metadata.COLUMN_LINEAGE: dg.TableColumnLineage(deps_by_column)}
