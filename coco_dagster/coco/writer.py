"""One part of an export: rendered without ids first, numbered when all parts are counted.

Ids depend on how many images, annotations and tracks stand before them. A part is therefore
rendered with orders of its own, from 0; adding the counts of the parts before it makes the ids.
"""

from collections.abc import Mapping

import polars as pl
import pyarrow as pa
from msgspec import Struct

from coco_dagster.coco.annotations import annotation_rows
from coco_dagster.coco.attributes import AttributeTemplates
from coco_dagster.coco.categories import Categories, coco_categories
from coco_dagster.coco.images import image_rows
from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.coco.selection import select_rows


class Rendering(Struct, frozen=True):
    """What all parts of an export share."""

    settings: ExportSettings
    categories: Categories
    templates: AttributeTemplates

    @classmethod
    def of(cls, ontology: Mapping[str, pa.Table], settings: ExportSettings) -> "Rendering":
        """Prepare a rendering from the ontology tables."""
        style = settings.profile.classification_style
        templates = AttributeTemplates.from_tables(ontology, style)
        return cls(settings, coco_categories(ontology), templates)


class RenderedPart(Struct, frozen=True):
    """A part without ids.

    Attributes:
        images: one row per image, in order (see `images.image_rows`).
        annotations: one row per annotation, in order (see `annotations.annotation_rows`), with
            the keys of its image and the digest of its label row.
        findings: table of the schema `FINDINGS`.
    """

    images: pl.DataFrame
    annotations: pl.DataFrame
    findings: pa.Table

    @property
    def tracks(self) -> int:
        """Number of tracks."""
        highest = self.annotations["track"].max()
        return 0 if highest is None else int(highest) + 1  # type: ignore[arg-type]


class FirstIds(Struct, frozen=True):
    """Ids of the first image, annotation and track of a part."""

    image: int
    annotation: int
    track: int


def render_part(tables: Mapping[str, pa.Table], rendering: Rendering) -> RenderedPart:
    """Render the label rows of one part.

    Args:
        tables: the normalised tables of the part.
        rendering: what all parts share.
    """
    settings = rendering.settings
    selection = select_rows(tables, settings.branches)
    rows = selection.label_rows
    images = image_rows(tables, rows, rendering.templates, settings.profile)
    annotations = annotation_rows(
        tables, rows, images, rendering.categories, rendering.templates, settings.profile
    )
    of_image = images.select("image", "data_hash", "space", "frame")
    annotations = annotations.join(of_image, on="image", how="left", maintain_order="left").join(
        rows.select("label_hash", "row_sha256"), on="label_hash", how="left", maintain_order="left"
    )
    return RenderedPart(images, annotations, selection.findings)


def image_lines(part: RenderedPart, first: FirstIds) -> pl.Series:
    """JSON objects of the images of a part, each after a comma and a line break."""
    return part.images.select(
        pl.concat_str(
            pl.lit(',\n{"id":'),
            (pl.col("image").cast(pl.Int64) + first.image).cast(pl.String),
            pl.col("image_json"),
            pl.lit("}"),
        ).alias("line")
    )["line"]


def annotation_lines(part: RenderedPart, first: FirstIds) -> pl.Series:
    """JSON objects of the annotations of a part, each after a comma and a line break."""
    numbers = pl.int_range(pl.len(), dtype=pl.Int64)
    return part.annotations.select(
        pl.concat_str(
            pl.lit(',\n{"id":'),
            (numbers + first.annotation).cast(pl.String),
            pl.lit(',"image_id":'),
            (pl.col("image").cast(pl.Int64) + first.image).cast(pl.String),
            pl.col("body_json"),
            (pl.col("track") + first.track).cast(pl.String),
            pl.col("attributes_json"),
        ).alias("line")
    )["line"]


def text_buffer(lines: pl.Series) -> pa.Buffer:
    """The bytes of all lines in a row."""
    array = lines.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = array.buffers()
    if data is None or not len(array):
        return pa.py_buffer(b"")
    width = pa.types.is_large_string(array.type)
    ends = memoryview(offsets).cast("q" if width else "i")
    start, stop = ends[array.offset], ends[array.offset + len(array)]
    return data.slice(start, stop - start)
