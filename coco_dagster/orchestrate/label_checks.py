"""What labels may be wrong about although they are well formed, found part by part."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from coco_dagster.tables.store import TableSet

BOXES: Final = ("bounding_box",)
"""Shapes that the checks on boxes look at."""

DONE_TASKS: Final = ("COMPLETED",)
"""Values of `annotation_task_status` of rows that are through their workflow."""

DONE_LABELS: Final = ("LABELLED", "REVIEWED", "REVIEWED_TWICE")
"""Values of `label_status` of rows that somebody has labelled or reviewed."""

_EDGE: Final = 1e-6
_SAME: Final = 6
_FRAME: Final = ("label_hash", "data_hash", "frame")


class Counted(NamedTuple):
    """How many of some things are at fault.

    Attributes:
        at_fault: those that are.
        total: all of them.
    """

    at_fault: int
    total: int

    @property
    def share(self) -> float:
        """Share of those at fault, 0 to 1."""
        return self.at_fault / self.total if self.total else 0.0


class EmptyImages(NamedTuple):
    """Images without any label, by whether somebody has looked at them.

    Attributes:
        reviewed: of rows that are labelled, reviewed or completed: nothing is there to be seen.
        unlabelled: of other rows: whatever is to be seen has not been labelled yet.
        images: all images.
    """

    reviewed: int
    unlabelled: int
    images: int


def boxes_outside(sets: "Sequence[TableSet]") -> Counted:
    """Boxes that reach beyond their image by more than a millionth of its size.

    Args:
        sets: tables computed from the label rows.
    """
    outside = total = 0
    for tables in sets:
        for batch in _batches(tables, "annotations", ["shape", "coordinates"]):
            boxes = batch.filter(pl.col("shape").is_in(BOXES)).select(_box())
            total += boxes.height
            low, high = (
                pl.min_horizontal("x", "y"),
                pl.max_horizontal(pl.col("x") + pl.col("w"), pl.col("y") + pl.col("h")),
            )
            outside += boxes.filter((low < -_EDGE) | (high > 1 + _EDGE)).height
    return Counted(outside, total)


def duplicate_boxes(sets: "Sequence[TableSet]") -> Counted:
    """Boxes of one class that lie where an earlier box of the same frame lies.

    Args:
        sets: tables computed from the label rows.
    """
    repeated = total = 0
    columns = [*_FRAME, "feature_hash", "shape", "coordinates"]
    for tables in sets:
        for batch in _batches(tables, "annotations", columns):
            boxes = batch.filter(pl.col("shape").is_in(BOXES)).select(
                *_FRAME, "feature_hash", pl.struct(_box()).struct.unnest().round(_SAME)
            )
            total += boxes.height
            repeated += boxes.height - boxes.n_unique()
    return Counted(repeated, total)


def tracks_with_gaps(sets: "Sequence[TableSet]") -> Counted:
    """Objects of videos that vanish for some frames between their first and their last one.

    Args:
        sets: tables computed from the label rows.
    """
    gaps = total = 0
    track = ["label_hash", "data_hash", "object_hash"]
    for tables in sets:
        units = _batches(tables, "data_units", ["label_hash", "data_hash", "media"])
        annotations = _batches(tables, "annotations", [*track, "frame"])
        for of_part, files in zip(annotations, units, strict=True):
            videos = files.filter(media="video")
            tracks = (
                of_part.join(videos, on=["label_hash", "data_hash"], how="semi")
                .group_by(track)
                .agg(
                    (pl.max("frame") - pl.min("frame") + 1).alias("span"),
                    pl.n_unique("frame").alias("frames"),
                )
            )
            total += tracks.height
            gaps += tracks.filter(pl.col("frames") < pl.col("span")).height
    return Counted(gaps, total)


def empty_images(sets: "Sequence[TableSet]") -> EmptyImages:
    """Images of label rows that hold neither an object nor a classification.

    Args:
        sets: tables computed from the label rows.
    """
    reviewed = unlabelled = images = 0
    columns = ["label_hash", "label_status", "annotation_task_status", "objects", "frames"]
    for tables in sets:
        placed = _batches(tables, "classifications", ["label_hash"])
        for rows, classified in zip(_batches(tables, "label_rows", columns), placed, strict=True):
            images += int(rows["frames"].sum())
            empty = rows.filter(objects=0).join(classified, on="label_hash", how="anti")
            done = int(empty.filter(_is_done())["frames"].sum())
            reviewed += done
            unlabelled += int(empty["frames"].sum()) - done
    return EmptyImages(reviewed, unlabelled, images)


def _is_done() -> pl.Expr:
    """Rows that are done: by their workflow where they have one, else by their own status."""
    by_task = pl.col("annotation_task_status").str.to_uppercase().is_in(DONE_TASKS)
    by_label = pl.col("label_status").str.to_uppercase().is_in(DONE_LABELS)
    return by_task.fill_null(by_label).fill_null(False)


def _box() -> list[pl.Expr]:
    coordinates = pl.col("coordinates")
    return [
        coordinates.list.get(position, null_on_oob=True).alias(name)
        for position, name in enumerate(("x", "y", "w", "h"))
    ]


def _batches(tables: "TableSet", table: str, columns: list[str]) -> Iterator[pl.DataFrame]:
    for batch in tables.batches(table, columns):
        yield pl.DataFrame(pl.from_arrow(batch))
