"""A container yard seen by two cameras: what is drawn, and where it is in pixels."""

import random
from typing import Final, NamedTuple

from PIL import Image

from definitions.sample.maker.canvas import Canvas, Colour, Point

GATE_SIZE: Final = (480, 300)
MAST_SIZE: Final = (400, 320)

VANISHING_POINT: Final[Point] = (244, 92)
OFFSET: Final[Point] = (96, -54)
"""From the front face to the back face, on the camera that shows no perspective."""


class Container(NamedTuple):
    """A container by its front face.

    Attributes:
        front: left, top, right, bottom in pixels.
        colour: colour of its front face.
        code: what is painted on it.
        scale: size of the back face on the camera with perspective.
    """

    front: tuple[float, float, float, float]
    colour: tuple[int, int, int]
    code: str
    scale: float = 0.5

    def corners(self) -> list[Point]:
        """Corners of the front face, clockwise from the top left."""
        left, top, right, bottom = self.front
        return [(left, top), (right, top), (right, bottom), (left, bottom)]


BLUE: Final = (38, 88, 150)
RUST: Final = (172, 74, 44)
GREEN: Final = (52, 120, 84)

GATE: Final = {
    "DEMU 100201": Container((26, 176, 152, 262), BLUE, "DEMU 100201", 0.52),
    "DEMU 100202": Container((26, 90, 152, 176), RUST, "DEMU 100202", 0.52),
    "DEMU 100203": Container((340, 164, 462, 250), GREEN, "DEMU 100203", 0.46),
}
MAST: Final = {
    "DEMU 100201": Container((52, 192, 182, 272), BLUE, "DEMU 100201"),
    "DEMU 100202": Container((52, 112, 182, 192), RUST, "DEMU 100202"),
}
GATE_LORRY: Final = (211, 118, 60, 68)
"""x, y, width, height, from its roof to the tyres."""


def draw_gate() -> Image.Image:
    """The camera at the gate: one vanishing point."""
    canvas = Canvas(*GATE_SIZE)
    canvas.gradient(0, 92, [(140, 176, 212), (224, 228, 226)])
    clouds = [((x, y), rx, 7.0) for x, y, rx in ((70, 30, 44), (112, 36, 36), (390, 22, 50))]
    canvas.soft_ellipses(clouds, (255, 255, 252, 190), 6)
    canvas.gradient(92, 300, [(142, 144, 146), (112, 113, 116), (86, 87, 90)])
    _draw_cranes(canvas)
    _draw_grit(canvas, 92, 480, 300)
    for near in (170, 314):
        canvas.polygon(
            [(near - 4, 300), (near + 4, 300), VANISHING_POINT, VANISHING_POINT],
            (232, 206, 92, 200),
        )
    _draw_lorry(canvas)
    for name in ("DEMU 100203", "DEMU 100201", "DEMU 100202"):
        _draw_in_perspective(canvas, GATE[name])
    return canvas.finish(noise=2.0, seed=101)


def draw_mast() -> Image.Image:
    """The camera on the mast: parallel edges stay parallel."""
    canvas = Canvas(*MAST_SIZE)
    canvas.gradient(0, 320, [(132, 134, 136), (110, 111, 114), (96, 97, 100)])
    _draw_grit(canvas, 0, 400, 320)
    for x in (-120, 240):
        canvas.polygon(
            [(x, 320), (x + 7, 320), (x + 7 + 569, 0), (x + 569, 0)], (232, 206, 92, 190)
        )
    shadow = [(182, 272), (182, 258), (278, 204), (330, 216), (214, 282), (60, 282), (52, 272)]
    canvas.polygon(shadow, (30, 30, 34, 110))
    for name in ("DEMU 100201", "DEMU 100202"):
        _draw_in_parallel(canvas, MAST[name])
    return canvas.finish(noise=2.0, seed=102)


def _draw_in_perspective(canvas: Canvas, container: Container) -> None:
    front = container.corners()
    vx, vy = VANISHING_POINT
    back = [(vx + (x - vx) * container.scale, vy + (y - vy) * container.scale) for x, y in front]
    _, top, right, bottom = container.front
    contact = [front[3], front[2], back[2], back[3]]
    if bottom > 200:
        canvas.polygon([(x + (6 if x < vx else -6), y + 3) for x, y in contact], (30, 30, 34, 120))
    upper, lower = (1, 2) if right < vx else (0, 3)
    if top > vy:
        canvas.polygon([front[0], front[1], back[1], back[0]], _shade(container.colour, 1.25))
    side = [front[upper], back[upper], back[lower], front[lower]]
    canvas.polygon(side, _shade(container.colour, 0.62))
    for step in range(1, 12):
        depth = 1 + step / 12 * (1 / container.scale - 1)
        rib = [(vx + (x - vx) / depth, vy + (y - vy) / depth) for x, y in (side[0], side[3])]
        canvas.line(rib, _shade(container.colour, 0.5), 0.8)
    _draw_front(canvas, container)


def _draw_in_parallel(canvas: Canvas, container: Container) -> None:
    front = container.corners()
    back = [(x + OFFSET[0], y + OFFSET[1]) for x, y in front]
    canvas.polygon([front[0], front[1], back[1], back[0]], _shade(container.colour, 1.25))
    canvas.polygon([front[1], back[1], back[2], front[2]], _shade(container.colour, 0.62))
    for step in range(1, 14):
        dx, dy = OFFSET[0] * step / 14, OFFSET[1] * step / 14
        ribs = {0.5: (front[1], front[2]), 1.12: (front[0], front[1])}
        for shade, edge in ribs.items():
            rib = [(x + dx, y + dy) for x, y in edge]
            canvas.line(rib, _shade(container.colour, shade), 0.8)
    _draw_front(canvas, container)


def _draw_front(canvas: Canvas, container: Container) -> None:
    left, top, right, bottom = container.front
    canvas.box(left, top, right, bottom, container.colour)
    frame = _shade(container.colour, 0.72)
    for edge in (
        (left, top, right, top + 3),
        (left, bottom - 3, right, bottom),
        (left, top, left + 3, bottom),
        (right - 3, top, right, bottom),
    ):
        canvas.box(*edge, frame)
    middle = (left + right) / 2
    canvas.line([(middle, top + 3), (middle, bottom - 3)], frame, 1.4)
    for x in (
        left + 0.3 * (middle - left),
        left + 0.7 * (middle - left),
        middle + 0.3 * (right - middle),
        middle + 0.7 * (right - middle),
    ):
        canvas.line([(x, top + 5), (x, bottom - 5)], (206, 208, 210), 1.2)
        canvas.box(x - 2, (top + bottom) / 2 + 6, x + 5, (top + bottom) / 2 + 8.5, (206, 208, 210))
    canvas.text(((middle + right) / 2, top + 12), container.code, 7, (246, 246, 244))


def _draw_lorry(canvas: Canvas) -> None:
    x, y, width, height = GATE_LORRY
    canvas.ellipse((x + width / 2, y + height - 1), width / 2 + 6, 5, (30, 30, 34, 130))
    canvas.box(x + 4, y + 56, x + 17, y + height, (26, 26, 28))
    canvas.box(x + width - 17, y + 56, x + width - 4, y + height, (26, 26, 28))
    canvas.box(x, y, x + width, y + 56, (228, 230, 232))
    canvas.box(x + 3, y + 3, x + width - 3, y + 50, (206, 210, 214))
    canvas.line([(x + width / 2, y + 3), (x + width / 2, y + 50)], (150, 154, 158), 1.2)
    for lock in (14, 46):
        canvas.line([(x + lock, y + 6), (x + lock, y + 48)], (160, 164, 168), 1)
    canvas.box(x, y + 52, x + width, y + 58, (58, 60, 64))
    for lamp in (3, width - 13):
        canvas.box(x + lamp, y + 53, x + lamp + 10, y + 57, (206, 40, 36))
    canvas.box(x + 24, y + 59, x + 36, y + 63, (240, 214, 92))


def _draw_cranes(canvas: Canvas) -> None:
    for x, size in ((196, 1.0), (300, 0.8)):
        tone: Colour = (96, 112, 130)
        for leg in (0, 22 * size):
            canvas.line([(x + leg, 94), (x + leg + 3 * size, 94 - 44 * size)], tone, 1.6)
        canvas.line([(x - 26 * size, 94 - 44 * size), (x + 40 * size, 94 - 44 * size)], tone, 2)
        canvas.line([(x + 12 * size, 94 - 62 * size), (x - 26 * size, 94 - 44 * size)], tone, 1)
        canvas.line([(x + 12 * size, 94 - 62 * size), (x + 40 * size, 94 - 44 * size)], tone, 1)
        canvas.line([(x + 12 * size, 94 - 62 * size), (x + 12 * size, 94 - 44 * size)], tone, 1.4)


def _draw_grit(canvas: Canvas, top: int, right: int, bottom: int) -> None:
    rng = random.Random(top + right)
    for _ in range(500):
        x, y = rng.uniform(0, right), rng.uniform(top, bottom)
        shade = rng.choice((60, 160))
        canvas.ellipse(
            (x, y), rng.uniform(0.6, 2.4), rng.uniform(0.3, 0.9), (shade, shade, shade, 60)
        )


def _shade(colour: tuple[int, int, int], factor: float) -> Colour:
    red, green, blue = (min(255, round(channel * factor)) for channel in colour)
    return red, green, blue
