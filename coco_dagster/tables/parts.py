"""Parts: the tables of some thousand label rows, as files.

A table lies in a folder of its own, one file a part: ``<folder>/<table>/part-00000.parquet``.
Parts that outlive a run are Parquet (zstd, statistics, sorted by key); parts that only pass from
one stage of a run to the next are Arrow IPC files, which are read without decoding.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec import Struct

from coco_dagster.errors import StorageError
from coco_dagster.tables.locations import make_folder, storage_failures
from coco_dagster.tables.schemas import TABLES, table_key
from coco_dagster.tables.staging import staged_file

if TYPE_CHECKING:
    from coco_dagster.tables.locations import Location

Format = Literal["parquet", "arrow"]

_COMPRESSION_LEVEL: Final = 1


class PartInfo(Struct, frozen=True):
    """One table of one part.

    Attributes:
        rows: number of rows.
        bytes: size of the file.
        sha256: digest of the content (see `content_digest`), not of the file; empty for
            parts that only pass from one stage to the next.
    """

    rows: int
    bytes: int
    sha256: str


def part_path(folder: "Location", table: str, part: int | str, form: Format) -> "Location":
    """Where a table of a part lies; parts have a number or a name."""
    name = f"part-{part:05d}" if isinstance(part, int) else part
    return folder / table / f"{name}.{form}"


def write_part(
    folder: "Location", part: int | str, tables: Mapping[str, pa.Table], form: Format
) -> dict[str, PartInfo]:
    """Write the tables of one part.

    A file that outlives a run is there as a whole or not at all.
    """
    write = _write_parquet if form == "parquet" else _write_arrow
    return {
        name: write(part_path(folder, name, part, form), name, table)
        for name, table in tables.items()
    }


def _write_parquet(path: "Location", name: str, table: pa.Table) -> PartInfo:
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=_COMPRESSION_LEVEL,
        write_statistics=True,
        row_group_size=max(1, table.num_rows),
        sorting_columns=_sorting_columns(name, table.schema),
    )
    data = sink.getvalue()
    write_atomically(path, data)
    return PartInfo(table.num_rows, data.size, content_digest(table))


def _write_arrow(path: "Location", name: str, table: pa.Table) -> PartInfo:
    with storage_failures(path, "written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Tables may lie in a file of this name, mapped into memory: it lives on without its name.
        path.unlink(missing_ok=True)
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        return PartInfo(table.num_rows, path.stat().st_size, "")


def _sorting_columns(name: str, schema: pa.Schema) -> list[pq.SortingColumn] | None:
    if name not in TABLES:
        return None
    return [pq.SortingColumn(schema.get_field_index(column)) for column in table_key(schema)]


def write_atomically(path: "Location", data: bytes | memoryview | pa.Buffer) -> None:
    """Write a file that readers see as a whole or not at all.

    On a local disk by renaming; object stores show an object only when it is complete.

    Raises:
        StorageError: it cannot be written.
    """
    with storage_failures(path, "written"):
        make_folder(path.parent)
        if not isinstance(path, Path):
            # Unlike a file that is written to, this takes back an upload that fails half-way.
            path.fs.pipe_file(path.path, bytes(data))
            return
        with staged_file(path) as file:
            file.write(memoryview(data))


def read_part(
    folder: "Location", part: int | str, tables: Iterable[str], form: Format
) -> dict[str, pa.Table]:
    """Read tables of one part."""
    return {name: read_part_table(part_path(folder, name, part, form), form) for name in tables}


def read_part_table(path: "Location", form: Format, columns: list[str] | None = None) -> pa.Table:
    """Read one table of one part, or some of its columns.

    Raises:
        StorageError: it is not there, cannot be read, or is damaged.
    """
    with storage_failures(path, "read"):
        try:
            return _read_table(path, form, columns)
        except pa.ArrowException:
            raise StorageError(f"{path} is damaged; remove it and run again.") from None


def _read_table(path: "Location", form: Format, columns: list[str] | None) -> pa.Table:
    if form == "arrow":
        with pa.memory_map(str(path)) as source:
            table: pa.Table = pa.ipc.open_file(source).read_all()
        return table.select(columns) if columns is not None else table
    with path.open("rb") as file:
        # `pq.read_table` takes twice as long for tables as small as these.
        return pq.ParquetFile(file).read(columns, use_threads=False)


def row_counts(parts: Iterable[Mapping[str, PartInfo]]) -> dict[str, int]:
    """Rows of each table in all parts."""
    counts: dict[str, int] = {}
    for part in parts:
        for table, info in part.items():
            counts[table] = counts.get(table, 0) + info.rows
    return counts


def content_digest(table: pa.Table) -> str:
    """Hex SHA-256 of what a table holds, whatever its chunks, its file format or its library.

    Taken over names, types and, column by column, validity, lengths and values.
    """
    digest = hashlib.sha256()
    for field, column in zip(table.schema, table.columns, strict=True):
        digest.update(f"{field.name}:{_type_name(field.type)};{len(column)};".encode())
        chunk = column.combine_chunks()
        if isinstance(chunk, pa.ChunkedArray):
            chunk = pa.concat_arrays(chunk.chunks or [pa.nulls(0, field.type)])
        _digest_array(digest, chunk)
    return digest.hexdigest()


def _type_name(kind: pa.DataType) -> str:
    """Name of a type; file formats disagree on what the items of lists are called."""
    return f"list<{_type_name(kind.value_type)}>" if pa.types.is_list(kind) else str(kind)


def _digest_array(digest: "hashlib._Hash", values: pa.Array) -> None:
    if values.null_count:
        digest.update(_bits(values.is_valid()))
    kind = values.type
    if pa.types.is_list(kind):
        digest.update(values.value_lengths().fill_null(0).to_numpy().astype(np.int64).data)
        _digest_array(digest, values.flatten())
    elif pa.types.is_string(kind) or pa.types.is_binary(kind):
        values = values.drop_null()
        digest.update(pc.binary_length(values).to_numpy().astype(np.int64).data)
        digest.update(_text_bytes(values))
    elif pa.types.is_boolean(kind):
        digest.update(_bits(values.drop_null()))
    else:
        if pa.types.is_timestamp(kind):
            values = values.cast(pa.int64())
        digest.update(np.ascontiguousarray(values.drop_null().to_numpy()).data)


def _bits(flags: pa.BooleanArray) -> memoryview:
    return np.packbits(flags.to_numpy(zero_copy_only=False)).data


def _text_bytes(values: pa.Array) -> memoryview:
    _, offsets, data = values.buffers()
    if data is None or not len(values):
        return memoryview(b"")
    bounds = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
    return memoryview(data)[int(bounds[0]) : int(bounds[-1])]
