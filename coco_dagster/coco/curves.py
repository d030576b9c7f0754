"""Turned boxes, circles and ellipses in pixels.

Sines and cosines come from additions and multiplications alone: those of a C library or of numpy
differ in the last bit from machine to machine, and an export must not.
"""

from math import factorial, pi
from typing import Final

import numpy as np

from coco_dagster.coco.rings import Floats, Rings
from coco_dagster.encord.run_lengths import ragged_arange

MAX_CHORD_ERROR: Final = 0.25
"""Pixels by which a side of a ring may leave the curve that the ring stands for."""

MIN_VERTICES: Final = 32
# Enough for a radius of 10^7 pixels; no ring may grow with the size of a number alone.
_MAX_VERTICES: Final = 2**14

# Taylor series, good to the last bit within an eighth of a turn; highest power first.
_SINE: Final = tuple((-1) ** k / factorial(2 * k + 1) for k in range(8, -1, -1))
_COSINE: Final = tuple((-1) ** k / factorial(2 * k) for k in range(8, -1, -1))


def sine_cosine(turns: Floats) -> tuple[Floats, Floats]:
    """Sine and cosine of angles, exact at whole quarters of a turn.

    Args:
        turns: angles as parts of a full turn; any finite number.
    """
    turns = np.fmod(turns, 1.0)
    quarter = np.rint(turns * 4)
    angle = (turns - quarter / 4) * (2 * pi)
    square = angle * angle
    sine, cosine = np.zeros_like(angle), np.zeros_like(angle)
    for of_sine, of_cosine in zip(_SINE, _COSINE, strict=True):
        sine = sine * square + of_sine
        cosine = cosine * square + of_cosine
    sine *= angle
    # A quarter of a turn further the sine is the cosine, and the cosine the sine's opposite.
    quarter = quarter.astype(np.int64) & 3
    swapped = (quarter & 1).astype(np.bool_)
    sine, cosine = np.where(swapped, cosine, sine), np.where(swapped, sine, cosine)
    return np.where(quarter >= 2, -sine, sine), np.where((quarter + 1) & 2, -cosine, cosine)


def turned_boxes(boxes: Floats, theta: Floats) -> Rings:
    """Corners of boxes that are turned about their centres, from the unturned top-left one on.

    Args:
        boxes: x, y, w, h of the unturned boxes in pixels, shape (n, 4).
        theta: degrees, clockwise on screen.
    """
    sine, cosine = (part[:, None] for part in sine_cosine(np.fmod(theta, 360.0) / 360.0))
    x, y, w, h = (boxes[:, [column]] for column in range(4))
    across, down = np.array([-0.5, 0.5, 0.5, -0.5]) * w, np.array([-0.5, -0.5, 0.5, 0.5]) * h
    # As steps away from the unturned corners, so that a box that is not turned keeps its corners.
    corner_x = x + np.array([0.0, 1.0, 1.0, 0.0]) * w + (across * (cosine - 1) - down * sine)
    corner_y = y + np.array([0.0, 0.0, 1.0, 1.0]) * h + (across * sine + down * (cosine - 1))
    points = np.stack((corner_x, corner_y), axis=2).reshape(-1, 2)
    return Rings.single(points, np.full(theta.size, 4))


def ellipses(centres: Floats, radii: Floats, theta: Floats) -> tuple[Rings, Floats, Floats]:
    """Ellipses as rings with vertices on the curve.

    A ring has at least `MIN_VERTICES` vertices, and so many that its sides leave the curve by at
    most `MAX_CHORD_ERROR`: the sagitta of a side of n is at most r·(1 - cos(pi/n)), which is less
    than r·(pi/n)²/2. The first vertex ends the first radius.

    Args:
        centres: x, y in pixels, shape (n, 2).
        radii: first and second radius in pixels, shape (n, 2), above 0.
        theta: degrees by which the first radius is turned clockwise on screen.

    Returns:
        Rings; the exact bounding boxes x, y, w, h of the curves; their exact areas.
    """
    sine, cosine = sine_cosine(np.fmod(theta, 360.0) / 360.0)
    first, second = radii[:, 0], radii[:, 1]
    # Where the first and the second radius end, seen from the centre.
    ends = np.stack((first * cosine, first * sine, -second * sine, second * cosine), axis=1)
    half = np.sqrt(ends[:, :2] ** 2 + ends[:, 2:] ** 2)
    boxes = np.column_stack((centres - half, 2 * half))

    needed = pi * np.sqrt(radii.max(axis=1, initial=0.0) / (2 * MAX_CHORD_ERROR))
    # Whole quarters put vertices at the ends of both radii.
    vertices = np.clip(4 * np.ceil(needed / 4), MIN_VERTICES, _MAX_VERTICES).astype(np.int64)
    along, across = sine_cosine(ragged_arange(vertices) / np.repeat(vertices, vertices))[::-1]
    ends = np.repeat(ends, vertices, axis=0)
    steps = along[:, None] * ends[:, :2] + across[:, None] * ends[:, 2:]
    points = np.repeat(centres, vertices, axis=0) + steps
    return Rings.single(points, vertices), boxes, pi * first * second
