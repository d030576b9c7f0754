"""JSON paths of objects that stand in the table `annotations`."""

import polars as pl
import pyarrow as pa

_FRAME = ("label_hash", "data_hash", "frame")


def with_paths(objects: pl.DataFrame, frames: pa.Table) -> pl.DataFrame:
    """Objects with their JSON path within the label row, in the column `path`.

    Args:
        objects: `label_hash`, `data_hash`, `frame` and `annotation_index` of annotations.
        frames: the table `frames` of the same label rows.
    """
    if objects.is_empty():
        return objects.with_columns(pl.lit(None, pl.String).alias("path"))
    labels = pl.DataFrame(pl.from_arrow(frames.select([*_FRAME, "path"])))
    place = pl.format("{}.objects[{}]", "path", "annotation_index")
    joined = objects.join(labels, on=_FRAME, how="left", maintain_order="left")
    return joined.with_columns(place.alias("path"))
