"""What the COCO files tell: statistics of all annotations, and the images that are shown."""

from typing import Final

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from coco_dagster.coco.published import (
    CocoAnnotation,
    CocoBlock,
    CocoImage,
    annotation_facts,
    decode_annotation,
    decode_image,
    image_facts,
)
from coco_dagster.report.answers import AnswerCounter, AttributeAnswers
from coco_dagster.report.box_statistics import BoxStatistics
from coco_dagster.report.categories import ShownCategories
from coco_dagster.report.lineage_survey import LineageSurvey, image_hashes
from coco_dagster.report.published_export import PublishedExport
from coco_dagster.report.sampling import IMAGE_KEY, image_rank

ImageKey = tuple[str, int]
"""Data hash and frame."""

_UNIT_BITS: Final = 40
_UNLABELLED_SHARE: Final = 0.1
_SHOWN_SCHEMA: Final = {
    "data_hash": pl.String,
    "frame": pl.Int64,
    "key": pl.Int64,
    "rank": pl.UInt64,
    "line": pl.String,
}


class ShownAnnotation(Struct, frozen=True):
    """An annotation of an image that is shown; `category` is the position of its category."""

    file: str
    category: int
    coco: CocoAnnotation


class ShownImage(Struct, frozen=True):
    """An image that is shown, with its annotations in the files' order."""

    file: str
    coco: CocoImage
    annotations: list[ShownAnnotation]

    @property
    def key(self) -> ImageKey:
        """What names it in tables."""
        return (self.coco.encord.data_hash, self.coco.encord.frame)


class CocoSurvey(Struct, frozen=True):
    """What was found in all files.

    Attributes:
        boxes: sizes and places of all boxes.
        answers: answers of all annotations and images.
        images: the images that are shown, in the export's order.
    """

    boxes: BoxStatistics
    answers: list[AttributeAnswers]
    images: list[ShownImage]


def survey_coco(
    export: PublishedExport,
    categories: ShownCategories,
    lineage: LineageSurvey,
    most_images: int,
) -> CocoSurvey:
    """Read every COCO file once, block by block.

    Args:
        export: the export.
        categories: its categories.
        lineage: what its table of origins told.
        most_images: images that are shown at most.
    """
    counts = _Counts(len(categories.entries))
    shown = _ShownImages(lineage, most_images)
    for file in export.coco_files:
        reader = _FileReader(file.path, categories, counts, shown)
        for block in export.blocks(file):
            reader.read(block)
    without = export.facts.counts["images"] - lineage.labelled.size
    images = shown.images(without, most_images)
    return CocoSurvey(counts.boxes, counts.answers.answers(), images)


class _Counts:
    """Statistics in the making."""

    def __init__(self, categories: int) -> None:
        self.boxes = BoxStatistics.of_none(categories)
        self.answers = AnswerCounter()
        self.of_images = categories

    def add(self, annotations: pl.DataFrame, sizes: NDArray[np.int64]) -> None:
        """Count annotations; `sizes`: width and height of their images."""
        boxes = annotations.select("x", "y", "w", "h").to_numpy()
        self.boxes.add(annotations["category"].to_numpy(), boxes, sizes)
        self.answers.add(annotations.select("category", "classifications"))

    def add_images(self, images: pl.DataFrame) -> None:
        """Count the classifications of images."""
        owners = images.select(pl.lit(self.of_images).alias("category"), "classifications")
        self.answers.add(owners)


class _ShownImages:
    """Lines of the images that are shown, and of images without annotations that may be."""

    def __init__(self, lineage: LineageSurvey, most_images: int) -> None:
        self._wanted = lineage.shown
        self._labelled = lineage.labelled
        self._most = most_images
        self._images: dict[ImageKey, ShownImage] = {}
        self._unlabelled = pl.DataFrame(schema={"file": pl.String, **_SHOWN_SCHEMA})

    def add_images(self, file: str, images: pl.DataFrame) -> dict[int, ShownImage]:
        """Look for images to show; return those with annotations, by key within their file."""
        rows = images.join(self._wanted, on=IMAGE_KEY, how="semi", maintain_order="left")
        found = {}
        for key, line in rows.select("key", "line").iter_rows():
            image = ShownImage(file, decode_image(line), [])
            found[key] = self._images.setdefault(image.key, image)
        self._consider_unlabelled(file, images)
        return found

    def _consider_unlabelled(self, file: str, images: pl.DataFrame) -> None:
        rows = images.filter(~pl.Series(_is_among(image_hashes(images), self._labelled)))
        ranked = rows.select(
            pl.lit(file).alias("file"), *IMAGE_KEY, "key", image_rank(rows), "line"
        )
        both = pl.concat([self._unlabelled, ranked]).unique(IMAGE_KEY, keep="first")
        self._unlabelled = both.sort("rank", *IMAGE_KEY).head(self._most)

    def images(self, without_annotations: int, most: int) -> list[ShownImage]:
        """The images that are shown, in the order of the export.

        Args:
            without_annotations: number of images that have none.
            most: number of images to show.
        """
        labelled = list(self._images.values())
        room = max(most - len(labelled), round(most * _UNLABELLED_SHARE))
        # What has a finding is shown for its sake, with annotations or without.
        others = self._unlabelled.join(self._wanted, on=IMAGE_KEY, how="anti")
        rows = others.sort("rank", *IMAGE_KEY).head(min(room, without_annotations))
        unlabelled = [
            ShownImage(file, decode_image(line), [])
            for file, line in rows.select("file", "line").iter_rows()
        ]
        chosen = labelled[: most - len(unlabelled)] + unlabelled
        return sorted(chosen, key=lambda image: (image.file, image.coco.id, image.key))


def _is_among(hashes: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which hashes are known; the known ones are ascending."""
    if not known.size:
        return np.zeros(hashes.size, np.bool_)
    place = np.minimum(np.searchsorted(known, hashes), known.size - 1)
    return np.asarray(known[place] == hashes)


class _FileReader:
    """Reads the blocks of one file."""

    def __init__(
        self, file: str, categories: ShownCategories, counts: _Counts, shown: _ShownImages
    ) -> None:
        ids = {number: at for (path, number), at in categories.positions.items() if path == file}
        self._file = file
        self._positions = pl.DataFrame(
            {"category_id": list(ids), "category": list(ids.values())},
            schema={"category_id": pl.Int64, "category": pl.Int64},
        )
        self._counts = counts
        self._shown = shown
        self._keys = np.zeros(0, np.int64)
        self._sizes = np.zeros((0, 2), np.int64)
        self._shown_here: dict[int, ShownImage] = {}

    def read(self, block: CocoBlock) -> None:
        """Read the next block."""
        if block.images.height:
            self._read_images(image_facts(block.images))
        if block.annotations.height:
            self._read_annotations(annotation_facts(block.annotations))

    def _read_images(self, facts: pl.DataFrame) -> None:
        images = facts.with_columns(_key("id"))
        keys = images["key"].to_numpy()
        # Annotations refer to images of their own COCO object, and objects follow one another.
        kept = self._keys >= (keys[0] >> _UNIT_BITS) << _UNIT_BITS
        self._keys = np.concatenate([self._keys[kept], keys])
        sizes = images.select("width", "height").to_numpy()
        self._sizes = np.concatenate([self._sizes[kept], sizes])
        self._shown_here |= self._shown.add_images(self._file, images)
        self._counts.add_images(images)

    def _read_annotations(self, facts: pl.DataFrame) -> None:
        annotations = facts.with_columns(_key("image_id")).join(
            self._positions, on="category_id", how="left", maintain_order="left"
        )
        keys = annotations["key"].to_numpy()
        self._counts.add(annotations, self._sizes[np.searchsorted(self._keys, keys)])
        wanted = pl.Series(list(self._shown_here), dtype=pl.Int64)
        rows = annotations.filter(pl.col("key").is_in(wanted.implode()))
        for key, category, line in rows.select("key", "category", "line").iter_rows():
            annotation = ShownAnnotation(self._file, category, decode_annotation(line))
            self._shown_here[key].annotations.append(annotation)


def _key(column: str) -> pl.Expr:
    """Number of an image that is its own within a file, ascending in the file's order."""
    return (pl.col("unit") * (1 << _UNIT_BITS) + pl.col(column)).alias("key")
