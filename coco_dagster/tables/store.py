"""Published sets of tables: immutable, named by their content, pointed at by `latest.json`.

``<root>/<version>/<table>/part-00000.parquet`` with ``<root>/<version>/tables.json``, which is
written last: a set without it is not there. The root is a local folder or any fsspec URL.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import polars as pl
import pyarrow as pa
from msgspec import Struct

from coco_dagster.errors import StorageError
from coco_dagster.tables.locations import location, remove_folder
from coco_dagster.tables.parts import PartInfo, part_path, read_part_table, write_atomically
from coco_dagster.tables.schemas import SCHEMA_VERSION, TABLES

if TYPE_CHECKING:
    from coco_dagster.tables.locations import Location

_CONTENTS: Final = "tables.json"
_LATEST: Final = "latest.json"


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


class _Contents(Struct, frozen=True):
    version: str
    schema_version: str
    tables: dict[str, TableInfo]
    facts: dict[str, Any]


class TableSet(Struct, frozen=True):
    """A published, immutable set of Parquet tables.

    Attributes:
        url: its folder.
        version: hex digits that name its content.
        tables: what it holds.
        facts: what else its maker recorded.
        reused: whether it already existed before the run that asked for it.
    """

    url: str
    version: str
    tables: dict[str, TableInfo]
    facts: dict[str, Any]
    reused: bool = False

    @property
    def folder(self) -> "Location":
        """The set's folder."""
        return location(self.url)

    @property
    def parts(self) -> int:
        """Number of parts, the same for every table."""
        return max((info.parts for info in self.tables.values()), default=0)

    def paths(self, table: str) -> list[str]:
        """Files of a table, in order."""
        self._check(table)
        return [
            str(part_path(self.folder, table, part, "parquet"))
            for part in range(self.tables[table].parts)
        ]

    def batches(self, table: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Read a table part by part."""
        chosen = None if columns is None else list(columns)
        for path in self.paths(table):
            yield read_part_table(location(path), "parquet", chosen)

    def read(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Read a whole table, or some of its columns."""
        schema = TABLES[table]
        if columns is not None:
            schema = pa.schema([schema.field(name) for name in columns], schema.metadata)
        parts = [part.cast(schema) for part in self.batches(table, columns)]
        return pa.concat_tables([schema.empty_table(), *parts])

    def scan(self, table: str) -> pl.LazyFrame:
        """The table as a lazy frame, which reads only what a query needs."""
        paths = self.paths(table)
        if not paths:
            return pl.LazyFrame(pl.from_arrow(TABLES[table].empty_table()))
        folder = self.folder
        if isinstance(folder, Path):
            return pl.scan_parquet(paths, glob=False)
        import pyarrow.dataset as ds

        bare = [
            str(part_path(folder, table, part, "parquet").path)  # type: ignore[union-attr]
            for part in range(len(paths))
        ]
        return pl.scan_pyarrow_dataset(ds.dataset(bare, filesystem=folder.fs))

    def _check(self, table: str) -> None:
        if table not in self.tables:
            raise StorageError(f"There is no table `{table}` in {self.url}; materialise it anew.")


class TableSetDraft:
    """A set in the making: parts are written into a folder that `publish` makes visible."""

    def __init__(self, root: str) -> None:
        self._root = location(root)
        self.folder = self._root / f".draft-{uuid.uuid4().hex}"

    def publish(
        self,
        version: str,
        parts: Sequence[Mapping[str, PartInfo]],
        facts: Mapping[str, Any],
        tables: Sequence[str] = (),
    ) -> TableSet:
        """Make the parts visible under their version and point `latest.json` at it.

        Args:
            version: hex digits that name the content; an existing set of this version is kept.
            parts: what was written, in order.
            facts: what else to record.
            tables: tables that the set has even where no part holds one.
        """
        existing = find_table_set(str(self._root), version)
        if existing is not None:
            self.discard()
        else:
            contents = _Contents(version, SCHEMA_VERSION, _totals(parts, tables), dict(facts))
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / _CONTENTS).write_bytes(_encode(contents))
            _move(self.folder, self._root / version)
        point_at(str(self._root), version)
        published = find_table_set(str(self._root), version)
        if published is None:
            raise StorageError(f"The tables vanished from {self._root} while they were published.")
        return msgspec.structs.replace(published, reused=existing is not None)

    def discard(self) -> None:
        """Remove whatever was written."""
        remove_folder(self.folder)


def find_table_set(root: str, version: str) -> TableSet | None:
    """The published set of a version, if it is there."""
    folder = location(root) / version
    path = folder / _CONTENTS
    if not path.exists():
        return None
    try:
        contents = msgspec.json.decode(path.read_bytes(), type=_Contents)
    except msgspec.MsgspecError as error:
        raise StorageError(f"{path} is damaged ({error}); remove its folder and rerun.") from None
    if contents.schema_version != SCHEMA_VERSION:
        raise StorageError(
            f"The tables in {folder} have schema version {contents.schema_version}, this release "
            f"reads {SCHEMA_VERSION}; materialise them anew."
        )
    return TableSet(str(folder), contents.version, contents.tables, contents.facts, reused=True)


def latest_table_set(root: str) -> TableSet:
    """The set that was published last.

    Raises:
        StorageError: nothing was published there yet, or it is damaged.
    """
    path = location(root) / _LATEST
    if not path.exists():
        raise StorageError(f"There are no tables in {root} yet; materialise them first.")
    version = msgspec.json.decode(path.read_bytes(), type=dict[str, str])["version"]
    found = find_table_set(root, version)
    if found is None:
        raise StorageError(f"The tables {version} are gone from {root}; materialise them anew.")
    return found


def point_at(root: str, version: str) -> None:
    """Let `latest.json` name a version."""
    write_atomically(location(root) / _LATEST, _encode({"version": version}))


def combined_digest(digests: Sequence[str]) -> str:
    """Hex SHA-256 over hex digests, in order."""
    return sha256("".join(digests).encode()).hexdigest()


def version_of(*digests: str) -> str:
    """A name of 16 hex digits for content that depends on nothing but the given digests."""
    return combined_digest(digests)[:16]


def _totals(parts: Sequence[Mapping[str, PartInfo]], tables: Sequence[str]) -> dict[str, TableInfo]:
    names = dict.fromkeys([*tables, *(name for part in parts for name in part)])
    return {name: total([part[name] for part in parts if name in part]) for name in names}


def total(parts: Sequence[PartInfo]) -> TableInfo:
    """One table from what its parts hold."""
    return TableInfo(
        rows=sum(part.rows for part in parts),
        bytes=sum(part.bytes for part in parts),
        sha256=combined_digest([part.sha256 for part in parts]),
        parts=len(parts),
    )


def _move(draft: "Location", target: "Location") -> None:
    """Rename a folder; where another run published the same version meanwhile, keep that one."""
    if not isinstance(draft, Path) or not isinstance(target, Path):
        draft.fs.mv(draft.path, target.path, recursive=True)  # type: ignore[union-attr]
        return
    try:
        draft.rename(target)
    except OSError:
        if not (target / _CONTENTS).exists():
            raise
        remove_folder(draft)


def _encode(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
