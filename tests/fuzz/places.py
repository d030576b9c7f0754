"""Places of label rows and ontologies, and what a change at one may change of an export."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from tests.fuzz.values import GONE
from tests.label_rows import JSON

Place: TypeAlias = tuple[str | int, ...]
"""Keys and indices that lead to a value."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_HOLDERS: Final = ("data_units", "spaces")
_FRAME_KEYS: Final = ("objects", "classifications")


def value_at(value: Any, place: Place) -> Any:
    """The value at a place; None where there is none."""
    for step in place:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return None
    return value


def put(whole: Any, place: Place, value: Any) -> Any:
    """A copy of the whole with another value at a place, or without one.

    Only what holds the place is copied; the rest is shared.

    Args:
        whole: what has the place.
        place: keys and indices that are there; the last key of an object may be new.
        value: what comes there; `GONE`: nothing.
    """
    if not place:
        return {} if value is GONE else value
    copy: Any = whole.copy()
    first: Any = place[0]
    if len(place) > 1:
        copy[first] = put(whole[first], place[1:], value)
    elif value is not GONE:
        copy[first] = value
    elif isinstance(copy, list) or first in copy:
        del copy[first]
    return copy


def places(row: JSON, kind: str) -> list[Place]:
    """Places of a kind in a label row, whatever the row has become.

    Args:
        row: a label row.
        kind: `row`; `unit`, `space`, `labels`, `frame`, `metadata`, `object`, an object's shape,
            `placement`; `object answer`, `object action`, `classification answer`, and `answer`
            and `option` of any of them.
    """
    if kind == "row":
        return [()]
    if kind in ("unit", "space"):
        key = "data_units" if kind == "unit" else "spaces"
        return [(key, name) for name in _keys(row.get(key))]
    if kind in _ENTRIES:
        return [(_ENTRIES[kind], name) for name in _keys(row.get(_ENTRIES[kind]))]
    if kind == "answer":
        return list(_answers(row))
    if kind == "option":
        return [
            (*place, "answers", n)
            for place in _answers(row)
            for n in _indices(value_at(row, (*place, "answers")))
        ]
    return list(_of_labels(row, kind))


_ENTRIES: Final = {
    "object answer": "object_answers",
    "object action": "object_actions",
    "classification answer": "classification_answers",
}


def _of_labels(row: JSON, kind: str) -> Iterator[Place]:
    for key in _HOLDERS:
        for name in _keys(row.get(key)):
            place = (key, name, "labels")
            if kind == "labels":
                yield place
                continue
            for frame in frames(row, place):
                if kind == "frame":
                    yield frame
                else:
                    yield from _on_frame(row, frame, kind)


def frames(row: JSON, labels: Place) -> list[Place]:
    """Frames of the labels at a place; flat labels are a frame themselves."""
    body = value_at(row, labels)
    keys = _keys(body)
    if any(isinstance(value_at(body, (key,)), list) for key in _FRAME_KEYS):
        return [labels]
    return [(*labels, key) for key in keys]


def _on_frame(row: JSON, frame: Place, kind: str) -> Iterator[Place]:
    if kind == "metadata":
        if isinstance(value_at(row, (*frame, kind)), dict):
            yield (*frame, kind)
        return
    key = "classifications" if kind == "placement" else "objects"
    for index in _indices(value_at(row, (*frame, key))):
        place = (*frame, key, index)
        if kind in ("object", "placement") or value_at(row, (*place, "shape")) == kind:
            yield place


def _answers(row: JSON) -> Iterator[Place]:
    for kind in _ENTRIES.values():
        key = "actions" if kind == "object_actions" else "classifications"
        for name in _keys(row.get(kind)):
            for index in _indices(value_at(row, (kind, name, key))):
                yield (kind, name, key, index)


def _keys(value: Any) -> list[str]:
    return list(value) if isinstance(value, dict) else []


def _indices(value: Any) -> range:
    return range(len(value)) if isinstance(value, list) else range(0)


def node_places(ontology: JSON, kind: str) -> list[Place]:
    """Places of a kind in an ontology.

    Args:
        ontology: an ontology.
        kind: `ontology`, `class`, `classification`, `attribute`, `choice` or `template`.
    """
    if kind == "ontology":
        return [()]
    if kind in _LISTS:
        return [(_LISTS[kind], n) for n in _indices(ontology.get(_LISTS[kind]))]
    found = [
        below
        for key in ("objects", "classifications")
        for n in _indices(ontology.get(key))
        for below in _below(ontology, (key, n, "attributes"))
    ]
    return [place for place, is_choice in found if is_choice == (kind == "choice")]


_LISTS: Final = {
    "class": "objects",
    "classification": "classifications",
    "template": "skeleton_templates",
}


def _below(ontology: JSON, attributes: Place) -> Iterator[tuple[Place, bool]]:
    for n in _indices(value_at(ontology, attributes)):
        attribute = (*attributes, n)
        yield attribute, False
        for option in _indices(value_at(ontology, (*attribute, "options"))):
            choice = (*attribute, "options", option)
            yield choice, True
            yield from _below(ontology, (*choice, "options"))


@dataclass
class Touched:
    """What of an export the changes of label rows and ontology may change.

    Attributes:
        rows: label rows of which nothing is expected to stay, by position.
        objects: objects of which nothing is expected to stay, by position of the row and hash.
        features: ontology nodes whose objects may change.
        everything: whether nothing is expected to stay.
    """

    rows: set[int] = field(default_factory=set)
    objects: set[tuple[int, str]] = field(default_factory=set)
    features: set[str] = field(default_factory=set)
    everything: bool = False

    def holds(self, row: int, object_hash: str, feature: str) -> bool:
        """Whether an object may change."""
        return (
            self.everything
            or row in self.rows
            or (row, object_hash) in self.objects
            or feature in self.features
        )

    def touch(self, position: int, place: Place, before: JSON, after: Any) -> None:
        """Add what a change at a place of a label row may change."""
        if not isinstance(after, dict):
            self.rows.add(position)
            return
        hashes = _objects_near(place, before, after)
        if hashes is None:
            self.rows.add(position)
            return
        self.objects |= {(position, name) for name in hashes}


def _objects_near(place: Place, before: JSON, after: JSON) -> set[str] | None:
    """Hashes of the objects that a change concerns; None: of all."""
    if place[:1] == ("classification_answers",):
        return set()
    if len(place) < 2:
        return None
    if place[0] in ("object_answers", "object_actions"):
        return {str(place[1])}
    if place[0] not in _HOLDERS:
        return None
    if len(place) == 2 and value_at(after, place) is None:
        # Without it, the place of the others among the files may be another one.
        return None
    if "objects" in place[2:5]:
        end = place.index("objects") + 2
        return _hashes(value_at(before, place[:end])) | _hashes(value_at(after, place[:end]))
    if "classifications" in place[2:5]:
        return set()
    return _hashes(value_at(before, place[:2])) | _hashes(value_at(after, place[:2]))


def _hashes(value: Any) -> set[str]:
    """Object hashes at or below a value."""
    if isinstance(value, Mapping):
        own = value.get("objectHash")
        found = {own, _SURROGATE.sub("\ufffd", own)} if isinstance(own, str) else set()
        return found.union(*map(_hashes, value.values()))
    if isinstance(value, list):
        return set().union(*map(_hashes, value))
    return set()
