"""Where frame classifications stand.

Dialects disagree on where this is written: in the frames, as ranges of the answer, or as ranges
in spaces. The placement is the union of the three; ranges stay ranges.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import pyarrow as pa
from msgspec import Struct

from coco_dagster.encord.json_paths import json_key
from coco_dagster.encord.label_row import ClassificationAnswer, LabelRow, Labels
from coco_dagster.encord.media import MAX_FRAME, ROOT_SPACE, FrameEntry, LabelledUnit
from coco_dagster.tables.findings import FindingRows, Place
from coco_dagster.tables.intervals import union
from coco_dagster.tables.ontology_index import OntologyIndex
from coco_dagster.tables.schemas import CLASSIFICATIONS
from coco_dagster.tables.table_rows import table_of_rows

MAX_ADDED_IMAGES: Final = 100_000
"""A classification that would add more images than this adds none."""

MAX_ADDED_IN_ROW: Final = 1_000_000
"""Neither does one with which those of a label row would add more than this."""

_ON_FRAME: Final = 1_000_000
"""Precedence of the first entry on a frame; ranges stay below it."""

_Span = tuple[LabelledUnit, int | None, int | None, int]
"""Unit, first and last frame (None: the whole unit), precedence."""


class _Entry(NamedTuple):
    """A classification where it stands."""

    unit: LabelledUnit
    frame: int
    position: int
    feature_hash: str | None


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
        entries = self._entries(units, label_hash)
        if not answers and not entries:
            return [], {}
        features = self._features(answers, entries, label_hash)
        images = _Images(units)
        placed: set[str] = set()
        for order, (classification_hash, answer) in enumerate(answers.items()):
            feature = features.get(classification_hash)
            if feature is None:
                continue
            key = (label_hash, classification_hash, feature)
            found = self._add_ranges(key, answer, units, order, images)
            if found or classification_hash in entries:
                placed.add(classification_hash)
            elif any(unit.media for unit in units):
                message = "The classification stands on no frame; its answers are left out."
                self._note("classification_not_placed", label_hash, classification_hash, message)
        for classification_hash, places in entries.items():
            feature = features.get(classification_hash)
            if feature is None:
                continue
            placed.add(classification_hash)
            key = (label_hash, classification_hash, feature)
            self._add_rows(
                key, ((at.unit, at.frame, at.frame, _ON_FRAME + at.position) for at in places)
            )
        ordered = [name for name in features if name in placed]
        return [Placed(name, features[name]) for name in ordered], images.added

    def table(self) -> pa.Table:
        """The `classifications` table, in the order of adding."""
        return table_of_rows(CLASSIFICATIONS, self._rows)

    def _note(self, code: str, label_hash: str, classification_hash: str, message: str) -> None:
        path = f"$.classification_answers{json_key(classification_hash)}"
        self._findings.add(code, "note", Place(label_hash, path=path), message)

    def _add_rows(self, key: tuple[str, str, str], spans: Iterable[_Span]) -> None:
        """Add where a classification stands; two units of one data hash are one file."""
        label_hash, classification_hash, feature = key
        for span in dict.fromkeys((unit.data_hash, *where) for unit, *where in spans):
            data_hash, first, last, precedence = span
            where = (label_hash, data_hash, classification_hash, feature)
            self._rows.append((*where, first, last, precedence))

    def _entries(self, units: list[LabelledUnit], label_hash: str) -> dict[str, list[_Entry]]:
        """Classifications that stand on frames, by their hash."""
        entries: dict[str, list[_Entry]] = {}
        for unit in units:
            if unit.media is None:
                continue
            for frame in unit.frames:
                if frame.number is None:
                    self._note_misplaced(unit, frame, label_hash)
                    continue
                for position, label in enumerate(frame.labels.classifications):
                    entry = _Entry(unit, frame.number, position, label.feature_hash)
                    entries.setdefault(label.classification_hash, []).append(entry)
        return entries

    def _note_misplaced(self, unit: LabelledUnit, frame: FrameEntry, label_hash: str) -> None:
        for position in range(len(frame.labels.classifications)):
            path = f"{frame.path}.classifications[{position}]"
            place = Place(label_hash, unit.data_hash, unit.space, path=path)
            message = "The classification stands under a key that is no frame number."
            self._findings.add("bad_frame_key", "note", place, message)

    def _features(
        self,
        answers: dict[str, ClassificationAnswer],
        entries: dict[str, list[_Entry]],
        label_hash: str,
    ) -> dict[str, str]:
        """Ontology node of every classification of the row, from whichever side names it."""
        features: dict[str, str] = {}
        for name in [*answers, *(name for name in entries if name not in answers)]:
            answer = answers.get(name)
            candidates = [answer.feature_hash if answer else None]
            candidates += [entry.feature_hash for entry in entries.get(name, ())]
            for given in answer.classifications if answer else []:
                facts = self._index.attributes.get(given.feature_hash)
                candidates.append(facts.feature_hash if facts else None)
            known = [feature for feature in candidates if feature in self._index.levels]
            if known:
                features[name] = known[0] or ""
                continue
            message = "The classification is left out: the ontology does not have it."
            self._note("unknown_classification", label_hash, name, message)
        return features

    def _add_ranges(
        self,
        key: tuple[str, str, str],
        answer: ClassificationAnswer,
        units: list[LabelledUnit],
        order: int,
        images: "_Images",
    ) -> bool:
        label_hash, classification_hash, feature = key
        precedence = min(order, _ON_FRAME - 1)
        spans: list[_Span] = []
        wanted: list[tuple[int, int, int]] = []
        for position, unit in enumerate(units):
            if unit.media is None:
                continue
            ranges = self._ranges_on(unit, answer, feature)
            if ranges is None:
                continue
            if not ranges:
                spans.append((unit, None, None, precedence))
                continue
            if any(first > last for first, last in ranges):
                message = "A range that ends before it starts is left out."
                self._note("malformed_range", label_hash, classification_hash, message)
            clipped = union(_clipped(ranges, unit, images.numbers(position)))
            spans += [(unit, first, last, precedence) for first, last in clipped]
            if unit.media != "image":
                wanted += [(position, first, last) for first, last in clipped]
        self._add_rows(key, spans)
        if not images.add(wanted):
            message = (
                f"The classification stands on more than {MAX_ADDED_IMAGES:,} frames without "
                f"other labels, or those of the label row on more than {MAX_ADDED_IN_ROW:,}; its "
                "frames do not become images."
            )
            self._note("too_many_frames", label_hash, classification_hash, message)
        return bool(spans)

    def _ranges_on(
        self, unit: LabelledUnit, answer: ClassificationAnswer, feature: str
    ) -> list[tuple[int, int]] | None:
        """Ranges on a unit; empty: the whole unit; None: not there."""
        if unit.space is not None and answer.spaces and unit.space in answer.spaces:
            placement = answer.spaces[unit.space]
            frames = placement.frames()
            return frames if frames or not placement.range else None
        on_root = unit.space is None or unit.space == ROOT_SPACE
        if answer.range and on_root:
            return answer.range
        is_global = self._index.levels[feature] == "global"
        return [] if is_global and not answer.range and not answer.spaces else None


class _Images:
    """Frames of the units of a label row that are images, by position of the unit."""

    def __init__(self, units: list[LabelledUnit]) -> None:
        self._units = units
        self._numbers: dict[int, set[int]] = {}
        self.added: dict[int, set[int]] = {}
        self._count = 0

    def numbers(self, position: int) -> set[int]:
        """Numbers of the frames that are images so far."""
        if position not in self._numbers:
            self._numbers[position] = self._units[position].image_numbers()
        return self._numbers[position]

    def add(self, spans: list[tuple[int, int, int]]) -> bool:
        """Make all frames of the spans images, unless these are too many: then none.

        Args:
            spans: position of the unit, first and last frame; those of one unit are disjoint.
        """
        frames = sum(last - first + 1 for _, first, last in spans)
        known = sum(len(self.numbers(position)) for position in {span[0] for span in spans})
        if frames - known > MAX_ADDED_IMAGES:
            return False
        missing: dict[int, set[int]] = {}
        for position, first, last in spans:
            numbers = self.numbers(position)
            found = {number for number in range(first, last + 1) if number not in numbers}
            missing.setdefault(position, set()).update(found)
        count = sum(map(len, missing.values()))
        if count > MAX_ADDED_IMAGES or count + self._count > MAX_ADDED_IN_ROW:
            return False
        self._count += count
        for position, found in missing.items():
            self.numbers(position).update(found)
            self.added.setdefault(position, set()).update(found)
        return True


def _clipped(
    ranges: list[tuple[int, int]], unit: LabelledUnit, images: set[int]
) -> list[tuple[int, int]]:
    """Ranges within the length of the unit, as far as it is known; of an image, its own frame."""
    last_frame = MAX_FRAME if unit.number_of_frames is None else unit.number_of_frames - 1
    clipped = [(max(first, 0), min(last, last_frame)) for first, last in ranges]
    if unit.media != "image":
        return [(first, last) for first, last in clipped if first <= last]
    return [span for span in clipped if any(span[0] <= number <= span[1] for number in images)]
