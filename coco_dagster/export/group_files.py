"""What a rendered group leaves behind for the assembly of the export: lines of JSON, and tables.

Lines of images lie in a file for each split, lines of annotations in one for each COCO file. Where
every data unit is a COCO object of its own, a table says how many of their bytes each unit has.
"""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
import pyarrow as pa
from msgspec.structs import replace

from coco_dagster.coco.writer import (
    FirstIds,
    RenderedPart,
    annotation_lines,
    image_lines,
    text_buffer,
    video_lines,
)
from coco_dagster.export.places import TableFolder
from coco_dagster.lineage.provenance import origin_table
from coco_dagster.tables.findings import sort_findings
from coco_dagster.tables.parts import part_path, read_part_table

if TYPE_CHECKING:
    from coco_dagster.tables.locations import Location

VIDEOS: Final = "videos"
IMAGES: Final = "images"
ANNOTATIONS: Final = "annotations"

_LINES: Final = "lines"
_BLOCK_ROWS: Final = 4_096


def lines_path(folder: "Location", kind: str, number: int, group: int) -> "Location":
    """Where lines of JSON of a group lie.

    Args:
        folder: folder of what was rendered.
        kind: `VIDEOS` or `IMAGES` of a split, or `ANNOTATIONS` of a file.
        number: position of the split or file in the plan.
        group: number of the group.
    """
    return folder / _LINES / f"{kind}-{number}-{group:05d}.json"


def discard_lines(folder: Path) -> None:
    """Remove the lines of all groups, of which there are as many bytes as in the COCO files."""
    shutil.rmtree(folder / _LINES, ignore_errors=True)


def write_rendered(folder: "Location", group: int, part: RenderedPart) -> None:
    """Write what needs no ids: file names and findings."""
    write_table(folder, "file_names", group, part.images.select("file_name").to_arrow())
    write_table(folder, "findings", group, sort_findings(part.findings))


def write_numbered(folder: "Location", group: int, part: RenderedPart, first: FirstIds) -> None:
    """Write what has ids: lines, lineage, and how the lines are divided over data units.

    Args:
        folder: folder of what is rendered.
        group: number of the group.
        part: the rendered group.
        first: its first ids.
    """
    plan, units = part.plan, part.units
    by_unit: dict[str, Any] = {}
    for split in range(len(plan.splits)):
        path = lines_path(folder, IMAGES, split, group)
        sizes = _write_lines(path, [image_lines(part, first, split)])
        by_unit[f"{IMAGES}-{split}"] = _unit_bytes(part.images, "split", split, sizes, units)
        if plan.form.videos:
            path = lines_path(folder, VIDEOS, split, group)
            _write_lines(path, [video_lines(part, first, split)])
    for file in range(len(plan.files)):
        path = lines_path(folder, ANNOTATIONS, file, group)
        sizes = _write_lines(path, _annotation_blocks(part, first, file))
        of_unit = _unit_bytes(part.annotations, "file", file, sizes, units)
        by_unit[f"{ANNOTATIONS}-{file}"] = of_unit
    if plan.form.by_unit:
        facts = part.images.unique("unit", keep="first", maintain_order=True)
        table = facts.select("data_hash", "split").with_columns(**by_unit)
        write_table(folder, "units", group, table.to_arrow())
    write_table(folder, "lineage", group, origin_table(part, first))


def _annotation_blocks(part: RenderedPart, first: FirstIds, file: int) -> Iterator[pl.Series]:
    """Lines of the annotations of a file, some thousand at a time: they are copied twice."""
    for rows in part.annotations.iter_slices(_BLOCK_ROWS):
        yield annotation_lines(replace(part, annotations=rows), first, file)


def _write_lines(path: "Location", blocks: Iterable[pl.Series]) -> pl.Series:
    """Write lines, and return the bytes of each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sizes = [pl.Series(dtype=pl.UInt32)]
    with path.open("wb") as file:
        for lines in blocks:
            file.write(text_buffer(lines))
            sizes.append(lines.str.len_bytes())
    return pl.concat(sizes)


def _unit_bytes(
    rows: pl.DataFrame, column: str, value: int, sizes: pl.Series, units: int
) -> pl.Series:
    """Bytes that the lines of each data unit take.

    Args:
        rows: all images or all annotations.
        column: what the lines were chosen by.
        value: which of them the lines are.
        sizes: bytes of the lines of the rows that have this value, in order.
        units: number of data units.
    """
    if not units:
        return pl.Series([], dtype=pl.Int64)
    unit = rows.filter(pl.col(column) == value)["unit"].to_numpy()
    return pl.Series(np.bincount(unit, sizes.to_numpy(), units).astype(np.int64))


def read_tables(rendered: TableFolder, kind: str, groups: int) -> Iterator[pa.Table]:
    """Tables of one kind, group by group."""
    for group in range(groups):
        yield read_part_table(part_path(rendered.path, kind, group, "arrow"), "arrow")


def write_table(folder: "Location", kind: str, group: int, table: pa.Table) -> None:
    """Write a table of a group for `read_tables`."""
    path = part_path(folder, kind, group, "arrow")
    path.parent.mkdir(parents=True, exist_ok=True)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
