"""Rendering of answers, compared with code that looks at one annotation at a time."""

import json
import random
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coco_dagster.coco.attribute_keys import distinct_keys, numbered_keys
from coco_dagster.coco.attributes import AttributeTemplates, object_classifications
from coco_dagster.coco.profiles import ClassificationStyle
from coco_dagster.encord.ontology import (
    Attribute,
    Ontology,
    OntologyObject,
    Option,
    walk_attributes,
)
from coco_dagster.tables.ontology_tables import ontology_tables

Row = dict[str, Any]
FRAMES = range(6)
FILES = ("d1", "d2")


class Maker:
    """Makes an ontology, annotations and answers from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._made = 0

    def _new(self) -> str:
        self._made += 1
        return f"h{self._made}"

    def _is(self, share: float) -> bool:
        return self._random.random() < share

    def _attribute(self, depth: int) -> Attribute:
        kind = self._random.choice(["radio", "radio", "checklist", "text", "numeric", "other"])
        options: tuple[Option, ...] = ()
        if kind in ("radio", "checklist"):
            options = tuple(
                Option(self._new(), self._random.choice("abcxyz"), attributes=self._below(depth))
                for _ in range(self._random.randrange(4))
            )
        name = self._random.choice(["a", "b", "x", "a/b", "#r", "é"])
        dynamic = depth == 0 and self._is(0.4)
        return Attribute(self._new(), name, kind, dynamic, self._is(0.2), options=options)

    def _below(self, depth: int) -> tuple[Attribute, ...]:
        if depth == 2 or self._is(0.6):
            return ()
        return tuple(self._attribute(depth + 1) for _ in range(self._random.randrange(3)))

    def ontology(self) -> Ontology:
        return Ontology.of(
            [
                OntologyObject(
                    f"f{number}",
                    "Class",
                    "polygon",
                    attributes=tuple(self._attribute(0) for _ in range(self._random.randrange(4))),
                )
                for number in range(3)
            ],
            [],
        )

    def annotations(self) -> list[Row]:
        tracks = [
            {
                "label_hash": row,
                "object_hash": name,
                "feature_hash": f"f{self._random.randrange(3)}",
            }
            for row in ("l1", "l2")
            for name in ("o1", "o2")
        ]
        drawn = [
            track | {"data_hash": file, "frame": frame}
            for track in tracks
            for file in FILES
            for frame in FRAMES
            if self._is(0.5)
        ]
        self._random.shuffle(drawn)
        return drawn

    def answers(self, ontology: Ontology, annotations: list[Row]) -> list[Row]:
        attributes = {node.feature_hash: node.attributes for node in ontology.objects}
        owners = {(a["label_hash"], a["object_hash"]): a["feature_hash"] for a in annotations}
        return [
            {"label_hash": row, "owner": "object", "owner_hash": name} | given_answer
            for (row, name), feature in owners.items()
            for attribute, _ in walk_attributes(attributes[feature])
            if self._is(0.6)
            for given_answer in self._given(attribute)
        ]

    def _given(self, attribute: Attribute) -> list[Row]:
        own = {"attribute_hash": attribute.feature_hash, "option_hash": None, "value_json": None}
        if attribute.type == "checklist":
            options = [entry.feature_hash for entry in attribute.options if self._is(0.6)]
            return [
                own | {"option_hash": entry} | place
                for entry in options
                for place in self._places(attribute.dynamic)
            ]
        radio_options: list[str | None] = [
            None,
            *(entry.feature_hash for entry in attribute.options),
        ]
        return [
            own
            | {"option_hash": self._random.choice(radio_options)}
            | {"value_json": self._random.choice(['"x"', "5", '"{,"', '"\\u0001"'])}
            | place
            for place in self._places(attribute.dynamic)
        ]

    def _places(self, dynamic: bool) -> list[Row]:
        if not dynamic and self._is(0.8):
            return [{"data_hash": None, "frame_from": None, "frame_to": None}]
        cut = self._random.choice(FRAMES)
        ranges = [(0, cut - 1), (cut, self._random.choice([cut, cut + 1, 10**10]))]
        file = self._random.choice([None, *FILES])
        return [
            {"data_hash": file, "frame_from": first, "frame_to": last}
            for first, last in ranges
            if self._is(0.7)
        ]


class Plain:
    """The answers of one annotation, read one by one."""

    def __init__(self, annotation: Row, answers: list[Row]) -> None:
        self._answers = [
            given_answer
            for given_answer in answers
            if given_answer["label_hash"] == annotation["label_hash"]
            and given_answer["owner_hash"] == annotation["object_hash"]
            and given_answer["data_hash"] in (None, annotation["data_hash"])
            and (given_answer["frame_from"] or 0) <= annotation["frame"]
            and (
                given_answer["frame_to"] is None or annotation["frame"] <= given_answer["frame_to"]
            )
        ]

    def to(self, attribute: Attribute) -> list[Row]:
        return [a for a in self._answers if a["attribute_hash"] == attribute.feature_hash]

    def lists(self, attribute: Attribute, above: Option | None) -> bool:
        if above is None:
            return bool(self.to(attribute)) or not attribute.archived
        return bool(self.to(attribute)) and any(
            a["option_hash"] == above.feature_hash for a in self._answers
        )

    def value(self, attribute: Attribute) -> Any:
        given_answers = self.to(attribute)
        if attribute.type != "checklist":
            return json.loads(given_answers[0]["value_json"]) if given_answers else None
        chosen = {a["option_hash"] for a in given_answers}
        return [entry.label for entry in attribute.options if entry.feature_hash in chosen]


def written_order(roots: tuple[Attribute, ...]) -> list[Attribute]:
    return sorted(_visible(roots), key=lambda root: root.dynamic)


def _visible(siblings: tuple[Attribute, ...]) -> list[Attribute]:
    return [attribute for attribute in siblings if not attribute.name.startswith("#")]


def _children(attribute: Attribute) -> list[tuple[Attribute, Option]]:
    return [(child, entry) for entry in attribute.options for child in _visible(entry.attributes)]


def _walk(siblings: list[Attribute]) -> Iterator[Attribute]:
    for attribute in siblings:
        yield attribute
        yield from _walk([child for child, _ in _children(attribute)])


def _listed(plain: Plain, attribute: Attribute, above: Option | None = None) -> Iterator[Attribute]:
    if plain.lists(attribute, above):
        yield attribute
        for child, entry in _children(attribute):
            yield from _listed(plain, child, entry)


def flat(plain: Plain, roots: tuple[Attribute, ...]) -> list[tuple[str, Any]]:
    places = [
        (attribute, entry)
        for attribute in _walk(_visible(roots))
        for entry in (attribute.options if attribute.type == "checklist" else (None,))
    ]
    keys = distinct_keys(
        [(a.name, a.name if entry is None else entry.label) for a, entry in places]
    )
    key_of = {
        (a.feature_hash, entry and entry.feature_hash): key
        for (a, entry), key in zip(places, keys, strict=True)
    }
    found: list[tuple[str, Any]] = []
    listed = [a for root in written_order(roots) for a in _listed(plain, root)]
    for attribute in listed:
        if attribute.type == "checklist":
            chosen = {a["option_hash"] for a in plain.to(attribute)}
            found += [
                (key_of[attribute.feature_hash, e.feature_hash], e.feature_hash in chosen)
                for e in attribute.options
            ]
        else:
            found.append((key_of[attribute.feature_hash, None], plain.value(attribute)))
    return found


def nested(plain: Plain, roots: tuple[Attribute, ...]) -> list[tuple[str, Any]]:
    names = dict(
        zip(_visible(roots), numbered_keys([a.name for a in _visible(roots)]), strict=True)
    )
    return [
        (names[attribute], _nested_value(plain, attribute))
        for attribute in written_order(roots)
        if plain.lists(attribute, None)
    ]


def _nested_value(plain: Plain, attribute: Attribute) -> Any:
    children = _children(attribute)
    if not children:
        return plain.value(attribute)
    if attribute.type == "checklist":
        groups = [[child for child, _ in children]]
    else:
        groups = [_visible(entry.attributes) for entry in attribute.options]
    names = {
        child: name
        for group in groups
        for child, name in zip(group, numbered_keys([c.name for c in group]), strict=True)
    }
    inside = [
        (names[child], _nested_value(plain, child))
        for child, entry in children
        if plain.lists(child, entry)
    ]
    return [("answer", plain.value(attribute)), ("attributes", inside)]


SCHEMA = {
    "label_hash": pl.String,
    "owner": pl.String,
    "owner_hash": pl.String,
    "attribute_hash": pl.String,
    "option_hash": pl.String,
    "value_json": pl.String,
    "data_hash": pl.String,
    "frame_from": pl.Int64,
    "frame_to": pl.Int64,
}


@given(st.integers(0, 2**32), st.sampled_from(["flat", "nested"]))
def test_whole_columns_give_the_same_as_single_annotations(
    seed: int, style: ClassificationStyle
) -> None:
    maker = Maker(seed)
    ontology = maker.ontology()
    annotations = maker.annotations()
    answers = maker.answers(ontology, annotations)
    if not annotations:
        return
    known = AttributeTemplates.from_tables(ontology_tables(ontology), style)
    drawn = pl.DataFrame(annotations)

    texts = object_classifications(drawn, pl.DataFrame(answers, schema=SCHEMA), known)

    plainly = {"flat": flat, "nested": nested}[style]
    attributes = {node.feature_hash: node.attributes for node in ontology.objects}
    for annotation, text in zip(annotations, texts, strict=True):
        expected = plainly(Plain(annotation, answers), attributes[annotation["feature_hash"]])
        assert json.loads(text, object_pairs_hook=list) == (expected or [])
    random.Random(seed).shuffle(answers)
    again = object_classifications(drawn, pl.DataFrame(answers, schema=SCHEMA), known)
    assert again.to_list() == texts.to_list()


@pytest.mark.parametrize("style", ["flat", "nested"])
def test_texts_do_not_depend_on_how_rows_are_divided(style: ClassificationStyle) -> None:
    maker = Maker(7)
    ontology = maker.ontology()
    annotations = maker.annotations()
    answers = pl.DataFrame(maker.answers(ontology, annotations), schema=SCHEMA)
    known = AttributeTemplates.from_tables(ontology_tables(ontology), style)
    whole = object_classifications(pl.DataFrame(annotations), answers, known).to_list()

    parts = [
        object_classifications(pl.DataFrame([annotation]), answers, known).item()
        for annotation in annotations
    ]

    assert parts == whole
