"""A bounded sample of a COCO file, the same at every look, read without holding the file."""

from collections.abc import Iterator
from typing import Any, Final

import fsspec
import msgspec
import polars as pl

from coco_dagster.coco.published import (
    CocoBlock,
    annotation_facts,
    image_facts,
    read_blocks,
    read_head,
)

_GOLDEN: Final = 0x9E3779B97F4A7C15
_UNIT_STRIDE: Final = 65_537
_KEY: Final = ("unit", "id")

Sample = dict[str, Any]
"""A COCO object: `images`, `annotations`, `categories`, with the keys of its file."""


class CocoSamples:
    """Samples of COCO files, each taken once however many checks look at it.

    Args:
        images: number of images of each file at most.
    """

    def __init__(self, images: int) -> None:
        self.images = images
        self._taken: dict[str, Sample] = {}

    def of(self, location: str) -> Sample:
        """The sample of a file, not to be changed.

        Args:
            location: path or URL of the file.
        """
        if location not in self._taken:
            self._taken[location] = coco_sample(location, self.images)
        return self._taken[location]


def coco_sample(location: str, images: int) -> Sample:
    """Some images of a COCO file with all their annotations.

    Images are chosen by a number made from their id, so that the sample is spread over the file.
    Where a file holds several COCO objects, ids of the sample are made unique.

    Args:
        location: path or URL of a COCO file, of a list of COCO objects, or of a zip of them.
        images: number of images at most.
    """
    chosen = _chosen_images(location, images)
    annotations = _annotations_of(location, chosen)
    with fsspec.open(location, "rb") as stream:
        head = read_head(stream, is_archive=_is_archive(location))
    number_of = {
        (unit, image): number for number, (unit, image) in enumerate(chosen.select(_KEY).rows(), 1)
    }
    return {
        "images": [
            _decoded(line) | {"id": number_of[unit, image]}
            for unit, image, line in chosen.select(*_KEY, "line").iter_rows()
        ],
        "annotations": [
            _decoded(line) | {"id": number, "image_id": number_of[unit, image]}
            for number, (unit, image, line) in enumerate(
                annotations.select("unit", "image_id", "line").iter_rows(), 1
            )
        ],
        "categories": [msgspec.to_builtins(category) for category in head.categories],
    }


def _chosen_images(location: str, most: int) -> pl.DataFrame:
    chosen: pl.DataFrame | None = None
    for block in _blocks(location):
        facts = image_facts(block.images).select(*_KEY, "line")
        ranked = facts.with_columns(_rank().alias("rank"))
        both = ranked if chosen is None else pl.concat([chosen, ranked])
        chosen = both.bottom_k(most, by=["rank", *_KEY])
    if chosen is None:
        return pl.DataFrame(schema={"unit": pl.Int64, "id": pl.Int64, "line": pl.String})
    return chosen.sort(_KEY)


def _rank() -> pl.Expr:
    """A number that scatters neighbouring ids (Fibonacci hashing)."""
    mixed = pl.col("id").cast(pl.UInt64) + pl.col("unit").cast(pl.UInt64) * _UNIT_STRIDE
    return mixed * pl.lit(_GOLDEN, pl.UInt64)


def _annotations_of(location: str, images: pl.DataFrame) -> pl.DataFrame:
    wanted = images.select("unit", pl.col("id").alias("image_id"))
    found = [
        annotation_facts(block.annotations)
        .select("unit", "image_id", "line")
        .join(wanted, on=["unit", "image_id"], how="semi", maintain_order="left")
        for block in _blocks(location)
    ]
    schema = {"unit": pl.Int64, "image_id": pl.Int64, "line": pl.String}
    return pl.concat(found) if found else pl.DataFrame(schema=schema)


def _blocks(location: str) -> Iterator[CocoBlock]:
    with fsspec.open(location, "rb") as stream:
        yield from read_blocks(stream, is_archive=_is_archive(location))


def _is_archive(location: str) -> bool:
    return location.endswith(".zip")


def _decoded(line: str) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(line.rstrip(",\r\n"))
    return decoded
