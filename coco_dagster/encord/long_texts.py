"""Texts of label rows that are longer than any name or title is.

An export repeats hashes and titles on every image and every annotation: a text of a megabyte on a
video of thousands of frames would make gigabytes of each.
"""

from collections.abc import Iterable
from typing import Final

from coco_dagster.encord.label_row import LabelRow, Labels, Note, RowError
from coco_dagster.encord.media import LabelledUnit

MAX_CHARACTERS: Final = 10_000
"""Characters of a hash or title; a key of an object store has at most 1,024 bytes."""

_OF_ROW: Final = ("branch_name", "data_title", "data_type", "dataset_title")
_OF_UNIT: Final = ("data_type", "mime_type", "title", "link")


def shorten_texts(row: LabelRow[Labels], units: Iterable[LabelledUnit]) -> list[Note]:
    """Cut what is too long of the texts that an export repeats, with a note on each.

    Args:
        row: a label row.
        units: its files.

    Raises:
        RowError: a hash is too long; cut short, it might be another one.
    """
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
