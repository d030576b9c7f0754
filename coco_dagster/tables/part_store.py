"""Stored parts: immutable tables of some label rows, named by what they were made from.

``<root>/parts/<table>/<name>.parquet`` holds a table of a part and ``<root>/parts/<name>.json``
says what they hold. It is written last: a part without it is not there. Sets of tables share their
parts, so that a change of one label row makes one new part and leaves all others as they are.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import pyarrow as pa
from msgspec import Struct

from coco_dagster.errors import StorageError
from coco_dagster.tables.locations import inner_path, location, read_file
from coco_dagster.tables.parts import PartInfo, write_atomically, write_part

if TYPE_CHECKING:
    from coco_dagster.tables.locations import Location

PARTS_FOLDER: Final = "parts"


class SourcePosition(NamedTuple):
    """Where a label row stood in its source; positions compare in source order.

    Attributes:
        file: path of its file within the source.
        row: its position in that file, from 0.
    """

    file: str
    row: int


class SourceSpan(NamedTuple):
    """A stretch of a source: its first and its last label row."""

    first: SourcePosition
    last: SourcePosition


class StoredPart(Struct, frozen=True, tag=True):
    """A part in the storage.

    Attributes:
        name: its name, made from its content or from what determines it.
        tables: what each of its tables holds.
        span: the stretch of the source that its label rows come from; None without label rows.
        facts: what else its maker recorded.
    """

    name: str
    tables: dict[str, PartInfo]
    span: SourceSpan | None = None
    facts: dict[str, Any] = {}

    def __post_init__(self) -> None:
        """Raises a ValueError where the name leads out of the folder of parts."""
        inner_path(self.name)


def parts_url(root: str) -> str:
    """Folder of the parts below a root."""
    return f"{root.rstrip('/')}/{PARTS_FOLDER}"


def find_part(root: str, name: str) -> StoredPart | None:
    """The part of a name, if it is there as a whole.

    Raises:
        StorageError: what it holds cannot be read.
    """
    path = _contents(root, name)
    try:
        return msgspec.json.decode(read_file(path), type=StoredPart)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise StorageError(f"{path} is damaged ({error}); remove it and run again.") from None


def store_part(
    root: str,
    name: str,
    tables: Mapping[str, pa.Table],
    span: SourceSpan | None = None,
    facts: Mapping[str, Any] | None = None,
) -> StoredPart:
    """Write a part; who does so twice writes the same bytes.

    Args:
        root: folder or fsspec URL that holds the parts.
        name: its name.
        tables: its tables.
        span: the stretch of the source that its label rows come from.
        facts: what else to record.
    """
    infos = write_part(location(parts_url(root)), name, tables, "parquet")
    part = StoredPart(name, infos, span, dict(facts or {}))
    write_atomically(_contents(root, name), msgspec.json.encode(part))
    return part


def _contents(root: str, name: str) -> "Location":
    return location(parts_url(root)) / f"{name}.json"
