"""The ontology of the sample, built with the Encord SDK."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from encord.objects import Object, OntologyStructure, Shape
from encord.objects.attributes import (
    Attribute,
    ChecklistAttribute,
    NumericAttribute,
    RadioAttribute,
    TextAttribute,
)
from encord.objects.classification import OntologyClassificationLevel
from encord.objects.options import NestableOption
from encord.objects.skeleton_template import SkeletonTemplate, SkeletonTemplateCoordinate

from definitions.sample.maker.identity import short_hash


@dataclass(frozen=True)
class Question:
    """An attribute of an object or a frame.

    Attributes:
        name: what is asked.
        kind: class of the attribute.
        options: options of a radio or checklist; a radio's may carry questions of their own.
        dynamic: the answer changes from frame to frame.
    """

    name: str
    kind: type[Attribute[Any]]
    options: dict[str, tuple["Question", ...]] = field(default_factory=dict)
    dynamic: bool = False


def _radio(
    name: str, *plain: str, dynamic: bool = False, **nested: tuple[Question, ...]
) -> Question:
    options = {label.replace("_", " "): questions for label, questions in nested.items()}
    return Question(name, RadioAttribute, options | dict.fromkeys(plain, ()), dynamic)


def _checklist(name: str, *options: str, dynamic: bool = False) -> Question:
    return Question(name, ChecklistAttribute, dict.fromkeys(options, ()), dynamic)


def _text(name: str, *, dynamic: bool = False) -> Question:
    return Question(name, TextAttribute, dynamic=dynamic)


def _number(name: str, *, dynamic: bool = False) -> Question:
    return Question(name, NumericAttribute, dynamic=dynamic)


RELATION: Final = "#relation"
"""A text attribute of this name holds the object hash of a related object."""

_SMILE: Final = _text("Expression note")
_OBJECTS: Final[tuple[tuple[str, Shape, Sequence[Question]], ...]] = (
    (
        "Face",
        Shape.BOUNDING_BOX,
        (
            _radio(
                "Species",
                "Cat",
                Human=(_radio("Expression", "Neutral", Smiling=(_SMILE,)),),
            ),
            _checklist("Visible parts", "Both eyes", "Nose", "Mouth"),
            _text(RELATION),
        ),
    ),
    ("Pressure suit", Shape.BITMASK, (_radio("Suit colour", "Orange", "White"),)),
    ("Helmet", Shape.ELLIPSE, ()),
    ("Model spacecraft", Shape.POLYGON, (_text("Scale model of"),)),
    ("Eye", Shape.ELLIPSE, (_radio("Side", "Left", "Right"), _text(RELATION))),
    ("Nose tip", Shape.POINT, ()),
    ("Whisker", Shape.POLYLINE, ()),
    ("Cup rim", Shape.ELLIPSE, ()),
    ("Porcelain", Shape.POLYGON, ()),
    ("Saucer", Shape.POLYGON, (_text("Remark"),)),
    ("Spoon", Shape.ROTATABLE_BOUNDING_BOX, (_radio("Material", "Steel", "Wood"),)),
    (
        "Coin",
        Shape.CIRCLE,
        (_number("Position in the tray"), _radio("Motif", "Head", "Figure", "Unclear")),
    ),
    ("Rocket", Shape.BOUNDING_BOX, (_text("Mission"),)),
    ("Lamp", Shape.POINT, (_radio("Light", "Warm white", "Cold white"),)),
    ("Lightning rod", Shape.POLYLINE, ()),
    (
        "Vessel",
        Shape.BOUNDING_BOX,
        (
            _radio(
                "Vessel type",
                "Tug",
                "Pilot boat",
                Ferry=(_radio("Propulsion", "Electric", Diesel=(_text("Engine note"),)),),
            ),
            _checklist("Equipment", "Radar mast", "Funnel", "Tow hook"),
            _text("Name on the hull"),
            _number("Length in metres"),
            _text(RELATION),
            _radio("Motion", "Under way", "Slowing down", "Nearly stopped", dynamic=True),
            _checklist("Ends in view", "Bow", "Stern", dynamic=True),
            _text("Manoeuvre", dynamic=True),
            _number("Speed in knots", dynamic=True),
        ),
    ),
    ("Sailing boat", Shape.ROTATABLE_BOUNDING_BOX, (_text("Rig"),)),
    ("Buoy lamp", Shape.POINT, ()),
    ("Tow line", Shape.POLYLINE, ()),
    ("Breakwater", Shape.POLYGON, ()),
    (
        "Container",
        Shape.CUBOID_2D,
        (_text("Container number"), _radio("Paint", "Blue", "Rust red", "Green"), _text(RELATION)),
    ),
    ("Lorry", Shape.BOUNDING_BOX, ()),
    ("Lung", Shape.BITMASK, (_radio("Side", "Left", "Right"),)),
    ("Vertebra", Shape.POLYGON, ()),
    (
        "Nodule",
        Shape.CIRCLE,
        (
            _radio("Density", "Part-solid", Solid=(_radio("Margin", "Smooth", "Spiculated"),)),
            _number("Diameter in mm", dynamic=True),
        ),
    ),
)
_PERSON: Final = (
    _text("Person name"),
    _checklist("Outfit", "Pressure suit", "Gloves", "Headset"),
    _radio("Gaze", "At the camera", "Elsewhere"),
)
_CLASSIFICATIONS: Final = (
    _radio(
        "Scene",
        Indoors=(_checklist("Lighting", "Daylight", "Lamps", "Flash"),),
        Outdoors=(_radio("Weather", "Clear", "Rain", Cloudy=(_text("Weather note"),)),),
    ),
    _checklist("Image quality", "Motion blur", "Noise", "Overexposed"),
    _text("Caption"),
)
_GLOBAL: Final = _radio("Site", "North quay", "South quay")

SKELETON_POINTS: Final = {
    "nose": (0.5, 0.1),
    "right eye": (0.45, 0.06),
    "left eye": (0.55, 0.06),
    "neck": (0.5, 0.3),
    "right shoulder": (0.2, 0.38),
    "left shoulder": (0.8, 0.38),
    "right elbow": (0.08, 0.72),
    "left elbow": (0.92, 0.72),
    "right wrist": (0.3, 0.95),
    "left wrist": (0.7, 0.95),
}
"""Place of each point in the template. Left and right are the person's own."""
_EDGES: Final = (
    ("nose", "right eye"),
    ("nose", "left eye"),
    ("nose", "neck"),
    ("neck", "right shoulder"),
    ("neck", "left shoulder"),
    ("right shoulder", "right elbow"),
    ("left shoulder", "left elbow"),
    ("right elbow", "right wrist"),
    ("left elbow", "left wrist"),
)


def build_ontology() -> OntologyStructure:
    """The ontology with fixed feature hashes."""
    structure = OntologyStructure()
    person, _ = structure.add_skeleton_object(
        "Person", _skeleton_template(), feature_node_hash=short_hash("object", "Person")
    )
    _ask(person, _PERSON)
    for name, shape, questions in _OBJECTS:
        node_hash = short_hash("object", name)
        _ask(structure.add_object(name, shape, feature_node_hash=node_hash), questions)
    for question in _CLASSIFICATIONS:
        _classify(structure, question, None)
    _classify(structure, _GLOBAL, OntologyClassificationLevel.GLOBAL)
    return structure


def _classify(
    structure: OntologyStructure, question: Question, level: OntologyClassificationLevel | None
) -> None:
    node_hash = short_hash("classification", question.name)
    node = structure.add_classification(feature_node_hash=node_hash, level=level)
    path = f"{question.name} / {question.name}"
    attribute = node.add_attribute(
        question.kind, question.name, feature_node_hash=short_hash("attribute", path)
    )
    _offer(attribute, question, path)


def _ask(node: Object, questions: Sequence[Question]) -> None:
    for question in questions:
        path = f"{node.name} / {question.name}"
        attribute = node.add_attribute(
            question.kind,
            question.name,
            feature_node_hash=short_hash("attribute", path),
            dynamic=question.dynamic,
        )
        _offer(attribute, question, path)


def _offer(attribute: Attribute[Any], question: Question, path: str) -> None:
    for label, nested in question.options.items():
        assert isinstance(attribute, RadioAttribute | ChecklistAttribute)
        here = f"{path} / {label}"
        option = attribute.add_option(label, feature_node_hash=short_hash("option", here))
        for inner in nested:
            assert isinstance(option, NestableOption)
            place = f"{here} / {inner.name}"
            below = option.add_nested_attribute(
                inner.kind, inner.name, feature_node_hash=short_hash("attribute", place)
            )
            _offer(below, inner, place)


def _skeleton_template() -> SkeletonTemplate:
    order = list(SKELETON_POINTS)
    edges: dict[str, dict[str, dict[str, str]]] = {}
    for start, end in _EDGES:
        ends = edges.setdefault(str(order.index(start)), {})
        ends[str(order.index(end))] = {"color": "#00A0B0"}
    points = {
        str(index): SkeletonTemplateCoordinate(
            x=x,
            y=y,
            name=name,
            color="#00A0B0",
            value=name.replace(" ", "_"),
            feature_hash=short_hash("skeleton point", name),
        )
        for index, (name, (x, y)) in enumerate(SKELETON_POINTS.items())
    }
    return SkeletonTemplate(
        name="Person", width=0.4, height=0.6, skeleton=points, skeleton_edges=edges
    )
