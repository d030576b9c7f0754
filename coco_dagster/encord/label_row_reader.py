"""Label rows from their JSON, read strictly and mended piece by piece.

A row is first decoded in one go into typed structs, which is fast and refuses every wrong type.
A row that this refuses is read again piece by piece, so that whatever is malformed costs only
itself.
"""

from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from coco_dagster.encord.label_row import (
    UNREADABLE,
    AttributeAnswer,
    ClassificationLabel,
    LabelRow,
    Labels,
    Note,
    RowText,
    SliceMetadata,
)
from coco_dagster.encord.label_row_pieces import PieceReader
from coco_dagster.encord.object_label import ObjectLabel


class _StrictFrame(Struct, gc=False):
    objects: list[ObjectLabel] = []
    classifications: list[ClassificationLabel] = []
    metadata: SliceMetadata | None = None


class _StrictFlat(Struct, gc=False, forbid_unknown_fields=True):
    """Labels of a single image; any other key tells that the labels are keyed by frame."""

    objects: list[ObjectLabel] = []
    classifications: list[ClassificationLabel] = []


class LabelRowReader:
    """Reads label rows, trying first the form that the row before had."""

    def __init__(self) -> None:
        self._decoders: list[msgspec.json.Decoder[Any]] = [
            msgspec.json.Decoder(LabelRow[_StrictFlat]),
            msgspec.json.Decoder(LabelRow[dict[str, _StrictFrame]]),
        ]

    def read(self, row: RowText) -> tuple[LabelRow[Labels], list[Note]]:
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
        piecewise = PieceReader()
        # Characters first: where one of them is broken, nobody reads on to what lies too deep.
        mended = piecewise.with_shallow_values(piecewise.with_whole_characters(bytes(row)))
        return piecewise.read_row(mended), piecewise.notes


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
        reader = PieceReader()
        entry = {"classifications": Raw(answers)}
        return reader.read_answers(entry, "classifications", path), reader.notes


def read_labels(labels: Raw, path: str) -> tuple[Labels, list[Note]]:
    """Labels of a space, which are read piece by piece, with notes on what was mended."""
    reader = PieceReader()
    return reader.read_labels(labels, path), reader.notes
