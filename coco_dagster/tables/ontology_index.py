"""The ontology as label rows look it up: by feature hash."""

from collections.abc import Mapping
from typing import Final

import msgspec
import pyarrow as pa
from msgspec import Struct

from coco_dagster.encord.ontology_nodes import RELATION_PREFIX

ANSWER_TYPES: Final = frozenset({"radio", "checklist", "text", "numeric"})


class OptionFacts(Struct, frozen=True):
    """An option; `label_json` is its label as JSON text."""

    option_hash: str
    label: str
    label_json: str


class AttributeFacts(Struct, frozen=True):
    """An attribute with the options that it knows by hash."""

    attribute_hash: str
    feature_hash: str
    parent_option_hash: str | None
    name: str
    type: str
    dynamic: bool
    archived: bool
    options: dict[str, OptionFacts]

    @property
    def only_where_answered(self) -> bool:
        """Whether the attribute is absent, rather than unanswered, where nothing answers it."""
        return self.archived or self.parent_option_hash is not None

    @property
    def is_relation(self) -> bool:
        """Relations are attributes whose name starts with #; the ontology has no type for them."""
        return self.name.startswith(RELATION_PREFIX)


class OntologyIndex(Struct, frozen=True):
    """What normalisation asks of an ontology.

    Attributes:
        shapes: object feature hash → shape.
        levels: classification feature hash → `global` or None.
        attributes: attribute hash → its facts.
        option_owners: option hash → hash of the attribute that it belongs to.
        skeletons: feature hash of a skeleton → names of its points.
    """

    shapes: dict[str, str]
    levels: dict[str, str | None]
    attributes: dict[str, AttributeFacts]
    option_owners: dict[str, str]
    skeletons: dict[str, frozenset[str]]

    @classmethod
    def from_tables(cls, tables: Mapping[str, pa.Table]) -> "OntologyIndex":
        """Index the ontology tables (see `schemas.ONTOLOGY_TABLES`)."""
        categories = tables["categories"].to_pylist()
        options: dict[str, dict[str, OptionFacts]] = {}
        owners: dict[str, str] = {}
        for row in tables["options"].to_pylist():
            label_json = msgspec.json.encode(row["label"]).decode()
            facts = OptionFacts(row["option_hash"], row["label"], label_json)
            options.setdefault(row["attribute_hash"], {})[row["option_hash"]] = facts
            owners.setdefault(row["option_hash"], row["attribute_hash"])
        points: dict[str, set[str]] = {}
        for row in tables["skeleton_points"].to_pylist():
            points.setdefault(row["feature_hash"], set()).add(row["name"])
        return cls(
            shapes={
                row["feature_hash"]: row["shape"] for row in categories if row["kind"] == "object"
            },
            levels={
                row["feature_hash"]: row["level"]
                for row in categories
                if row["kind"] == "classification"
            },
            attributes={
                row["attribute_hash"]: AttributeFacts(
                    attribute_hash=row["attribute_hash"],
                    feature_hash=row["feature_hash"],
                    parent_option_hash=row["parent_option_hash"],
                    name=row["name"],
                    type=row["type"],
                    dynamic=row["dynamic"],
                    archived=row["archived"],
                    options=options.get(row["attribute_hash"], {}),
                )
                for row in tables["attributes"].to_pylist()
            },
            option_owners=owners,
            skeletons={feature: frozenset(names) for feature, names in points.items()},
        )
