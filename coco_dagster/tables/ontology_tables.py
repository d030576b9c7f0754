"""The ontology as tables."""

from collections.abc import Iterable, Iterator
from typing import Final

import pyarrow as pa

from coco_dagster.encord.ontology import (
    Ontology,
    OntologyClassification,
    OntologyObject,
    SkeletonTemplate,
    walk_attributes,
)
from coco_dagster.tables.schemas import ONTOLOGY_TABLES
from coco_dagster.tables.table_rows import sorted_by_key

_Row = dict[str, object]
_NO_TEMPLATE: Final = SkeletonTemplate(())


def ontology_tables(ontology: Ontology) -> dict[str, pa.Table]:
    """Tables of an ontology by name (see `schemas.ONTOLOGY_TABLES`), each sorted by its key."""
    nodes: list[OntologyObject | OntologyClassification] = [
        *ontology.objects,
        *ontology.classifications,
    ]
    rows: dict[str, Iterable[_Row]] = {
        "categories": (*_objects(ontology.objects), *_classifications(ontology.classifications)),
        "attributes": (row for node in nodes for row in _attributes(node)),
        "options": (row for node in nodes for row in _options(node)),
        "skeleton_points": (row for node in ontology.objects for row in _points(node)),
        "skeleton_edges": (row for node in ontology.objects for row in _edges(node)),
    }
    return {name: _table(schema, rows[name]) for name, schema in ONTOLOGY_TABLES.items()}


def _table(schema: pa.Schema, rows: Iterable[_Row]) -> pa.Table:
    table = pa.Table.from_pylist(list(rows), schema=schema)
    return sorted_by_key(table)


def _objects(nodes: Iterable[OntologyObject]) -> Iterator[_Row]:
    for index, node in enumerate(nodes):
        yield {
            "feature_hash": node.feature_hash,
            "kind": "object",
            "node_index": index,
            "name": node.name,
            "shape": node.shape,
            "color": node.color,
            "archived": node.archived,
            "has_template": node.skeleton is not None and not node.skeleton.from_labels,
        }


def _classifications(nodes: Iterable[OntologyClassification]) -> Iterator[_Row]:
    for index, node in enumerate(nodes):
        yield {
            "feature_hash": node.feature_hash,
            "kind": "classification",
            "node_index": index,
            "name": node.name,
            "level": node.level,
            "archived": node.archived,
            "has_template": False,
        }


def _attributes(node: OntologyObject | OntologyClassification) -> Iterator[_Row]:
    for index, (attribute, parent_option) in enumerate(walk_attributes(node.attributes)):
        yield {
            "attribute_hash": attribute.feature_hash,
            "feature_hash": node.feature_hash,
            "parent_option_hash": parent_option,
            "attribute_index": index,
            "name": attribute.name,
            "type": attribute.type,
            "dynamic": attribute.dynamic,
            "archived": attribute.archived,
            "required": attribute.required,
        }


def _options(node: OntologyObject | OntologyClassification) -> Iterator[_Row]:
    for attribute, _ in walk_attributes(node.attributes):
        for index, option in enumerate(attribute.options):
            yield {
                "attribute_hash": attribute.feature_hash,
                "option_hash": option.feature_hash,
                "option_index": index,
                "label": option.label,
                "value": option.value,
                "archived": option.archived,
            }


def _points(node: OntologyObject) -> Iterator[_Row]:
    for index, point in enumerate((node.skeleton or _NO_TEMPLATE).points):
        yield {
            "feature_hash": node.feature_hash,
            "point_index": index,
            "name": point.name,
            "point_hash": point.feature_hash,
            "x": point.x,
            "y": point.y,
            "color": point.color,
        }


def _edges(node: OntologyObject) -> Iterator[_Row]:
    for edge in (node.skeleton or _NO_TEMPLATE).edges:
        yield {
            "feature_hash": node.feature_hash,
            "from_index": edge.from_index,
            "to_index": edge.to_index,
            "color": edge.color,
        }
