"""Label rows normalised in memory."""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from coco_dagster.encord.ontology import parse_ontology
from coco_dagster.encord.source_chunks import SourceRow
from coco_dagster.tables.normalise import normalise_rows
from coco_dagster.tables.ontology_index import OntologyIndex
from coco_dagster.tables.ontology_tables import ontology_tables
from tests.label_rows import JSON, as_json
from tests.ontologies import ontology


def normalised(*rows: Any, nodes: JSON | None = None) -> dict[str, list[JSON]]:
    """Rows of the tables that label rows become.

    Args:
        rows: label rows, or the text of one.
        nodes: the ontology; by default one object of every shape, named like it.
    """
    tables = normalise_rows(numbered(rows), ontology_index(nodes)).tables
    return {name: table.to_pylist() for name, table in tables.items()}


def numbered(rows: Iterable[Any]) -> list[SourceRow]:
    """Label rows as they come from one file."""
    return [SourceRow("labels.json", n, as_json(row).encode()) for n, row in enumerate(rows)]


def ontology_index(nodes: JSON | None = None) -> OntologyIndex:
    """An ontology as label rows look it up."""
    return _index_of(json.dumps(ontology() if nodes is None else nodes))


@lru_cache
def _index_of(text: str) -> OntologyIndex:
    tables = ontology_tables(parse_ontology(text.encode(), "ontology.json"))
    return OntologyIndex.from_tables(tables)
