"""Ontologies that are put together wrongly."""

from collections.abc import Mapping
from random import Random
from typing import Any, Final

from tests.fuzz.fields import Mutation
from tests.fuzz.rows import within
from tests.fuzz.values import GONE, Change, always
from tests.label_rows import JSON


def _nested(node: JSON, levels: int) -> JSON:
    """An attribute below itself, as deep as an ontology with a cycle would be read."""
    attribute = node
    for level in range(levels):
        option = {"label": "deeper", "featureNodeHash": f"option {level}", "options": [attribute]}
        attribute = {"name": "deep", "type": "radio", "featureNodeHash": f"attribute {level}"}
        attribute |= {"options": [option]}
    return attribute


def _twice(key: str) -> Change:
    """A list of which one entry is there twice."""

    def change(entries: Any, dice: Random) -> Any:
        if not isinstance(entries, list) or not entries:
            return entries
        return [*entries, dice.choice(entries)]

    return within(key, change)


def _cycle(attribute: Any, _: Random) -> Any:
    """An attribute whose option has the attribute below it, three times over."""
    options = attribute.get("options") or [{"label": "one", "featureNodeHash": "one"}]
    inner = dict(attribute)
    for _number in range(3):
        inner = attribute | {"options": [options[0] | {"options": [inner]}]}
    return inner


def _many(key: str, count: int) -> Change:
    def change(entries: Any, _: Random) -> Any:
        more = [{"name": f"more {n}", "featureNodeHash": f"more {n}"} for n in range(count)]
        typed = [entry | {"shape": "polygon", "type": "text"} for entry in more]
        return [*entries, *typed] if isinstance(entries, list) else typed

    return within(key, change)


def _edges(template: Any, _: Random) -> Any:
    inner = template.get("template")
    lines: JSON = {str(a): {str(b): {} for b in range(9)} for a in range(9)}
    return {"template": (inner if isinstance(inner, dict) else {}) | {"skeletonEdges": lines}}


SHAPES: Final = ("bounding_box", "polygon", "skeleton", "audio", "hologram", "BITMASK")

NODES: Final[Mapping[str, Mapping[str, Change]]] = {
    "ontology": {
        "a class twice": _twice("objects"),
        "a classification twice": _twice("classifications"),
        "a template twice": _twice("skeleton_templates"),
        "500 classes more": _many("objects", 500),
        "null among classes": within("objects", lambda nodes, _: [*nodes, None]),
        "a list among classes": within("objects", lambda nodes, _: [[], *nodes]),
        "a class among classifications": lambda nodes, _: (
            nodes | {"classifications": nodes["objects"][:1] + nodes.get("classifications", [])}
        ),
        "ontology in an editor": lambda nodes, _: {"title": "x", "editor": nodes},
        "ontology in two editors": lambda nodes, _: {"editor": {"editor": nodes}},
        "ontology with other keys": lambda nodes, _: nodes | {"version": [1], "": {}},
    },
    "class": {
        "class is null": always(None),
        "class is left out": always(GONE),
        "class of the same hash": within("featureNodeHash", always("polygon")),
        "attributes twice": _twice("attributes"),
        "attributes nested 60 levels deep": lambda node, _: (
            node | {"attributes": [_nested({"name": "x", "featureNodeHash": "x"}, 60)]}
        ),
        "attributes nested 400 levels deep": lambda node, _: (
            node | {"attributes": [_nested({"name": "x", "featureNodeHash": "x"}, 400)]}
        ),
        "200 attributes more": _many("attributes", 200),
        "attributes of one name": within(
            "attributes", lambda nodes, _: [node | {"name": "one"} for node in nodes]
        ),
        **{f"class says that it is {shape}": within("shape", always(shape)) for shape in SHAPES},
    },
    "attribute": {
        "attribute is null": always(None),
        "attribute is left out": always(GONE),
        "attribute in a cycle": _cycle,
        "attribute of the same hash": within("featureNodeHash", always("colour")),
        "options twice": _twice("options"),
        "options of one label": within(
            "options", lambda nodes, _: [node | {"label": "one"} for node in nodes]
        ),
        "300 options more": _many("options", 300),
        "attribute is a relation": within("name", always("#relation")),
        **{
            f"attribute says that it is {kind}": within("type", always(kind))
            for kind in ("radio", "checklist", "text", "numeric", "relation")
        },
    },
    "choice": {
        "choice is null": always(None),
        "choice is left out": always(GONE),
        "choice of the same hash": within("featureNodeHash", always("red")),
        "choice above itself": lambda choice, _: (
            choice | {"options": [{"name": "x", "featureNodeHash": "y", "options": [choice]}]}
        ),
    },
    "classification": {
        "classification is null": always(None),
        "classification is left out": always(GONE),
        "classification without attributes": within("attributes", always([])),
        "classification of two attributes": _twice("attributes"),
        "classification becomes global": lambda node, _: node | {"level": "global"},
    },
    "template": {
        "template is null": always(None),
        "template is left out": always(GONE),
        "template with every edge": _edges,
        "template without points": always({"template": {"skeleton": {}}}),
        "template bare": lambda node, _: node.get("template"),
    },
}


def node_mutations() -> list[Mutation]:
    """Everything above."""
    return [
        Mutation(name, kind, change)
        for kind, changes in NODES.items()
        for name, change in changes.items()
    ]
