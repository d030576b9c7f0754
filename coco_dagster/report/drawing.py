"""Annotations drawn on their image with Pillow.

Areas and lines are drawn at a multiple of the size and scaled down, which smooths their edges.
Names are written last, at the final size.
"""

from collections.abc import Sequence
from math import ceil, floor
from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct
from PIL import Image, ImageColor, ImageDraw, ImageFilter
from pycocotools import mask as coco_mask

from coco_dagster.report.figures import Figure
from coco_dagster.report.name_tags import NameTag, write_names

Color = tuple[int, int, int]

_SMOOTHING: Final = 3
_FILL_SHARE: Final = 0.28
_CASING: Final = (0, 0, 0, 110)
_CANVAS: Final = (229, 231, 235)
_CANVAS_LINES: Final = (215, 218, 224)
_LARGEST_MASK: Final = 10**8
_VISIBLE: Final = 2
_HOLLOW_SHARE: Final = 0.6
_TRIANGLE: Final = 6
_MARGIN: Final = 24


class DrawnAnnotation(Struct, frozen=True):
    """An annotation to draw: what, in which colour (`#RRGGBB`), and the name to write at it."""

    figure: Figure
    color: str
    name: str = ""


class Look(Struct, frozen=True):
    """Sizes in pixels of the finished picture: of lines, points and letters."""

    line: float = 2.0
    point: float = 4.0
    letters: int = 13


class _Pen(NamedTuple):
    """Where and how large to draw: pixels of the drawing for one pixel of the image."""

    draw: ImageDraw.ImageDraw
    scale: float
    line: float
    point: float


def plain_canvas(size: tuple[int, int]) -> Image.Image:
    """What stands in for a picture that is not at hand: a grey sheet, crossed out thinly."""
    canvas = Image.new("RGB", size, _CANVAS)
    draw = ImageDraw.Draw(canvas)
    width, height = size
    draw.line([(0, 0), (width, height)], _CANVAS_LINES)
    draw.line([(0, height), (width, 0)], _CANVAS_LINES)
    return canvas


def draw_annotations(
    picture: Image.Image | None,
    image_size: tuple[int, int],
    size: tuple[int, int],
    annotations: Sequence[DrawnAnnotation],
    look: Look,
) -> Image.Image:
    """An image with its annotations.

    Args:
        picture: the image at any size; None draws on a plain canvas.
        image_size: width and height of the image in pixels, in which annotations are given.
        size: width and height of the result in pixels.
        annotations: what to draw, the later ones above.
        look: sizes of lines and letters.
    """
    large = (size[0] * _SMOOTHING, size[1] * _SMOOTHING)
    sheet = plain_canvas(large) if picture is None else picture.convert("RGB").resize(large)
    scale = large[0] / max(image_size[0], 1)
    draw = ImageDraw.Draw(sheet, "RGBA")
    pen = _Pen(draw, scale, look.line * _SMOOTHING, look.point * _SMOOTHING)
    for annotation in annotations:
        _fill(sheet, annotation, scale)
    for annotation in annotations:
        _outline(sheet, annotation, pen)
    finished = sheet.reduce(_SMOOTHING)
    ratio = size[0] / max(image_size[0], 1)
    tags = [
        NameTag(annotation.name, _color(annotation.color), _anchor(annotation.figure, ratio))
        for annotation in annotations
        if annotation.name
    ]
    write_names(finished, tags, look.letters)
    return finished


def _anchor(figure: Figure, ratio: float) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a figure in the finished picture."""
    x, y, width, height = figure.box
    return x * ratio, y * ratio, (x + width) * ratio, (y + height) * ratio


def _color(text: str) -> Color:
    red, green, blue = ImageColor.getrgb(text)[:3]
    return red, green, blue


def _fill(sheet: Image.Image, annotation: DrawnAnnotation, scale: float) -> None:
    """Tint the area of an annotation, each pixel once however many rings lie on it."""
    found = _area(annotation.figure, scale, sheet.size)
    if found is not None:
        area, corner = found
        tint = area.point([round(level * _FILL_SHARE) for level in range(256)])
        sheet.paste(_color(annotation.color), corner, tint)


def _area(
    figure: Figure, scale: float, size: tuple[int, int]
) -> tuple[Image.Image, tuple[int, int]] | None:
    """What a figure covers, 255 where it does, and where the top left of that lies on the sheet."""
    x, y, width, height = (value * scale for value in figure.box)
    left, top = max(0, floor(x) - _MARGIN), max(0, floor(y) - _MARGIN)
    right = min(size[0], ceil(x + width) + _MARGIN)
    bottom = min(size[1], ceil(y + height) + _MARGIN)
    if right <= left or bottom <= top or not (figure.rings or figure.mask):
        return None
    area = Image.new("L", (right - left, bottom - top))
    if figure.mask is not None:
        pixels = _mask_pixels(figure)
        if pixels is None:
            return None
        area.paste(pixels.resize(_at_least_one(width, height)), (round(x) - left, round(y) - top))
    draw = ImageDraw.Draw(area)
    for ring in figure.rings:
        if len(ring) >= _TRIANGLE:
            draw.polygon(_scaled(ring, scale, (left, top)), fill=255)
    return area, (left, top)


def _mask_pixels(figure: Figure) -> Image.Image | None:
    """The box of a mask, 255 where the mask is."""
    if figure.mask is None:
        return None
    rows, columns = figure.mask.size
    if not 0 < rows * columns <= _LARGEST_MASK:
        return None
    whole = coco_mask.decode({"size": [rows, columns], "counts": figure.mask.counts})
    x, y, width, height = (round(value) for value in figure.box)
    part = np.ascontiguousarray(whole[y : y + height, x : x + width])
    return Image.fromarray(part * np.uint8(255)) if part.size else None


def _at_least_one(width: float, height: float) -> tuple[int, int]:
    return max(1, round(width)), max(1, round(height))


def _outline(sheet: Image.Image, annotation: DrawnAnnotation, pen: _Pen) -> None:
    """Lines of an annotation with a dark rim, so that they are seen on any picture."""
    figure, color = annotation.figure, _color(annotation.color)
    if figure.mask is not None:
        _outline_mask(sheet, figure, color, pen)
    lines = [[*ring, *ring[:4]] for ring in figure.rings]
    if figure.path:
        lines.append(figure.path)
    for start, end in figure.edges:
        ends = (figure.points[start], figure.points[end])
        if all(visibility for _, _, visibility in ends):
            lines.append([value for x, y, _ in ends for value in (x, y)])
    for line in lines:
        _draw_line(pen, _scaled(line, pen.scale), color)
    for x, y, visibility in figure.points:
        if visibility:
            _draw_point(pen, (x * pen.scale, y * pen.scale), color, visibility)


def _outline_mask(sheet: Image.Image, figure: Figure, color: Color, pen: _Pen) -> None:
    found = _area(figure, pen.scale, sheet.size)
    if found is None:
        return
    area, corner = found
    solid = area.point([255 * (level > 127) for level in range(256)])
    for width, ink in ((pen.line + 2 * _SMOOTHING, _CASING), (pen.line, (*color, 255))):
        # Blurring leaves a grey just where a border is near.
        blurred = solid.filter(ImageFilter.BoxBlur(max(1, round(width / 2))))
        rim = blurred.point([ink[3] * (0 < level < 255) for level in range(256)])
        sheet.paste(ink[:3], corner, rim)


def _draw_line(pen: _Pen, points: list[tuple[float, float]], color: Color) -> None:
    if len(points) < 2:
        return
    casing = round(pen.line + 2 * _SMOOTHING)
    pen.draw.line(points, _CASING, casing, joint="curve")
    pen.draw.line(points, color, round(pen.line), joint="curve")


def _draw_point(pen: _Pen, place: tuple[float, float], color: Color, visibility: int) -> None:
    """A dot; a ring where the point is hidden."""
    _dot(pen, place, pen.point + _SMOOTHING, (255, 255, 255))
    _dot(pen, place, pen.point, color)
    if visibility < _VISIBLE:
        _dot(pen, place, pen.point * _HOLLOW_SHARE, (255, 255, 255))


def _dot(pen: _Pen, place: tuple[float, float], radius: float, color: Color) -> None:
    x, y = place
    pen.draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=color)


def _scaled(
    flat: Sequence[float], scale: float, corner: tuple[int, int] = (0, 0)
) -> list[tuple[float, float]]:
    left, top = corner
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return [(x * scale - left, y * scale - top) for x, y in pairs]
