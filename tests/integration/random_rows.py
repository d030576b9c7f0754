"""Label rows and an ontology from a seed: well-formed, and stranger than any that people make.

Names repeat, answers linger below options that are not chosen, actions overlap, rings cross
themselves and leave the frame, holes lie anywhere.
"""

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.label_rows import (
    HEIGHT,
    JSON,
    WIDTH,
    action,
    answer,
    classified,
    dicom_unit,
    group_row,
    image_unit,
    label_row,
    labels_of,
    nifti_unit,
    object_actions,
    object_answers,
    placed,
    space,
    video_unit,
)
from tests.objects import (
    bitmask,
    box,
    circle,
    cuboid_2d,
    ellipse,
    point,
    polygons,
    polyline,
    rotatable_box,
    skeleton,
)
from tests.ontologies import (
    SHAPES,
    checklist,
    classification_node,
    numeric,
    object_node,
    ontology,
    option,
    radio,
    template,
    text,
)

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
        nodes = [object_node(shape, *self._attributes()) for shape in SHAPES]
        self._classifications = [self._classification() for _ in range(4)]
        self.ontology = ontology(
            *nodes,
            classifications=self._classifications,
            templates=[template(*POINTS, edges=[(0, 1), (1, 2)])],
        )
        self._attributes_of = {node["name"]: node["attributes"] for node in nodes}

    def rows(self, count: int) -> list[JSON]:
        """Label rows, of all kinds in turn."""
        kinds = (self._image, self._group, self._frames, self._spaces)
        return [kinds[number % len(kinds)]() for number in range(count)]

    # Ontology

    def _new(self, prefix: str) -> str:
        self._made += 1
        return f"{prefix}{self._made}"

    def _is(self, share: float) -> bool:
        return self._dice.random() < share

    def _attributes(self) -> list[JSON]:
        own = [self._attribute(0) for _ in range(self._dice.randrange(5))]
        return [*own, text(self._new("relation "), name="#near")]

    def _attribute(self, depth: int) -> JSON:
        own = self._new("attribute ")
        facts: JSON = {"name": self._dice.choice(NAMES), "archived": self._is(0.1)}
        facts["dynamic"] = depth == 0 and self._is(0.4)
        kind = self._dice.choice((radio, radio, checklist, text, numeric))
        if kind in (text, numeric):
            return kind(own, **facts)
        is_parent = kind is radio and depth < 2 and not facts["dynamic"]
        return kind(own, *self._options(depth if is_parent else None), **facts)

    def _options(self, depth: int | None) -> list[JSON]:
        return [
            option(self._new("option "), *self._below(depth), label=label)
            for label in self._dice.sample(NAMES, self._dice.randint(1, 3))
        ]

    def _below(self, depth: int | None) -> list[JSON]:
        if depth is None or self._is(0.6):
            return []
        return [self._attribute(depth + 1) for _ in range(self._dice.randint(1, 2))]

    def _classification(self) -> JSON:
        root = self._attribute(0) | {"dynamic": False, "archived": False}
        level = {"level": "global"} if self._is(0.3) else {}
        return classification_node(self._new("frame "), root, **level)

    # Answers

    def _answer(self, node: JSON) -> Any:
        if node["type"] == "text":
            return self._dice.choice(TEXTS)
        if node["type"] == "numeric":
            return self._dice.choice(NUMBERS)
        options = [
            {"name": one["label"], "value": one["value"], "featureHash": one["featureNodeHash"]}
            for one in node["options"]
        ]
        if node["type"] == "checklist":
            # An action is about options that are chosen; to choose none there is none.
            fewest = 1 if node["dynamic"] else 0
            return self._dice.sample(options, self._dice.randint(fewest, len(options)))
        return [] if self._is(0.1) else [self._dice.choice(options)]

    def _answers(self, node: JSON) -> list[JSON]:
        """An answer and those nested below any option, the innermost first."""
        if self._is(0.2):
            return []
        below = [
            answer
            for given in node.get("options") or []
            for nested in given.get("options") or []
            for answer in self._answers(nested)
        ]
        return [*below, _answered(node, self._answer(node))]

    def _static(self, shape: str, others: list[str]) -> list[JSON]:
        answers: list[JSON] = []
        for node in self._attributes_of[shape]:
            if node["name"].startswith("#"):
                if self._is(0.3):
                    answers.append(_answered(node, self._dice.choice(others)))
            elif not node["dynamic"]:
                answers += self._answers(node)
        return answers

    def _actions(self, shape: str, length: int, facts: JSON) -> list[JSON]:
        actions: list[JSON] = []
        for node in self._attributes_of[shape]:
            for _ in range(self._dice.randrange(4) if node["dynamic"] else 0):
                spans = [self._span(length) for _ in range(self._dice.randint(1, 2))]
                own, name = node["featureNodeHash"], node["name"]
                actions.append(action(own, self._answer(node), *spans, name=name, **facts))
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

    def _drawn(self, shape: str, object_hash: str) -> JSON:
        x, y, w, h = self._fraction(), self._fraction(), self._positive(), self._positive()
        rectangle = {"x": x, "y": y, "w": w, "h": h}
        theta = round(self._dice.uniform(-400, 400), self._dice.choice((0, 3)))
        places = [(self._fraction(), self._fraction()) for _ in range(self._dice.randint(2, 6))]
        draw: dict[str, Callable[[], JSON]] = {
            "bounding_box": lambda: box(object_hash, rectangle),
            "rotatable_bounding_box": lambda: rotatable_box(
                object_hash, rectangle | {"theta": theta}
            ),
            "polygon": lambda: polygons(object_hash, *self._polygons()),
            "polyline": lambda: polyline(object_hash, places),
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

    def _points(self) -> JSON:
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

    def _objects(self, frames: list[int]) -> tuple[dict[int, list[JSON]], dict[str, str]]:
        """Objects by frame, and the shape of each; an object stands on some of the frames."""
        on_frame: dict[int, list[JSON]] = {number: [] for number in frames}
        shapes: dict[str, str] = {}
        for _ in range(self._dice.randint(1, 5)):
            name, shape = self._new("object "), self._dice.choice(SHAPES)
            shapes[name] = shape
            for number in self._dice.sample(frames, self._dice.randint(1, len(frames))):
                on_frame[number].append(self._drawn(shape, name))
        return on_frame, shapes

    def _facts(self, shapes: dict[str, str], length: int, **of_actions: Any) -> JSON:
        """Answers of objects."""
        others = [*shapes, "unknown"]
        static = {name: self._static(shape, others) for name, shape in shapes.items()}
        actions = {name: self._actions(shape, length, of_actions) for name, shape in shapes.items()}
        return {
            "object_answers": object_answers(static),
            "object_actions": object_actions(actions),
        }

    def _classify(self, row: JSON, length: int) -> JSON:
        """Put classifications on frames, and add their answers; some stand there by range."""
        labels = list(labels_of(row))
        for node in self._dice.choices(self._classifications, k=self._dice.randrange(4)):
            name, own = self._new("classification "), node["featureNodeHash"]
            answers = self._answers(node["attributes"][0])
            place: JSON = {}
            if self._is(0.5):
                self._dice.choice(labels)["classifications"].append(placed(name, own))
            elif node.get("level") != "global":
                place = {"range": [list(self._span(length))]}
            row["classification_answers"] |= classified(name, answers, own, **place)
        return row

    def _image(self) -> JSON:
        on_frame, shapes = self._objects([0])
        data_hash, facts = self._new("image"), self._facts(shapes, 1)
        unit = image_unit(on_frame[0])
        return self._classify(label_row({data_hash: unit}, "image", data_hash, **facts), 1)

    def _group(self) -> JSON:
        on_frame, shapes = self._objects(list(range(3)))
        units = {
            self._new("image"): image_unit(objects, data_sequence=number)
            for number, objects in on_frame.items()
        }
        facts = self._facts(shapes, len(units))
        row = label_row(units, "img_group", self._new("group"), **facts)
        return self._classify(row, len(units))

    def _frames(self) -> JSON:
        kind, make = self._dice.choice(
            (("video", video_unit), ("dicom", dicom_unit), ("nifti", nifti_unit))
        )
        on_frame, shapes = self._objects(self._dice.sample(range(20), 6))
        data_hash, facts = self._new("film"), self._facts(shapes, 20)
        return self._classify(label_row({data_hash: make(on_frame)}, kind, data_hash, **facts), 20)

    def _spaces(self) -> JSON:
        film, still = self._new("film"), self._new("still")
        on_frame, shapes = self._objects(self._dice.sample(range(20), 4))
        shared = self._dice.sample(list(shapes), self._dice.randint(0, len(shapes)))
        objects = [self._drawn(shapes[name], name) for name in shared]
        spaces = {film: space("video", on_frame), still: space("image", {0: objects})}
        facts = self._facts(shapes, 20, spaceId=film)
        return group_row(spaces, self._new("group"), data_title="Group", **facts)


def _answered(node: JSON, answers: Any) -> JSON:
    return answer(node["featureNodeHash"], answers, name=node["name"])
