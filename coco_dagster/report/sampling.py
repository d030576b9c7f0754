"""Which images are shown of an export that has too many: always the same ones.

The rank of an image follows from its file and its frame alone, so that the images shown of one
export are shown of the next one, too, and any number of them is a fair sample.
"""

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

IMAGE_KEY: Final = ("data_hash", "frame")
_EVERYWHERE: Final = "everywhere"


def image_rank(images: pl.DataFrame) -> pl.Series:
    """A number for each image that looks random: the lowest ranks are shown.

    SplitMix64 (Steele, Lea and Flood, 2014) of the end of the data hash and the frame.

    Args:
        images: `data_hash` and `frame`.
    """
    tails = images.select(
        pl.concat_str(pl.lit("0" * 8), "data_hash")
        .cast(pl.Binary)
        .bin.slice(-8)
        .bin.reinterpret(dtype=pl.UInt64, endianness="little")
    ).to_series()
    frames = images["frame"].cast(pl.UInt64).to_numpy()
    mixed = tails.to_numpy() + (frames + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    return pl.Series("rank", _splitmix64(mixed))


def _splitmix64(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


class Candidates:
    """The images of lowest rank, of all images and of each group, whatever their number.

    Args:
        most: images that are kept of all.
        most_of_group: images that are kept of each group.
    """

    def __init__(self, most: int, most_of_group: int) -> None:
        self._limits = {True: most, False: most_of_group}
        self._kept = pl.DataFrame(
            schema={
                "group": pl.String,
                "data_hash": pl.String,
                "frame": pl.Int64,
                "rank": pl.UInt64,
            }
        )

    def add(self, images: pl.DataFrame) -> None:
        """Consider images, with their group in the column `group`; null: of no group."""
        ranked = images.select(
            pl.col("group").fill_null(_EVERYWHERE), *IMAGE_KEY, image_rank(images)
        )
        together = pl.concat([self._kept, ranked]).sort("rank", *IMAGE_KEY)
        position = pl.int_range(pl.len()).over("group")
        limit = pl.when(pl.col("group") == _EVERYWHERE).then(self._limits[True])
        self._kept = together.filter(position < limit.otherwise(self._limits[False]))

    def choose(self, number: int) -> pl.DataFrame:
        """Keys of at most so many images.

        Up to half of them are taken from the groups in turn, so that each of them is seen; the
        others are a fair sample of all.
        """
        turn = pl.int_range(pl.len()).over("group")
        kept = self._kept.unique(["group", *IMAGE_KEY]).sort("rank", *IMAGE_KEY)
        kept = kept.with_columns(turn.alias("turn"))
        of_groups = kept.filter(pl.col("group") != _EVERYWHERE).sort("turn", "group")
        first = of_groups.unique(IMAGE_KEY, keep="first", maintain_order=True).head(number // 2)
        others = kept.filter(pl.col("group") == _EVERYWHERE)
        both = pl.concat([first, others]).unique(IMAGE_KEY, keep="first", maintain_order=True)
        return both.head(number).select(IMAGE_KEY)
