"""Parts in the order of their source, and what has to be rendered together."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from coco_dagster.export.places import PartPlace, PartSlice, Window
from coco_dagster.export.pool import WorkerPool


def windows_of(pool: WorkerPool, parts: Sequence[PartPlace], work: Path) -> list[Window]:
    """Parts as windows that follow each other in source order."""
    return [(PartSlice(place.folder, place.part),) for place in parts]


def groups_of_windows(
    windows: Sequence[Window], branches: Sequence[str], main_branch: str
) -> list[list[PartSlice]]:
    """Slices that have to be rendered together, group by group in source order.

    Where label rows of two windows show the same file, its images and tracks are shared, so that
    all windows from the one to the other make a group; otherwise every window stands alone.

    Args:
        windows: all label rows.
        branches: branches that are exported.
        main_branch: branch of label rows that name none.
    """
    if len(windows) < 2:
        return [list(window) for window in windows]
    files = pl.concat(
        _exported_files(part, branches, main_branch).with_columns(pl.lit(number).alias("window"))
        for number, window in enumerate(windows)
        for part in window
    )
    shared = files.filter(pl.col("data_hash").is_duplicated())
    spans = shared.group_by("data_hash").agg(
        pl.min("window").alias("first"), pl.max("window").alias("last")
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
        groups.append([part for inside in windows[window : last + 1] for part in inside])
        window = last + 1
    return groups


def _exported_files(part: PartSlice, branches: Sequence[str], main_branch: str) -> pl.DataFrame:
    rows = pl.DataFrame(pl.from_arrow(part.read("label_rows", ["label_hash", "branch_name"])))
    units = pl.DataFrame(
        pl.from_arrow(part.read("data_units", ["label_hash", "data_hash", "media"]))
    )
    exported = pl.col("branch_name").fill_null(main_branch).is_in(list(branches))
    return (
        units.filter(pl.col("media").is_not_null())
        .join(rows.filter(exported), on="label_hash", how="semi")
        .select("data_hash")
    )
