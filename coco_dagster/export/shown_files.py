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
    parts = [(number, part) for number, window in enumerate(windows) for part in window]
    files = [_exported_units(part, branches)["data_hash"].hash() for _, part in parts]
    counts = [of_part.len() for of_part in files]
    numbers = np.repeat(np.array([number for number, _ in parts], np.uint32), counts)
    # Eight bytes a file; names follow where two hashes are equal.
    suspects = spans_of(pl.DataFrame({"file": pl.concat(files), "window": numbers}), "file")
    found = [pl.DataFrame(schema=_UNITS)]
    if suspects.height:
        of_suspects = suspects["file"].implode()
        for number, (window, part) in enumerate(parts):
            units = _exported_units(part, branches)
            chosen = units.filter(units["data_hash"].hash().is_in(of_suspects))
            place = (pl.lit(window, pl.UInt32), pl.lit(number, pl.UInt32))
            found.append(chosen.with_columns(place[0].alias("window"), place[1].alias("part")))
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
