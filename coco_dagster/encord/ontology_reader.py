"""Reads the nodes of an ontology one by one, so that a malformed one costs only itself."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw, Struct

from coco_dagster.encord import surrogates
from coco_dagster.encord.deep_values import with_readable_depth
from coco_dagster.encord.label_row import Note
from coco_dagster.encord.ontology_nodes import (
    SKELETON,
    Attribute,
    OntologyClassification,
    OntologyObject,
    Option,
    SkeletonEdge,
    SkeletonPoint,
    SkeletonTemplate,
)

MAX_NESTING: Final = 50
"""Levels of nested attributes that are read; Encord's editor allows 7."""

_MAX_LEVELS: Final = 20 + 4 * MAX_NESTING
"""Levels of JSON in an ontology: a nested attribute and its options take four."""

_V = TypeVar("_V")


class Template(Struct, frozen=True):
    """A template and what tells which object it belongs to."""

    template: SkeletonTemplate
    name: str | None
    feature_hash: str | None


class Skeletons:
    """Templates by the hash of their object; those without one by its name."""

    def __init__(self, templates: Iterable[Template], objects: Iterable[str]) -> None:
        """Match templates with objects.

        Args:
            templates: all templates; of two for one object the first counts.
            objects: hashes of the objects of the ontology.
        """
        known = set(objects)
        self._by_hash: dict[str, SkeletonTemplate] = {}
        self._by_name: dict[str, SkeletonTemplate] = {}
        for entry in templates:
            if entry.feature_hash is not None and entry.feature_hash in known:
                self._by_hash.setdefault(entry.feature_hash, entry.template)
            elif entry.name is not None:
                self._by_name.setdefault(entry.name, entry.template)

    def find(self, feature_hash: str, name: str) -> SkeletonTemplate | None:
        """Template of an object; None where there is none."""
        return self._by_hash.get(feature_hash) or self._by_name.get(name)


class NodeReader:
    """Reads the nodes of one ontology.

    Attributes:
        notes: what was mended or left out so far.
    """

    def __init__(self) -> None:
        """Start with nothing read and nothing noted."""
        self.notes: list[Note] = []
        self._nodes: set[str] = set()
        self._attributes: set[str] = set()

    def _note(self, code: str, path: str, message: str) -> None:
        self.notes.append(Note(f"ontology_{code}", path, message))

    def with_shallow_values(self, data: bytes) -> bytes:
        """The ontology with null in place of values that are nested too deeply to be read."""
        shallow = with_readable_depth(data, _MAX_LEVELS)
        if shallow.first:
            message = f"What is nested more than {_MAX_LEVELS} levels deep is left out."
            self._note("nested_too_deeply", "$", message)
        return shallow.text

    def with_whole_characters(self, data: bytes) -> bytes:
        """The ontology with a replacement character for each half of a surrogate pair."""
        mended = surrogates.with_whole_characters(data)
        if mended != data:
            self._note("lone_surrogate", "$", surrogates.NOTE)
        return mended

    def decode_list(self, raw: Raw | None, path: str) -> list[tuple[str, dict[str, Any]]]:
        """Nodes of a list with their paths; one that cannot be decoded is left out."""
        if raw is None:
            return []
        decoded = []
        try:
            pieces = msgspec.json.decode(raw, type=list[Raw] | None) or []
        except msgspec.ValidationError:
            self._note("malformed", path, "Left out: it is not a list.")
            return []
        for index, piece in enumerate(pieces):
            try:
                decoded.append(
                    (f"{path}[{index}]", msgspec.json.decode(piece, type=dict[str, Any]))
                )
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                self._note("malformed", f"{path}[{index}]", "Left out: it is not a JSON object.")
        return decoded

    def _children(self, node: dict[str, Any], key: str, path: str) -> list[tuple[str, Any]]:
        children = node.get(key)
        if children is None:
            return []
        if not isinstance(children, list):
            self._note("malformed", f"{path}.{key}", "Left out: it is not a list.")
            return []
        placed = [(f"{path}.{key}[{index}]", child) for index, child in enumerate(children)]
        for place, child in placed:
            if not isinstance(child, dict):
                self._note("malformed", place, "Left out: it is not a JSON object.")
        return [(place, child) for place, child in placed if isinstance(child, dict)]

    def _claim(self, node: dict[str, Any], path: str, taken: set[str]) -> str | None:
        """Hash of a node; None where it has none or an earlier node has the same."""
        feature_hash = node.get("featureNodeHash")
        if not isinstance(feature_hash, str) or not feature_hash:
            message = "Left out: it has no `featureNodeHash`, so no label can refer to it."
            self._note("missing_hash", path, message)
            return None
        if feature_hash in taken:
            message = f"Left out: an earlier node has the `featureNodeHash` {feature_hash}, too."
            self._note("repeated_hash", path, message)
            return None
        taken.add(feature_hash)
        return feature_hash

    def _name(self, node: dict[str, Any], path: str, key: str, last: str) -> str:
        """Text under the key; where there is none, the node's value or the last resort."""
        name = _text(node.get(key))
        if name is not None:
            return name
        name = _text(node.get("value")) or last
        self._note("missing_name", path, f"It has no `{key}`; `{name}` is used instead.")
        return name

    def _flag(self, node: dict[str, Any], key: str, path: str) -> bool:
        flag = node.get(key)
        if flag is None or isinstance(flag, bool):
            return bool(flag)
        self._note("malformed", f"{path}.{key}", "It is neither true nor false; false is used.")
        return False

    def read_object(
        self, node: dict[str, Any], path: str, skeletons: Skeletons
    ) -> OntologyObject | None:
        """A class of objects; None where it cannot be used, with a note."""
        shape = node.get("shape")
        if not isinstance(shape, str) or not shape:
            self._note("missing_shape", path, "Left out: it has no `shape`.")
            return None
        feature_hash = self._claim(node, path, self._nodes)
        if feature_hash is None:
            return None
        name = self._name(node, path, "name", feature_hash)
        return OntologyObject(
            feature_hash=feature_hash,
            name=name,
            shape=shape,
            color=_text(node.get("color")),
            archived=self._flag(node, "archived", path),
            attributes=self._read_attributes(node, "attributes", path),
            skeleton=skeletons.find(feature_hash, name) if shape == SKELETON else None,
        )

    def read_classification(self, node: dict[str, Any], path: str) -> OntologyClassification | None:
        """A classification of frames; None where it cannot be used, with a note."""
        feature_hash = self._claim(node, path, self._nodes)
        if feature_hash is None:
            return None
        attributes = self._read_attributes(node, "attributes", path)
        if len(attributes) != 1:
            message = f"It has {len(attributes)} attributes instead of one."
            self._note("root_attributes", path, message)
        return OntologyClassification(
            feature_hash=feature_hash,
            name=attributes[0].name if attributes else feature_hash,
            level=_text(node.get("level")),
            archived=self._flag(node, "archived", path),
            attributes=attributes,
        )

    def _read_attributes(
        self, node: dict[str, Any], key: str, path: str, depth: int = 1
    ) -> tuple[Attribute, ...]:
        children = self._children(node, key, path)
        if children and depth > MAX_NESTING:
            message = f"Left out: attributes are nested more than {MAX_NESTING} levels deep."
            self._note("nested_too_deeply", f"{path}.{key}", message)
            return ()
        attributes = [self._read_attribute(child, place, depth) for place, child in children]
        return tuple(attribute for attribute in attributes if attribute is not None)

    def _read_attribute(self, node: dict[str, Any], path: str, depth: int) -> Attribute | None:
        feature_hash = self._claim(node, path, self._attributes)
        if feature_hash is None:
            return None
        taken: set[str] = set()
        options = [
            self._read_option(child, place, taken, depth)
            for place, child in self._children(node, "options", path)
        ]
        kind = _text(node.get("type"))
        if not kind:
            kind = "radio" if options else "text"
            self._note("missing_type", path, f"It has no `type`; {kind} is used.")
        return Attribute(
            feature_hash=feature_hash,
            name=self._name(node, path, "name", feature_hash),
            type=kind,
            dynamic=self._flag(node, "dynamic", path),
            archived=self._flag(node, "archived", path),
            required=self._flag(node, "required", path),
            options=tuple(option for option in options if option is not None),
        )

    def _read_option(
        self, node: dict[str, Any], path: str, taken: set[str], depth: int
    ) -> Option | None:
        feature_hash = self._claim(node, path, taken)
        if feature_hash is None:
            return None
        return Option(
            feature_hash=feature_hash,
            label=self._name(node, path, "label", feature_hash),
            value=_text(node.get("value")),
            archived=self._flag(node, "archived", path),
            attributes=self._read_attributes(node, "options", path, depth + 1),
        )

    def read_template(self, node: dict[str, Any], path: str) -> Template:
        """Points in numeric order of their keys, and the edges between them."""
        points: list[SkeletonPoint] = []
        positions: dict[str, int] = {}
        for key, point in _entries(node.get("skeleton")):
            if not isinstance(point, dict):
                self._note("malformed", f"{path}.skeleton.{key}", "Left out: it is no point.")
                continue
            positions[key] = len(points)
            place = f"{path}.skeleton.{key}"
            points.append(
                SkeletonPoint(
                    name=self._name(point, place, "name", f"point_{key}"),
                    feature_hash=_text(point.get("featureHash")),
                    x=_number(point.get("x")),
                    y=_number(point.get("y")),
                    color=_text(point.get("color")),
                )
            )
        template = SkeletonTemplate(tuple(points), tuple(self._edges(node, path, positions)))
        return Template(template, _text(node.get("name")), _text(node.get("feature_node_hash")))

    def _edges(
        self, node: dict[str, Any], path: str, positions: dict[str, int]
    ) -> Iterator[SkeletonEdge]:
        for start, targets in _entries(node.get("skeletonEdges")):
            for end, style in _entries(targets):
                if start in positions and end in positions:
                    color = _text(style.get("color")) if isinstance(style, dict) else None
                    yield SkeletonEdge(positions[start], positions[end], color)
                    continue
                message = f"The edge from {start} to {end} is left out: it lacks a point."
                self._note("malformed", f"{path}.skeletonEdges.{start}", message)


def _entries(pieces: object) -> list[tuple[str, Any]]:
    return by_number(pieces) if isinstance(pieces, (dict, list)) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def by_number(pieces: Mapping[str, _V] | list[_V] | None) -> list[tuple[str, _V]]:
    """Entries of a list, or of an object whose keys are numbers, in numeric order."""
    if not pieces:
        return []
    if isinstance(pieces, list):
        return [(str(index), piece) for index, piece in enumerate(pieces)]
    return sorted(pieces.items(), key=lambda item: _number_of_key(item[0]))


def _number_of_key(key: str) -> tuple[bool, int, str]:
    plain = key.isascii() and key.isdecimal() and len(key) <= 10
    return (not plain, int(key) if plain else 0, key)
