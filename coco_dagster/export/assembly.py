"""Rendered groups to the files of an export."""

import datetime as dt
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from coco_dagster.coco.categories import Categories
from coco_dagster.errors import ExportError
from coco_dagster.export.result import ExportFile
from coco_dagster.export.row_facts import RowFacts
from coco_dagster.export.tasks import TableFolder, lines_path
from coco_dagster.lineage.provenance import LINEAGE
from coco_dagster.tables.parts import part_path, read_part_table
from coco_dagster.tables.schemas import FINDINGS, UNNAMED_PREFIX

ANNOTATIONS_FILE: Final = "annotations.json"
_BLOCK_BYTES: Final = 1 << 20


def coco_info(rows: RowFacts, export_id: str) -> dict[str, Any]:
    """COCO's `info`: nothing in it comes from the clock, and no value is null."""
    info: dict[str, Any] = {"description": ", ".join(sorted(rows.dataset_titles))}
    if rows.last_edited_at is not None:
        info["date_created"] = iso_date(rows.last_edited_at)
        info["year"] = rows.last_edited_at.year
    return info | {"version": export_id, "contributor": "Encord", "url": ""}


def iso_date(date: dt.datetime) -> str:
    """ISO 8601 in UTC."""
    return date.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def write_coco_file(
    path: Path, info: dict[str, Any], categories: Categories, rendered: TableFolder, groups: int
) -> tuple[int, str]:
    """Write the COCO file of a whole dataset.

    Returns:
        Its size in bytes and its hex SHA-256.
    """
    digest = hashlib.sha256()
    size = 0
    with path.open("wb") as file:
        for block in _coco_blocks(info, categories, rendered, groups):
            digest.update(block)
            size += file.write(block)
    return size, digest.hexdigest()


def _coco_blocks(
    info: dict[str, Any], categories: Categories, rendered: TableFolder, groups: int
) -> Iterator[bytes]:
    yield b'{"info":' + msgspec.json.encode(info) + b',\n"licenses":[],\n"categories":'
    yield categories.json
    yield b',\n"images":['
    yield from _lines(rendered, "images", groups)
    yield b'],\n"annotations":['
    yield from _lines(rendered, "annotations", groups)
    yield b"]}\n"


def _lines(rendered: TableFolder, kind: str, groups: int) -> Iterator[bytes]:
    """Lines of all groups; each line starts with a comma, which the first one loses."""
    is_first = True
    for group in range(groups):
        with lines_path(rendered.path, kind, group).open("rb") as lines:
            while block := lines.read(_BLOCK_BYTES):
                yield block[1:] if is_first else block
                is_first = False
    if not is_first:
        yield b"\n"


def write_lineage(path: Path, rendered: TableFolder, groups: int) -> None:
    """Write `lineage.parquet`, a row group per rendered group."""
    with pq.ParquetWriter(path, LINEAGE, compression="zstd", write_statistics=True) as writer:
        for group in range(groups):
            table = read_part_table(part_path(rendered.path, "lineage", group, "arrow"), "arrow")
            writer.write_table(table.cast(LINEAGE))


def write_findings(path: Path, others: pa.Table, rendered: TableFolder, groups: int) -> None:
    """Write `findings.parquet`: findings on files and the ontology, then those of each group."""
    with pq.ParquetWriter(path, FINDINGS, compression="zstd", write_statistics=True) as writer:
        writer.write_table(others)
        for group in range(groups):
            table = read_part_table(part_path(rendered.path, "findings", group, "arrow"), "arrow")
            if table.num_rows:
                writer.write_table(_without_made_names(table))


def _without_made_names(findings: pa.Table) -> pa.Table:
    """Findings without the names that label rows without a hash have in the tables."""
    label_hash = pl.col("label_hash")
    named = pl.when(~label_hash.str.starts_with(UNNAMED_PREFIX)).then(label_hash)
    table: pa.Table = pl.DataFrame(pl.from_arrow(findings)).with_columns(named).to_arrow()
    return table.cast(FINDINGS)


def file_entry(path: Path) -> ExportFile:
    """Size and digest of a file that is no COCO file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ExportFile(path.name, path.stat().st_size, digest)


def check_file_names(rendered: TableFolder, groups: int) -> None:
    """Make sure that no two images have one file name.

    Compares 64-bit hashes first, 8 bytes an image, and names only where two of them are equal.

    Raises:
        ExportError: two images have one name.
    """
    hashes = [_file_names(rendered, group).hash().to_numpy() for group in range(groups)]
    ordered = np.sort(np.concatenate([np.zeros(0, np.uint64), *hashes]))
    suspects = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not suspects.size:
        return
    wanted = pl.Series(suspects)
    names = pl.concat(
        series.filter(series.hash().is_in(wanted))
        for series in (_file_names(rendered, group) for group in range(groups))
    )
    repeated = names.filter(names.is_duplicated()).unique().sort()
    if len(repeated):
        raise ExportError(
            f"{len(repeated)} file names stand for more than one image, such as `{repeated[0]}`; "
            "choose a file name template that tells the images apart."
        )


def _file_names(rendered: TableFolder, group: int) -> pl.Series:
    path = part_path(rendered.path, "file_names", group, "arrow")
    return pl.DataFrame(pl.from_arrow(read_part_table(path, "arrow", ["file_name"])))["file_name"]
