"""Label rows: one JSON object per labelled file, read strictly and mended piece by piece.

A row is first decoded in one go into typed structs, which is fast and refuses every wrong type.
A row that this refuses is read again piece by piece, so that whatever is malformed costs only
itself: an object becomes a `Malformed` one, an optional field its default, each with a note.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, field

from coco_dagster.encord import surrogates
from coco_dagster.encord.deep_values import MAX_LEVELS, without_deep_values
from coco_dagster.encord.shapes import GEOMETRY_KEYS, ObjectLabel
from coco_dagster.encord.sizes import Number

_L = TypeVar("_L")

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises on JSON that is malformed, of a wrong type, no UTF-8 or nested too deeply."""


class RowError(ValueError):
    """A label row is unreadable as a whole."""


class Note(Struct, frozen=True):
    """Something that was mended or left out while a label row was read.

    Attributes:
        code: stable code.
        path: JSON path within the label row.
        message: what is wrong and what was done.
        raw: the fragment concerned, or empty.
    """

    code: str
    path: str
    message: str
    raw: bytes = b""


class Malformed(Struct, frozen=True):
    """An object that cannot be read, with what is known of it.

    `path` counts from the object. `is_deleted` objects are skipped whatever else is wrong with
    them.
    """

    code: str
    path: str
    message: str
    raw: bytes
    object_hash: str | None = None
    is_deleted: bool = False


class ClassificationLabel(Struct, gc=False):
    """A frame classification where it stands; its answers lie elsewhere."""

    classification_hash: str = field(name="classificationHash")
    feature_hash: str | None = field(name="featureHash", default=None)


class SliceMetadata(Struct, gc=False):
    """A DICOM slice."""

    dicom_instance_uid: str | None = None
    multiframe_frame_number: int | None = None
    file_uri: str | None = None
    width: Number = None
    height: Number = None


class FrameLabels(Struct, gc=False):
    """Labels of one frame."""

    objects: list[ObjectLabel | Malformed] = []
    classifications: list[ClassificationLabel] = []
    metadata: SliceMetadata | None = None


class UnkeyedLabels(FrameLabels, gc=False):
    """Labels without a key of their own beside others that have one."""


class _StrictFrame(Struct, gc=False):
    objects: list[ObjectLabel] = []
    classifications: list[ClassificationLabel] = []
    metadata: SliceMetadata | None = None


class _StrictFlat(Struct, gc=False, forbid_unknown_fields=True):
    """Labels of a single image; any other key tells that the labels are keyed by frame."""

    objects: list[ObjectLabel] = []
    classifications: list[ClassificationLabel] = []


class DataUnit(Struct, Generic[_L], gc=False):
    """A file of the label row with its labels, flat or keyed by frame."""

    data_title: str | None = None
    data_type: str | None = None
    data_link: str | None = None
    data_sequence: Number = None
    width: Number = None
    height: Number = None
    data_fps: float | None = None
    data_duration: float | None = None
    labels: _L | UnsetType | None = UNSET


class AnswerOption(Struct, gc=False):
    """A chosen option, or one target of a relation."""

    feature_hash: str | None = field(name="featureHash", default=None)
    name: str | None = None
    object_hash: str | None = field(name="objectHash", default=None)
    value: str | None = None


class AttributeAnswer(Struct, gc=False):
    """The answer to one attribute; dynamic ones carry the frames it holds for."""

    feature_hash: str = field(name="featureHash")
    name: str | None = None
    answers: str | int | float | list[AnswerOption | str] | None = None
    range: list[tuple[int, int]] | None = None
    space_id: str | None = field(name="spaceId", default=None)


class ObjectAnswer(Struct, gc=False):
    """Static answers of an object; for range-based objects, the object itself.

    The answers are left as JSON for `read_answers`: thousands of objects share the same few
    sets of them, so that a reader can look up a text that it has met before.
    """

    classifications: Raw = Raw(b"[]")
    shape: str | None = None
    feature_hash: str | None = field(name="featureHash", default=None)


class ObjectActions(Struct, gc=False):
    """Dynamic answers of an object."""

    actions: list[AttributeAnswer] = []


class SpacePlacement(Struct, gc=False):
    """Frames of a space on which a classification stands; empty: the whole space.

    In a space of text the ends of a range are places in the text, which are no numbers.
    """

    range: list[tuple[int | dict[str, Any], int | dict[str, Any]]] = []

    def frames(self) -> list[tuple[int, int]]:
        """The ranges that are ranges of frames."""
        return [
            (first, last)
            for first, last in self.range
            if isinstance(first, int) and isinstance(last, int)
        ]


class ClassificationAnswer(Struct, gc=False):
    """Answers of a frame classification, and where it stands if the frames do not say so."""

    classifications: list[AttributeAnswer] = []
    feature_hash: str | None = field(name="featureHash", default=None)
    range: list[tuple[int, int]] | None = None
    spaces: dict[str, SpacePlacement] | None = None


class LabelRow(Struct, Generic[_L], gc=False):
    """One label row."""

    data_units: dict[str, DataUnit[_L]]
    label_hash: str | None = None
    branch_name: str | None = None
    created_at: str | None = None
    last_edited_at: str | None = None
    data_hash: str | None = None
    data_title: str | None = None
    dataset_hash: str | None = None
    dataset_title: str | None = None
    data_type: str | None = None
    label_status: str | None = None
    annotation_task_status: str | None = None
    object_answers: dict[str, ObjectAnswer] | None = None
    object_actions: dict[str, ObjectActions] | None = None
    classification_answers: dict[str, ClassificationAnswer] | None = None
    spaces: dict[str, Raw] | None = None


Labels = FrameLabels | dict[str, FrameLabels]


class LabelRowReader:
    """Reads label rows, trying first the form that the row before had."""

    def __init__(self) -> None:
        self._decoders: list[msgspec.json.Decoder[Any]] = [
            msgspec.json.Decoder(LabelRow[_StrictFlat]),
            msgspec.json.Decoder(LabelRow[dict[str, _StrictFrame]]),
        ]

    def read(self, row: bytes) -> tuple[LabelRow[Labels], list[Note]]:
        """Read one label row; the notes say what was mended in it.

        Raises:
            RowError: the row is not a JSON object or has no usable `data_units`.
        """
        for decoder in self._decoders:
            try:
                label_row: LabelRow[Labels] = decoder.decode(row)
            except UNREADABLE:
                continue
            if decoder is not self._decoders[0]:
                self._decoders.reverse()
            return label_row, []
        piecewise = _PieceReader()
        mended = piecewise.with_whole_characters(piecewise.with_shallow_values(row))
        return piecewise.read_row(mended), piecewise.notes


def json_key(key: str) -> str:
    """One step of a JSON path: ``.key`` where that is plain, else ``["key"]``."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key):
        return f".{key}"
    return f"[{msgspec.json.encode(key).decode()}]"


_PATH_STEP: Final = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\[(\"(?:[^\"\\]|\\.)*\")\]")


class Fragments:
    """Pieces of one label row by JSON path; what lies on the way to one is decoded only once."""

    def __init__(self, row: bytes) -> None:
        self._row = row
        self._containers: dict[str, dict[str, Raw] | list[Raw]] = {}

    def at(self, path: str) -> bytes:
        """The bytes at a path such as ``$.data_units["a/b"].labels.objects[2]``.

        Empty where the path leads nowhere.
        """
        try:
            return self._follow(path)
        except RecursionError:
            self._row = without_deep_values(self._row).text
            return self._follow(path)

    def _follow(self, path: str) -> bytes:
        piece: bytes | Raw = self._row
        try:
            for step in _PATH_STEP.finditer(path):
                name, number, quoted = step.groups()
                entries = self._entries(path[: step.start()], piece, is_list=number is not None)
                if isinstance(entries, list):
                    piece = entries[int(number)]
                else:
                    piece = entries[name if quoted is None else msgspec.json.decode(quoted)]
        except (msgspec.MsgspecError, UnicodeDecodeError, LookupError):
            return b""
        return bytes(piece)

    def _entries(
        self, path: str, piece: bytes | Raw, *, is_list: bool
    ) -> dict[str, Raw] | list[Raw]:
        if path not in self._containers:
            kind: Any = list[Raw] if is_list else dict[str, Raw]
            self._containers[path] = msgspec.json.decode(piece, type=kind)
        return self._containers[path]


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


class _PieceReader:
    """Reads one malformed label row piece by piece and notes what it mends."""

    def __init__(self) -> None:
        self.notes: list[Note] = []

    def with_shallow_values(self, row: bytes) -> bytes:
        """The row with null in place of values that are nested too deeply to be read."""
        try:
            msgspec.json.decode(row, type=Raw)
        except RecursionError:
            shallow = without_deep_values(row)
            message = f"What is nested more than {MAX_LEVELS} levels deep is left out."
            self._note("nested_too_deeply", "$", message, shallow.first)
            return shallow.text
        except UNREADABLE:
            pass
        return row

    def with_whole_characters(self, row: bytes) -> bytes:
        """The row with a replacement character for each half of a surrogate pair."""
        mended = surrogates.with_whole_characters(row)
        if mended != row:
            self._note("lone_surrogate", "$", surrogates.NOTE)
        return mended

    def read_row(self, row: bytes) -> LabelRow[Labels]:
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


_ANSWERS_DECODER: Final = msgspec.json.Decoder(list[AttributeAnswer] | None)


def read_answers(answers: bytes, path: str) -> tuple[list[AttributeAnswer], list[Note]]:
    """Static answers of an object, with notes on those that are malformed and left out.

    Args:
        answers: JSON text of the list.
        path: JSON path of the object's entry, of which the list is `classifications`.
    """
    try:
        return _ANSWERS_DECODER.decode(answers) or [], []
    except UNREADABLE:
        reader = _PieceReader()
        entry = {"classifications": Raw(answers)}
        return reader.read_answers(entry, "classifications", path), reader.notes


def read_labels(labels: Raw, path: str) -> tuple[Labels, list[Note]]:
    """Labels of a space, which are read piece by piece, with notes on what was mended."""
    reader = _PieceReader()
    return reader.read_labels(labels, path), reader.notes


_ROW_TEXTS: Final = tuple(
    f.name for f in msgspec.structs.fields(LabelRow) if f.type == (str | None)
)
_UNIT_FIELDS: Final = {
    f.name: f.type for f in msgspec.structs.fields(DataUnit) if f.name != _BODY_OF
}
_OBJECT_DEFAULTS: Final = {f.name: f.default for f in msgspec.structs.fields(ObjectLabel)}


_FRAME_KEYS: Final = ("objects", "classifications")


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
