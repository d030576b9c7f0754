"""What the table of origins tells: counts, tracks, and which images are shown."""

from typing import Final

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from coco_dagster.report.categories import ShownCategories
from coco_dagster.report.published_export import PublishedExport
from coco_dagster.report.sampling import IMAGE_KEY, Candidates

IMAGES_OF_GROUP: Final = 6
"""Images of each category and of each code of a finding that may be shown for its sake."""

_COLUMNS: Final = ("file", "category_id", "data_hash", "frame", "object_hash", "row_sha256")
_MEMBER: Final = r"^(.*\.zip)/"


class LineageSurvey(Struct, frozen=True):
    """Counts over the whole export.

    Attributes:
        annotations: number of annotations of each category.
        images: number of images that show each category.
        objects_per_image: number of annotations → number of images with so many.
        track_lengths: number of frames → number of objects that are annotated on so many.
        shown: keys of the images to show that have annotations (see `sampling.IMAGE_KEY`).
        labelled: hashes of the images that have annotations, ascending (see `image_hashes`).
    """

    annotations: list[int]
    images: list[int]
    objects_per_image: dict[int, int]
    track_lengths: dict[int, int]
    shown: pl.DataFrame
    labelled: NDArray[np.uint64]


def coco_path() -> pl.Expr:
    """Path of the COCO file in the manifest; the table of origins names members of archives."""
    return pl.coalesce(pl.col("file").str.extract(_MEMBER), "file")


def image_hashes(images: pl.DataFrame) -> NDArray[np.uint64]:
    """Hashes that stand for images within one run."""
    return images.select(pl.struct(*IMAGE_KEY)).to_series().hash().to_numpy()


def survey_lineage(
    export: PublishedExport, categories: ShownCategories, most_images: int
) -> LineageSurvey:
    """Read the table of origins once, batch by batch.

    Args:
        export: the export.
        categories: its categories.
        most_images: images that are shown at most.
    """
    positions = _position_frame(categories)
    candidates = Candidates(most_images, IMAGES_OF_GROUP)
    of_images, of_categories, of_tracks = _Counter(), _Counter(), _Counter()
    annotations = np.zeros(len(categories.entries), np.int64)
    for batch in export.lineage(_COLUMNS):
        rows = batch.with_columns(coco_path()).join(
            positions, on=["file", "category_id"], how="left", maintain_order="left"
        )
        annotations += np.bincount(rows["category"].to_numpy(), minlength=annotations.size)
        images = rows.group_by(IMAGE_KEY, maintain_order=True).len()
        of_images.add(image_hashes(images), images["len"].to_numpy())
        shown = rows.select("category", *IMAGE_KEY).unique(maintain_order=True)
        of_categories.add(shown.hash_rows().to_numpy(), shown["category"].to_numpy(), add=False)
        tracks = rows.group_by("row_sha256", "object_hash").len()
        names = tracks.select("row_sha256", "object_hash").hash_rows()
        of_tracks.add(names.to_numpy(), tracks["len"].to_numpy())
        candidates.add(images.select(pl.lit(None, pl.String).alias("group"), *IMAGE_KEY))
        groups = pl.lit("category ") + pl.col("category").cast(pl.String).str.zfill(6)
        candidates.add(shown.select(groups.alias("group"), *IMAGE_KEY))
    for findings in export.findings(["code", *IMAGE_KEY]):
        placed = findings.drop_nulls().unique(maintain_order=True)
        codes = (pl.lit("a finding ") + pl.col("code")).alias("group")
        candidates.add(placed.select(codes, *IMAGE_KEY))
    labelled, per_image = of_images.totals()
    of_category = of_categories.totals()[1]
    return LineageSurvey(
        annotations.tolist(),
        np.bincount(of_category, minlength=annotations.size).tolist(),
        _histogram(per_image),
        _histogram(of_tracks.totals()[1]),
        candidates.choose(most_images),
        labelled,
    )


def _position_frame(categories: ShownCategories) -> pl.DataFrame:
    rows = [(*key, position) for key, position in categories.positions.items()]
    schema = {"file": pl.String, "category_id": pl.Int64, "category": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


class _Counter:
    """Numbers by hash, 16 bytes each, added up over batches."""

    def __init__(self) -> None:
        self._hashes: list[NDArray[np.uint64]] = []
        self._numbers: list[NDArray[np.int64]] = []
        self._adds = True

    def add(
        self, hashes: NDArray[np.uint64], numbers: NDArray[np.int64], *, add: bool = True
    ) -> None:
        """Note the numbers of a batch; `add`: numbers of one hash add up, else they are equal."""
        self._adds = add
        self._hashes.append(hashes)
        self._numbers.append(numbers.astype(np.int64))

    def totals(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Hashes, ascending, and the number of each."""
        hashes = np.concatenate([np.zeros(0, np.uint64), *self._hashes])
        numbers = np.concatenate([np.zeros(0, np.int64), *self._numbers])
        order = np.argsort(hashes, kind="stable")
        hashes, numbers = hashes[order], numbers[order]
        starts = np.flatnonzero(np.diff(hashes, prepend=~hashes[:1]) != 0)
        if not starts.size or not self._adds:
            return hashes[starts], numbers[starts]
        return hashes[starts], np.add.reduceat(numbers, starts)


def _histogram(values: NDArray[np.int64]) -> dict[int, int]:
    numbers, counts = np.unique(values, return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))
