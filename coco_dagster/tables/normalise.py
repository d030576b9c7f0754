"""Label rows to normalised tables, a part (some thousand rows) at a time.

Every object of the input ends as exactly one row: an annotation, or a finding whose outcome is
`skipped` or `rejected`. Everything here depends on the label rows and the ontology alone, never on
how an export will render them.
"""

from collections.abc import Iterable, Set
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

from coco_dagster.encord.label_row import (
    Fragments,
    FrameLabels,
    Malformed,
    json_key,
    read_answers,
)
from coco_dagster.encord.media import FrameEntry, LabelledUnit
from coco_dagster.encord.shapes import (
    RANGE_SHAPES,
    SHAPES,
    UNRENDERABLE_SHAPES,
    GeometryError,
)
from coco_dagster.tables.annotation_columns import (
    AddedAnnotation,
    AnnotationColumns,
    point_names,
)
from coco_dagster.tables.answers import AnswerRows, Owner
from coco_dagster.tables.findings import FindingRows, Outcome, Place
from coco_dagster.tables.geometry_checks import check_geometry
from coco_dagster.tables.ontology_index import OntologyIndex
from coco_dagster.tables.placements import PlacementRows
from coco_dagster.tables.rings import without_degenerate_rings
from coco_dagster.tables.row_reading import RawRow, ReadRow, newest_rows, read_rows
from coco_dagster.tables.row_tables import FrameFacts, FrameRow, RowTables
from coco_dagster.tables.schemas import LABEL_TABLES, OBJECTS, table_key
from coco_dagster.tables.superseded import CODE as SUPERSEDED_CODE
from coco_dagster.tables.superseded import MESSAGE as SUPERSEDED

_NO_PIXELS: Final = "The file has no pixels, so that COCO cannot hold what is labelled in it."


_FramePlace = tuple[ReadRow, LabelledUnit, FrameEntry]


class NormalisedRows(Struct, frozen=True):
    """Tables of a part and what else was seen in its rows.

    Attributes:
        tables: the tables of `schemas.LABEL_TABLES`, each sorted by its key.
        row_digests: hex SHA-256 of every row in source order, unreadable ones too.
        skeleton_points: names of points by first sight, for skeletons without a template.
    """

    tables: dict[str, pa.Table]
    row_digests: list[str]
    skeleton_points: dict[str, list[str]]


def normalise_rows(rows: Iterable[RawRow], index: OntologyIndex) -> NormalisedRows:
    """Turn label rows into tables.

    Within the result `label_hash` is unique: of two rows with the same one the row that was
    edited last is kept, and the objects of the other are skipped.

    Args:
        rows: label rows in source order.
        index: the ontology.
    """
    return _Normaliser(index).run(rows)


class _Normaliser:
    def __init__(self, index: OntologyIndex) -> None:
        self._index = index
        self._findings = FindingRows()
        self._answers = AnswerRows(index, self._findings)
        self._placements = PlacementRows(index, self._findings)
        self._tables = RowTables()
        self._frames: list[FrameRow] = []
        self._added: list[AddedAnnotation] = []
        self._points: dict[str, dict[str, None]] = {}
        self._notes: list[tuple[int, str, str]] = []
        self._fragments: tuple[ReadRow, Fragments] | None = None

    def run(self, rows: Iterable[RawRow]) -> NormalisedRows:
        digests: list[str] = []
        kept, superseded = newest_rows(list(read_rows(rows, self._findings, digests)))
        for row in superseded:
            self._skip_row(row)
        for row in kept:
            self._add_row(row)
        frames = self._tables.frame_facts(self._frames)
        annotations = self._annotation_table(frames)
        facts = self._tables.tables(self._frames, frames)
        self._note_dates(kept, facts["label_rows"])
        tables = {
            **facts,
            **self._answers.tables(),
            "annotations": annotations,
            "objects": object_table(annotations, frames.order()),
            "classifications": self._placements.table(),
            "findings": self._findings.table(),
        }
        return NormalisedRows(
            {name: _by_key(tables[name], name) for name in LABEL_TABLES},
            digests,
            {feature: list(names) for feature, names in self._points.items()},
        )

    def _note_dates(self, rows: list[ReadRow], label_rows: pa.Table) -> None:
        """Note dates of label rows that are none, since they decide which edition is exported."""
        for name in ("created_at", "last_edited_at"):
            unread = label_rows[name].is_null().to_pylist()
            for row in (row for row, is_unread in zip(rows, unread, strict=True) if is_unread):
                text = getattr(row.row, name)
                if text:
                    place = Place(row.label_hash, path=f"$.{name}")
                    message = f"`{text}` is no date and left out."
                    self._findings.add("malformed_date", "note", place, message)

    def _skip_row(self, row: ReadRow) -> None:
        message = SUPERSEDED
        place = Place(row.label_hash, path=row.source)
        self._findings.add(SUPERSEDED_CODE, "note", place, message, severity="info")
        for unit in row.units:
            for entry in unit.frames:
                for position in range(len(entry.labels.objects)):
                    self._end((row, unit, entry), position, SUPERSEDED_CODE, "skipped", message)
        self._skip_range_objects(row, SUPERSEDED_CODE, message)

    def _add_row(self, row: ReadRow) -> None:
        placed, added_images = self._placements.add(row.row, row.units, row.label_hash)
        features: dict[str, str] = {}
        seen: dict[tuple[str, int], int] = {}
        listed: dict[int, int] = {}
        for position, unit in enumerate(row.units):
            unit_id = self._tables.add_unit(row, unit)
            for entry in _with_added(unit, added_images.get(position)):
                frame_id = -1
                if unit.media is not None and entry.is_image:
                    key = (unit.data_hash, entry.number or 0)
                    frame_id = seen.get(key, -1)
                    if frame_id < 0:
                        frame_id = seen[key] = len(self._frames)
                        self._frames.append(FrameRow(unit_id, entry, len(seen) - 1))
                if entry.labels.objects:
                    entry.first_index = listed.get(frame_id, 0)
                    listed[frame_id] = entry.first_index + len(entry.labels.objects)
                    row.objects += len(entry.labels.objects)
                    self._add_objects(row, unit, entry, frame_id, features)
        row.frames = len(seen)
        row.objects += self._skip_range_objects(row)
        self._tables.add_row(row)
        self._add_answers(row, features)
        for classification in placed:
            self._add_frame_answers(
                row, classification.classification_hash, classification.feature_hash
            )

    def _add_objects(
        self,
        row: ReadRow,
        unit: LabelledUnit,
        entry: FrameEntry,
        frame_id: int,
        features: dict[str, str],
    ) -> None:
        """Add or end every object of a frame; `features` collects the feature of each track."""
        added, shapes_of = self._added, self._index.shapes
        place: _FramePlace = (row, unit, entry)
        misplaced = unit.media is None or frame_id < 0
        for position, label in enumerate(entry.labels.objects):
            if misplaced or isinstance(label, Malformed):
                self._end_early(place, position)
                continue
            shape, shape_of_node = label.shape, shapes_of.get(label.feature_hash)
            if label.is_deleted or shape not in SHAPES or shape_of_node not in SHAPES:
                self._end_early(place, position)
                continue
            try:
                drawn = SHAPES[shape](label)
            except GeometryError as error:
                self._end(place, position, error.code, "rejected", error.message, error.path)
                continue
            if shape != shape_of_node:
                message = f"Drawn as {shape} although the ontology has {shape_of_node}."
                self._notes.append((len(added), "shape_differs", message))
            if drawn.note is not None:
                self._notes.append((len(added), "unknown_visibility", drawn.note))
            if drawn.skeleton is not None:
                self._see_points(label.feature_hash, point_names(drawn.skeleton))
            added.append((frame_id, entry.first_index + position, label, drawn, place))
            features.setdefault(label.object_hash, label.feature_hash)

    def _see_points(self, feature: str, names: list[str]) -> None:
        """Note points that a skeleton's template lacks; without a template, collect the names."""
        known = self._index.skeletons.get(feature)
        if known is None:
            self._points.setdefault(feature, {}).update(dict.fromkeys(names))
            return
        unknown = [name for name in names if name not in known]
        if unknown:
            message = f"Points that the skeleton's template lacks are left out: {unknown}."
            self._notes.append((len(self._added), "unknown_skeleton_point", message))

    def _end_early(self, place: _FramePlace, position: int) -> None:
        """End an object that its kind, its place or its state keeps out of the tables."""
        _, unit, entry = place
        label = entry.labels.objects[position]
        end = (place, position)
        if unit.media is None:
            self._end(*end, "media_without_pixels", "skipped", _NO_PIXELS)
        elif label.is_deleted:
            self._end(*end, "deleted", "skipped", "The object is marked as deleted.")
        elif isinstance(label, Malformed):
            self._end(*end, label.code, "rejected", label.message, label.path)
        elif entry.number is None:
            message = "The object stands under a key that is no frame number."
            self._end(*end, "bad_frame_key", "rejected", message)
        elif label.shape not in SHAPES:
            known = label.shape in UNRENDERABLE_SHAPES
            code = "shape_not_in_images" if known else "unknown_shape"
            message = f"COCO cannot hold the shape {label.shape}."
            self._end(*end, code, "skipped", message)
        elif label.feature_hash not in self._index.shapes:
            message = f"The ontology has no object with the featureHash {label.feature_hash}."
            self._end(*end, "unknown_feature", "rejected", message)
        else:
            shape = self._index.shapes[label.feature_hash]
            message = f"The ontology's object has the shape {shape}, which makes no category."
            self._end(*end, "no_category", "rejected", message)

    def _end(
        self,
        place: _FramePlace,
        position: int,
        code: str,
        outcome: Outcome,
        message: str,
        suffix: str = "",
    ) -> None:
        """Record how an object ended, with its place and, if it is at fault, its bytes."""
        row, unit, entry = place
        path = f"{entry.path}.objects[{position}]"
        label = entry.labels.objects[position]
        raw: bytes | None = None
        if outcome == "rejected":
            known = label.raw if isinstance(label, Malformed) else None
            raw = known or self._fragments_of(row).at(path)
        found = Place(
            row.label_hash,
            unit.data_hash,
            unit.space,
            entry.number,
            label.object_hash,
            path + suffix,
        )
        self._findings.add(code, outcome, found, message, raw)

    def _fragments_of(self, row: ReadRow) -> Fragments:
        """The pieces of a row; findings come row by row, so that one row's are kept."""
        if self._fragments is None or self._fragments[0] is not row:
            self._fragments = (row, Fragments(row.raw.json))
        return self._fragments[1]

    def _skip_range_objects(
        self, row: ReadRow, code: str = "media_without_pixels", message: str = _NO_PIXELS
    ) -> int:
        """Skip objects that exist only as ranges in their answers (audio, text, time)."""
        count = 0
        for object_hash, answer in (row.row.object_answers or {}).items():
            if answer.shape in RANGE_SHAPES:
                path = f"$.object_answers{json_key(object_hash)}"
                place = Place(row.label_hash, object_hash=object_hash, path=path)
                self._findings.add(code, "skipped", place, message)
                count += 1
        return count

    def _add_answers(self, row: ReadRow, features: dict[str, str]) -> None:
        answers, actions = row.row.object_answers or {}, row.row.object_actions or {}
        known = features.keys()
        spaces = {unit.space: unit.data_hash for unit in row.units if unit.space is not None}
        for object_hash, feature in features.items():
            dynamic: frozenset[str] = frozenset()
            action = actions.get(object_hash) if actions else None
            if action is not None and action.actions:
                path = f"$.object_actions{json_key(object_hash)}"
                owner = Owner("object", object_hash, feature, row.label_hash, path)
                self._answers.add_dynamic(owner, action.actions, known, spaces)
                dynamic = frozenset(given.feature_hash for given in action.actions)
            answer = answers.get(object_hash)
            if answer is not None:
                text = bytes(answer.classifications)
                self._add_object_answers(row, object_hash, feature, text, known, dynamic)

    def _add_object_answers(
        self,
        row: ReadRow,
        object_hash: str,
        feature: str,
        text: bytes,
        known: Set[str],
        dynamic: frozenset[str],
    ) -> None:
        """Add static answers of an object, looking up those that others have too."""
        answers = self._answers
        if text == b"[]" or (
            not dynamic and answers.add_met(row.label_hash, "object", object_hash, feature, text)
        ):
            return
        path = f"$.object_answers{json_key(object_hash)}"
        given, notes = read_answers(text, path)
        for note in notes:
            place = Place(row.label_hash, object_hash=object_hash, path=note.path)
            self._findings.add(note.code, "note", place, note.message, note.raw)
        if not dynamic and answers.add_plain(
            row.label_hash, "object", object_hash, feature, given, b"" if notes else text
        ):
            return
        owner = Owner("object", object_hash, feature, row.label_hash, path)
        answers.add_static(owner, given, known, dynamic)

    def _add_frame_answers(self, row: ReadRow, classification_hash: str, feature: str) -> None:
        answer = (row.row.classification_answers or {}).get(classification_hash)
        if answer is not None and answer.classifications:
            given = answer.classifications
            path = f"$.classification_answers{json_key(classification_hash)}"
            owner = Owner("frame", classification_hash, feature, row.label_hash, path)
            self._answers.add_static(owner, given, frozenset())

    def _annotation_table(self, frames: FrameFacts) -> pa.Table:
        """Annotations that can be rendered; the others end here with a finding."""
        columns = AnnotationColumns(self._added)
        of = columns.frame_ids
        width, height = frames.width[of], frames.height[of]
        table = columns.table(
            frames.label_hash.take(pa.array(of)),
            frames.data_hash.take(pa.array(of)),
            frames.frame.take(pa.array(of)),
            width,
            height,
        )
        verdict = check_geometry(table, width, height)
        keep = verdict.faults == 0
        for annotation in np.flatnonzero(~keep).tolist():
            fault = verdict.fault(annotation)
            self._end_added(annotation, fault.code, fault.message)
        repeated = _repeated(of, columns.object_hashes, keep)
        for annotation in np.flatnonzero(repeated).tolist():
            message = "The frame already has an annotation of this object."
            self._end_added(annotation, "repeated_object", message)
        keep &= ~repeated
        kept_rings = np.repeat(keep, columns.ring_counts)
        table = table.filter(pa.array(keep)) if not keep.all() else table
        table, lost_ring = without_degenerate_rings(table, verdict.degenerate_rings[kept_rings])
        kept_ids = np.flatnonzero(keep)
        self._add_notes(keep)
        for annotation in kept_ids[lost_ring].tolist():
            message = "Rings with fewer than three distinct points are left out."
            self._note_added(annotation, "degenerate_ring", message)
        for annotation in np.flatnonzero(verdict.cropped_masks & keep).tolist():
            message = "The mask reaches over the edge of the frame and is cropped."
            self._note_added(annotation, "cropped_mask", message)
        return table

    def _end_added(self, annotation: int, code: str, message: str) -> None:
        _, index, _, _, place = self._added[annotation]
        self._end(place, index - place[2].first_index, code, "rejected", message)

    def _note_added(self, annotation: int, code: str, message: str) -> None:
        _, index, _, _, place = self._added[annotation]
        self._end(place, index - place[2].first_index, code, "note", message)

    def _add_notes(self, keep: NDArray[np.bool_]) -> None:
        for annotation, code, message in self._notes:
            if keep[annotation]:
                self._note_added(annotation, code, message)


def _repeated(
    frame_ids: NDArray[np.int32], object_hashes: list[str], keep: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Annotations whose frame has an earlier usable one of the same object."""
    objects = pl.DataFrame(
        {"frame": frame_ids, "object": pl.Series(object_hashes, dtype=pl.String)}
    )
    usable = objects.filter(pl.Series(keep, dtype=pl.Boolean))
    is_first = usable.select(pl.struct("frame", "object").is_first_distinct()).to_series()
    repeated = np.zeros(keep.size, bool)
    repeated[keep] = ~is_first.to_numpy()
    return repeated


def object_table(annotations: pa.Table, frames: pl.DataFrame) -> pa.Table:
    """One row per track of the annotations.

    Args:
        annotations: table of the schema `ANNOTATIONS`.
        frames: `label_hash`, `data_hash`, `frame`, `image_index`.
    """
    columns = ("label_hash", "data_hash", "frame", "object_hash", "feature_hash", "shape")
    table: pa.Table = (
        pl.DataFrame(pl.from_arrow(annotations.select(columns)))
        .join(frames, on=["label_hash", "data_hash", "frame"], how="left")
        .sort("image_index", maintain_order=True)
        .group_by("label_hash", "object_hash", maintain_order=True)
        .agg(
            pl.first("feature_hash", "shape"),
            pl.first("data_hash").alias("first_data_hash"),
            pl.first("frame").alias("first_frame"),
            pl.len().cast(pl.Int64).alias("number_of_frames"),
        )
        .select(OBJECTS.names)
        .to_arrow()
    )
    return table.cast(OBJECTS)


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


def _by_key(table: pa.Table, name: str) -> pa.Table:
    if name == "findings":
        return table
    return table.sort_by([(column, "ascending") for column in table_key(LABEL_TABLES[name])])
