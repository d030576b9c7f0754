"""A harbour seen by a fixed camera: eight video frames, and where everything is on each of them.

A ferry comes in on the tow line of a tug and loses speed; a sailing boat passes behind it and is
hidden on two frames; a pilot boat enters from the right. All places are pixels of the frame.
"""

import math
import random
from typing import Final

from PIL import Image

from definitions.sample.maker.canvas import Canvas, Point

WIDTH: Final = 640
HEIGHT: Final = 360
FRAMES: Final = 8
SHAKEN_FRAME: Final = 6
"""The frame on which the camera moved during the exposure."""

HORIZON: Final = 140
FERRY_LEFT: Final = (60, 90, 120, 148, 174, 196, 214, 228)
SAIL_X: Final = (505, 450, 392, 322, 252, 178, 122, 66)
HEEL: Final = (352.0, 350.0, 348.5, 349.0, 350.0, 351.0, 353.0, 350.5)
HIDDEN_SAIL_FRAMES: Final = (3, 4)
PILOT_LEFT: Final = {5: 622, 6: 592, 7: 560}

Box = tuple[float, float, float, float]
"""x, y, width, height."""

BREAKWATER: Final[tuple[list[Point], list[Point]]] = (
    [(0, 150), (196, 151), (205, 153), (213, 158), (219, 165), (0, 167)],
    [(640, 149), (352, 150), (343, 153), (336, 158), (330, 165), (640, 168)],
)
"""Two arms; the harbour entrance is between them."""


def ferry_box(frame: int) -> Box:
    """The ferry from stern to bow, and from the mast's top to the waterline."""
    return FERRY_LEFT[frame], 156, 230, 106


def tug_box(frame: int) -> Box:
    """The tug, from its mast's top to the waterline."""
    return FERRY_LEFT[frame] + 294, 224, 62, 42


def pilot_box(frame: int) -> Box:
    """The visible part of the pilot boat: on its first frames it is cut by the frame's edge."""
    left = PILOT_LEFT[frame]
    return left, 205, min(44, WIDTH - left), 25


def sail_box(frame: int) -> tuple[Box, float]:
    """The sailing boat's box before it is turned, and its heel in degrees clockwise."""
    width, height = 46.0, 64.0
    foot = _sail_foot(frame)
    centre_x, centre_y = _turned((0, -height / 2), foot, HEEL[frame])
    return (centre_x - width / 2, centre_y - height / 2, width, height), HEEL[frame]


def tow_line(frame: int) -> list[Point]:
    """From the ferry's bow to the tug's hook; it sags."""
    start, end = (FERRY_LEFT[frame] + 226, 237), (FERRY_LEFT[frame] + 300, 247)
    steps = [i / 4 for i in range(5)]
    return [
        (
            start[0] + (end[0] - start[0]) * t,
            start[1] + (end[1] - start[1]) * t + 7 * 4 * t * (1 - t),
        )
        for t in steps
    ]


def buoy_lamp(frame: int) -> Point:
    """The lamp on top of the buoy, which bobs."""
    return 566 + 3 * math.sin(frame * 0.9), 286 + 3 * math.cos(frame * 1.3)


def draw_frame(frame: int) -> Image.Image:
    """Draw one frame of the video."""
    canvas = Canvas(WIDTH, HEIGHT)
    _draw_sky(canvas, frame)
    _draw_shore(canvas)
    _draw_water(canvas, frame)
    _draw_breakwater(canvas)
    if frame in PILOT_LEFT:
        _draw_pilot_boat(canvas, PILOT_LEFT[frame])
    _draw_sailing_boat(canvas, frame)
    canvas.line(tow_line(frame), (45, 45, 50), 0.9)
    _draw_ferry(canvas, FERRY_LEFT[frame])
    _draw_tug(canvas, FERRY_LEFT[frame] + 294)
    _draw_buoy(canvas, frame)
    return canvas.finish(noise=1.5, seed=frame, shake=9 if frame == SHAKEN_FRAME else 0)


def _turned(offset: Point, about: Point, degrees: float) -> Point:
    (dx, dy), turn = offset, math.radians(degrees)
    return (
        about[0] + dx * math.cos(turn) - dy * math.sin(turn),
        about[1] + dx * math.sin(turn) + dy * math.cos(turn),
    )


def _sail_foot(frame: int) -> Point:
    return SAIL_X[frame], 250


def _draw_sky(canvas: Canvas, frame: int) -> None:
    canvas.gradient(0, HORIZON, [(112, 160, 208), (170, 201, 226), (238, 226, 205)])
    drift = frame * 1.5
    for x, y, size in ((90, 42, 1.0), (330, 26, 0.8), (520, 62, 1.2)):
        puffs = [
            ((x + drift + dx * size, y + dy * size), rx * size, 8 * size)
            for dx, dy, rx in ((-30, 4, 26), (-8, -4, 24), (16, 0, 30), (40, 5, 22))
        ]
        canvas.soft_ellipses(puffs, (255, 252, 246, 200), 5)


def _draw_shore(canvas: Canvas) -> None:
    ridge = [
        (x, HORIZON - 20 - 12 * math.sin(x / 95) - 6 * math.sin(x / 31 + 1))
        for x in range(0, WIDTH + 1, 8)
    ]
    canvas.polygon([(0, HORIZON), *ridge, (WIDTH, HORIZON)], (142, 163, 176))
    rng = random.Random(7)
    x = 8.0
    while x < WIDTH - 20:
        width, height = rng.uniform(9, 20), rng.uniform(6, 17)
        tone = rng.choice(((196, 178, 160), (178, 160, 150), (206, 196, 182), (168, 150, 142)))
        top = HORIZON - height
        canvas.box(x, top, x + width, HORIZON, tone)
        canvas.polygon(
            [(x - 1, top), (x + width / 2, top - 5), (x + width + 1, top)], (150, 98, 84)
        )
        x += width + rng.uniform(1, 9)


def _draw_water(canvas: Canvas, frame: int) -> None:
    canvas.gradient(
        HORIZON, HEIGHT, [(190, 203, 204), (112, 158, 174), (58, 112, 140), (30, 78, 108)]
    )
    rng = random.Random(11)
    for _ in range(620):
        depth = rng.random() ** 1.4
        y = HORIZON + 4 + depth * (HEIGHT - HORIZON - 4)
        length = 4 + 26 * depth * rng.uniform(0.5, 1)
        x = (rng.uniform(-30, WIDTH) + frame * (1 + 4 * depth)) % (WIDTH + 30) - 30
        bright = rng.random() < 0.55
        tone = (226, 236, 238, 70) if bright else (18, 58, 86, 70)
        canvas.line([(x, y), (x + length / 2, y - 0.8), (x + length, y)], tone, 0.5 + depth)


def _draw_breakwater(canvas: Canvas) -> None:
    rng = random.Random(5)
    for arm in BREAKWATER:
        canvas.polygon(arm, (122, 116, 108))
        left, right = min(x for x, _ in arm), max(x for x, _ in arm)
        for _ in range(150):
            x, y = rng.uniform(left + 16, right - 16), rng.uniform(155, 162)
            shade = rng.randint(-24, 22)
            canvas.ellipse(
                (x, y),
                rng.uniform(2, 4.5),
                rng.uniform(1.2, 2.4),
                (122 + shade, 116 + shade, 108 + shade),
            )
    canvas.polygon([(356, 151), (359, 104), (369, 104), (372, 151)], (240, 236, 228))
    for top in (110, 128):
        canvas.box(357.6, top, 370.4, top + 9, (196, 52, 44))
    canvas.box(358, 98, 370, 104, (60, 64, 70))
    canvas.polygon([(357, 98), (364, 90), (371, 98)], (196, 52, 44))


def _draw_sailing_boat(canvas: Canvas, frame: int) -> None:
    foot, heel = _sail_foot(frame), HEEL[frame]

    def part(*points: Point) -> list[Point]:
        return [_turned(point, foot, heel) for point in points]

    canvas.polygon(part((-23, -10), (23, -10), (15, 0), (-17, 0)), (246, 246, 242))
    canvas.polygon(part((-23, -10), (23, -10), (22, -8), (-22, -8)), (32, 66, 120))
    canvas.line(part((2, -10), (2, -64)), (110, 84, 60), 1.2)
    canvas.polygon(part((3.5, -63), (3.5, -14), (22, -14)), (250, 246, 232))
    canvas.polygon(part((0.5, -60), (0.5, -13), (-21, -13)), (224, 108, 62))
    x, y = foot
    canvas.line([(x - 21, y + 1), (x + 19, y + 1)], (236, 242, 242, 150), 1.4)


def _draw_ferry(canvas: Canvas, left: float) -> None:
    smoke = [((left + 60 - 13 * i, 157 - 5 * i), 7 + 3 * i, 4 + 1.2 * i) for i in range(4)]
    canvas.soft_ellipses(smoke, (120, 120, 124, 90), 4)
    canvas.line([(left + 166, 172), (left + 166, 156)], (90, 94, 98), 1.4)
    canvas.box(left + 62, 162, left + 86, 184, (214, 60, 46))
    canvas.box(left + 62, 166, left + 86, 171, (246, 246, 244))
    canvas.box(left + 146, 171, left + 190, 184, (236, 238, 238))
    canvas.box(left + 149, 174, left + 187, 179, (44, 66, 84))
    canvas.box(left + 28, 182, left + 197, 202, (246, 247, 247))
    canvas.box(left + 12, 200, left + 208, 236, (236, 239, 240))
    for x in range(40, 190, 11):
        canvas.box(left + x, 187, left + x + 7, 194, (52, 84, 108))
    for x in range(24, 200, 12):
        canvas.ellipse((left + x, 213), 2.6, 2.6, (52, 84, 108))
    hull = [
        (left, 232),
        (left + 230, 230),
        (left + 219, 249),
        (left + 209, 262),
        (left + 10, 262),
        (left + 2, 250),
    ]
    canvas.polygon(hull, (24, 66, 122))
    canvas.polygon(
        [(left + 2, 250), (left + 218.5, 250), (left + 209, 262), (left + 10, 262)], (150, 42, 40)
    )
    canvas.line([(left + 1, 238), (left + 226, 236.5)], (244, 244, 242), 2)
    canvas.text((left + 168, 244), "NORDLYS", 8, (246, 246, 244))
    for i in range(5):
        canvas.line(
            [(left - 34 + 8 * i, 264 + i), (left + 30 + 44 * i, 264 + i * 0.6)],
            (238, 244, 244, 110),
            1.6,
        )


def _draw_tug(canvas: Canvas, left: float) -> None:
    canvas.line([(left + 37, 236), (left + 37, 224)], (70, 70, 72), 1.2)
    canvas.box(left + 28, 234, left + 48, 250, (248, 236, 208))
    canvas.box(left + 31, 237, left + 46, 242, (44, 62, 78))
    canvas.box(left + 19, 238, left + 26, 250, (226, 168, 40))
    canvas.box(left + 19, 238, left + 26, 241, (40, 40, 44))
    canvas.box(left + 5, 246, left + 8, 251, (60, 60, 62))
    canvas.polygon(
        [(left, 250), (left + 40, 249), (left + 62, 244), (left + 56, 266), (left + 4, 266)],
        (44, 44, 50),
    )
    canvas.line([(left + 1, 252), (left + 61, 248)], (214, 92, 40), 2)
    canvas.line([(left - 14, 267.5), (left + 58, 267.5)], (238, 244, 244, 150), 1.6)


def _draw_pilot_boat(canvas: Canvas, left: float) -> None:
    canvas.line([(left + 22, 212), (left + 22, 205)], (80, 80, 84), 1)
    canvas.box(left + 15, 211, left + 31, 221, (248, 248, 246))
    canvas.box(left + 16, 213, left + 27, 217, (46, 66, 82))
    canvas.polygon(
        [(left, 218), (left + 44, 220), (left + 41, 230), (left + 7, 230)], (236, 132, 34)
    )
    canvas.line([(left + 6, 231), (left + 60, 232)], (240, 246, 246, 170), 1.6)


def _draw_buoy(canvas: Canvas, frame: int) -> None:
    x, y = buoy_lamp(frame)
    canvas.ellipse((x, y + 52), 26, 5, (22, 62, 86, 150))
    canvas.polygon(
        [(x - 4, y + 8), (x + 4, y + 8), (x + 14, y + 46), (x - 14, y + 46)], (206, 48, 40)
    )
    canvas.polygon(
        [(x + 1, y + 8), (x + 4, y + 8), (x + 14, y + 46), (x + 5, y + 46)], (160, 32, 30)
    )
    canvas.box(x - 19, y + 44, x + 19, y + 51, (178, 40, 36))
    canvas.line([(x, y), (x, y + 9)], (60, 60, 62), 1.6)
    canvas.ellipse((x, y), 3, 3, (250, 232, 130))
    canvas.line([(x - 30, y + 54), (x + 28, y + 54)], (234, 240, 242, 120), 1.4)
