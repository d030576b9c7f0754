"""The dataset of a label row, without reading the rest of it."""

from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from coco_dagster.encord.label_row import UNREADABLE, RowText


class Dataset(NamedTuple):
    """What a label row says of its dataset; None where it says nothing."""

    hash: str | None
    title: str | None


class _RowHead(Struct, gc=False):
    dataset_hash: str | None = None
    dataset_title: str | None = None


_DECODER: Final = msgspec.json.Decoder(_RowHead)
_UNKNOWN: Final = Dataset(None, None)


def dataset_of(row: RowText) -> Dataset:
    """The dataset of a label row; an unreadable one has none.

    Args:
        row: its JSON text.
    """
    try:
        head = _DECODER.decode(row)
    except UNREADABLE:
        return _UNKNOWN
    return Dataset(head.dataset_hash or None, head.dataset_title or None)
