"""Texts of label rows that are longer than any name or title is.

An export repeats hashes and titles on every image and every annotation: a text of a megabyte on a
video of thousands of frames would make gigabytes of each.
"""

from collections.abc import Iterable
from operator import attrgetter
from typing import Final

from coco_dagster.encord.label_row import LabelRow, Labels, Note, RowError
from coco_dagster.encord.media import LabelledUnit

MAX_CHARACTERS: Final = 10_000
"""Characters of a hash or title; a key of an object store has at most 1,024 bytes."""

_OF_ROW: Final = ("branch_name", "data_title", "data_type", "dataset_title")
_OF_UNIT: Final = ("data_type", "mime_type", "title", "link")


_texts_of_row: Final = attrgetter("label_hash", *_OF_ROW)
_texts_of_unit: Final = attrgetter("data_hash", "space", *_OF_UNIT)


def shorten_texts(row: LabelRow[Labels], units: list[LabelledUnit]) -> list[Note]:
    """Cut what is too long of the texts that an export repeats, with a note on each.

    Args:
        row: a label row.
        units: its files.

    Raises:
        RowError: a hash is too long; cut short, it might be another one.
    """
    texts = list(_texts_of_row(row))
    for unit in units:
        texts += _texts_of_unit(unit)
    if max(map(len, filter(None, texts)), default=0) <= MAX_CHARACTERS:
        return []
    notes = _shortened(row, _OF_ROW)
    hashes = [row.label_hash]
    for unit in units:
        hashes += (unit.data_hash, unit.space)
        notes += _shortened(unit, _OF_UNIT)
    if any(name is not None and len(name) > MAX_CHARACTERS for name in hashes):
        raise RowError(f"A hash of the label row has more than {MAX_CHARACTERS:,} characters.")
    return notes


def _shortened(holder: LabelRow[Labels] | LabelledUnit, names: Iterable[str]) -> list[Note]:
    notes = []
    for name in names:
        text = getattr(holder, name)
        if text is not None and len(text) > MAX_CHARACTERS:
            setattr(holder, name, text[:MAX_CHARACTERS])
            message = f"A text is cut to its first {MAX_CHARACTERS:,} characters (`{name}`)."
            notes.append(Note("long_text", "$", message))
    return notes
