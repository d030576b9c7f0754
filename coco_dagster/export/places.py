"""Where the tables of an export's input lie: parts, and slices of parts by source order."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import pyarrow as pa
from msgspec import Struct

from coco_dagster.tables.locations import location
from coco_dagster.tables.part_store import SourceSpan
from coco_dagster.tables.parts import Format, part_path, read_part_table

if TYPE_CHECKING:
    from coco_dagster.tables.locations import Location


class TableFolder(Struct, frozen=True):
    """A folder of parts."""

    url: str
    form: Format

    @property
    def path(self) -> "Location":
        """The folder."""
        return location(self.url)


class PartPlace(Struct, frozen=True):
    """One part of an export's input.

    Attributes:
        folder: folder of the part.
        part: its number or name in the folder.
        span: the stretch of the source that its label rows come from, which other parts may
            share; None where parts follow each other in source order and no label row occurs in
            two of them.
        weight: how much of a window it takes (see `source_order`); None: all of it.
    """

    folder: TableFolder
    part: int | str
    span: SourceSpan | None = None
    weight: int | None = None


class PartSlice(Struct, frozen=True):
    """Label rows of one part that are rendered together, with all that belongs to them.

    Attributes:
        folder: folder of the part.
        part: its number or name in the folder.
        window: record batch to read, of a part that was sliced; None: the whole part.
    """

    folder: TableFolder
    part: int | str
    window: int | None = None

    def read(self, table: str, columns: list[str] | None = None) -> pa.Table:
        """Read one table, or some of its columns."""
        path = part_path(self.folder.path, table, self.part, self.folder.form)
        if self.window is None:
            return read_part_table(path, self.folder.form, columns)
        with pa.memory_map(str(path)) as source:
            batch = pa.ipc.open_file(source).get_batch(self.window)
        sliced = pa.Table.from_batches([batch])
        return sliced.select(columns) if columns is not None else sliced

    def discard(self, tables: Iterable[str]) -> None:
        """Remove tables of a part that nobody reads again; those that were read stay readable.

        A part that was sliced stays: its other slices may be needed.

        Args:
            tables: their names.
        """
        if self.window is not None:
            return
        for table in tables:
            # Some systems keep what is mapped into memory; the work folder goes in the end.
            with suppress(OSError):
                part_path(self.folder.path, table, self.part, self.folder.form).unlink()


Window = tuple[PartSlice, ...]
"""A stretch of the source order: all label rows of it, from one part or from several."""


def read_slices(
    slices: Sequence[PartSlice], columns: Mapping[str, Sequence[str]]
) -> dict[str, pa.Table]:
    """Read some columns of tables of some slices as if they were one part.

    Args:
        slices: at least one.
        columns: what is read, by table.
    """
    return {
        table: pa.concat_tables([part.read(table, list(chosen)) for part in slices])
        for table, chosen in columns.items()
    }
