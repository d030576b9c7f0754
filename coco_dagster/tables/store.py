"""Published sets of tables: immutable, named by their content, pointed at by `latest.json`.

``<root>/<version>/tables.json`` names the parts of a set (see `part_store`), which lie below
``<root>/parts``. The root is a local folder or any fsspec URL.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import polars as pl
import pyarrow as pa
from msgspec import Struct

from coco_dagster.errors import StorageError
from coco_dagster.tables.locations import inner_path, location, read_file
from coco_dagster.tables.part_store import PARTS_FOLDER, StoredPart
from coco_dagster.tables.parts import PartInfo, part_path, read_part_table, write_atomically
from coco_dagster.tables.schemas import SCHEMA_VERSION, TABLES

if TYPE_CHECKING:
    from coco_dagster.tables.locations import Location

_CONTENTS: Final = "tables.json"
_LATEST: Final = "latest.json"
_MADE_FROM: Final = "made_from.json"


class TableInfo(Struct, frozen=True):
    """One table of a set.

    Attributes:
        rows: number of rows.
        bytes: size of its files.
        sha256: SHA-256 over the content digests of its parts, in order.
        parts: number of its files.
    """

    rows: int
    bytes: int
    sha256: str
    parts: int


class _Latest(Struct, frozen=True):
    version: str

    def __post_init__(self) -> None:
        inner_path(self.version)


class _MadeFrom(Struct, frozen=True):
    source: str
    version: str

    def __post_init__(self) -> None:
        inner_path(self.version)


class _Contents(Struct, frozen=True):
    version: str
    schema_version: str
    tables: dict[str, TableInfo]
    parts: list[StoredPart]
    facts: dict[str, Any]


class TableSet(Struct, frozen=True):
    """A published, immutable set of Parquet tables.

    Attributes:
        url: its folder.
        version: hex digits that name its content.
        tables: what it holds.
        parts: its parts, in source order.
        facts: what else its maker recorded.
        reused: whether it already existed before the run that asked for it.
        computed_parts: parts that this run had to compute.
    """

    url: str
    version: str
    tables: dict[str, TableInfo]
    parts: list[StoredPart]
    facts: dict[str, Any]
    reused: bool = False
    computed_parts: int = 0

    @property
    def parts_folder(self) -> "Location":
        """The folder of its parts, which other sets may share."""
        return location(self.url).parent / PARTS_FOLDER

    def paths(self, table: str) -> list[str]:
        """Files of a table, in order."""
        return [str(path) for path in self._locations(table)]

    def batches(self, table: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Read a table part by part."""
        chosen = None if columns is None else list(columns)
        for path in self._locations(table):
            yield read_part_table(path, "parquet", chosen)

    def read(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Read a whole table, or some of its columns."""
        schema = TABLES[table]
        if columns is not None:
            schema = pa.schema([schema.field(name) for name in columns], schema.metadata)
        parts = [part.cast(schema) for part in self.batches(table, columns)]
        return pa.concat_tables([schema.empty_table(), *parts])

    def scan(self, table: str) -> pl.LazyFrame:
        """The table as a lazy frame, which reads only what a query needs."""
        paths = self._locations(table)
        if not paths:
            return pl.LazyFrame(pl.from_arrow(TABLES[table].empty_table()))
        if isinstance(self.parts_folder, Path):
            return pl.scan_parquet([str(path) for path in paths], glob=False)
        import pyarrow.dataset as ds

        bare = [path.path for path in paths]  # type: ignore[union-attr]
        return pl.scan_pyarrow_dataset(ds.dataset(bare, filesystem=self.parts_folder.fs))

    def _locations(self, table: str) -> "list[Location]":
        if table not in self.tables:
            raise StorageError(f"There is no table `{table}` in {self.url}; materialise it anew.")
        folder = self.parts_folder
        return [
            part_path(folder, table, part.name, "parquet")
            for part in self.parts
            if table in part.tables
        ]


def publish_table_set(
    root: str,
    version: str,
    parts: Sequence[StoredPart],
    facts: Mapping[str, Any],
    tables: Sequence[str] = (),
    computed_parts: int = 0,
) -> TableSet:
    """Make stored parts visible as a set of tables and point `latest.json` at it.

    Args:
        root: folder or fsspec URL that holds the parts.
        version: hex digits that name the content; an existing set of this version is kept.
        parts: its parts, in source order.
        facts: what else to record.
        tables: tables that the set has even where no part holds one.
        computed_parts: parts that had to be computed for it.
    """
    existing = usable_table_set(root, version)
    if existing is None:
        contents = _Contents(
            version, SCHEMA_VERSION, _totals(parts, tables), list(parts), dict(facts)
        )
        write_atomically(location(root) / version / _CONTENTS, _encode(contents))
    point_at(root, version)
    published = existing or find_table_set(root, version)
    if published is None:
        raise StorageError(f"The tables vanished from {root} while they were published.")
    return msgspec.structs.replace(
        published, reused=existing is not None, computed_parts=computed_parts
    )


def find_table_set(root: str, version: str) -> TableSet | None:
    """The published set of a version, if it is there.

    Raises:
        StorageError: it is damaged, or of another release.
    """
    folder = location(root) / version
    path = folder / _CONTENTS
    try:
        contents = msgspec.json.decode(read_file(path), type=_Contents)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise StorageError(f"{path} is damaged ({error}); remove its folder and rerun.") from None
    if contents.schema_version != SCHEMA_VERSION:
        raise StorageError(
            f"The tables in {folder} have schema version {contents.schema_version}, this release "
            f"reads {SCHEMA_VERSION}; materialise them anew."
        )
    return TableSet(
        str(folder),
        contents.version,
        contents.tables,
        contents.parts,
        contents.facts,
        reused=True,
    )


def usable_table_set(root: str, version: str) -> TableSet | None:
    """The published set of a version; None also where it has to be made anew."""
    try:
        return find_table_set(root, version)
    except StorageError:
        return None


def latest_table_set(root: str) -> TableSet:
    """The set that was published last.

    Raises:
        StorageError: nothing was published there yet, or it is damaged.
    """
    version = latest_version(root)
    if version is None:
        raise StorageError(f"There are no tables in {root} yet; materialise them first.")
    found = find_table_set(root, version)
    if found is None:
        raise StorageError(f"The tables {version} are gone from {root}; materialise them anew.")
    return found


def latest_version(root: str) -> str | None:
    """Version of the set that was published last; None where nothing, or nothing legible, tells."""
    try:
        latest = msgspec.json.decode(read_file(location(root) / _LATEST), type=_Latest)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    return latest.version


def made_from(root: str, source: str) -> TableSet | None:
    """The set that was made last, if it was made from this and is still there.

    Args:
        root: folder or fsspec URL that holds the sets.
        source: digest of what sets are made from.
    """
    try:
        known = msgspec.json.decode(read_file(location(root) / _MADE_FROM), type=_MadeFrom)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    found = usable_table_set(root, known.version) if known.source == source else None
    if found is not None:
        point_at(root, found.version)
    return found


def note_made_from(root: str, source: str, version: str) -> None:
    """Note what a set was made from, for `made_from`."""
    write_atomically(location(root) / _MADE_FROM, _encode(_MadeFrom(source, version)))


def root_of(tables: TableSet) -> str:
    """Folder or fsspec URL below which a set lies."""
    return str(location(tables.url).parent)


def point_at(root: str, version: str) -> None:
    """Let `latest.json` name a version."""
    if latest_version(root) != version:
        write_atomically(location(root) / _LATEST, _encode(_Latest(version)))


def combined_digest(digests: Sequence[str]) -> str:
    """Hex SHA-256 over hex digests, in order."""
    return sha256("".join(digests).encode()).hexdigest()


def version_of(*digests: str) -> str:
    """A name of 16 hex digits for content that depends on nothing but the given digests."""
    return combined_digest(digests)[:16]


def _totals(parts: Sequence[StoredPart], tables: Sequence[str]) -> dict[str, TableInfo]:
    names = dict.fromkeys([*tables, *(name for part in parts for name in part.tables)])
    return {
        name: _total([part.tables[name] for part in parts if name in part.tables]) for name in names
    }


def _total(parts: Sequence[PartInfo]) -> TableInfo:
    """One table from what its parts hold."""
    return TableInfo(
        rows=sum(part.rows for part in parts),
        bytes=sum(part.bytes for part in parts),
        sha256=combined_digest([part.sha256 for part in parts]),
        parts=len(parts),
    )


def _encode(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
