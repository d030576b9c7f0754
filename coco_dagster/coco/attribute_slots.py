"""Slots: the pieces of JSON text that the answers of an object or a frame are made of.

Every object and classification of the ontology has a row of slots in the order in which its
answers are written: static attributes first, then dynamic ones, nested attributes after the one
that they are nested below. The texts of a row of slots, put one behind the other, are the JSON of
all answers, so that rendering an annotation is no more than choosing a text for each slot.

Both styles of writing are made of the same kinds of slots; only their texts differ.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
import polars as pl
import pyarrow as pa
from msgspec import Struct

from coco_dagster.coco.attribute_keys import distinct_keys, numbered_keys
from coco_dagster.coco.profiles import ClassificationStyle
from coco_dagster.encord.ontology_nodes import RELATION_PREFIX

COMMA: Final = "\x01"
"""A comma that has to go where an opening bracket stands before it. JSON text never holds it."""

SLOTS: Final = pl.Schema(
    {
        "feature_hash": pl.String,
        "attribute_hash": pl.String,
        "option_hash": pl.String,
        "takes_answer": pl.Boolean,
        "before": pl.String,
        "after": pl.String,
        "default": pl.String,
        "answered": pl.String,
        "listed": pl.Boolean,
        "dynamic": pl.Boolean,
        "depth": pl.Int64,
        "parent_attribute_hash": pl.String,
        "parent_option_hash": pl.String,
    }
)
"""Columns of the slots.

`takes_answer`: the JSON text of the answer goes between `before` and `after`; a chosen option has
all its text in `before`. `default`: what is written where the attribute is not answered;
`answered`: where it is, but this slot has no answer of its own; null: nothing is written.
`listed`: the attribute is written even where it is not answered. `dynamic`: its answer may change
from frame to frame, or that of the attribute at the top which it is nested below. `depth`: 0 at
the top. `parent_option_hash`: the option that has to be chosen for this to be written.
"""

_NULL: Final = "null"
_Keys = dict[tuple[str, str | None], str]
_Slot = tuple[str | None, bool, str, str, str | None, str | None]


class _Node(Struct):
    """An attribute with its options by hash and what is nested below them."""

    attribute_hash: str
    name: str
    type: str
    listed: bool
    dynamic: bool
    options: dict[str, str]
    nested: dict[str, list["_Node"]]
    depth: int = 0
    parent: tuple[str | None, str | None] = (None, None)

    @property
    def is_checklist(self) -> bool:
        return self.type == "checklist"

    def children(self) -> list["_Node"]:
        return [child for option in self.options for child in self.nested.get(option, ())]

    def walk(self) -> Iterator["_Node"]:
        yield self
        for child in self.children():
            yield from child.walk()


def build_slots(ontology: Mapping[str, pa.Table], style: ClassificationStyle) -> pl.DataFrame:
    """Slots in the order in which they are written (see `SLOTS`).

    Objects come first, then classifications, both in ontology order. Relations, which are
    attributes of objects whose name starts with #, have no slots.

    Args:
        ontology: the tables of the ontology by name (see `schemas.ONTOLOGY_TABLES`).
        style: how answers are written.
    """
    objects, classifications = _trees(ontology)
    name_keys, write = {
        "flat": (_flat_keys, _flat_slots),
        "nested": (_nested_keys, _nested_slots),
    }[style]
    keys: _Keys = {}
    for roots in objects.values():
        keys |= name_keys(roots)
    # All classifications of a frame share one JSON object.
    keys |= name_keys([root for roots in classifications.values() for root in roots])
    rows = [
        (feature, node.attribute_hash, *slot, node.listed, root.dynamic, node.depth, *node.parent)
        for feature, roots in (objects | classifications).items()
        for root in sorted(roots, key=lambda root: root.dynamic)
        for node, slot in write(root, keys, ",")
    ]
    return pl.DataFrame(rows, schema=SLOTS, orient="row")


def _trees(ontology: Mapping[str, pa.Table]) -> tuple[dict[str, list[_Node]], ...]:
    """Attributes at the top by feature hash: of the objects, and of the classifications."""
    options: dict[str, dict[str, str]] = {}
    for row in _rows(ontology, "options", "option_index"):
        options.setdefault(row["attribute_hash"], {})[row["option_hash"]] = row["label"]
    attributes: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(ontology, "attributes", "attribute_index"):
        attributes.setdefault(row["feature_hash"], []).append(row)
    trees: dict[str, dict[str, list[_Node]]] = {"object": {}, "classification": {}}
    for row in _rows(ontology, "categories", "node_index"):
        own = attributes.get(row["feature_hash"], [])
        without_relations = row["kind"] == "object"
        trees[row["kind"]][row["feature_hash"]] = _tree(own, options, without_relations)
    return tuple(trees.values())


def _rows(ontology: Mapping[str, pa.Table], table: str, order: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = ontology[table].sort_by(order).to_pylist()
    return rows


def _tree(
    rows: list[dict[str, Any]], options: dict[str, dict[str, str]], without_relations: bool
) -> list[_Node]:
    roots: list[_Node] = []
    owners: dict[str, _Node] = {}
    for row in rows:
        parent_option = row["parent_option_hash"]
        node = _Node(
            attribute_hash=row["attribute_hash"],
            name=row["name"],
            type=row["type"],
            listed=parent_option is None and not row["archived"],
            dynamic=row["dynamic"],
            options=options.get(row["attribute_hash"], {}),
            nested={},
        )
        parent = owners.get(parent_option)
        owners |= dict.fromkeys(node.options, node)
        if without_relations and node.name.startswith(RELATION_PREFIX):
            continue
        if parent is None:
            roots.append(node)
            continue
        node.depth, node.parent = parent.depth + 1, (parent.attribute_hash, parent_option)
        parent.nested.setdefault(parent_option, []).append(node)
    return roots


def _flat_keys(roots: list[_Node]) -> _Keys:
    """Keys of attributes and options that all stand in one JSON object."""
    places: list[tuple[str, str | None]] = []
    entries: list[tuple[str, str]] = []
    for node in (node for root in roots for node in root.walk()):
        own = node.options.items() if node.is_checklist else ((None, node.name),)
        places += [(node.attribute_hash, option) for option, _ in own]
        entries += [(node.name, key) for _, key in own]
    return dict(zip(places, distinct_keys(entries), strict=True))


def _flat_slots(node: _Node, keys: _Keys, comma: str) -> Iterator[tuple[_Node, _Slot]]:
    """`"attribute":answer`, or `"option":true` and `"option":false` for each option."""
    if node.is_checklist:
        for option in node.options:
            key = f"{comma}{_json(keys[node.attribute_hash, option])}:"
            off = f"{key}false"
            yield node, (option, False, f"{key}true", "", off if node.listed else None, off)
    else:
        key = f"{comma}{_json(keys[node.attribute_hash, None])}:"
        yield node, (None, True, key, "", f"{key}{_NULL}" if node.listed else None, None)
    for child in node.children():
        yield from _flat_slots(child, keys, comma)


def _nested_keys(siblings: list[_Node]) -> _Keys:
    """Keys of attributes that share a JSON object with their siblings only."""
    names = numbered_keys([node.name for node in siblings])
    keys: _Keys = {
        (node.attribute_hash, None): name for node, name in zip(siblings, names, strict=True)
    }
    for node in siblings:
        # Of a radio only one option is chosen, so only its own attributes stand together.
        groups = [node.children()] if node.is_checklist else list(node.nested.values())
        for group in groups:
            keys |= _nested_keys(group)
    return keys


def _nested_slots(node: _Node, keys: _Keys, comma: str) -> Iterator[tuple[_Node, _Slot]]:
    """`"attribute":answer`, with the chosen labels of a checklist in a list.

    An attribute that others can be nested below is written as
    `"attribute":{"answer":answer,"attributes":{…}}`.
    """
    children = node.children()
    head = f"{comma}{_json(keys[node.attribute_hash, None])}:" + '{"answer":' * bool(children)
    middle = ',"attributes":{' * bool(children)
    if node.is_checklist:
        yield node, _bracket(f"{head}[", node.listed)
        for option, label in node.options.items():
            yield node, (option, False, f"{COMMA}{_json(label)}", "", None, None)
        yield node, _bracket(f"]{middle}", node.listed)
    else:
        default = f"{head}{_NULL}{middle}" if node.listed else None
        yield node, (None, True, head, middle, default, None)
    for child in children:
        yield from _nested_slots(child, keys, COMMA)
    if children:
        yield node, _bracket("}}", node.listed)


def _bracket(text: str, listed: bool) -> _Slot:
    return (None, False, "", "", text if listed else None, text)


def _json(text: str) -> str:
    return msgspec.json.encode(text).decode()
