"""Label rows, one for each labelled file, as they are once their JSON was read."""

from typing import Any, Final, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, field

from coco_dagster.encord.object_label import ObjectLabel
from coco_dagster.encord.sizes import Number

_L = TypeVar("_L")

RowText: TypeAlias = bytes | memoryview
"""JSON text of one label row, which may be a view of a longer text."""

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
