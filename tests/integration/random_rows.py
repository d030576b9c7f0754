"""Label rows and an ontology from a seed: well-formed, and stranger than any that people make.

Names repeat, answers linger below options that are not chosen, actions overlap, rings cross
themselves and leave the frame, holes lie anywhere.
"""

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.integration.label_rows import (
    Json,
    action,
    answered,
    bitmask,
    box,
    circle,
    classification_answer,
    classified,
    cuboid_2d,
    dicom_unit,
    ellipse,
    group_row,
    image_row,
    image_space,
    image_unit,
    label_row,
    nifti_unit,
    point,
    polygon,
    polyline,
    rotatable_box,
    skeleton,
    video_space,
    video_unit,
)
from tests.integration.ontologies import (
    SHAPES,
    attribute,
    category,
    checklist,
    classification,
    ontology,
    option,
    radio,
    template,
)

WIDTH, HEIGHT = 100, 50
NAMES = ("a", "b", "c", "a/b", "é", 'q"')
TEXTS = ("", "x", "naïve", "line\nbreak", 'say "so"', "日本 \U0001f600", "\\")
NUMBERS = (0, 1, -2.5, 1e-7, 123456789012, 0.1)
POINTS = ("nose", "neck", "tail", "paw")
VISIBILITY = ("visible", "occluded", "selfOccluded", "invisible")


class RowMaker:
    """Makes an ontology, and label rows of every kind that refer to it."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._made = 0
        nodes = [category(shape, *self._attributes(), name=shape) for shape in SHAPES]
        self._classifications = [self._classification() for _ in range(4)]
        self.ontology = ontology(
            *nodes,
            *self._classifications,
            templates=[template(*POINTS, edges=[(0, 1), (1, 2)])],
        )
        self._attributes_of = {node["name"]: node["attributes"] for node in nodes}

    def rows(self, count: int) -> list[Json]:
        """Label rows, of all kinds in turn."""
        kinds = (self._image, self._group, self._frames, self._spaces)
        return [kinds[number % len(kinds)]() for number in range(count)]

    # Ontology

    def _new(self, prefix: str) -> str:
        self._made += 1
        return f"{prefix}{self._made}"

    def _is(self, share: float) -> bool:
        return self._dice.random() < share

    def _attributes(self) -> list[Json]:
        own = [self._attribute(0) for _ in range(self._dice.randrange(5))]
        return [*own, attribute("text", "#near", featureNodeHash=self._new("relation "))]

    def _attribute(self, depth: int) -> Json:
        name, own = self._dice.choice(NAMES), self._new("attribute ")
        facts: Json = {"featureNodeHash": own, "archived": self._is(0.1)}
        facts["dynamic"] = depth == 0 and self._is(0.4)
        kind = self._dice.choice(("radio", "radio", "checklist", "text", "numeric"))
        if kind in ("text", "numeric"):
            return attribute(kind, name, **facts)
        if kind == "checklist":
            return checklist(name, *self._options(), **facts)
        is_parent = depth < 2 and not facts["dynamic"]
        return radio(name, *self._options(depth if is_parent else None), **facts)

    def _options(self, depth: int | None = None) -> list[Json]:
        return [
            option(label, *self._below(depth), featureNodeHash=self._new("option "))
            for label in self._dice.sample(NAMES, self._dice.randint(1, 3))
        ]

    def _below(self, depth: int | None) -> list[Json]:
        if depth is None or self._is(0.6):
            return []
        return [self._attribute(depth + 1) for _ in range(self._dice.randint(1, 2))]

    def _classification(self) -> Json:
        root = self._attribute(0) | {"dynamic": False, "archived": False}
        level = {"level": "global"} if self._is(0.3) else {}
        return classification(root, featureNodeHash=self._new("frame "), **level)

    # Answers

    def _answer(self, node: Json) -> Any:
        if node["type"] == "text":
            return self._dice.choice(TEXTS)
        if node["type"] == "numeric":
            return self._dice.choice(NUMBERS)
        labels = [given["label"] for given in node["options"]]
        if node["type"] == "checklist":
            # An action is about options that are chosen; to choose none there is none.
            fewest = 1 if node["dynamic"] else 0
            return self._dice.sample(labels, self._dice.randint(fewest, len(labels)))
        return None if self._is(0.1) else self._dice.choice(labels)

    def _answers(self, node: Json) -> list[Json]:
        """An answer and those nested below any option, the innermost first."""
        if self._is(0.2):
            return []
        below = [
            answer
            for given in node.get("options") or []
            for nested in given.get("options") or []
            for answer in self._answers(nested)
        ]
        return [*below, answered(node, self._answer(node))]

    def _static(self, shape: str, others: list[str]) -> list[Json]:
        answers: list[Json] = []
        for node in self._attributes_of[shape]:
            if node["name"].startswith("#"):
                if self._is(0.3):
                    answers.append(answered(node, self._dice.choice(others)))
            elif not node["dynamic"]:
                answers += self._answers(node)
        return answers

    def _actions(self, shape: str, length: int, space: str | None) -> list[Json]:
        more = {} if space is None else {"spaceId": space}
        actions: list[Json] = []
        for node in self._attributes_of[shape]:
            for _ in range(self._dice.randrange(4) if node["dynamic"] else 0):
                spans = [self._span(length) for _ in range(self._dice.randint(1, 2))]
                actions.append(action(node, self._answer(node), *spans, **more))
        return actions

    def _span(self, length: int) -> tuple[int, int]:
        first = self._dice.randrange(length)
        return first, self._dice.randrange(first, length)

    # Geometry

    def _fraction(self) -> float:
        digits = self._dice.choice((2, 4, 17))
        return round(self._dice.uniform(-0.1, 1.1), digits)

    def _ring(self) -> list[float]:
        return [self._fraction() for _ in range(2 * self._dice.choice((3, 4, 7, 12)))]

    def _positive(self) -> float:
        return round(self._dice.uniform(0.05, 0.5), self._dice.choice((2, 4, 17)))

    def _drawn(self, shape: str, object_hash: str) -> Json:
        x, y, w, h = self._fraction(), self._fraction(), self._positive(), self._positive()
        theta = round(self._dice.uniform(-400, 400), self._dice.choice((0, 3)))
        places = [(self._fraction(), self._fraction()) for _ in range(self._dice.randint(2, 6))]
        draw: dict[str, Callable[[], Json]] = {
            "bounding_box": lambda: box(object_hash, x, y, w, h),
            "rotatable_bounding_box": lambda: rotatable_box(object_hash, x, y, w, h, theta),
            "polygon": lambda: polygon(object_hash, *self._polygons()),
            "polyline": lambda: polyline(object_hash, *places),
            "point": lambda: point(object_hash, x, y),
            "skeleton": lambda: skeleton(object_hash, self._points()),
            "bitmask": lambda: bitmask(object_hash, self._mask()),
            "circle": lambda: circle(object_hash, x, y, w),
            "ellipse": lambda: ellipse(object_hash, x, y, w, h, theta),
            "cuboid_2d": lambda: cuboid_2d(object_hash, self._ring(), (x, y)),
        }
        return draw[shape]() | {"manualAnnotation": self._is(0.7)}

    def _polygons(self) -> list[list[list[float]]]:
        count = self._dice.choice((1, 1, 1, 2, 3))
        return [[self._ring() for _ in range(self._dice.choice((1, 1, 2)))] for _ in range(count)]

    def _points(self) -> Json:
        names = self._dice.sample(POINTS, self._dice.randint(1, len(POINTS)))
        return {
            name: {"x": self._fraction(), "y": self._fraction()}
            | ({"visibility": self._dice.choice(VISIBILITY)} if self._is(0.8) else {})
            for name in names
        }

    def _mask(self) -> Any:
        rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
        x, y = self._dice.randrange(WIDTH), self._dice.randrange(HEIGHT)
        radius = self._dice.choice((1, 5, 20))
        near = (rows - y) ** 2 + (columns - x) ** 2 < radius**2
        mask = near & ((rows + columns) % self._dice.choice((2, 3, 97)) != 0)
        mask[y, x] = True
        return mask

    # Label rows

    def _objects(self, frames: list[int]) -> tuple[dict[int, list[Json]], dict[str, str]]:
        """Objects by frame, and the shape of each; an object stands on some of the frames."""
        placed: dict[int, list[Json]] = {number: [] for number in frames}
        shapes: dict[str, str] = {}
        for _ in range(self._dice.randint(1, 5)):
            name, shape = self._new("object "), self._dice.choice(SHAPES)
            shapes[name] = shape
            for number in self._dice.sample(frames, self._dice.randint(1, len(frames))):
                placed[number].append(self._drawn(shape, name))
        return placed, shapes

    def _static_answers(self, shapes: dict[str, str]) -> dict[str, list[Json]]:
        others = [*shapes, "unknown"]
        return {name: self._static(shape, others) for name, shape in shapes.items()}

    def _facts(self, shapes: dict[str, str], length: int, space: str | None = None) -> Json:
        return {
            "object_answers": self._static_answers(shapes),
            "object_actions": {
                name: self._actions(shape, length, space) for name, shape in shapes.items()
            },
        }

    def _classified(self, labels: list[Json], length: int) -> dict[str, Json]:
        """Put classifications on frames, and make their answers; some stand there by range."""
        answers: dict[str, Json] = {}
        for node in self._dice.choices(self._classifications, k=self._dice.randrange(4)):
            name = self._new("classification ")
            answer = classification_answer(node, *self._answers(node["attributes"][0]))
            if self._is(0.5):
                body = self._dice.choice(labels)
                body["classifications"] = [*body["classifications"], classified(name, node)]
            elif node.get("level") != "global":
                answer |= {"range": [list(self._span(length))]}
            answers[name] = answer
        return answers

    def _image(self) -> Json:
        placed, shapes = self._objects([0])
        row = image_row(self._new("image"), *placed[0], **self._facts(shapes, 1))
        (unit,) = row["data_units"].values()
        return _with_answers(row, self._classified([unit["labels"]], 1))

    def _group(self) -> Json:
        placed, shapes = self._objects(list(range(3)))
        units = [image_unit(self._new("image"), *placed[number]) for number in placed]
        row = label_row(*units, **self._facts(shapes, len(units)))
        labels = [unit["labels"] for unit in row["data_units"].values()]
        return _with_answers(row, self._classified(labels, len(units)))

    def _frames(self) -> Json:
        unit = self._dice.choice((video_unit, dicom_unit, nifti_unit))
        frames = self._dice.sample(range(20), 6)
        placed, shapes = self._objects(frames)
        row = label_row(unit(self._new("film"), placed), **self._facts(shapes, 20))
        (made,) = row["data_units"].values()
        return _with_answers(row, self._classified(list(made["labels"].values()), 20))

    def _spaces(self) -> Json:
        film, still = self._new("film"), self._new("still")
        placed, shapes = self._objects(self._dice.sample(range(20), 4))
        shared = self._dice.sample(list(shapes), self._dice.randint(0, len(shapes)))
        objects = [self._drawn(shapes[name], name) for name in shared]
        spaces = {film: video_space(placed), still: image_space(*objects)}
        facts = self._facts(shapes, 20, film)
        return group_row(self._new("group"), spaces, data_title="Group", **facts)


def _with_answers(row: Json, answers: dict[str, Json]) -> Json:
    found = {name: {"classificationHash": name} | answer for name, answer in answers.items()}
    return row | {"classification_answers": found}
