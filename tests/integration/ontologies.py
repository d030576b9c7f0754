"""Encord ontologies in the few words that a test needs.

Hashes can be read: an object of the ontology is called by its name, which by default is its shape,
an attribute by its name, an option by its attribute and its label.
"""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

SHAPES = (
    "bounding_box",
    "rotatable_bounding_box",
    "polygon",
    "polyline",
    "point",
    "skeleton",
    "bitmask",
    "circle",
    "ellipse",
    "cuboid_2d",
)


def ontology(*nodes: Json, templates: Sequence[Json] = ()) -> Json:
    """An ontology of objects (`category`) and classifications (`classification`)."""
    objects = [node for node in nodes if "shape" in node]
    classifications = [node for node in nodes if "shape" not in node]
    made: Json = {
        "objects": [_numbered(node, str(n)) for n, node in enumerate(objects, 1)],
        "classifications": [_numbered(node, str(n)) for n, node in enumerate(classifications, 1)],
    }
    return made | ({"skeleton_templates": list(templates)} if templates else {})


def shapes_ontology(*attributes: Json) -> Json:
    """One category for every shape, of which each has the attributes; skeletons have a nose."""
    categories = [category(shape, *attributes) for shape in SHAPES]
    return ontology(*categories, templates=[template("nose")])


def category(shape: str, *attributes: Json, name: str | None = None, **more: Any) -> Json:
    """An object of the ontology; its hash is its name, which by default is its shape."""
    name = name or shape
    node = {"name": name, "color": "#D33115", "shape": shape, "featureNodeHash": name}
    return node | {"required": False, "attributes": list(attributes)} | more


def classification(attribute: Json, **more: Any) -> Json:
    """A classification of frames; its hash is `frame ` and the name of its one attribute."""
    node = {"featureNodeHash": f"frame {attribute['name']}", "attributes": [attribute]}
    return node | more


def attribute(kind: str, name: str, **more: Any) -> Json:
    """An attribute of some type; its hash is its name."""
    node = {"name": name, "type": kind, "featureNodeHash": name, "required": False}
    return node | {"dynamic": False} | more


def radio(name: str, *options: str | Json, **more: Any) -> Json:
    """An attribute of which one option is chosen."""
    return _with_options("radio", name, options, more)


def checklist(name: str, *options: str | Json, **more: Any) -> Json:
    """An attribute of which any options are chosen."""
    return _with_options("checklist", name, options, more)


def text(name: str, **more: Any) -> Json:
    """An attribute that is answered by a text."""
    return attribute("text", name, **more)


def numeric(name: str, **more: Any) -> Json:
    """An attribute that is answered by a number."""
    return attribute("numeric", name, **more)


def option(label: str, *nested: Json, **more: Any) -> Json:
    """An option with attributes below it; its hash is `<attribute>/<label>`."""
    node: Json = {"label": label, "value": label.lower().replace(" ", "_")}
    return node | ({"options": list(nested)} if nested else {}) | more


def template(
    *names: str, edges: Iterable[tuple[int, int]] = (), skeleton: str = "skeleton"
) -> Json:
    """The points of a skeleton and the edges between them, by position from 0."""
    styles: dict[str, Json] = {}
    for start, end in edges:
        styles.setdefault(str(start), {})[str(end)] = {"color": "#000000"}
    points = {
        str(n): {"x": 0.5, "y": 0.1 * n, "name": name, "color": "#000000", "value": name}
        | {"featureHash": f"{skeleton}/{name}"}
        for n, name in enumerate(names)
    }
    made = {"name": skeleton, "shape": "skeleton", "width": 0.3, "height": 0.5}
    made |= {"skeleton": points, "skeletonEdges": styles, "feature_node_hash": skeleton}
    return {"template": made}


def _with_options(kind: str, name: str, options: Sequence[str | Json], more: Json) -> Json:
    nodes = [option(given) if isinstance(given, str) else given for given in options]
    hashed = [{"featureNodeHash": f"{name}/{node['label']}"} | node for node in nodes]
    return attribute(kind, name, options=hashed, **more)


def _numbered(node: Json, number: str) -> Json:
    """The node with the dotted ids that Encord gives it and everything below it."""
    made: Json = {"id": number} | node
    for key in ("attributes", "options"):
        if key in node:
            below = enumerate(node[key], 1)
            made[key] = [_numbered(child, f"{number}.{n}") for n, child in below]
    return made
