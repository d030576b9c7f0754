"""Files of a label row, and how their frames are addressed.

A label row holds data units (one file each) and, in data groups, spaces (one child file each).
Whatever the modality, this module turns both into `LabelledUnit`s whose frames carry a number, a
size and labels, so that nothing downstream needs to know about modalities.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from coco_dagster.encord import redaction
from coco_dagster.encord.json_paths import json_key
from coco_dagster.encord.label_row import (
    UNREADABLE,
    DataUnit,
    FrameLabels,
    LabelRow,
    Labels,
    Note,
    UnkeyedLabels,
)
from coco_dagster.encord.label_row_reader import read_labels
from coco_dagster.encord.sizes import Number, pixels, whole_number

MAX_FRAME: Final = 9_999_999_999
"""Largest frame number that a key can hold: canonical decimals up to 10 digits."""

_FRAME_KEY: Final = re.compile(r"0|[1-9][0-9]{0,9}")
_MEDIA_OF_ROW: Final = {
    "image": "image",
    "img_group": "image",
    "video": "video",
    "dicom": "dicom",
    "nifti": "nifti",
}
IMAGE_SEQUENCE: Final = "image_sequence"
"""Type of the spaces whose every frame is a file of its own."""

_MEDIA_OF_SPACE: Final = {
    "image": "image",
    IMAGE_SEQUENCE: "image",
    "video": "video",
    "medical_file": "dicom",
    "medical_stack": "dicom",
}
_MEDIA_OF_MIME: Final = (
    ("image/", "image"),
    ("video/", "video"),
    ("application/dicom", "dicom"),
    ("application/nifti", "nifti"),
)
ROOT_SPACE: Final = "root"
_SECRET_MARK: Final = re.compile("[?#@]")


class FrameEntry(Struct, gc=False):
    """One frame of a unit.

    Attributes:
        number: frame number; None where the key is none, so that its labels have no place.
        labels: what is drawn on it.
        path: JSON path of the labels within the row.
        listed: an image even without labels.
        first_index: objects that another file of the row lists before on the same frame.
    """

    number: int | None
    labels: FrameLabels
    path: str
    listed: bool
    width: int | None = None
    height: int | None = None
    title: str | None = None
    member_hash: str | None = None
    mime_type: str | None = None
    dicom_instance_uid: str | None = None
    multiframe_frame_number: int | None = None
    file_uri: str | None = None
    first_index: int = 0

    @property
    def is_image(self) -> bool:
        """Whether the frame is an image of an export: it is listed, or something is on it."""
        return self.number is not None and bool(
            self.listed or self.labels.objects or self.labels.classifications
        )


class LabelledUnit(Struct, gc=False):
    """A file with labels. `media` is None where it has no pixels."""

    data_hash: str
    space: str | None
    media: str | None
    data_type: str | None
    mime_type: str | None
    title: str | None
    data_sequence: int | None
    width: int | None
    height: int | None
    frames_per_second: float | None
    number_of_frames: int | None
    link: str | None
    frames: list[FrameEntry]

    def image_numbers(self) -> set[int]:
        """Numbers of the frames that are images by their own labels."""
        return {
            entry.number for entry in self.frames if entry.is_image and entry.number is not None
        }


class _SpaceFrame(Struct, gc=False):
    data_uuid: str | None = None
    data_type: str | None = None
    data_link: str | None = None
    data_title: str | None = None
    instance_uid: str | None = None
    file_name: str | None = None
    width: Number = None
    height: Number = None


class _FileInfo(Struct, gc=False):
    file_name: str | None = None
    data_link: str | None = None


class _Space(Struct, gc=False):
    space_type: str | None = None
    labels: Raw | UnsetType = UNSET
    width: Number = None
    height: Number = None
    number_of_frames: Number = None
    data_fps: float | None = None
    data_duration: float | None = None
    data_link: str | None = None
    frames: list[_SpaceFrame] | None = None
    child_info: _FileInfo | None = None
    root_info: _FileInfo | None = None


def public_link(link: str | None) -> str | None:
    """A link without its query, fragment and credentials, which are secrets."""
    if not link:
        return None
    if _SECRET_MARK.search(link) is None:
        return link
    return re.split(r"[?#]", redaction.public_link(link), maxsplit=1)[0] or None


def labelled_units(row: LabelRow[Labels]) -> tuple[list[LabelledUnit], list[Note]]:
    """Units of a label row in export order: data units by sequence, then spaces in JSON order."""
    ordered = list(row.data_units.items())
    if len(ordered) > 1:
        ordered.sort(key=_sequence_or_last)
    units = [
        _data_unit(row, unit_hash, unit, position)
        for position, (unit_hash, unit) in enumerate(ordered)
    ]
    if not row.spaces:
        return units, []
    notes: list[Note] = []
    group_hash = row.data_hash or next(iter(row.data_units), ROOT_SPACE)
    first_unit = ordered[0][1] if ordered else None
    for space_id, piece in row.spaces.items():
        path = f"$.spaces{json_key(space_id)}"
        space = _read_space(piece, path, notes)
        labels: Labels = FrameLabels()
        if space.labels is not UNSET:
            labels, label_notes = read_labels(space.labels, f"{path}.labels")
            notes += label_notes
        units.append(_space_unit(row, first_unit, group_hash, space_id, space, labels, path))
    return units, notes


def _sequence_or_last(item: tuple[str, DataUnit[Labels]]) -> tuple[bool, int]:
    sequence = whole_number(item[1].data_sequence)
    return (sequence is None, sequence or 0)


def _media_of_row(data_type: str | None, mime: str | None, labels: object) -> str | None:
    kind = (data_type or "").lower()
    if kind in _MEDIA_OF_ROW:
        return _MEDIA_OF_ROW[kind]
    if kind == "deleted":
        return "video" if isinstance(labels, dict) and labels else "image"
    if kind:
        return None
    return next(
        (media for prefix, media in _MEDIA_OF_MIME if (mime or "").startswith(prefix)), None
    )


def _data_unit(
    row: LabelRow[Labels], unit_hash: str, unit: DataUnit[Labels], position: int
) -> LabelledUnit:
    labels: Labels = FrameLabels() if unit.labels is UNSET or unit.labels is None else unit.labels
    media = _media_of_row(row.data_type, unit.data_type, labels)
    width, height = pixels(unit.width), pixels(unit.height)
    sequence = whole_number(unit.data_sequence)
    path = f"$.data_units[{msgspec.json.encode(unit_hash).decode()}].labels"
    if media == "image":
        own_frame = position if sequence is None or sequence < 0 else sequence
        frames = _image_frames(labels, own_frame, path)
    else:
        frames = list(_keyed_frames(labels, path, listed=media == "dicom"))
    return LabelledUnit(
        data_hash=unit_hash,
        space=None,
        media=media,
        data_type=row.data_type,
        mime_type=unit.data_type,
        title=unit.data_title or row.data_title,
        data_sequence=sequence,
        width=width,
        height=height,
        frames_per_second=unit.data_fps,
        number_of_frames=_frames_in(unit.data_duration, unit.data_fps)
        if media == "video"
        else None,
        link=public_link(unit.data_link),
        frames=frames,
    )


def _frames_in(duration_seconds: float | None, frames_per_second: float | None) -> int | None:
    if not duration_seconds or not frames_per_second:
        return None
    frames = duration_seconds * frames_per_second
    return max(1, round(frames)) if 0 < frames <= MAX_FRAME else None


def _image_frames(labels: Labels, own_frame: int, path: str) -> list[FrameEntry]:
    """The one frame of an image; labels under another key than its own have no place."""
    if not isinstance(labels, dict):
        return [FrameEntry(own_frame, labels, path, listed=True)]
    keys = [key for key, frame in labels.items() if isinstance(frame, UnkeyedLabels)]
    own_key = next((key for key in (*keys, str(own_frame)) if key in labels), "0")
    own = labels.get(own_key, FrameLabels())
    entries = [FrameEntry(own_frame, own, _frame_path(path, own_key, own), listed=True)]
    entries += [
        FrameEntry(None, frame, _frame_path(path, key, frame), listed=False)
        for key, frame in labels.items()
        if key != own_key
    ]
    return entries


def _frame_path(path: str, key: str, frame: FrameLabels) -> str:
    """JSON path of the labels of a frame that stands under a key, or beside those that do."""
    return path if isinstance(frame, UnkeyedLabels) else path + json_key(key)


def _keyed_frames(labels: Labels, path: str, *, listed: bool) -> Iterator[FrameEntry]:
    if not isinstance(labels, dict):
        if labels.objects or labels.classifications:
            yield FrameEntry(None, labels, path, listed=False)
        return
    numbered = [
        (int(key) if _FRAME_KEY.fullmatch(key) else None, key, frame)
        for key, frame in labels.items()
    ]
    numbered.sort(key=lambda entry: (entry[0] is None, entry[0] or 0))
    for number, key, frame in numbered:
        place = f'{path}["{key}"]' if number is not None else _frame_path(path, key, frame)
        entry = FrameEntry(number, frame, place, listed=listed and number is not None)
        metadata = frame.metadata
        if metadata is not None:
            entry.width, entry.height = pixels(metadata.width), pixels(metadata.height)
            entry.dicom_instance_uid = metadata.dicom_instance_uid
            entry.multiframe_frame_number = metadata.multiframe_frame_number
            entry.file_uri = public_link(metadata.file_uri)
        yield entry


def _read_space(piece: Raw, path: str, notes: list[Note]) -> _Space:
    try:
        return msgspec.json.decode(piece, type=_Space)
    except UNREADABLE:
        pass
    try:
        pieces = msgspec.json.decode(piece, type=dict[str, Raw])
    except UNREADABLE:
        notes.append(Note("malformed_space", path, "The space is left out: it is not an object."))
        return _Space()
    facts: dict[str, Any] = {}
    for fact in msgspec.structs.fields(_Space):
        if fact.encode_name not in pieces:
            continue
        try:
            facts[fact.name] = msgspec.json.decode(pieces[fact.encode_name], type=fact.type)
        except UNREADABLE:
            message = f"`{fact.encode_name}` is left out: it has a wrong type."
            notes.append(Note("malformed_field", path + json_key(fact.encode_name), message))
    return _Space(**facts)


def _space_unit(
    row: LabelRow[Labels],
    first_unit: DataUnit[Labels] | None,
    group_hash: str,
    space_id: str,
    space: _Space,
    labels: Labels,
    path: str,
) -> LabelledUnit:
    media = _MEDIA_OF_SPACE.get(space.space_type or "")
    files = (space.child_info or _FileInfo(), space.root_info or _FileInfo())
    titles = [file.file_name for file in files]
    titles += [first_unit.data_title if first_unit else None, row.data_title]
    members = space.frames if space.space_type in (IMAGE_SEQUENCE, "medical_stack") else None
    if space.space_type == "image":
        frames = _image_frames(labels, 0, f"{path}.labels")
    else:
        frames = list(_keyed_frames(labels, f"{path}.labels", listed=media == "dicom"))
    if members:
        frames = _with_members(frames, members, f"{path}.labels")
    known = whole_number(space.number_of_frames)
    if known is None:
        known = len(members) if members else _frames_in(space.data_duration, space.data_fps)
    return LabelledUnit(
        data_hash=group_hash if space_id == ROOT_SPACE else space_id,
        space=space_id,
        media=media,
        data_type=space.space_type,
        mime_type=None,
        title=next((title for title in titles if title), None),
        data_sequence=None,
        width=pixels(space.width),
        height=pixels(space.height),
        frames_per_second=space.data_fps,
        number_of_frames=known if known and known > 0 else None,
        link=public_link(space.data_link or files[0].data_link),
        frames=frames,
    )


def _with_members(
    frames: list[FrameEntry], members: list[_SpaceFrame], path: str
) -> list[FrameEntry]:
    """Every listed frame of a sequence or stack, labelled or not, with its own file's facts."""
    labelled = {entry.number: entry for entry in frames if entry.number is not None}
    for number, member in enumerate(members):
        entry = labelled.get(number)
        if entry is None:
            entry = FrameEntry(number, FrameLabels(), f'{path}["{number}"]', listed=True)
            labelled[number] = entry
        entry.listed = True
        entry.width = pixels(member.width) or entry.width
        entry.height = pixels(member.height) or entry.height
        entry.title = member.data_title or member.file_name
        entry.member_hash = member.data_uuid
        entry.mime_type = member.data_type
        entry.dicom_instance_uid = member.instance_uid or entry.dicom_instance_uid
        entry.file_uri = public_link(member.data_link) or entry.file_uri
    placed: list[FrameEntry] = sorted(labelled.values(), key=lambda entry: entry.number or 0)
    return placed + [entry for entry in frames if entry.number is None]
