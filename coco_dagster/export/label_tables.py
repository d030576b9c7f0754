"""Label rows to parts of tables: normalised in parallel, then made consistent across parts."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

import polars as pl
import pyarrow as pa
from msgspec import Struct

from coco_dagster.export.pool import WorkerPool
from coco_dagster.export.progress import Progress
from coco_dagster.export.tasks import DropLabelRows, NormalisedPart, TableFolder, Task
from coco_dagster.tables.parts import PartInfo, part_path, read_part_table
from coco_dagster.tables.row_reading import newest_positions


class NormalisedParts(Struct, frozen=True):
    """Tables of all parts.

    Attributes:
        infos: what each table of each part holds.
        rows_sha256: digest over the digests of all label rows, in source order.
        skeleton_points: names of points by first sight, for skeletons without a template.
    """

    infos: list[dict[str, PartInfo]]
    rows_sha256: str
    skeleton_points: dict[str, list[str]]


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
    points: dict[str, dict[str, None]] = {}
    for part in pool.run(tasks, NormalisedPart):
        for row_digest in part.row_digests:
            digest.update(row_digest.encode())
        for feature, names in part.skeleton_points.items():
            points.setdefault(feature, {}).update(dict.fromkeys(names))
        infos.append(part.tables)
        progress("labels", len(infos), total)
    superseded = superseded_rows(out, len(infos))
    drops = [DropLabelRows(out, part, hashes) for part, hashes in superseded.items()]
    for drop, part in zip(drops, pool.run(drops, NormalisedPart), strict=True):
        infos[drop.part] = part.tables
    return NormalisedParts(
        infos,
        digest.hexdigest(),
        {feature: list(names) for feature, names in points.items()},
    )


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


def groups_of_parts(
    folder: TableFolder, parts: int, branches: Sequence[str], main_branch: str
) -> list[tuple[int, int]]:
    """Ranges of consecutive parts (first, last) that have to be rendered together.

    Where label rows of two parts show the same file, its images and tracks are shared, so that
    all parts from the one to the other make a group; otherwise every part stands alone.
    """
    if parts < 2:
        return [(part, part) for part in range(parts)]
    files = pl.concat(_exported_files(folder, part, branches, main_branch) for part in range(parts))
    shared = files.filter(pl.col("data_hash").is_duplicated())
    spans = shared.group_by("data_hash").agg(
        pl.min("part").alias("first"), pl.max("part").alias("last")
    )
    reach = list(range(parts))
    for first, last in spans.select("first", "last").iter_rows():
        reach[first] = max(reach[first], last)
    groups: list[tuple[int, int]] = []
    part = 0
    while part < parts:
        last = reach[part]
        inner = part
        while inner <= last:
            last = max(last, reach[inner])
            inner += 1
        groups.append((part, last))
        part = last + 1
    return groups


def _exported_files(
    folder: TableFolder, part: int, branches: Sequence[str], main_branch: str
) -> pl.DataFrame:
    rows = _column_table(folder, "label_rows", part, ["label_hash", "branch_name"])
    units = _column_table(folder, "data_units", part, ["label_hash", "data_hash", "media"])
    exported = pl.col("branch_name").fill_null(main_branch).is_in(list(branches))
    return (
        pl.DataFrame(pl.from_arrow(units))
        .filter(pl.col("media").is_not_null())
        .join(pl.DataFrame(pl.from_arrow(rows)).filter(exported), on="label_hash", how="semi")
        .select("data_hash", pl.lit(part).alias("part"))
    )


def _column_table(folder: TableFolder, table: str, part: int, columns: list[str]) -> pa.Table:
    return read_part_table(part_path(folder.path, table, part, folder.form), folder.form, columns)
