"""Label rows without images of their own, rendered where those are that show the images first.

Two projects over one dataset, or a row that was imported twice, show the same files far apart. All
images of the later row are then those of an earlier one, which has their places and ids, so that
the later row may be rendered with the earlier one and nothing of the export is different.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl
from msgspec import Struct

from coco_dagster.export.places import PartSlice, TableFolder, Window
from coco_dagster.export.pool import WorkerPool
from coco_dagster.export.stored_tasks import SlicedPart, TakeRowsOut

_POSITION: Final = ("source_file", "source_index")
_IMAGE: Final = ("file", "frame")


class RowMoves(Struct, frozen=True):
    """Label rows that are rendered in another window than their own.

    Attributes:
        rows: `label_hash`, the number of its `part`, and the window `to` which it goes.
        shares: for each window, how many parts as large as their own the rows would fill that go
            there.
        files: files of all label rows that show one of several windows, with the `window` in
            which they are rendered: `data_hash` and `window`.
    """

    rows: pl.DataFrame
    shares: pl.DataFrame
    files: pl.DataFrame


def row_moves(windows: Sequence[Window], units: pl.DataFrame) -> RowMoves:
    """Find the label rows whose images are all shown by earlier rows of one earlier window.

    Args:
        windows: all label rows, in source order.
        units: data units of files that several windows show, as `units_of_shared_files` has them.
    """
    parts = [part for window in windows for part in window]
    numbered = units.select("data_hash").unique().with_row_index("file")
    rows: list[pl.DataFrame] = []
    images: list[pl.DataFrame] = []
    first_row = 0
    for (number,), of_part in units.partition_by("part", as_dict=True).items():
        sharing = of_part.select("label_hash", "part", "window").unique("label_hash")
        rows.append(_rows(parts[number], sharing, first_row))
        images.append(_images(parts[number], rows[-1], numbered))
        first_row += rows[-1].height
    ordered = pl.concat(rows).sort(_POSITION).with_row_index("order")
    moved = _moved(ordered, pl.concat(images))
    goes = moved.select("label_hash", "part", "to")
    joined = units.join(goes, on=["label_hash", "part"], how="left")
    files = joined.select("data_hash", pl.coalesce("to", "window").alias("window"))
    return RowMoves(goes, moved.group_by("to").agg(pl.sum("share")), files)


def with_rows_moved(
    pool: WorkerPool, windows: Sequence[Window], moved: pl.DataFrame, work: Path
) -> list[Window]:
    """The windows with each of the rows in the one to which it goes.

    Args:
        pool: takes the rows out of their parts, each of which is read and written once.
        windows: all label rows.
        moved: the rows of `RowMoves`.
        work: folder for what is taken out.
    """
    out = TableFolder(str(work), "arrow")
    parts = [(window, part) for window, of_window in enumerate(windows) for part in of_window]
    divided: dict[int, TakeRowsOut] = {}
    staying: list[list[PartSlice]] = [[] for _ in windows]
    coming: list[list[PartSlice]] = [[] for _ in windows]
    for (number,), rows in moved.partition_by("part", as_dict=True, maintain_order=True).items():
        targets = sorted(set(rows["to"].to_list()))
        batch_of = {window: batch for batch, window in enumerate(targets, 1)}
        name = f"rows-taken-out-{number:05d}"
        divided[number] = TakeRowsOut(
            parts[number][1],
            rows["label_hash"].to_list(),
            [batch_of[window] for window in rows["to"].to_list()],
            out,
            name,
        )
        for window, batch in batch_of.items():
            coming[window].append(PartSlice(out, name, batch))
    for _ in pool.run(divided.values(), SlicedPart):
        pass
    for number, (window, part) in enumerate(parts):
        stays = PartSlice(out, divided[number].name, 0) if number in divided else part
        staying[window].append(stays)
    return [(*own, *others) for own, others in zip(staying, coming, strict=True)]


def _rows(part: PartSlice, sharing: pl.DataFrame, first: int) -> pl.DataFrame:
    """The sharing label rows, numbered, with their position and their `share` of the part."""
    rows = pl.DataFrame(pl.from_arrow(part.read("label_rows", ["label_hash", *_POSITION])))
    return (
        rows.with_columns(share=pl.lit(1.0) / pl.len())
        .join(sharing, on="label_hash")
        .with_row_index("row", first)
    )


def _images(part: PartSlice, rows: pl.DataFrame, numbered: pl.DataFrame) -> pl.DataFrame:
    """Images of the rows; `file` is null where no other window shows the file."""
    frames = part.read("frames", ["label_hash", "data_hash", "frame"])
    return (
        pl.DataFrame(pl.from_arrow(frames))
        .join(rows.select("label_hash", "row"), on="label_hash")
        .join(numbered, on="data_hash", how="left")
        .select("row", *_IMAGE)
    )


def _moved(rows: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    """Rows that have no image first, with the window `to` which they go."""
    shown = images.join(rows.select("row", "order"), on="row").drop("row")
    first = pl.col("order").min().over(_IMAGE)
    firsts = shown.select("order", pl.when(pl.col("file").is_not_null()).then(first).alias("first"))
    places = rows.select(pl.col("order").alias("first"), pl.col("window").alias("to"))
    return (
        firsts.unique()
        .join(places, on="first", how="left")
        .group_by("order")
        .agg(
            pl.col("to").min(),
            is_one_window=pl.col("to").n_unique() == 1,
            has_own=(pl.col("first").is_null() | (pl.col("first") == pl.col("order"))).any(),
        )
        .filter(pl.col("is_one_window"), ~pl.col("has_own"))
        .join(rows, on="order")
        .filter(pl.col("to") < pl.col("window"))
        .sort("order")
    )
