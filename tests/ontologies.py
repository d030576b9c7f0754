"""Ontologies in the few words that a test needs.

A feature hash can be read: that of a class of objects is its shape, and what has a name is called
like its feature hash unless told otherwise.

    ontology(object_node("bounding_box", radio("colour", "red", "blue"), text("note")))
"""

from collections.abc import Iterable
from typing import Any

from tests.label_rows import JSON

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


def ontology(
    *objects: JSON, classifications: Iterable[JSON] = (), templates: Iterable[JSON] | None = None
) -> JSON:
    """An ontology.

    Args:
        objects: classes of objects; shapes that none of them has get one without attributes.
        classifications: classifications of frames.
        templates: of skeletons; by default one with the points `a` and `b`.
    """
    given = {node["shape"] for node in objects}
    others = [object_node(shape) for shape in SHAPES if shape not in given]
    return {
        "objects": [*objects, *others],
        "classifications": list(classifications),
        "skeleton_templates": [template("a", "b")] if templates is None else list(templates),
    }


def object_node(shape: str, *attributes: JSON, **fields: Any) -> JSON:
    """A class of objects; its feature hash is its shape."""
    return {
        "id": "1",
        "name": shape,
        "color": "#D33115",
        "shape": shape,
        "featureNodeHash": shape,
        "attributes": list(attributes),
    } | fields


def classification_node(feature_hash: str, root: JSON, **fields: Any) -> JSON:
    """A classification of frames, with its one attribute."""
    return {"id": "2", "featureNodeHash": feature_hash, "attributes": [root]} | fields


def attribute(feature_hash: str, kind: str, *options: JSON, **fields: Any) -> JSON:
    """An attribute of objects or of a classification."""
    node: JSON = {
        "id": "1.1",
        "name": feature_hash,
        "type": kind,
        "featureNodeHash": feature_hash,
        "required": False,
        "dynamic": False,
    }
    return node | ({"options": list(options)} if options else {}) | fields


def radio(feature_hash: str, *options: str | JSON, **fields: Any) -> JSON:
    """An attribute of which one option is chosen."""
    return attribute(feature_hash, "radio", *map(_as_option, options), **fields)


def checklist(feature_hash: str, *options: str | JSON, **fields: Any) -> JSON:
    """An attribute of which any options are chosen."""
    return attribute(feature_hash, "checklist", *map(_as_option, options), **fields)


def text(feature_hash: str, **fields: Any) -> JSON:
    """An attribute that is answered by a text."""
    return attribute(feature_hash, "text", **fields)


def numeric(feature_hash: str, **fields: Any) -> JSON:
    """An attribute that is answered by a number."""
    return attribute(feature_hash, "numeric", **fields)


def option(feature_hash: str, *nested: JSON, label: str | None = None) -> JSON:
    """An option of an attribute, with attributes nested below it."""
    node: JSON = {
        "id": "1.1.1",
        "label": label or feature_hash,
        "value": feature_hash,
        "featureNodeHash": feature_hash,
    }
    return node | ({"options": list(nested)} if nested else {})


def template(
    *names: str, edges: Iterable[tuple[int, int]] = (), feature_hash: str = "skeleton"
) -> JSON:
    """The points of a skeleton, and the edges between them by position from 0."""
    points = {
        str(number): {"x": 0.5, "y": 0.5, "name": name, "featureHash": f"{feature_hash}/{name}"}
        for number, name in enumerate(names)
    }
    lines: JSON = {}
    for start, end in edges:
        lines.setdefault(str(start), {})[str(end)] = {"color": "#000000"}
    node = {"name": feature_hash, "shape": "skeleton", "feature_node_hash": feature_hash}
    return {"template": node | {"skeleton": points, "skeletonEdges": lines}}


def _as_option(given: str | JSON) -> JSON:
    return option(given) if isinstance(given, str) else given
