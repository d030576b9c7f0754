"""One part of an export: rendered without ids first, numbered when all parts are counted.

Ids depend on how many images, annotations and tracks stand before them. A part is therefore
rendered with numbers of its own, from 0; adding the counts of the parts before it makes the ids.
Where every data unit is a COCO object of its own, numbers count from the unit's first one on, and
nothing stands before them.
"""

from collections.abc import Mapping

import polars as pl
import pyarrow as pa
from msgspec import Struct

from coco_dagster.coco.annotations import annotation_rows
from coco_dagster.coco.attributes import AttributeTemplates
from coco_dagster.coco.categories import Categories, coco_categories
from coco_dagster.coco.finding_rows import finding_rows, left_out_findings, lost_objects
from coco_dagster.coco.images import image_rows
from coco_dagster.coco.json_text import member
from coco_dagster.coco.layouts import ExportPlan, export_plan
from coco_dagster.coco.losses import REASONS, LeftOut
from coco_dagster.coco.profiles import ExportSettings, Profile
from coco_dagster.coco.selection import select_rows
from coco_dagster.tables.schemas import FINDINGS


class Rendering(Struct, frozen=True):
    """What all parts of an export share.

    Attributes:
        settings: what is exported, and how.
        plan: files of the export.
        categories: categories of each content of the plan.
        templates: how attributes are written.
    """

    settings: ExportSettings
    plan: ExportPlan
    categories: tuple[Categories, ...]
    templates: AttributeTemplates

    @classmethod
    def of(cls, ontology: Mapping[str, pa.Table], settings: ExportSettings) -> "Rendering":
        """Prepare a rendering from the ontology tables."""
        style = settings.profile.classification_style
        return cls(
            settings,
            export_plan(settings),
            categories_of_contents(ontology, settings),
            AttributeTemplates.from_tables(ontology, style),
        )


def categories_of_contents(
    ontology: Mapping[str, pa.Table], settings: ExportSettings
) -> tuple[Categories, ...]:
    """Categories of each content of an export's plan.

    Args:
        ontology: the ontology tables.
        settings: what is exported, and how.
    """
    profile = settings.profile
    return tuple(
        coco_categories(
            ontology,
            content.shapes,
            profile.first_category_id,
            unique_names=profile.category_names == "unique",
        )
        for content in export_plan(settings).contents
    )


class RenderedPart(Struct, frozen=True):
    """A part without ids.

    Attributes:
        plan: files of the export.
        images: one row per image, in order (see `images.ImageRows`).
        annotations: one row per annotation, in order (see `annotations.AnnotationRows`).
        findings: table of the schema `FINDINGS`.
        losses: findings on objects that the settings want; none where losses do not matter.
    """

    plan: ExportPlan
    images: pl.DataFrame
    annotations: pl.DataFrame
    findings: pa.Table
    losses: pl.DataFrame

    @property
    def tracks(self) -> int:
        """Number of tracks, where they are counted through."""
        return _count(self.annotations["track"])

    @property
    def units(self) -> int:
        """Number of data units that are COCO objects of their own."""
        return _count(self.images["unit"]) if self.plan.form.by_unit else 0

    @property
    def videos(self) -> int:
        """Number of videos, where frames belong to videos."""
        return _count(self.images["video"]) if self.plan.form.videos else 0


class FirstIds(Struct, frozen=True):
    """Ids of the first image, annotation, track and video of a part."""

    image: int
    annotation: int
    track: int
    video: int = 0


def render_part(tables: Mapping[str, pa.Table], rendering: Rendering) -> RenderedPart:
    """Render the label rows of one part.

    Args:
        tables: the normalised tables of the part.
        rendering: what all parts share.
    """
    settings, plan = rendering.settings, rendering.plan
    selection = select_rows(tables, settings.branches)
    rows, templates, profile = selection.label_rows, rendering.templates, settings.profile
    images = image_rows(tables, rows, templates, profile, plan.form, settings.splits)
    annotations = annotation_rows(
        tables, rows, images, rendering.categories, templates, profile, plan
    )
    findings = selection.findings
    if not (images.left_out.is_empty() and annotations.left_out.is_empty()):
        unsized = images.left_out.filter(pl.col("left_out") == LeftOut.IMAGE_WITHOUT_SIZE)
        added = [*left_out_findings(annotations.left_out), _image_notes(unsized)]
        findings = pa.concat_tables([findings, pl.concat(added).to_arrow().cast(FINDINGS)])
    losses = _losses(findings, images.left_out, profile)
    return RenderedPart(plan, images.images, annotations.annotations, findings, losses)


def _losses(findings: pa.Table, images: pl.DataFrame, profile: Profile) -> pl.DataFrame:
    """Objects that the settings want and the export lacks, where the profile fails on losses."""
    rows = pl.DataFrame(pl.from_arrow(findings))
    if profile.on_loss == "skip":
        return rows.clear()
    unwanted = images.filter(pl.col("left_out") == LeftOut.IN_NO_SPLIT)
    return lost_objects(rows).join(unwanted, on=["data_hash", "frame"], how="anti")


def _image_notes(images: pl.DataFrame) -> pl.DataFrame:
    code = REASONS[LeftOut.IMAGE_WITHOUT_SIZE].code
    message = "The image is left out: its width and height are unknown."
    return finding_rows(images, code, "note", message)


def _count(numbers: pl.Series) -> int:
    highest = numbers.max()
    return 0 if highest is None else int(highest) + 1  # type: ignore[arg-type]


def video_lines(part: RenderedPart, first: FirstIds, split: int) -> pl.Series:
    """JSON objects of the videos of a split, each after a comma and a line break."""
    videos = part.images.filter(pl.col("split") == split).unique(
        "video", keep="first", maintain_order=True
    )
    return videos.select(
        pl.concat_str(
            pl.lit(',\n{"id":'),
            (pl.col("video").cast(pl.Int64) + first.video).cast(pl.String),
            member("video_hash", "name"),
            member("width", "width"),
            member("height", "height"),
            pl.lit("}"),
        ).alias("line")
    )["line"]


def image_lines(part: RenderedPart, first: FirstIds, split: int = 0) -> pl.Series:
    """JSON objects of the images of a split, each after a comma and a line break."""
    images = _where(part.images, "split", split, len(part.plan.splits))
    return images.select(
        pl.concat_str(
            pl.lit(',\n{"id":'),
            (pl.col("image_number") + first.image).cast(pl.String),
            *_video_members(part, first),
            pl.col("image_json"),
            pl.lit("}"),
        ).alias("line")
    )["line"]


def _video_members(part: RenderedPart, first: FirstIds) -> list[pl.Expr]:
    """Members that say which frame of which video an image is."""
    if not part.plan.form.videos:
        return []
    return [
        pl.lit(',"video_id":'),
        (pl.col("video").cast(pl.Int64) + first.video).cast(pl.String),
        pl.lit(',"frame_id":'),
        pl.col("frame_number").cast(pl.String),
    ]


def annotation_lines(part: RenderedPart, first: FirstIds, file: int = 0) -> pl.Series:
    """JSON objects of the annotations of a file, each after a comma and a line break."""
    annotations = _where(part.annotations, "file", file, len(part.plan.files))
    track = (pl.col("track") + first.track).cast(pl.String)
    instance = []
    if part.plan.form.videos:
        video = (pl.col("video").cast(pl.Int64) + first.video).cast(pl.String)
        instance = [pl.lit(',"video_id":'), video, pl.lit(',"instance_id":'), track]
    return annotations.select(
        pl.concat_str(
            pl.lit(',\n{"id":'),
            (pl.col("number") + first.annotation).cast(pl.String),
            pl.lit(',"image_id":'),
            (pl.col("image_number") + first.image).cast(pl.String),
            *instance,
            pl.col("body_json"),
            pl.lit(',"attributes":{"track_id":'),
            track,
            pl.col("attributes_json"),
        ).alias("line")
    )["line"]


def _where(rows: pl.DataFrame, column: str, value: int, values: int) -> pl.DataFrame:
    """Rows with a value, of which there may be only one."""
    return rows if values == 1 else rows.filter(pl.col(column) == value)


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
