"""Label rows to parts of tables: normalised in parallel, then made consistent across parts."""

from collections.abc import Iterable
from hashlib import sha256

import polars as pl
import pyarrow as pa
from msgspec import Struct

from coco_dagster.export.places import TableFolder
from coco_dagster.export.pool import WorkerPool
from coco_dagster.export.progress import Progress
from coco_dagster.export.tasks import DropLabelRows, NormalisedPart, Task
from coco_dagster.tables.parts import PartInfo, part_path, read_part_table
from coco_dagster.tables.row_reading import newest_positions
from coco_dagster.tables.skeletons import SkeletonPoints, first_sights


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
    superseded = superseded_rows(out, len(infos))
    drops = [DropLabelRows(out, part, hashes) for part, hashes in superseded.items()]
    for drop, part in zip(drops, pool.run(drops, NormalisedPart), strict=True):
        infos[drop.part] = part.tables
    return NormalisedParts(infos, digest.hexdigest(), first_sights(points))


def superseded_rows(folder: TableFolder, parts: int) -> dict[int, list[str]]:
    """Label rows of each part that have a newer edition in another part."""
    if parts < 2:
        return {}
    columns = ["label_hash", "last_edited_at", "source_file", "source_index"]
    rows = pl.concat(
        pl.DataFrame(pl.from_arrow(_column_table(folder, "label_rows", part, columns)))
        .sort("source_file", "source_index")
        .select("label_hash", "last_edited_at", pl.lit(part).alias("part"))
        for part in range(parts)
    )
    if not rows["label_hash"].is_duplicated().any():
        return {}
    newest = newest_positions(rows["label_hash"].to_list(), rows["last_edited_at"])
    older = rows.with_row_index("position").filter(~pl.col("position").is_in(newest))
    return {
        part: hashes
        for part, hashes in older.group_by("part", maintain_order=True)
        .agg("label_hash")
        .iter_rows()
    }


def _column_table(folder: TableFolder, table: str, part: int, columns: list[str]) -> pa.Table:
    return read_part_table(part_path(folder.path, table, part, folder.form), folder.form, columns)
