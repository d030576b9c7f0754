"""One image of an export, or one annotation of it, as a picture."""

from collections.abc import Sequence
from typing import Any, Final

import polars as pl
from msgspec import Struct
from PIL import Image

from coco_dagster.coco.published import (
    CocoImage,
    annotation_facts,
    decode_annotation,
    decode_image,
    image_facts,
)
from coco_dagster.errors import SettingsError
from coco_dagster.report.categories import ShownCategories, read_categories
from coco_dagster.report.coco_survey import ImageKey, ShownAnnotation
from coco_dagster.report.contact_sheet import annotations_by_size
from coco_dagster.report.drawing import DrawnAnnotation, Look, draw_annotations
from coco_dagster.report.figures import figure_of
from coco_dagster.report.pictures.finding import PictureFolder, UnreadablePictureError
from coco_dagster.report.pictures.reading import read_picture
from coco_dagster.report.published_export import PublishedExport, PublishedFile

_LARGEST_ENLARGEMENT: Final = 4
_LOOK: Final = Look(line=2, point=4.5, letters=14)
_SIDE_OF_LOOK: Final = 800
_MARGIN: Final = 1.05


class Preview(Struct, frozen=True):
    """A drawn image.

    Attributes:
        picture: the drawing.
        image: what it shows.
        annotations: number of annotations on it.
        without_picture: why it is drawn on a plain canvas; None where it is not.
    """

    picture: Image.Image
    image: CocoImage
    annotations: int
    without_picture: str | None


class _Wanted(Struct, frozen=True):
    """What to draw: an image, and maybe but one annotation of it, by its file and id."""

    image_id: int
    unit: str | None
    annotation: tuple[str, int] | None = None


def preview_image(
    export: PublishedExport, image_id: int, unit: str | None, pictures: str | None, side: int
) -> Preview:
    """An image with all of its annotations.

    Args:
        export: the export.
        image_id: id of the image.
        unit: data hash of its data unit, where ids start afresh in each.
        pictures: folder or fsspec URL of the pictures.
        side: longer side of the drawing in pixels, at most.

    Raises:
        SettingsError: the export has no such image, or several, or there is no folder of pictures.
    """
    return _preview(export, _Wanted(image_id, unit), pictures, side)


def preview_annotation(
    export: PublishedExport, annotation_id: int, unit: str | None, pictures: str | None, side: int
) -> Preview:
    """An annotation on its image, without the others.

    Args:
        export: the export.
        annotation_id: id of the annotation.
        unit: data hash of its data unit, where ids start afresh in each.
        pictures: folder or fsspec URL of the pictures.
        side: longer side of the drawing in pixels, at most.

    Raises:
        SettingsError: the export has no such annotation, or several, or there is no folder of
            pictures.
    """
    is_wanted = pl.col("annotation_id") == annotation_id
    if unit is not None:
        is_wanted &= pl.col("data_hash") == unit
    columns = ["file", "annotation_id", "image_id", "data_hash"]
    rows = [row for batch in export.lineage(columns) for row in batch.filter(is_wanted).iter_rows()]
    found = {(file, data_hash): image_id for file, _, image_id, data_hash in rows}
    file, data_hash = _only(list(found), f"annotation {annotation_id}")
    # The table of origins names the members of archives, the manifest names the archives.
    path = next(f.path for f in export.coco_files if f"{file}/".startswith(f"{f.path}/"))
    wanted = _Wanted(found[file, data_hash], data_hash, (path, annotation_id))
    return _preview(export, wanted, pictures, side)


def _preview(export: PublishedExport, wanted: _Wanted, pictures: str | None, side: int) -> Preview:
    folder = None if pictures is None else PictureFolder(pictures)
    categories = read_categories(export)
    images: dict[ImageKey, CocoImage] = {}
    annotations: list[ShownAnnotation] = []
    for file in export.coco_files:
        reader = _FileReader(file, wanted, categories)
        reader.read(export)
        images |= reader.images
        annotations += reader.annotations
    image = _only(list(images.values()), f"image {wanted.image_id}")
    picture, problem = _picture(folder, image, side)
    size = _image_size(image, annotations)
    scale = min(side / max(size), _LARGEST_ENLARGEMENT)
    target = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    drawn = [_drawn(annotation, categories) for annotation in annotations_by_size(annotations)]
    drawing = draw_annotations(picture, size, target, drawn, _look(max(target)))
    return Preview(drawing, image, len(annotations), problem)


class _FileReader:
    """Looks for an image and its annotations in one file."""

    def __init__(self, file: PublishedFile, wanted: _Wanted, categories: ShownCategories) -> None:
        self._file = file
        self._wanted = wanted
        self._categories = categories
        self._units: set[int] = set()
        self.images: dict[ImageKey, CocoImage] = {}
        self.annotations: list[ShownAnnotation] = []

    def read(self, export: PublishedExport) -> None:
        """Read the file."""
        for block in export.blocks(self._file):
            if block.images.height:
                self._read_images(image_facts(block.images))
            if block.annotations.height and self._units:
                self._read_annotations(annotation_facts(block.annotations))

    def _read_images(self, facts: pl.DataFrame) -> None:
        is_wanted = pl.col("id") == self._wanted.image_id
        if self._wanted.unit is not None:
            is_wanted &= pl.col("data_hash") == self._wanted.unit
        for unit, line in facts.filter(is_wanted).select("unit", "line").iter_rows():
            image = decode_image(line)
            self._units.add(unit)
            self.images[image.encord.data_hash, image.encord.frame] = image

    def _read_annotations(self, facts: pl.DataFrame) -> None:
        is_wanted = pl.col("image_id") == self._wanted.image_id
        rows = facts.filter(is_wanted & pl.col("unit").is_in(list(self._units)))
        for number, line in rows.select("category_id", "line").iter_rows():
            annotation = decode_annotation(line)
            place = (self._file.path, annotation.id)
            if self._wanted.annotation in (None, place):
                category = self._categories.positions[self._file.path, number]
                self.annotations.append(ShownAnnotation(self._file.path, category, annotation))


def _only(found: Sequence[Any], what: str) -> Any:
    if not found:
        raise SettingsError(f"The export has no {what}; `images` and `annotations` list the ids.")
    if len(found) > 1:
        raise SettingsError(
            f"The export has more than one {what}, as ids start afresh in each data unit; name the "
            "data unit too, by its data hash."
        )
    return found[0]


def _picture(
    folder: PictureFolder | None, image: CocoImage, side: int
) -> tuple[Image.Image | None, str | None]:
    if folder is None:
        return None, "no folder of pictures was named"
    file = folder.find([image]).get(0)
    if file is None:
        return None, "the folder of pictures has none that can be told to be it"
    try:
        with folder.open(file) as stream:
            return read_picture(stream, file, (image.width, image.height), side), None
    except UnreadablePictureError as error:
        return None, f"of its picture {file.path}, {error}"


def _image_size(image: CocoImage, annotations: Sequence[ShownAnnotation]) -> tuple[int, int]:
    """Width and height of an image; where they are not known, room for its annotations."""
    if image.width and image.height:
        return image.width, image.height
    ends = [(x + w, y + h) for x, y, w, h in (one.coco.bbox for one in annotations)]
    right, bottom = (max((end[side] for end in ends), default=100.0) for side in (0, 1))
    return max(1, round(right * _MARGIN)), max(1, round(bottom * _MARGIN))


def _look(side: int) -> Look:
    """Lines and letters that are seen at the size of the drawing."""
    factor = max(1.0, side / _SIDE_OF_LOOK)
    return Look(_LOOK.line * factor, _LOOK.point * factor, round(_LOOK.letters * factor))


def _drawn(annotation: ShownAnnotation, categories: ShownCategories) -> DrawnAnnotation:
    category = categories.entries[annotation.category]
    return DrawnAnnotation(figure_of(annotation.coco, category), category.color, category.name)
