"""The nodes of an ontology: objects and classifications with their attributes and options."""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

SKELETON: Final = "skeleton"
"""Shape of objects that consist of named points."""

RELATION_PREFIX: Final = "#"
"""Ontologies have no type for relations: they are attributes whose name starts with this."""


class Option(Struct, frozen=True):
    """An option of a radio or checklist; `attributes` are nested below it."""

    feature_hash: str
    label: str
    value: str | None = None
    archived: bool = False
    attributes: tuple["Attribute", ...] = ()


class Attribute(Struct, frozen=True):
    """An attribute; `type` is radio, checklist, text, numeric, or what the file says."""

    feature_hash: str
    name: str
    type: str
    dynamic: bool = False
    archived: bool = False
    required: bool = False
    options: tuple[Option, ...] = ()


class SkeletonPoint(Struct, frozen=True):
    """A point of a skeleton template; `x`, `y` is its place within the template."""

    name: str
    feature_hash: str | None = None
    x: float | None = None
    y: float | None = None
    color: str | None = None


class SkeletonEdge(Struct, frozen=True):
    """An edge between two points of a template, by their positions, from 0."""

    from_index: int
    to_index: int
    color: str | None = None


class SkeletonTemplate(Struct, frozen=True):
    """Points and edges of a skeleton; `from_labels`: the ontology has no template for it."""

    points: tuple[SkeletonPoint, ...]
    edges: tuple[SkeletonEdge, ...] = ()
    from_labels: bool = False


class OntologyObject(Struct, frozen=True):
    """A class of objects. `skeleton` is None for other shapes and where there is no template."""

    feature_hash: str
    name: str
    shape: str
    color: str | None = None
    archived: bool = False
    attributes: tuple[Attribute, ...] = ()
    skeleton: SkeletonTemplate | None = None


class OntologyClassification(Struct, frozen=True):
    """A classification of frames, named by its root attribute; `level` is `global` or None."""

    feature_hash: str
    name: str
    level: str | None = None
    archived: bool = False
    attributes: tuple[Attribute, ...] = ()


def walk_attributes(
    attributes: Iterable[Attribute], parent_option: str | None = None
) -> Iterator[tuple[Attribute, str | None]]:
    """Attributes depth first, each with the hash of the option that it is nested below."""
    for attribute in attributes:
        yield attribute, parent_option
        for option in attribute.options:
            yield from walk_attributes(option.attributes, option.feature_hash)
