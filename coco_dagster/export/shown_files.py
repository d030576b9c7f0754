"""Which files the exported label rows of each window show."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

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
    hashes = [pl.Series(_exported_units(part, branches)["data_hash"]).hash() for _, part in parts]
    counts = [of_part.len() for of_part in hashes]
    window_of = np.repeat(np.array([window for window, _ in parts], np.uint32), counts)
    shared = spans_of(pl.DataFrame({"file": pl.concat(hashes), "window": window_of}), "file")[
        "file"
    ]
    if shared.is_empty():
        return pl.DataFrame(schema=_UNITS)
    found: list[pl.DataFrame] = []
    for number, (window, part) in enumerate(parts):
        units = pl.DataFrame(pl.from_arrow(_exported_units(part, branches)))
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


def _exported_units(part: PartSlice, branches: Sequence[str]) -> pa.Table:
    """`label_hash` and `data_hash` of the data units with images of exported label rows."""
    # Of Arrow: what is asked for here takes polars longer than a part has rows for.
    units = part.read("data_units", ["label_hash", "data_hash", "media"])
    files = units.filter(units["media"].is_valid()).select(["label_hash", "data_hash"])
    rows = part.read("label_rows", ["label_hash", "branch_name"])
    branch = rows["branch_name"].fill_null(MAIN_BRANCH)
    if set(branch.unique().to_pylist()).issubset(branches):
        return files
    exported = rows["label_hash"].filter(pc.is_in(branch, pa.array(branches, pa.string())))
    return files.filter(pc.is_in(files["label_hash"], exported.combine_chunks()))
