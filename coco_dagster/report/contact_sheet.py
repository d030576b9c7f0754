"""A sheet of annotated images, small enough for an event log that is kept for ever."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from functools import cache, partial
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw

from coco_dagster.report.categories import ShownCategories
from coco_dagster.report.coco_survey import ShownAnnotation, ShownImage
from coco_dagster.report.drawing import DrawnAnnotation, Look, draw_annotations
from coco_dagster.report.embedded_pictures import EmbeddedPictures, picture_format
from coco_dagster.report.figures import figure_of
from coco_dagster.report.fonts import font_for

MOST_BYTES: Final = 28_000
"""Bytes of a sheet; the text that it becomes is a third longer."""

MOST_TILES: Final = 9
"""Images of a sheet: three rows of three, as wide together as Dagster's UI shows them."""

_COLUMNS: Final = 3
_TILE: Final = (236, 177)
_CAPTION: Final = 17
_GAP: Final = 8
_QUALITIES: Final = range(70, 19, -3)
_SMALLER: Final = 0.85
_LOOK: Final = Look(line=1.5, point=2.8, letters=11)
_LETTERS: Final = 11
_MOST_DRAWN: Final = 60
_PAPER: Final = "#ffffff"
_INK: Final = "#4b5563"


def contact_sheet(
    images: Sequence[ShownImage], categories: ShownCategories, pictures: EmbeddedPictures | None
) -> bytes | None:
    """A sheet on which every shape can be seen, as far as a few images show them.

    Args:
        images: images to choose from.
        categories: their categories.
        pictures: pictures of the images; without one an image is drawn on a plain canvas.

    Returns:
        The encoded sheet; None if no image has annotations and a size.
    """
    chosen = telling_images(images, categories, set(pictures.files) if pictures else set())
    if not chosen:
        return None
    tiles = [
        _tile(images[at], categories, pictures.picture(at) if pictures else None) for at in chosen
    ]
    return _encoded(_sheet(tiles))


def telling_images(
    images: Sequence[ShownImage], categories: ShownCategories, with_picture: set[int]
) -> list[int]:
    """Positions of the images that together show the most shapes and categories."""
    candidates = {
        at: {annotation.category for annotation in image.annotations}
        for at, image in enumerate(images)
        if image.annotations and image.coco.width and image.coco.height
    }
    seen: set[int] = set()
    chosen: list[int] = []
    while candidates and len(chosen) < MOST_TILES:
        best = max(
            candidates,
            key=lambda at: _worth(at, images[at], candidates[at], seen, categories, with_picture),
        )
        seen |= candidates.pop(best)
        chosen.append(best)
    return sorted(chosen)


def _worth(
    at: int,
    image: ShownImage,
    shows: set[int],
    seen: set[int],
    categories: ShownCategories,
    with_picture: set[int],
) -> tuple[int, bool, int, int]:
    """New shapes first, then whether it can be looked at, then new categories."""
    shapes, seen_shapes = (
        {categories.entries[category].shape for category in some} for some in (shows, seen)
    )
    is_clear = at in with_picture and len(image.annotations) <= _MOST_DRAWN
    return len(shapes - seen_shapes), is_clear, len(shows - seen), -at


def annotations_by_size(annotations: Sequence[ShownAnnotation]) -> list[ShownAnnotation]:
    """Annotations in the order of drawing: areas, the larger ones first, then points."""

    def layer(annotation: ShownAnnotation) -> tuple[bool, float]:
        _, _, width, height = annotation.coco.bbox
        return bool(annotation.coco.keypoints), -width * height

    return sorted(annotations, key=layer)


def named_annotations(
    annotations: Sequence[ShownAnnotation], categories: ShownCategories
) -> list[DrawnAnnotation]:
    """Annotations to draw, each category named once, at the largest one, with its number."""
    numbers = Counter(annotation.category for annotation in annotations)
    drawn = []
    for annotation in annotations_by_size(annotations)[:_MOST_DRAWN]:
        category = categories.entries[annotation.category]
        number = numbers.pop(annotation.category, 0)
        name = f"{category.name} ({number})" if number > 1 else category.name
        figure = figure_of(annotation.coco, category)
        drawn.append(DrawnAnnotation(figure, category.color, name if number else ""))
    return drawn


def _tile(
    image: ShownImage, categories: ShownCategories, picture: Image.Image | None
) -> Image.Image:
    width, height = image.coco.width or 1, image.coco.height or 1
    scale = min(_TILE[0] / width, _TILE[1] / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    drawn = draw_annotations(
        picture, (width, height), size, named_annotations(image.annotations, categories), _LOOK
    )
    tile = Image.new("RGB", (_TILE[0], _TILE[1] + _CAPTION), _PAPER)
    tile.paste(drawn, ((_TILE[0] - size[0]) // 2, (_TILE[1] - size[1]) // 2))
    title = image.coco.image_title or image.coco.file_name
    frame = f", frame {image.coco.encord.frame}" if image.coco.encord.frame else ""
    draw = ImageDraw.Draw(tile)
    font, text = font_for(title + frame, _LETTERS)
    while text and draw.textlength(text, font) > _TILE[0]:
        text = f"{text[:-4]}..." if len(text) > 4 else ""
    draw.text((_TILE[0] / 2, _TILE[1] + _CAPTION / 2), text, _INK, font, anchor="mm")
    return tile


def _sheet(tiles: Sequence[Image.Image]) -> Image.Image:
    columns = min(_COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    step = (tiles[0].width + _GAP, tiles[0].height + _GAP)
    sheet = Image.new("RGB", (columns * step[0] + _GAP, rows * step[1] + _GAP), _PAPER)
    for position, tile in enumerate(tiles):
        row, column = divmod(position, columns)
        sheet.paste(tile, (_GAP + column * step[0], _GAP + row * step[1]))
    return sheet


def _encoded(sheet: Image.Image) -> bytes:
    """The sheet in the best quality that keeps within the limit; smaller where none does."""
    encoded = cache(partial(_with_quality, sheet))
    if len(encoded(_QUALITIES[0])) <= MOST_BYTES:
        return encoded(_QUALITIES[0])
    if len(encoded(_QUALITIES[-1])) > MOST_BYTES:
        width, height = (round(side * _SMALLER) for side in sheet.size)
        return _encoded(sheet.resize((width, height), Image.Resampling.LANCZOS))
    best = bisect_left(_QUALITIES, True, key=lambda quality: len(encoded(quality)) <= MOST_BYTES)
    return encoded(_QUALITIES[best])


def _with_quality(sheet: Image.Image, quality: int) -> bytes:
    name, _ = picture_format()
    buffer = BytesIO()
    # WebP's last two methods take twice as long for a thirtieth fewer bytes.
    settings = {"method": 4} if name == "WEBP" else {"optimize": True}
    sheet.save(buffer, name, quality=quality, **settings)
    return buffer.getvalue()
