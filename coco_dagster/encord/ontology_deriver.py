"""An ontology made from labels, for exports that come without one.

Labels tell less than an ontology does. Options that were never chosen are unknown, so are edges of
skeletons, archived nodes and what is nested below what: every attribute stands at the top. A list
of options is a radio until two options are seen to hold at once.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct, field

from coco_dagster.encord.label_row import (
    AnswerOption,
    AttributeAnswer,
    ClassificationAnswer,
    LabelRow,
    Labels,
    Note,
    RowError,
    RowText,
)
from coco_dagster.encord.label_row_reader import LabelRowReader, read_answers
from coco_dagster.encord.media import LabelledUnit, labelled_units
from coco_dagster.encord.object_label import ObjectLabel, SkeletonPoint
from coco_dagster.encord.ontology import Ontology
from coco_dagster.encord.ontology_nodes import (
    RELATION_PREFIX,
    Attribute,
    OntologyClassification,
    OntologyObject,
    Option,
)
from coco_dagster.encord.ontology_reader import by_number

_UNSEEN: Final[tuple[str | None, str | None]] = (None, None)


class _Sightings(Struct):
    """What the answers to one attribute have shown; options by hash with (label, value)."""

    name: str
    options: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    is_list: bool = False
    is_text: bool = False
    is_number: bool = False
    holds_several: bool = False
    dynamic: bool = False

    def join(self, later: "_Sightings") -> None:
        self.name = self.name or later.name
        for option, (label, value) in later.options.items():
            self.see_option(option, label, value)
        self.is_list |= later.is_list
        self.is_text |= later.is_text
        self.is_number |= later.is_number
        self.holds_several |= later.holds_several
        self.dynamic |= later.dynamic

    def see_options(self, chosen: list[AnswerOption | str]) -> None:
        self.is_list = True
        self.holds_several |= len(chosen) > 1
        for option in chosen:
            if isinstance(option, str) or not option.feature_hash:
                continue
            if None in self.options.get(option.feature_hash, _UNSEEN):
                self.see_option(option.feature_hash, option.name, option.value)

    def see_option(self, option: str, label: str | None, value: str | None) -> None:
        # Some exports write the attribute's name in place of the option's.
        label = None if label == self.name else label
        seen_label, seen_value = self.options.get(option, _UNSEEN)
        self.options[option] = (seen_label or label, seen_value or value)

    def attribute(self, feature_hash: str) -> Attribute:
        options = [
            Option(option, label or value or self.name or option, value)
            for option, (label, value) in self.options.items()
        ]
        return Attribute(
            feature_hash=feature_hash,
            name=self.name or feature_hash,
            type=self._type(),
            dynamic=self.dynamic,
            options=tuple(options) if self._type() in ("radio", "checklist") else (),
        )

    def _type(self) -> str:
        if self.is_list and not self.name.startswith(RELATION_PREFIX):
            return "checklist" if self.holds_several else "radio"
        return "numeric" if self.is_number and not self.is_text else "text"


_Attributes = dict[str, _Sightings]


class OntologyDeriver:
    """Gathers an ontology from label rows, chunk by chunk.

    Chunks may be read by different processes: `merge` joins what they gathered, and gives the same
    as one deriver that has seen the chunks one after the other.
    """

    def __init__(self) -> None:
        """Start with nothing seen."""
        self._objects: dict[str, tuple[str, str]] = {}
        self._points: dict[str, dict[str, None]] = {}
        self._classifications: dict[str, str | None] = {}
        self._attributes: dict[str, _Attributes] = {}

    def add(self, rows: Iterable[RowText]) -> None:
        """Read label rows in source order; what is malformed in them is passed over.

        Args:
            rows: JSON text of one label row each.
        """
        reader = LabelRowReader()
        for data in rows:
            try:
                row, _ = reader.read(data)
                units, _ = labelled_units(row)
            except RowError:
                continue
            self._see_objects(row, units)
            self._see_classifications(row, units)

    def merge(self, later: "OntologyDeriver") -> None:
        """Add what another deriver gathered from rows that come after those of this one."""
        for feature, facts in later._objects.items():
            self._objects.setdefault(feature, facts)
        for feature, names in later._points.items():
            self._points.setdefault(feature, {}).update(names)
        for feature, root in later._classifications.items():
            if self._classifications.get(feature) is None:
                self._classifications[feature] = root
        for feature, attributes in later._attributes.items():
            own = self._attributes.setdefault(feature, {})
            for attribute, sightings in attributes.items():
                own.setdefault(attribute, _Sightings(sightings.name)).join(sightings)

    def skeleton_points(self) -> dict[str, tuple[str, ...]]:
        """Feature hash of a skeleton → names of its points by first sight."""
        return {feature: tuple(names) for feature, names in self._points.items()}

    def ontology(self) -> Ontology:
        """Ontology of all that was seen, in the order of first sight.

        Objects keep the name and shape of their first label; a classification is named by its root
        attribute.
        """
        notes: list[Note] = []
        owners: dict[str, str] = {}
        attributes = {
            feature: self._own_attributes(feature, owners, notes)
            for feature in (*self._objects, *self._classifications)
        }
        objects = [
            OntologyObject(feature, name, shape, attributes=attributes[feature])
            for feature, (name, shape) in self._objects.items()
        ]
        classifications = [
            OntologyClassification(
                feature,
                nodes[0].name if (nodes := attributes[feature]) else feature,
                attributes=nodes,
            )
            for feature in self._classifications
            if feature not in self._objects
        ]
        return Ontology.of(objects, classifications, notes).with_skeleton_points(self._points)

    def _own_attributes(
        self, feature: str, owners: dict[str, str], notes: list[Note]
    ) -> tuple[Attribute, ...]:
        """Attributes of a node, a classification's root first."""
        seen = self._attributes.get(feature, {})
        root = self._classifications.get(feature)
        own = []
        for attribute in sorted(seen, key=lambda attribute: attribute != root):
            if owners.setdefault(attribute, feature) == feature:
                own.append(seen[attribute].attribute(attribute))
                continue
            message = f"Attribute {attribute} of {feature} is left out: {owners[attribute]} has it."
            notes.append(Note("ontology_repeated_hash", "$", message))
        return tuple(own)

    def _see_objects(self, row: LabelRow[Labels], units: list[LabelledUnit]) -> None:
        answered: dict[str, str] = {}
        for label in _object_labels(units):
            feature = label.feature_hash
            if feature not in self._objects:
                self._objects[feature] = (label.name or feature, label.shape)
            answered.setdefault(label.object_hash, feature)
            if label.skeleton:
                self._see_points(feature, label.skeleton)
        # Objects without an entry on a frame (audio, text) lie in the answers alone.
        statics, actions = row.object_answers or {}, row.object_actions or {}
        for object_hash in sorted(statics.keys() - answered.keys()):
            answer = statics[object_hash]
            if answer.feature_hash and answer.shape:
                answered[object_hash] = answer.feature_hash
                self._objects.setdefault(answer.feature_hash, (answer.feature_hash, answer.shape))
        for object_hash, feature in answered.items():
            if (static := statics.get(object_hash)) is not None:
                self._see_answers(feature, read_answers(bytes(static.classifications), "$")[0])
            if (dynamic := actions.get(object_hash)) is not None:
                self._see_actions(feature, dynamic.actions)

    def _see_points(self, feature: str, points: dict[str, SkeletonPoint]) -> None:
        names = self._points.setdefault(feature, {})
        if not all(point.name in names for point in points.values()):
            names.update((point.name, None) for _, point in by_number(points) if point.name)

    def _see_classifications(self, row: LabelRow[Labels], units: list[LabelledUnit]) -> None:
        answers = row.classification_answers or {}
        features: dict[str, str] = {}
        for unit in units:
            for frame in unit.frames:
                for placed in frame.labels.classifications:
                    if placed.feature_hash:
                        features.setdefault(placed.classification_hash, placed.feature_hash)
        for classification in sorted(answers, key=lambda key: (_first_frame(answers[key]), key)):
            feature = answers[classification].feature_hash
            if feature:
                features.setdefault(classification, feature)
        for classification, feature in features.items():
            self._classifications.setdefault(feature, None)
            if classification in answers:
                self._see_root(feature, answers[classification].classifications)
                self._see_answers(feature, answers[classification].classifications)

    def _see_root(self, feature: str, answers: list[AttributeAnswer]) -> None:
        # Encord writes nested answers before those that they are nested below.
        if answers and self._classifications[feature] is None:
            self._classifications[feature] = answers[-1].feature_hash

    def _see_answers(self, feature: str, answers: list[AttributeAnswer]) -> None:
        for answer in answers:
            self._see_answer(feature, answer)

    def _see_actions(self, feature: str, actions: list[AttributeAnswer]) -> None:
        by_attribute: dict[str, list[AttributeAnswer]] = {}
        for action in actions:
            self._see_answer(feature, action).dynamic = True
            by_attribute.setdefault(action.feature_hash, []).append(action)
        for attribute, group in by_attribute.items():
            sightings = self._attributes[feature][attribute]
            if not sightings.holds_several and len(group) > 1 and _overlap(group):
                sightings.holds_several = True

    def _see_answer(self, feature: str, answer: AttributeAnswer) -> _Sightings:
        seen = self._attributes.setdefault(feature, {})
        sightings = seen.get(answer.feature_hash)
        if sightings is None:
            sightings = seen[answer.feature_hash] = _Sightings(answer.name or "")
        value = answer.answers
        if isinstance(value, list):
            sightings.see_options(value)
        elif isinstance(value, str):
            sightings.is_text = True
        elif value is not None:
            sightings.is_number = True
        return sightings


def derive_ontology(rows: Iterable[RowText]) -> Ontology:
    """An ontology from label rows, for exports that come without one.

    Args:
        rows: JSON text of one label row each, in source order.
    """
    deriver = OntologyDeriver()
    deriver.add(rows)
    return deriver.ontology()


def _object_labels(units: list[LabelledUnit]) -> Iterator[ObjectLabel]:
    return (
        label
        for unit in units
        for frame in unit.frames
        for label in frame.labels.objects
        if isinstance(label, ObjectLabel)
    )


def _first_frame(answer: ClassificationAnswer) -> float:
    return min((start for start, _ in answer.range or ()), default=float("inf"))


def _overlap(actions: list[AttributeAnswer]) -> bool:
    """Whether two different options hold on the same frame of the same file."""
    held = sorted(
        (action.space_id or "", start, end, option.feature_hash)
        for action in actions
        if isinstance(action.answers, list)
        for option in action.answers
        if not isinstance(option, str) and option.feature_hash
        for start, end in action.range or ()
    )
    reach: tuple[str, int, str] | None = None
    for space, start, end, option in held:
        if reach is not None and reach[0] == space and reach[1] >= start:
            if reach[2] != option:
                return True
            end = max(end, reach[1])
        reach = (space, end, option)
    return False
