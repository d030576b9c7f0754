"""Label rows to normalised tables, a part (some thousand rows) at a time.

Every object of the input ends as exactly one row: an annotation, or a finding whose outcome is
`skipped` or `rejected`. Everything here depends on the label rows and the ontology alone, never on
how an export will render them.
"""

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
from msgspec import Struct

from coco_dagster.encord.json_paths import json_key
from coco_dagster.encord.label_row import FrameLabels, Malformed
from coco_dagster.encord.label_row_reader import read_answers
from coco_dagster.encord.media import FrameEntry, LabelledUnit
from coco_dagster.encord.object_label import ObjectLabel
from coco_dagster.encord.shapes import SHAPES, GeometryError, Keypoints
from coco_dagster.tables.annotation_rows import AnnotationRows
from coco_dagster.tables.answers import AnswerRows, Owner
from coco_dagster.tables.findings import FindingRows, Place, concat_findings
from coco_dagster.tables.long_answers import without_long_answers
from coco_dagster.tables.object_endings import FramePlace, ObjectEndings
from coco_dagster.tables.ontology_index import OntologyIndex
from coco_dagster.tables.placements import PlacementRows
from coco_dagster.tables.plain_answers import PlainAnswers
from coco_dagster.tables.row_reading import RawRow, ReadRow, older_editions, read_rows
from coco_dagster.tables.row_tables import RowTables
from coco_dagster.tables.schemas import LABEL_TABLES
from coco_dagster.tables.skeletons import MAX_POINTS, SkeletonPoints, first_sights
from coco_dagster.tables.superseded import own_name, with_own_names, without_label_rows


class NormalisedRows(Struct, frozen=True):
    """Tables of a part and what else was seen in its rows.

    Attributes:
        tables: the tables of `schemas.LABEL_TABLES`: findings by place, all others in the order of
            the label rows and of what stands in them.
        row_digests: hex SHA-256 of every row in source order, unreadable ones too.
        skeleton_points: names of points, for skeletons without a template.
    """

    tables: dict[str, pa.Table]
    row_digests: list[str]
    skeleton_points: SkeletonPoints


def normalise_rows(
    rows: Iterable[RawRow],
    index: OntologyIndex,
    plain: PlainAnswers | None = None,
    schemas: Mapping[str, pa.Schema] = LABEL_TABLES,
) -> NormalisedRows:
    """Turn label rows into tables.

    Within the result `label_hash` is unique: of two rows with the same one the row that was
    edited last is kept, and the objects of the other are skipped.

    Args:
        rows: label rows in source order.
        index: the ontology.
        plain: its plain answers, which remember what they read from one part to the next.
        schemas: of the tables; `annotations` and `objects` may lack columns that nobody reads.
    """
    plain = plain or PlainAnswers(index)
    first = _Normaliser(index, plain, schemas)
    given = list(rows)
    older = first.read(given)
    if not older:
        return first.result()
    # So rare that reading rows again is better than keeping all that was read of them in memory.
    kept = _Normaliser(index, plain, schemas)
    kept.read([row for position, row in enumerate(given) if position not in older])
    result = kept.result()
    findings, points = [result.tables["findings"]], [result.skeleton_points]
    editions = _Normaliser(index, plain, schemas)
    editions.read([given[position] for position in older], told_apart=True)
    superseded = editions.result()
    hashes = [*superseded.tables["label_rows"]["label_hash"].to_pylist(), *older.values()]
    findings.append(with_own_names(without_label_rows(superseded.tables, hashes)["findings"]))
    points.append(superseded.skeleton_points)
    return NormalisedRows(
        {**result.tables, "findings": concat_findings(findings)},
        first.digests,
        first_sights(points),
    )


class _Normaliser:
    def __init__(
        self, index: OntologyIndex, plain: PlainAnswers, schemas: Mapping[str, pa.Schema]
    ) -> None:
        self._index = index
        self._schemas = schemas
        self._plain = plain
        self._findings = FindingRows()
        self._endings = ObjectEndings(index, self._findings)
        self._answers = AnswerRows(index, self._findings)
        self._placements = PlacementRows(index, self._findings)
        self._tables = RowTables()
        self._annotations = AnnotationRows(self._endings, schemas["annotations"])
        self._points: dict[str, dict[str, tuple[str, int]]] = {}
        self.digests: list[str] = []

    def read(self, rows: Sequence[RawRow], *, told_apart: bool = False) -> dict[int, str]:
        """Read label rows, each of which leaves memory before the next one comes.

        Args:
            rows: label rows in source order.
            told_apart: whether rows get a label hash of their own, since several share one.

        Returns:
            Positions of rows that a newer edition supersedes, with their label hashes.
        """
        editions: list[tuple[str, str | None]] = []
        positions: list[int] = []
        at = {id(row): position for position, row in enumerate(rows)}
        for row in read_rows(rows, self._findings, self.digests):
            position = at[id(row.raw)]
            if told_apart:
                row.label_hash = own_name(row.label_hash, position)
            editions.append((row.label_hash, row.row.last_edited_at))
            positions.append(position)
            self._add_row(row)
        older = sorted(older_editions(editions))
        return {positions[edition]: editions[edition][0] for edition in older}

    def result(self) -> NormalisedRows:
        """What was read, as tables."""
        frames, keys = self._tables.frames()
        annotations, objects = self._annotations.tables(keys, self._schemas["objects"])
        answers = without_long_answers(self._answers.tables(), annotations, frames, self._findings)
        tables = {
            "label_rows": self._tables.label_rows(self._findings),
            "data_units": self._tables.data_units(),
            "frames": frames,
            "annotations": annotations,
            "objects": objects,
            **answers,
            "classifications": self._placements.table(),
            "findings": self._findings.table(),
        }
        return NormalisedRows(
            {name: tables[name] for name in LABEL_TABLES},
            self.digests,
            {
                feature: [(name, *place) for name, place in names.items()]
                for feature, names in self._points.items()
            },
        )

    def _add_row(self, row: ReadRow) -> None:
        placed, added_images = self._placements.add(row.row, row.units, row.label_hash)
        features: dict[str, str] = {}
        frames: dict[tuple[str, int], int] = {}
        listed: dict[int, int] = {}
        objects = 0
        self._tables.add_units(row)
        for position, unit in enumerate(row.units):
            for entry in _with_added(unit, added_images.get(position)):
                frame = -1
                if unit.media is not None and entry.is_image:
                    key = (unit.data_hash, entry.number or 0)
                    frame = frames.get(key, -1)
                    if frame < 0:
                        frame = self._tables.add_frame(row, unit, entry, len(frames))
                        frames[key] = frame
                if entry.labels.objects:
                    entry.first_index = listed.get(frame, 0)
                    listed[frame] = entry.first_index + len(entry.labels.objects)
                    objects += len(entry.labels.objects)
                    self._add_objects(_frame_place(row, unit, entry), entry, frame, features)
        objects += self._endings.skip_ranges(row)
        self._tables.add_row(row, len(frames), objects)
        self._annotations.end_row(len(features))
        self._add_answers(row, features)
        for classification in placed:
            self._add_frame_answers(
                row, classification.classification_hash, classification.feature_hash
            )

    def _add_objects(
        self, place: FramePlace, entry: FrameEntry, frame: int, features: dict[str, str]
    ) -> None:
        """Add or end every object of a frame; `features` collects the feature of each track."""
        annotations, shapes_of = self._annotations, self._index.shapes
        misplaced = place.media is None or frame < 0
        for position, label in enumerate(entry.labels.objects):
            if misplaced or isinstance(label, Malformed):
                self._endings.end_early(place, position, label)
                continue
            shape_of_node = shapes_of.get(label.feature_hash)
            read = SHAPES.get(label.shape)
            if label.is_deleted or read is None or shape_of_node not in SHAPES:
                self._endings.end_early(place, position, label)
                continue
            try:
                drawn = read(label)
            except GeometryError as error:
                self._endings.end(
                    place, position, label, error.code, "rejected", error.message, error.path
                )
                continue
            if label.shape != shape_of_node:
                message = f"Drawn as {label.shape} although the ontology has {shape_of_node}."
                annotations.note_next("shape_differs", message)
            if isinstance(drawn.detail, Keypoints):
                self._see_skeleton(place, label, drawn.detail)
            index = place.first_index + position
            annotations.add(frame, index, place, label, drawn)
            features.setdefault(label.object_hash, label.feature_hash)

    def _see_skeleton(self, place: FramePlace, label: ObjectLabel, points: Keypoints) -> None:
        """Note points that a skeleton's template lacks; without a template, collect the names."""
        if points.note is not None:
            self._annotations.note_next("unknown_visibility", points.note)
        names = points.names
        known = self._index.skeletons.get(label.feature_hash)
        if known is None:
            seen = self._points.setdefault(label.feature_hash, {})
            for name in names[:MAX_POINTS]:
                seen.setdefault(name, (place.raw.source_file, place.raw.source_index))
        unknown = names[MAX_POINTS:] if known is None else [n for n in names if n not in known]
        if unknown:
            message = f"Points that the skeleton's template lacks are left out: {unknown}."
            self._annotations.note_next("unknown_skeleton_point", message)

    def _add_answers(self, row: ReadRow, features: dict[str, str]) -> None:
        """Add the answers of objects; static ones that others have too are looked up."""
        answers, actions = row.row.object_answers or {}, row.row.object_actions or {}
        met, label_hash = self._plain.met, row.label_hash
        for object_hash, feature in features.items():
            dynamic: frozenset[str] = frozenset()
            if actions and object_hash in actions:
                dynamic = self._add_actions(row, object_hash, features)
            answer = answers.get(object_hash)
            if answer is None:
                continue
            text = bytes(answer.classifications)
            if text == b"[]":
                continue
            statements = None if dynamic else met(feature).get(text)
            if statements is None:
                self._add_object_answers(row, object_hash, features, text, dynamic)
            else:
                self._answers.add_statements(label_hash, object_hash, statements)

    def _add_actions(
        self, row: ReadRow, object_hash: str, features: dict[str, str]
    ) -> frozenset[str]:
        """Add dynamic answers; returns the attributes that have some."""
        actions = (row.row.object_actions or {})[object_hash].actions
        spaces = {unit.space: unit.data_hash for unit in row.units if unit.space is not None}
        path = f"$.object_actions{json_key(object_hash)}"
        owner = Owner("object", object_hash, features[object_hash], row.label_hash, path)
        self._answers.add_dynamic(owner, actions, features.keys(), spaces)
        return frozenset(given.feature_hash for given in actions)

    def _add_object_answers(
        self,
        row: ReadRow,
        object_hash: str,
        features: dict[str, str],
        text: bytes,
        dynamic: frozenset[str],
    ) -> None:
        """Read and add static answers of an object."""
        path = f"$.object_answers{json_key(object_hash)}"
        given, notes = read_answers(text, path)
        for note in notes:
            place = Place(row.label_hash, object_hash=object_hash, path=note.path)
            self._findings.add(note.code, "note", place, note.message, note.raw)
        feature = features[object_hash]
        if not dynamic:
            statements = self._plain.read(feature, given, b"" if notes else text)
            if statements is not None:
                self._answers.add_statements(row.label_hash, object_hash, statements)
                return
        owner = Owner("object", object_hash, feature, row.label_hash, path)
        self._answers.add_static(owner, given, features.keys(), dynamic)

    def _add_frame_answers(self, row: ReadRow, classification_hash: str, feature: str) -> None:
        answer = (row.row.classification_answers or {}).get(classification_hash)
        if answer is not None and answer.classifications:
            given = answer.classifications
            path = f"$.classification_answers{json_key(classification_hash)}"
            owner = Owner("frame", classification_hash, feature, row.label_hash, path)
            self._answers.add_static(owner, given, frozenset())


def _frame_place(row: ReadRow, unit: LabelledUnit, entry: FrameEntry) -> FramePlace:
    return FramePlace(
        row.raw,
        row.label_hash,
        unit.data_hash,
        unit.space,
        unit.media,
        entry.number,
        entry.path,
        entry.first_index,
    )


def _with_added(unit: LabelledUnit, numbers: set[int] | None) -> list[FrameEntry]:
    """Frames of a unit, with those that classifications add, in order."""
    if not numbers:
        return unit.frames
    for entry in unit.frames:
        entry.listed = entry.listed or entry.number in numbers
    missing = numbers.difference(entry.number for entry in unit.frames)
    added = [FrameEntry(number, FrameLabels(), "", listed=True) for number in missing]
    return sorted(
        [*unit.frames, *added], key=lambda entry: (entry.number is None, entry.number or 0)
    )
