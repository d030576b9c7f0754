"""Which split each image belongs to."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import numpy as np
import polars as pl

from coco_dagster.coco.profiles import Split

_HASH_RANGE: Final = 2.0**64


def split_numbers(images: pl.DataFrame, splits: Sequence[Split]) -> pl.Series:
    """Position of the split of each image; null where none takes it.

    A split takes data units, never single frames: whatever shows one file stays together, and so
    do the spaces of a data group. A split that names the dataset of a unit takes it. The others
    go by a hash of the unit, so that neither more data nor another order moves a unit.

    Args:
        images: `data_hash`, `unit_hash` (what is hashed: of a space, that of its group) and
            `dataset_title` in export order; the first image of a `data_hash` decides.
        splits: the splits; none takes all images as one.
    """
    if not splits:
        return pl.repeat(0, images.height, dtype=pl.Int16, eager=True).alias("split")
    titles = {title: number for number, split in enumerate(splits) for title in split.datasets}
    units = images.unique("data_hash", keep="first", maintain_order=True).with_columns(
        pl.col("dataset_title")
        .replace_strict(titles, default=None, return_dtype=pl.Int16)
        .alias("named")
    )
    hashed = pl.Series("hashed", _by_share(units["unit_hash"].to_list(), splits), pl.Int16)
    numbers = units.select("data_hash", split=pl.coalesce("named", hashed))
    return images.join(numbers, on="data_hash", how="left", maintain_order="left")["split"]


def _by_share(hashes: Sequence[str], splits: Sequence[Split]) -> list[int | None]:
    """Position of a split for each hash, so often as its share says."""
    shares = np.array([split.share for split in splits])
    if not shares.any():
        return [None] * len(hashes)
    places = [_place(text) for text in hashes]
    # What the rounding of the sum leaves over goes to the last split with a share.
    found = np.searchsorted(np.cumsum(shares), places, side="right")
    numbers: list[int | None] = np.minimum(found, np.flatnonzero(shares)[-1]).tolist()
    return numbers


def _place(text: str) -> float:
    """A hash as a number from 0 up to, not including, 1: the same on every machine."""
    digest = sha256(text.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8]) / _HASH_RANGE
