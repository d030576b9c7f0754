"""What `import coco_dagster` gives; tests/test_imports.py says what it costs."""

from importlib.metadata import version

import pytest
from dagster.components.core.package_entry import discover_package_objects

import coco_dagster


def test_names_include_those_that_are_loaded_when_used() -> None:
    assert {"EncordCocoExport", "build_encord_coco_defs"} <= set(dir(coco_dagster))


@pytest.mark.parametrize("name", ["EncordCocoExport", "build_encord_coco_defs"])
def test_every_name_can_be_loaded(name: str) -> None:
    assert getattr(coco_dagster, name).__name__ == name


def test_registry_of_dg_finds_the_component_and_nothing_else() -> None:
    found = [key.to_typename() for key in discover_package_objects(["coco_dagster"])]
    assert found == ["coco_dagster.EncordCocoExport"]


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'EncordCoco'"):
        _ = coco_dagster.EncordCoco


def test_version_is_that_of_the_distribution() -> None:
    assert coco_dagster.__version__ == version("coco-dagster")
