"""Parts in the order of their source."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
from msgspec import Struct

from coco_dagster.export.places import PartPlace, PartSlice, TableFolder, Window
from coco_dagster.export.pool import WorkerPool
from coco_dagster.export.processes import CHUNK_BYTES
from coco_dagster.export.slicing import POSITION
from coco_dagster.export.stored_tasks import SlicedPart, SlicePart
from coco_dagster.tables.part_store import SourcePosition
from coco_dagster.tables.parts import PartInfo
from coco_dagster.tables.schemas import LABEL_TABLES

# Parts that are made to be alike differ a little.
_SLACK: Final = 1.05
_WEIGHED: Final = ("label_rows", "frames", "annotations")
_BYTES_OF_WEIGHT: Final = 1_024


class Cutting(Struct, frozen=True):
    """How parts are cut.

    Attributes:
        tables: tables of a part.
        rows: the one of them that says where each label row stood.
        columns: columns of `rows` that its weight is taken from.
        weigh: weight of each label row, from these columns.
        window_weight: the most that a window of several parts weighs.
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
    18_000,
)
"""Normalised tables: label rows, frames and objects count alike.

A window takes one part, as a rule: rendering two at once takes 30 MB more in each process and saves
a hundredth of the time.
"""

RAW_LABELS: Final = Cutting(
    ("raw_labels",),
    "raw_labels",
    ("json",),
    lambda: pl.col("json").bin.size().cast(pl.Int64),
    CHUNK_BYTES,
)
"""Raw labels, by their bytes."""


def part_weight(tables: Mapping[str, PartInfo]) -> int:
    """Weight of a part of normalised tables, as `LABELS` counts it.

    Label rows with large masks have few rows and many bytes, of which 1,024 weigh as much as a row.

    Args:
        tables: what the tables of the part hold.
    """
    rows = sum(tables[name].rows for name in _WEIGHED)
    return max(rows, sum(info.bytes for info in tables.values()) // _BYTES_OF_WEIGHT)


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
    return list(_joined(windows, _even_weight(windows, cutting.window_weight, pool.workers)))


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
    """Positions at which parts are cut, so that each window has about the same weight.

    Where the parts weigh more than their rows, for their bytes, each row weighs as much more.
    """
    weight = cutting.weigh().alias("weight")
    rows = pl.concat(
        pl.DataFrame(pl.from_arrow(_positions(part, cutting))).select(*POSITION, weight)
        for part in parts
    )
    weight_of_rows = int(rows["weight"].sum())
    weight_of_parts = sum(part.weight or 0 for part in parts)
    heaviest = cutting.window_weight
    if weight_of_parts > weight_of_rows:
        heaviest = max(1, heaviest * weight_of_rows // weight_of_parts)
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


def _even_weight(windows: Sequence[tuple[Window, int | None]], most: int, workers: int) -> int:
    """The weight up to which windows are put together, so that all workers get as many."""
    total = sum(most if weight is None else weight for _, weight in windows)
    rounds = math.ceil(total / (most * workers)) or 1
    return min(most, math.ceil(total / (rounds * workers) * _SLACK))


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
