"""Label rows, built with the Encord SDK's own object model and without an account."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, TypeAlias, cast

from encord.objects import ClassificationInstance, ObjectInstance, OntologyStructure
from encord.objects.attributes import (
    Attribute,
    ChecklistAttribute,
    NumericAttribute,
    RadioAttribute,
    TextAttribute,
)
from encord.objects.coordinates import GeometricCoordinates
from encord.objects.frames import Range
from encord.objects.ontology_object import Object

from definitions.sample.maker.identity import moment, short_hash
from definitions.sample.maker.media import SECONDS_PER_ROW, Media, empty_row

ANNOTATORS: Final = ("ann@example.com", "ben@example.com")
REVIEWER: Final = "rita@example.com"
DETECTOR: Final = "detector@example.com"
SECONDS_PER_LABEL: Final = 47

Answer = str | float | Sequence[str]
"""Option of a radio, options of a checklist, text, or number."""

LabelRow = dict[str, Any]
Shapes: TypeAlias = (
    GeometricCoordinates | Mapping[int, GeometricCoordinates] | Mapping[str, GeometricCoordinates]
)


def object_hash(title: str, name: str) -> str:
    """Hash of the object that is drawn under a name in the row of this title."""
    return short_hash("object in a row", f"{title} / {name}")


class RowMaker:
    """Builds one label row."""

    def __init__(self, structure: OntologyStructure, media: Media) -> None:
        """Start with a row without labels.

        Args:
            structure: the ontology.
            media: what is labelled.
        """
        self._structure = structure
        self._media = media
        self._labels = 0
        self._row = empty_row(structure, media)

    def object_hash(self, name: str) -> str:
        """Hash of the object that is drawn under this name, drawn yet or not."""
        return object_hash(self._media.title, name)

    def draw(
        self,
        category: str,
        name: str,
        shapes: Shapes,
        answers: Mapping[str, Answer] | None = None,
        *,
        changing: Sequence[tuple[Sequence[int], Mapping[str, Answer]]] = (),
        confidence: float | None = None,
    ) -> None:
        """Draw one object.

        Args:
            category: its name in the ontology.
            name: a name of its own, within this row.
            shapes: its shape on a single image, or its shapes by frame or by the layout key of
                a space.
            answers: its static attributes, nested ones among them.
            changing: its dynamic attributes, each time for some frames.
            confidence: the detector's; None: a person drew it.
        """
        node = self._structure.get_child_by_title(category, type_=Object)
        instance = ObjectInstance(node, object_hash=self.object_hash(name))
        facts = self._facts(confidence)
        for place, shape in (shapes if isinstance(shapes, Mapping) else {0: shapes}).items():
            if isinstance(place, str):
                self._space(place).put_object_instance(instance, shape, **facts)
            else:
                instance.set_for_frames(shape, place, **facts)
        for attribute in node.attributes:
            _answer(instance, attribute, answers or {}, None)
            for frames, changing_answers in changing:
                _answer(instance, attribute, changing_answers, list(frames))
        if not self._media.spaces:
            self._row.add_object_instance(instance)

    def classify(
        self, name: str, answers: Mapping[str, Answer], where: Range | str | None = None
    ) -> None:
        """Classify frames.

        Args:
            name: name of the classification's first attribute.
            answers: its answers, nested ones among them.
            where: frames, the layout key of a space, or None for the whole file.
        """
        (node,) = [c for c in self._structure.classifications if c.attributes[0].name == name]
        place = f"{where.start} to {where.end}" if isinstance(where, Range) else where
        path = f"{self._media.title} / {name} / {place}"
        hashed = short_hash("classification in a row", path)
        instance = ClassificationInstance(node, classification_hash=hashed)
        facts = self._facts(None)
        if isinstance(where, Range):
            instance.set_for_frames(where, **facts)
        _answer(instance, node.attributes[0], answers, None)
        if isinstance(where, str):
            self._space(where).put_classification_instance(instance, **facts)
        else:
            self._row.add_classification_instance(instance)

    def finish(self) -> LabelRow:
        """The row as the SDK writes it, with the clock's time taken out.

        The SDK stamps classifications of a whole file with the time of the run.
        """
        row: LabelRow = self._row.to_encord_dict()
        stamp = moment(self._media.day, SECONDS_PER_ROW).strftime("%a, %d %b %Y %H:%M:%S UTC")
        for answer in row["classification_answers"].values():
            if not answer["range"] and not answer["spaces"]:
                answer |= {"createdAt": stamp, "lastEditedAt": stamp}
                answer |= {"createdBy": REVIEWER, "lastEditedBy": REVIEWER}
        return row

    def _space(self, layout_key: str) -> Any:
        return self._row.get_space(layout_key=layout_key, type_="image")

    def _facts(self, confidence: float | None) -> dict[str, Any]:
        self._labels += 1
        created = moment(self._media.day, SECONDS_PER_LABEL * self._labels)
        reviewed = self._labels % 3 != 0
        author = ANNOTATORS[self._labels % 2] if confidence is None else DETECTOR
        return {
            "created_at": created,
            "created_by": author,
            "last_edited_at": created + timedelta(hours=3) if reviewed else created,
            "last_edited_by": REVIEWER if reviewed else author,
            "confidence": 1.0 if confidence is None else confidence,
            "manual_annotation": confidence is None,
        }


def _answer(
    instance: ObjectInstance | ClassificationInstance,
    attribute: Attribute[Any],
    answers: Mapping[str, Answer],
    frames: list[int] | None,
) -> None:
    if attribute.name not in answers or (frames is not None) != attribute.dynamic:
        return
    answer = answers[attribute.name]
    where: dict[str, Any] = {"attribute": attribute}
    if frames is not None:
        where["frames"] = frames
    match attribute:
        case RadioAttribute():
            (option,) = [o for o in attribute.options if o.label == answer]
            instance.set_answer(option, **where)
            for nested in option.attributes:
                _answer(instance, nested, answers, None)
        case ChecklistAttribute():
            labels = cast(Sequence[str], answer)
            options = [o for label in labels for o in attribute.options if o.label == label]
            instance.set_answer(options, **where)
        case TextAttribute():
            instance.set_answer(str(answer), **where)
        case NumericAttribute():
            instance.set_answer(cast(float, answer), **where)
        case _:
            raise TypeError(f"no such attribute: {attribute.name}")
