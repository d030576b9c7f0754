"""Names beside what they name: a tag in the colour of its annotation."""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from PIL import Image, ImageDraw

from coco_dagster.report.fonts import font_for

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


class NameTag(Struct, frozen=True):
    """A name, the colour behind it, and the box of what it names, in pixels of the picture."""

    text: str
    color: tuple[int, int, int]
    anchor: Box


def write_names(picture: Image.Image, tags: Sequence[NameTag], letters: int) -> None:
    """Write names into a picture, none on another; one that finds no place is left out.

    Args:
        picture: the picture.
        tags: the names, the most important ones first.
        letters: height of the letters in pixels.
    """
    draw = ImageDraw.Draw(picture)
    taken: list[Box] = []
    padding = max(2, letters // 4)
    for tag in tags:
        font, text = font_for(tag.text, letters)
        width = round(draw.textlength(text, font)) + 2 * padding
        size = (min(width, picture.width), letters + 2 * padding)
        place = next(
            (box for box in _places(tag.anchor, size, picture.size) if not _hits(box, taken)), None
        )
        if place is None:
            continue
        taken.append(place)
        draw.rounded_rectangle(place, radius=padding, fill=tag.color)
        draw.text(
            (place[0] + padding, (place[1] + place[3]) / 2),
            text,
            ink_on(tag.color),
            font,
            anchor="lm",
        )


def ink_on(color: tuple[int, int, int]) -> str:
    """Black or white, whichever is read better on a colour (relative luminance of WCAG 2)."""
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in color)
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "black" if luminance > 0.179 else "white"


def _places(anchor: Box, size: tuple[int, int], picture: tuple[int, int]) -> Iterator[Box]:
    """Where a tag may stand: above, below, inside, beside; always within the picture."""
    left, top, right, bottom = anchor
    width, height = size
    corners = (
        (left, top - height - 1),
        (left, bottom + 1),
        (left, top),
        (right - width, top - height - 1),
        (right - width, bottom + 1),
        (right + 2, top),
        (left - width - 2, top),
    )
    for x, y in corners:
        x0 = min(max(x, 0), picture[0] - width)
        y0 = min(max(y, 0), picture[1] - height - 1)
        yield (x0, y0, x0 + width, y0 + height)


def _hits(box: Box, others: Sequence[Box]) -> bool:
    return any(
        box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
        for other in others
    )
