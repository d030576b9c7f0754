"""Parts in the order of their source, and what has to be rendered together."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
from msgspec import Struct

from coco_dagster.encord.limits import SourceLimits, limits_of
from coco_dagster.errors import ExportError
from coco_dagster.export.places import PartPlace, PartSlice, TableFolder, Window
from coco_dagster.export.pool import WorkerPool
from coco_dagster.export.processes import CHUNK_BYTES
from coco_dagster.export.slicing import POSITION
from coco_dagster.export.stored_tasks import SlicedPart, SlicePart
from coco_dagster.tables.part_store import SourcePosition
from coco_dagster.tables.schemas import LABEL_TABLES


class Cutting(Struct, frozen=True):
    """How parts are cut.

    Attributes:
        tables: tables of a part.
        rows: the one of them that says where each label row stood.
        columns: columns of `rows` that its weight is taken from.
        weigh: weight of each label row, from these columns.
        window_weight: weight of a window, about that of a part made in one go.
    """

    tables: tuple[str, ...]
    rows: str
    columns: tuple[str, ...]
    weigh: Callable[[], pl.Expr]
    window_weight: int


LABELS: Final = Cutting(
    tuple(LABEL_TABLES),
    "label_rows",
    ("frames", "objects"),
    lambda: pl.col("frames") + pl.col("objects") + 1,
    12_000,
)
"""Normalised tables: label rows, frames and objects count alike."""

RAW_LABELS: Final = Cutting(
    ("raw_labels",),
    "raw_labels",
    ("json",),
    lambda: pl.col("json").bin.size().cast(pl.Int64),
    CHUNK_BYTES,
)
"""Raw labels, by their bytes."""


def windows_of(
    pool: WorkerPool, parts: Sequence[PartPlace], work: Path, cutting: Cutting | None = None
) -> list[Window]:
    """Parts as windows that follow each other in source order.

    Parts that share a stretch of the source are cut; what is small is put together.

    Args:
        pool: cuts parts.
        parts: the parts.
        work: folder for parts that have to be cut.
        cutting: how they are cut; None: as normalised tables.
    """
    cutting = cutting or LABELS
    out = TableFolder(str(work), "arrow")
    windows: list[tuple[Window, int | None]] = []
    for number, cluster in enumerate(_clusters(parts)):
        if len(cluster) == 1:
            place = cluster[0]
            windows.append(((PartSlice(place.folder, place.part),), place.weight))
        else:
            windows += ((window, None) for window in _cut(pool, cluster, out, number, cutting))
    return list(_joined(windows, cutting.window_weight))


def _clusters(parts: Sequence[PartPlace]) -> Iterator[list[PartPlace]]:
    """Parts that share a stretch of the source with one another, in source order."""
    spans = [part.span for part in parts if part.span is not None]
    if len(spans) < len(parts):
        yield from ([part] for part in parts)
        return
    ordered = sorted(zip(spans, parts, strict=True), key=lambda pair: pair[0])
    cluster: list[PartPlace] = []
    reach: SourcePosition | None = None
    for span, part in ordered:
        if reach is not None and span.first > reach:
            yield cluster
            cluster = []
        cluster.append(part)
        reach = span.last if reach is None else max(reach, span.last)
    if cluster:
        yield cluster


def _cut(
    pool: WorkerPool, parts: list[PartPlace], out: TableFolder, cluster: int, cutting: Cutting
) -> list[Window]:
    cuts = _cuts(parts, cutting)
    if not cuts:
        return [tuple(PartSlice(part.folder, part.part) for part in parts)]
    windows: list[list[PartSlice]] = [[] for _ in range(len(cuts) + 1)]
    tasks = [
        SlicePart(part, cutting.tables, cutting.rows, cuts, out, f"cut-{cluster:05d}-{number:05d}")
        for number, part in enumerate(parts)
    ]
    for task, sliced in zip(tasks, pool.run(tasks, SlicedPart), strict=True):
        for batch, window in enumerate(sliced.windows):
            windows[window].append(PartSlice(out, task.name, batch))
    return [tuple(window) for window in windows]


def _cuts(parts: list[PartPlace], cutting: Cutting) -> list[SourcePosition]:
    """Positions at which parts are cut, so that each window has about the same weight."""
    weight = cutting.weigh().alias("weight")
    rows = pl.concat(
        pl.DataFrame(pl.from_arrow(_positions(part, cutting))).select(*POSITION, weight)
        for part in parts
    )
    heaviest = cutting.window_weight
    numbered = rows.sort(POSITION).with_columns(
        ((pl.col("weight").cum_sum() - pl.col("weight")) // heaviest).alias("window")
    )
    firsts = numbered.unique("window", keep="first", maintain_order=True)[1:]
    return [
        SourcePosition(*position)
        for position in firsts.select(POSITION).unique(maintain_order=True).iter_rows()
    ]


def _positions(part: PartPlace, cutting: Cutting) -> pa.Table:
    whole = PartSlice(part.folder, part.part)
    return whole.read(cutting.rows, [*POSITION, *cutting.columns])


def _joined(windows: Sequence[tuple[Window, int | None]], heaviest: int) -> Iterator[Window]:
    """Windows put together while they are light; those of unknown weight stay as they are."""
    gathered: Window = ()
    total = 0
    for window, weight in windows:
        if gathered and (weight is None or total + weight > heaviest):
            yield gathered
            gathered, total = (), 0
        if weight is None:
            yield window
            continue
        gathered += window
        total += weight
    if gathered:
        yield gathered


def groups_of_windows(
    windows: Sequence[Window],
    branches: Sequence[str],
    main_branch: str,
    limits: SourceLimits | None = None,
) -> list[list[PartSlice]]:
    """Slices that have to be rendered together, group by group in source order.

    Where label rows of two windows show the same file, its images and tracks are shared, so that
    all windows from the one to the other make a group; otherwise every window stands alone.

    Args:
        windows: all label rows.
        branches: branches that are exported.
        main_branch: branch of label rows that name none.
        limits: how far apart such label rows may stand; by default what holds in this process.

    Raises:
        ExportError: they stand farther apart.
    """
    limits = limits or limits_of()
    if len(windows) < 2:
        return [list(window) for window in windows]
    files = _exported_files(windows, branches, main_branch)
    spans = (
        files.filter(pl.col("data_hash").is_duplicated())
        .group_by("data_hash")
        .agg(pl.min("window").alias("first"), pl.max("window").alias("last"))
    )
    reach = list(range(len(windows)))
    for first, last in spans.select("first", "last").iter_rows():
        reach[first] = max(reach[first], last)
    groups: list[list[PartSlice]] = []
    window = 0
    while window < len(windows):
        last = reach[window]
        inner = window
        while inner <= last:
            last = max(last, reach[inner])
            inner += 1
        if last > window and (last + 1 - window) * CHUNK_BYTES > limits.shared_bytes:
            raise _too_far_apart(spans, window, last, limits)
        groups.append([part for inside in windows[window : last + 1] for part in inside])
        window = last + 1
    return groups


def _too_far_apart(spans: pl.DataFrame, first: int, last: int, limits: SourceLimits) -> ExportError:
    """What is said of label rows of the same files that cannot be brought together."""
    files = spans.filter(pl.col("first") >= first, pl.col("last") <= last)
    farthest = files.sort(pl.col("last") - pl.col("first"), "data_hash", descending=True)
    gigabytes = (last + 1 - first) * CHUNK_BYTES / 1e9
    return ExportError(
        f"{files.height:,} files are shown by several label rows that stand far apart, such as the "
        f"file {farthest['data_hash'][0]}: about {gigabytes:.1f} GB of label rows would have to be "
        "in memory at once. Let the label rows of a file follow each other, or export them in "
        f"parts, such as by dataset; {limits.how_to_raise('shared_bytes')}."
    )


def _exported_files(
    windows: Sequence[Window], branches: Sequence[str], main_branch: str
) -> pl.DataFrame:
    """Files of exported label rows, `data_hash`, with the number of the `window`."""
    units = [_exported_units(part, branches, main_branch) for window in windows for part in window]
    numbers = [number for number, window in enumerate(windows) for _ in window]
    return (
        pl.concat(units)
        .with_columns(window=np.repeat(numbers, [of_part.height for of_part in units]))
        .filter(pl.col("media").is_not_null())
        .select("data_hash", "window")
    )


def _exported_units(part: PartSlice, branches: Sequence[str], main_branch: str) -> pl.DataFrame:
    rows = part.read("label_rows", ["label_hash", "branch_name"])
    units = part.read("data_units", ["label_hash", "data_hash", "media"])
    files = pl.DataFrame(pl.from_arrow(units.select(["data_hash", "media"])))
    names = rows["branch_name"].unique().to_pylist()
    if {main_branch if name is None else name for name in names}.issubset(branches):
        return files
    branch = pl.Series(rows["branch_name"], dtype=pl.String).fill_null(main_branch)
    exported = branch.is_in(list(branches))
    of_rows = pl.Series(rows["label_hash"]).filter(exported)
    return files.filter(pl.Series(units["label_hash"]).is_in(of_rows.implode()))
