"""Where frame classifications stand.

Dialects disagree on where this is written: in the frames, as ranges of the answer, or as ranges
in spaces. The placement is the union of the three; ranges stay ranges.
"""

from typing import Final

import pyarrow as pa
from msgspec import Struct

from coco_dagster.encord.label_row import ClassificationAnswer, LabelRow, Labels
from coco_dagster.encord.media import MAX_FRAME, ROOT_SPACE, LabelledUnit
from coco_dagster.tables.findings import FindingRows, Place
from coco_dagster.tables.intervals import union
from coco_dagster.tables.ontology_index import OntologyIndex
from coco_dagster.tables.schemas import CLASSIFICATIONS

MAX_ADDED_IMAGES: Final = 100_000
"""A classification that would add more images than this adds none."""

_ON_FRAME: Final = 1_000_000
"""Precedence of the first entry on a frame; ranges stay below it."""


class Placed(Struct, frozen=True):
    """A classification of a label row that has a place.

    Attributes:
        classification_hash: the classification.
        feature_hash: its ontology node.
    """

    classification_hash: str
    feature_hash: str


class PlacementRows:
    """Rows of the `classifications` table in the making."""

    def __init__(self, index: OntologyIndex, findings: FindingRows) -> None:
        self._index = index
        self._findings = findings
        self._rows: list[tuple[object, ...]] = []

    def add(
        self, row: LabelRow[Labels], units: list[LabelledUnit], label_hash: str
    ) -> tuple[list[Placed], dict[int, set[int]]]:
        """Add the classifications of one label row.

        Returns:
            What has a place, and frame numbers that become images by it, by position of the unit.
        """
        answers = row.classification_answers or {}
        entries = self._entries(units)
        if not answers and not entries:
            return [], {}
        features = self._features(answers, entries, label_hash)
        added: dict[int, set[int]] = {}
        placed: set[str] = set()
        for order, (classification_hash, answer) in enumerate(answers.items()):
            feature = features.get(classification_hash)
            if feature is None:
                continue
            key = (label_hash, classification_hash, feature)
            found = self._add_ranges(key, answer, units, order, added)
            if found or classification_hash in entries:
                placed.add(classification_hash)
            elif any(unit.media for unit in units):
                place = Place(label_hash, path=f"$.classification_answers.{classification_hash}")
                message = "The classification stands on no frame; its answers are left out."
                self._findings.add("classification_not_placed", "note", place, message)
        for classification_hash, places in entries.items():
            feature = features.get(classification_hash)
            if feature is None:
                continue
            placed.add(classification_hash)
            for unit, frame, position in places:
                self._rows.append(
                    (
                        label_hash,
                        unit.data_hash,
                        classification_hash,
                        feature,
                        frame,
                        frame,
                        _ON_FRAME + position,
                    )
                )
        ordered = [name for name in features if name in placed]
        return [Placed(name, features[name]) for name in ordered], added

    def table(self) -> pa.Table:
        """The `classifications` table in the order of adding."""
        columns = zip(*self._rows, strict=True) if self._rows else ((),) * len(CLASSIFICATIONS)
        arrays = [
            pa.array(values, type=field.type)
            for values, field in zip(columns, CLASSIFICATIONS, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=CLASSIFICATIONS)

    def _entries(self, units: list[LabelledUnit]) -> dict[str, list[tuple[LabelledUnit, int, int]]]:
        entries: dict[str, list[tuple[LabelledUnit, int, int]]] = {}
        for unit in units:
            if unit.media is None:
                continue
            for entry in unit.frames:
                if entry.number is None:
                    continue
                for position, label in enumerate(entry.labels.classifications):
                    place = (unit, entry.number, position)
                    entries.setdefault(label.classification_hash, []).append(place)
        return entries

    def _features(
        self,
        answers: dict[str, ClassificationAnswer],
        entries: dict[str, list[tuple[LabelledUnit, int, int]]],
        label_hash: str,
    ) -> dict[str, str]:
        """Ontology node of every classification of the row, from whichever side names it."""
        named: dict[str, str] = {}
        for name, places in entries.items():
            unit, frame, position = places[0]
            labels = next(entry.labels for entry in unit.frames if entry.number == frame)
            named[name] = labels.classifications[position].feature_hash or ""
        features: dict[str, str] = {}
        for name in [*answers, *(name for name in entries if name not in answers)]:
            answer = answers.get(name)
            candidates = [answer.feature_hash if answer else None, named.get(name)]
            for given in answer.classifications if answer else []:
                facts = self._index.attributes.get(given.feature_hash)
                candidates.append(facts.feature_hash if facts else None)
            known = [feature for feature in candidates if feature in self._index.levels]
            if known:
                features[name] = known[0] or ""
                continue
            place = Place(label_hash, path=f"$.classification_answers.{name}")
            message = "The classification is left out: the ontology does not have it."
            self._findings.add("unknown_classification", "note", place, message)
        return features

    def _add_ranges(
        self,
        key: tuple[str, str, str],
        answer: ClassificationAnswer,
        units: list[LabelledUnit],
        order: int,
        added: dict[int, set[int]],
    ) -> bool:
        label_hash, classification_hash, feature = key
        found = False
        for position, unit in enumerate(units):
            if unit.media is None:
                continue
            ranges = self._ranges_on(unit, answer, feature)
            if ranges is None:
                continue
            if not ranges:
                found = True
                where = (label_hash, unit.data_hash, classification_hash, feature)
                self._rows.append((*where, None, None, min(order, _ON_FRAME - 1)))
                continue
            for first, last in union(_clipped(ranges, unit)):
                found = True
                where = (label_hash, unit.data_hash, classification_hash, feature)
                self._rows.append((*where, first, last, min(order, _ON_FRAME - 1)))
                if unit.media != "image":
                    self._add_images(key, unit, first, last, added.setdefault(position, set()))
        return found

    def _ranges_on(
        self, unit: LabelledUnit, answer: ClassificationAnswer, feature: str
    ) -> list[tuple[int, int]] | None:
        """Ranges on a unit; empty: the whole unit; None: not there."""
        if unit.space is not None and answer.spaces and unit.space in answer.spaces:
            return answer.spaces[unit.space].range
        on_root = unit.space is None or unit.space == ROOT_SPACE
        if answer.range and on_root:
            return answer.range
        is_global = self._index.levels[feature] == "global"
        return [] if is_global and not answer.range and not answer.spaces else None

    def _add_images(
        self,
        key: tuple[str, str, str],
        unit: LabelledUnit,
        first: int,
        last: int,
        images: set[int],
    ) -> None:
        have = unit.image_numbers() | images
        count = last - first + 1 - sum(1 for number in have if first <= number <= last)
        if count <= MAX_ADDED_IMAGES:
            images |= set(range(first, last + 1)) - have
            return
        label_hash, classification_hash, _ = key
        place = Place(
            label_hash,
            unit.data_hash,
            unit.space,
            path=f"$.classification_answers.{classification_hash}",
        )
        message = (
            f"The classification stands on {count:,} frames without other labels, more than "
            f"{MAX_ADDED_IMAGES:,}; they do not become images."
        )
        self._findings.add("too_many_frames", "note", place, message)


def _clipped(ranges: list[tuple[int, int]], unit: LabelledUnit) -> list[tuple[int, int]]:
    """Ranges within the length of the unit, as far as it is known; of an image, its own frame."""
    last_frame = MAX_FRAME if unit.number_of_frames is None else unit.number_of_frames - 1
    clipped = [(max(first, 0), min(last, last_frame)) for first, last in ranges]
    if unit.media != "image":
        return [(first, last) for first, last in clipped if first <= last]
    numbers = unit.image_numbers()
    return [span for span in clipped if any(span[0] <= number <= span[1] for number in numbers)]
