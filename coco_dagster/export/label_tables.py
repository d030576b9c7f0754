"""Label rows to parts of tables: normalised in parallel, then made consistent across parts."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
from msgspec import Struct

from coco_dagster.export.places import PartPlace, PartSlice, TableFolder
from coco_dagster.export.pool import WorkerPool
from coco_dagster.export.progress import Progress
from coco_dagster.export.tasks import DropLabelRows, NormalisedPart, Task
from coco_dagster.tables.parts import PartInfo
from coco_dagster.tables.row_reading import newest_positions
from coco_dagster.tables.skeletons import SkeletonPoints, first_sights

_COLUMNS: Final = ("label_hash", "last_edited_at", "source_file", "source_index")


class NormalisedParts(Struct, frozen=True):
    """Tables of all parts.

    Attributes:
        infos: what each table of each part holds.
        rows_sha256: digest over the digests of all label rows, in source order.
        skeleton_points: names of points, for skeletons without a template.
    """

    infos: list[dict[str, PartInfo]]
    rows_sha256: str
    skeleton_points: SkeletonPoints


def normalise_parts(
    pool: WorkerPool, tasks: Iterable[Task], out: TableFolder, progress: Progress, total: int | None
) -> NormalisedParts:
    """Normalise parts and resolve label rows that occur in several of them.

    Args:
        pool: carries out the tasks.
        tasks: one per part, in source order, writing into `out`.
        out: folder of the parts.
        progress: told of every part.
        total: number of parts, if known.
    """
    digest = sha256()
    infos: list[dict[str, PartInfo]] = []
    points: list[SkeletonPoints] = []
    for part in pool.run(tasks, NormalisedPart):
        for row_digest in part.row_digests:
            digest.update(row_digest.encode())
        points.append(part.skeleton_points)
        infos.append(part.tables)
        progress("labels", len(infos), total)
    superseded = superseded_rows([PartPlace(out, part) for part in range(len(infos))])
    drops = [DropLabelRows(out, part, hashes, out, part) for part, hashes in superseded.items()]
    for drop, part in zip(drops, pool.run(drops, NormalisedPart), strict=True):
        infos[drop.out_part] = part.tables
    return NormalisedParts(infos, digest.hexdigest(), first_sights(points))


def superseded_rows(parts: Sequence[PartPlace]) -> dict[int, list[str]]:
    """Label rows of each part that have a newer edition in another part.

    Args:
        parts: parts, in each of which no label row occurs twice.

    Returns:
        Their hashes by the position of the part.
    """
    if len(parts) < 2:
        return {}
    tables = [
        PartSlice(place.folder, place.part).read("label_rows", list(_COLUMNS)) for place in parts
    ]
    part = np.repeat(np.arange(len(parts)), [table.num_rows for table in tables])
    rows = pl.DataFrame(pl.from_arrow(pa.concat_tables(tables))).with_columns(part=part)
    if rows["label_hash"].n_unique() == rows.height:
        return {}
    repeated = rows.filter(pl.col("label_hash").is_duplicated())
    ordered = repeated.sort("source_file", "source_index", "part")
    newest = newest_positions(ordered["label_hash"].to_list(), ordered["last_edited_at"])
    older = ordered.with_row_index("position").filter(~pl.col("position").is_in(newest))
    return {
        part: hashes
        for part, hashes in older.group_by("part", maintain_order=True)
        .agg("label_hash")
        .sort("part")
        .iter_rows()
    }


def without_superseded_rows(
    pool: WorkerPool, parts: Sequence[PartPlace], out: TableFolder
) -> tuple[list[PartPlace], dict[int, dict[str, PartInfo]]]:
    """Resolve label rows that occur in several parts, leaving the parts themselves as they are.

    Args:
        pool: carries out the work.
        parts: the parts.
        out: folder for the parts that lose label rows.

    Returns:
        The parts, and what the tables of those hold that were made anew, by their position.
    """
    superseded = superseded_rows(parts)
    resolved = list(parts)
    infos: dict[int, dict[str, PartInfo]] = {}
    drops = [
        DropLabelRows(parts[number].folder, parts[number].part, hashes, out, number)
        for number, hashes in superseded.items()
    ]
    for drop, part in zip(drops, pool.run(drops, NormalisedPart), strict=True):
        given = parts[drop.out_part]
        resolved[drop.out_part] = PartPlace(out, drop.out_part, given.span, given.weight)
        infos[drop.out_part] = part.tables
    return resolved, infos
