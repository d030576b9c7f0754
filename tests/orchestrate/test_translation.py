"""Assets and steps can be made to look otherwise, by Dagster's own test cases."""

from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg
import pytest
from dagster.components.testing.test_cases import TestOpCustomization, TestTranslation
from dagster.components.testing.utils import create_defs_folder_sandbox

from coco_dagster.orchestrate.component import EncordCocoExport

ATTRIBUTES = {"name": "boats", "labels": "labels"}
FRAMES = dg.AssetKey(["boats", "frames"])


class TestAssets(TestTranslation):
    def test_translation(
        self,
        attributes: Mapping[str, Any],
        assertion: Callable[[dg.AssetSpec], bool],
        key_modifier: Callable[[dg.AssetKey], dg.AssetKey] | None,
    ) -> None:
        contents = {
            "type": "coco_dagster.EncordCocoExport",
            "attributes": ATTRIBUTES | {"translation": attributes},
        }
        key = key_modifier(FRAMES) if key_modifier else FRAMES
        with create_defs_folder_sandbox() as sandbox:
            path = sandbox.scaffold_component(EncordCocoExport, defs_yaml_contents=contents)
            with sandbox.load_component_and_build_defs(path) as (_, definitions):
                (spec,) = (s for s in definitions.resolve_all_asset_specs() if s.key == key)
                assert assertion(spec)


class TestSteps(TestOpCustomization):
    def test_op_customization(
        self, attributes: Mapping[str, Any], assertion: Callable[[Any], bool]
    ) -> None:
        contents = {
            "type": "coco_dagster.EncordCocoExport",
            "attributes": ATTRIBUTES | {"ops": {"tables": attributes}},
        }
        with create_defs_folder_sandbox() as sandbox:
            path = sandbox.scaffold_component(EncordCocoExport, defs_yaml_contents=contents)
            with sandbox.load_component_and_build_defs(path) as (_, definitions):
                tables = definitions.resolve_assets_def(FRAMES)
                assert assertion(tables if "backfill_policy" in attributes else tables.op)


@pytest.mark.parametrize("asset", ["coco", "ontology", "annotations"])
def test_what_depends_on_a_renamed_asset_follows_it(asset: str) -> None:
    component = EncordCocoExport.from_attributes_dict(
        attributes=ATTRIBUTES | {"translation": {"key": "{{ 'ours/' + asset.name }}"}}
    )
    definitions = dg.build_defs_for_component(component)
    dg.Definitions.validate_loadable(definitions)
    (spec,) = (
        s for s in definitions.resolve_all_asset_specs() if s.key == dg.AssetKey(["ours", asset])
    )
    assert spec.deps
    assert all(dep.asset_key.path[0] == "ours" for dep in spec.deps)
