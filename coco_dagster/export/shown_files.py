"""Which files the exported label rows of each window show."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from coco_dagster.coco.selection import MAIN_BRANCH
from coco_dagster.export.places import PartSlice, Window

_UNITS: Final = {
    "label_hash": pl.String,
    "data_hash": pl.String,
    "window": pl.UInt32,
    "part": pl.UInt32,
}


def units_of_shared_files(windows: Sequence[Window], branches: Sequence[str]) -> pl.DataFrame:
    """Data units with images of exported label rows, if other windows show the same file too.

    Args:
        windows: all label rows.
        branches: branches that are exported; a row without one belongs to `main`.

    Returns:
        `label_hash`, `data_hash`, the number of the `window`, and that of the `part` among the
        parts of all windows.
    """
    parts = [(window, part) for window, of_window in enumerate(windows) for part in of_window]
    # Eight bytes a file; names are read where two hashes are equal.
    hashes = [_exported_units(part, branches)["data_hash"].hash() for _, part in parts]
    counts = [of_part.len() for of_part in hashes]
    window_of = np.repeat(np.array([window for window, _ in parts], np.uint32), counts)
    shared = spans_of(pl.DataFrame({"file": pl.concat(hashes), "window": window_of}), "file")[
        "file"
    ]
    if shared.is_empty():
        return pl.DataFrame(schema=_UNITS)
    found: list[pl.DataFrame] = []
    for number, (window, part) in enumerate(parts):
        units = _exported_units(part, branches)
        chosen = units.filter(units["data_hash"].hash().is_in(shared.implode()))
        place = {"window": pl.lit(window, pl.UInt32), "part": pl.lit(number, pl.UInt32)}
        found.append(chosen.with_columns(**place))
    units = pl.concat(found)
    return units.join(spans_of(units, "data_hash"), on="data_hash", how="semi")


def spans_of(files: pl.DataFrame, name: str) -> pl.DataFrame:
    """Files that several windows show, with the `first` and the `last` of these.

    Args:
        files: the files that each `window` shows.
        name: column with what names a file.
    """
    return (
        files.filter(pl.col(name).is_duplicated())
        .group_by(name)
        .agg(pl.min("window").alias("first"), pl.max("window").alias("last"))
        .filter(pl.col("first") < pl.col("last"))
    )


def _exported_units(part: PartSlice, branches: Sequence[str]) -> pl.DataFrame:
    units = part.read("data_units", ["label_hash", "data_hash", "media"])
    files = pl.DataFrame(pl.from_arrow(units)).filter(pl.col("media").is_not_null()).drop("media")
    names = part.read("label_rows", ["branch_name"])["branch_name"].unique().to_pylist()
    if {MAIN_BRANCH if name is None else name for name in names}.issubset(branches):
        return files
    rows = pl.DataFrame(pl.from_arrow(part.read("label_rows", ["label_hash", "branch_name"])))
    is_exported = pl.col("branch_name").fill_null(MAIN_BRANCH).is_in(list(branches))
    return files.join(rows.filter(is_exported), on="label_hash", how="semi")
