"""Label rows that are malformed somewhere, read piece by piece so that this costs only itself.

An object becomes a `Malformed` one, an optional field its default, each with a note.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from coco_dagster.encord import surrogates
from coco_dagster.encord.deep_values import MAX_LEVELS, with_readable_depth
from coco_dagster.encord.json_paths import json_key
from coco_dagster.encord.label_row import (
    UNREADABLE,
    AttributeAnswer,
    ClassificationAnswer,
    ClassificationLabel,
    DataUnit,
    FrameLabels,
    LabelRow,
    Labels,
    Malformed,
    Note,
    ObjectActions,
    ObjectAnswer,
    RowError,
    SliceMetadata,
    SpacePlacement,
    UnkeyedLabels,
)
from coco_dagster.encord.object_label import ObjectLabel
from coco_dagster.encord.shapes import GEOMETRY_KEYS

_L = TypeVar("_L")

_HARD_FIELDS: Final = {
    "objectHash": "missing_object_hash",
    "featureHash": "missing_feature_hash",
    "shape": "missing_shape",
}
_OBJECT_TYPES: Final = {
    f.encode_name: (f.name, f.type) for f in msgspec.structs.fields(ObjectLabel)
}
_ALL_GEOMETRY: Final = frozenset(key for keys in GEOMETRY_KEYS.values() for key in keys)
_BODY_OF: Final = "labels"
_ROW_TEXTS: Final = tuple(
    f.name for f in msgspec.structs.fields(LabelRow) if f.type == (str | None)
)
_UNIT_FIELDS: Final = {
    f.name: f.type for f in msgspec.structs.fields(DataUnit) if f.name != _BODY_OF
}
_OBJECT_DEFAULTS: Final = {f.name: f.default for f in msgspec.structs.fields(ObjectLabel)}
_FRAME_KEYS: Final = ("objects", "classifications")


class PieceReader:
    """Reads one malformed label row piece by piece and notes what it mends."""

    def __init__(self) -> None:
        self.notes: list[Note] = []

    def with_shallow_values(self, row: bytes) -> bytes:
        """The row with null in place of values that are nested too deeply to be read."""
        shallow = with_readable_depth(row)
        if shallow.first:
            message = f"What is nested more than {MAX_LEVELS} levels deep is left out."
            self._note("nested_too_deeply", "$", message, shallow.first)
        return shallow.text

    def with_whole_characters(self, row: bytes) -> bytes:
        """The row with a replacement character for each half of a surrogate pair."""
        mended = surrogates.with_whole_characters(row)
        if mended != row:
            self._note("lone_surrogate", "$", surrogates.NOTE)
        return mended

    def read_row(self, row: bytes) -> LabelRow[Labels]:
        """The label row.

        Raises:
            RowError: it is not a JSON object or has no usable `data_units`.
        """
        try:
            pieces = msgspec.json.decode(row, type=dict[str, Raw])
        except UNREADABLE as error:
            raise RowError(f"The label row is not a JSON object ({_cause(error)}).") from None
        units = self._soft(pieces, "data_units", dict[str, Raw] | None, None, "$")
        if units is None:
            if "spaces" not in pieces:
                raise RowError("The label row has no `data_units`.")
            units = {}
        row_fields = {
            name: self._soft(pieces, name, str | None, None, "$")
            for name in _ROW_TEXTS
            if name in pieces
        }
        return LabelRow(
            data_units=self._read_units(units),
            object_answers=self._read_entries(pieces, "object_answers", self._read_object_answer),
            object_actions=self._read_entries(pieces, "object_actions", self._read_actions),
            classification_answers=self._read_entries(
                pieces, "classification_answers", self._read_classification_answer
            ),
            spaces=self._soft(pieces, "spaces", dict[str, Raw] | None, None, "$"),
            **row_fields,
        )

    def _note(self, code: str, path: str, message: str, raw: bytes = b"") -> None:
        self.notes.append(Note(code, path, message, raw))

    def _soft(self, pieces: dict[str, Raw], key: str, kind: Any, default: Any, path: str) -> Any:
        """Value of an optional key; what has a wrong type is noted and replaced."""
        if key not in pieces:
            return default
        try:
            return msgspec.json.decode(pieces[key], type=kind)
        except UNREADABLE as error:
            self._note(
                "malformed_field",
                path + json_key(key),
                f"`{key}` is left out: {_cause(error)}.",
                bytes(pieces[key]),
            )
            return default

    def _read_units(self, units: dict[str, Raw]) -> dict[str, DataUnit[Labels]]:
        found = {
            unit_hash: self._read_unit(unit, f"$.data_units{json_key(unit_hash)}")
            for unit_hash, unit in units.items()
        }
        return {unit_hash: unit for unit_hash, unit in found.items() if unit is not None}

    def _read_unit(self, unit: Raw, path: str) -> DataUnit[Labels] | None:
        try:
            pieces = msgspec.json.decode(unit, type=dict[str, Raw])
        except UNREADABLE as error:
            message = f"The data unit is left out: {_cause(error)}."
            self._note("malformed_unit", path, message, bytes(unit))
            return None
        facts = {
            name: self._soft(pieces, name, kind, None, path)
            for name, kind in _UNIT_FIELDS.items()
            if name in pieces
        }
        labels: Labels = FrameLabels()
        if _BODY_OF in pieces:
            labels = self.read_labels(pieces[_BODY_OF], f"{path}.{_BODY_OF}")
        return DataUnit(labels=labels, **facts)

    def read_labels(self, labels: Raw, path: str) -> Labels:
        """Labels of a unit or space, flat or keyed by frame."""
        try:
            pieces = msgspec.json.decode(labels, type=dict[str, Raw] | None) or {}
        except UNREADABLE as error:
            message = f"The labels are left out: {_cause(error)}."
            self._note("malformed_labels", path, message, bytes(labels))
            return FrameLabels()
        flat = any(key in pieces and not _is_frame(pieces[key]) for key in _FRAME_KEYS)
        if flat and not any(_is_frame(pieces[key]) for key in pieces):
            return self._read_frame(pieces, path)
        frames: dict[str, FrameLabels] = {}
        unkeyed = self._read_frame(pieces, path) if flat else FrameLabels()
        if unkeyed.objects or unkeyed.classifications:
            frames[_FRAME_KEYS[0]] = UnkeyedLabels(unkeyed.objects, unkeyed.classifications)
        for key, piece in pieces.items():
            if not flat or _is_frame(piece):
                frame = self._soft({key: piece}, key, dict[str, Raw] | None, None, path) or {}
                frames[key] = self._read_frame(frame, path + json_key(key))
        return frames

    def _read_frame(self, pieces: dict[str, Raw], path: str) -> FrameLabels:
        objects = self._soft(pieces, "objects", list[Raw] | None, None, path) or []
        placed = self._soft(pieces, "classifications", list[Raw] | None, None, path) or []
        return FrameLabels(
            objects=[
                self.read_object(piece, f"{path}.objects[{index}]")
                for index, piece in enumerate(objects)
            ],
            classifications=list(
                self._read_list(placed, ClassificationLabel, f"{path}.classifications")
            ),
            metadata=self._read_metadata(pieces, path),
        )

    def _read_metadata(self, pieces: dict[str, Raw], path: str) -> SliceMetadata | None:
        metadata = self._soft(pieces, "metadata", dict[str, Raw] | None, None, path)
        if metadata is None:
            return None
        return SliceMetadata(
            **{
                f.name: self._soft(metadata, f.encode_name, f.type, None, f"{path}.metadata")
                for f in msgspec.structs.fields(SliceMetadata)
            }
        )

    def _read_list(self, pieces: list[Raw], kind: type[_L], path: str) -> Iterator[_L]:
        for index, piece in enumerate(pieces):
            try:
                yield msgspec.json.decode(piece, type=kind)
            except UNREADABLE as error:
                self._note(
                    "malformed_answer",
                    f"{path}[{index}]",
                    f"The entry is left out: {_cause(error)}.",
                    bytes(piece),
                )

    def read_object(self, piece: Raw, path: str) -> ObjectLabel | Malformed:
        """One object of a frame; only the geometry of its own shape has to be well-formed."""
        raw = bytes(piece)
        try:
            pieces = msgspec.json.decode(piece, type=dict[str, Raw])
        except UNREADABLE as error:
            return Malformed("malformed_object", "", f"Not an object: {_cause(error)}.", raw)
        is_deleted = pieces.get("isDeleted") == Raw(b"true")
        values: dict[str, Any] = {}
        for key, code in _HARD_FIELDS.items():
            values[key] = _text(pieces.get(key))
            if not values[key]:
                return Malformed(
                    code,
                    json_key(key),
                    f"The object has no usable `{key}`.",
                    raw,
                    values.get("objectHash") or None,
                    is_deleted,
                )
        fields = {_OBJECT_TYPES[key][0]: value for key, value in values.items()}
        wanted = GEOMETRY_KEYS.get(values["shape"], ())
        for key, (name, kind) in _OBJECT_TYPES.items():
            if key not in pieces or key in _HARD_FIELDS:
                continue
            if key not in _ALL_GEOMETRY:
                fields[name] = self._soft(pieces, key, kind, _OBJECT_DEFAULTS[name], path)
            elif key in wanted:
                try:
                    fields[name] = msgspec.json.decode(pieces[key], type=kind)
                except UNREADABLE as error:
                    return Malformed(
                        "malformed_geometry",
                        json_key(key) + _path_of(error),
                        f"The geometry cannot be read: {_cause(error)}.",
                        raw,
                        values["objectHash"],
                        is_deleted,
                    )
        return ObjectLabel(**fields)

    def _read_entries(
        self, pieces: dict[str, Raw], key: str, read: Callable[[dict[str, Raw], str], _L]
    ) -> dict[str, _L] | None:
        entries = self._soft(pieces, key, dict[str, Raw] | None, None, "$") or {}
        found: dict[str, _L] = {}
        for entry_hash in entries:
            path = f"$.{key}"
            entry = self._soft(entries, entry_hash, dict[str, Raw] | None, None, path)
            if entry is not None:
                found[entry_hash] = read(entry, path + json_key(entry_hash))
        return found

    def read_answers(self, entry: dict[str, Raw], key: str, path: str) -> list[AttributeAnswer]:
        """Answers of an entry, whose JSON path is given, that stand under a key."""
        pieces = self._soft(entry, key, list[Raw] | None, None, path) or []
        return list(self._read_list(pieces, AttributeAnswer, f"{path}.{key}"))

    def _read_object_answer(self, entry: dict[str, Raw], path: str) -> ObjectAnswer:
        return ObjectAnswer(
            classifications=entry.get("classifications", Raw(b"[]")),
            shape=self._soft(entry, "shape", str | None, None, path),
            feature_hash=self._soft(entry, "featureHash", str | None, None, path),
        )

    def _read_actions(self, entry: dict[str, Raw], path: str) -> ObjectActions:
        return ObjectActions(actions=self.read_answers(entry, "actions", path))

    def _read_classification_answer(self, entry: dict[str, Raw], path: str) -> ClassificationAnswer:
        placements = self._soft(entry, "spaces", dict[str, Raw] | None, None, path) or {}
        spaces = {
            space: self._soft(placements, space, SpacePlacement | None, None, f"{path}.spaces")
            for space in placements
        }
        return ClassificationAnswer(
            classifications=self.read_answers(entry, "classifications", path),
            feature_hash=self._soft(entry, "featureHash", str | None, None, path),
            range=self._soft(entry, "range", list[tuple[int, int]] | None, None, path),
            spaces={space: place for space, place in spaces.items() if place is not None},
        )


class _LooksLikeFrame(Struct, gc=False):
    objects: list[Raw] | UnsetType = UNSET
    classifications: list[Raw] | UnsetType = UNSET


def _is_frame(piece: Raw) -> bool:
    """Whether a value is an object that lists objects or classifications."""
    try:
        found = msgspec.json.decode(piece, type=_LooksLikeFrame)
    except UNREADABLE:
        return False
    return found.objects is not UNSET or found.classifications is not UNSET


def _text(piece: Raw | None) -> str | None:
    if piece is None:
        return None
    try:
        return msgspec.json.decode(piece, type=str)
    except UNREADABLE:
        return None


def _cause(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    text = str(error).partition(" - at `$")[0]
    return text[:1].lower() + text[1:]


def _path_of(error: Exception) -> str:
    return str(error).partition(" - at `$")[2].rstrip("`")
