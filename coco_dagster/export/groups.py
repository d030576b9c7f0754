"""What has to be rendered together: label rows that show the same file share its images."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from coco_dagster.encord.limits import SourceLimits, limits_of
from coco_dagster.errors import ExportError
from coco_dagster.export.places import PartSlice, Window
from coco_dagster.export.pool import WorkerPool
from coco_dagster.export.processes import CHUNK_BYTES
from coco_dagster.export.row_moves import row_moves, with_rows_moved
from coco_dagster.export.shown_files import spans_of, units_of_shared_files


def groups_of_windows(
    pool: WorkerPool,
    windows: Sequence[Window],
    branches: Sequence[str],
    work: Path,
    limits: SourceLimits | None = None,
) -> list[list[PartSlice]]:
    """Slices that have to be rendered together, group by group in source order.

    Label rows that show nothing but images of earlier rows are rendered with these. Where others
    show a file of another window, all windows from the one to the other make a group; every other
    window stands alone.

    Args:
        pool: takes label rows out of their parts.
        windows: all label rows.
        branches: branches that are exported.
        work: folder for parts that rows are taken out of.
        limits: how much may be rendered together; by default what holds in this process.

    Raises:
        ExportError: it is more.
    """
    limits = limits or limits_of()
    if len(windows) < 2:
        return [list(window) for window in windows]
    units = units_of_shared_files(windows, branches)
    if not units.height:
        return [list(window) for window in windows]
    moves = row_moves(windows, units)
    for to, share in moves.shares.iter_rows():
        if share * CHUNK_BYTES > limits.shared_bytes:
            spans = spans_of(units, "data_hash").filter(pl.col("first") == to)
            raise _too_much(spans, share, limits)
    spans = spans_of(moves.files, "data_hash")
    return _joined(with_rows_moved(pool, windows, moves.rows, work), spans, limits)


def _joined(
    windows: Sequence[Window], spans: pl.DataFrame, limits: SourceLimits
) -> list[list[PartSlice]]:
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
        size = last + 1 - window
        if size > 1 and size * CHUNK_BYTES > limits.shared_bytes:
            inside = spans.filter(pl.col("first") >= window, pl.col("last") <= last)
            raise _too_much(inside, size, limits)
        groups.append([part for inside in windows[window : last + 1] for part in inside])
        window = last + 1
    return groups


def _too_much(spans: pl.DataFrame, windows: float, limits: SourceLimits) -> ExportError:
    """What is said of label rows of the same files that cannot be brought together.

    Args:
        spans: the files.
        windows: how many windows would be in memory.
        limits: how many may be.
    """
    farthest = spans.sort(pl.col("last") - pl.col("first"), "data_hash", descending=True)
    file, gigabytes = farthest["data_hash"][0], windows * CHUNK_BYTES / 1e9
    return ExportError(
        f"{spans.height:,} files are shown by several label rows that stand far apart, such as the "
        f"file {file}: about {gigabytes:.1f} GB of label rows "
        "would have to be in memory at once. Let the label rows of a file follow each other, or "
        f"export them in parts, such as by dataset; {limits.how_to_raise('shared_bytes')}."
    )
