"""Geometries that are none, or that are hard to render; what a single field says is in `fields`."""

import math
from collections.abc import Iterable, Mapping
from random import Random
from typing import Any, Final

import numpy as np

from tests.fuzz.fields import Mutation
from tests.fuzz.values import Change, always, token
from tests.label_rows import JSON
from tests.objects import bitmask

FAR: Final = 1e12


def ring(points: Iterable[tuple[float, float]]) -> JSON:
    """A ring as older rows have it."""
    return {str(n): {"x": x, "y": y} for n, (x, y) in enumerate(points)}


def star(points: int) -> list[float]:
    """A ring that does not cross itself, as a flat list."""
    flat: list[float] = []
    for n in range(points):
        radius, angle = (0.4, 0.3)[n % 2], 2 * math.pi * n / points
        flat += [0.5 + radius * math.cos(angle), 0.5 + radius * math.sin(angle)]
    return flat


def scribble(points: int, seed: int) -> list[float]:
    """A ring that crosses itself all the time."""
    dice = Random(seed)
    return [dice.random() for _ in range(2 * points)]


def squares(count: int, *, apart: bool) -> list[list[list[float]]]:
    """Polygons of one square each, beside or over each other."""
    side = math.ceil(math.sqrt(count))
    step, size = (1 / side, 0.8 / side) if apart else (0.5 / side, 0.5)
    return [[_square(step * (n % side), step * (n // side), size)] for n in range(count)]


def _square(x: float, y: float, size: float) -> list[float]:
    return [x, y, x + size, y, x + size, y + size, x, y + size]


SQUARE: Final = _square(0.1, 0.1, 0.5)
_HOLE: Final = _square(0.2, 0.2, 0.1)
_CORNERS: Final = [(0.1, 0.1), (0.6, 0.1), (0.6, 0.6), (0.1, 0.6)]

POLYGONS: Final[Mapping[str, Any]] = {
    "without points": {},
    "of one point": ring(_CORNERS[:1]),
    "of two points": ring(_CORNERS[:2]),
    "of equal points": ring(_CORNERS[:1] * 5),
    "on one line": ring((n / 9, n / 9) for n in range(9)),
    "closed": ring([*_CORNERS, _CORNERS[0]]),
    "a bow-tie": ring([_CORNERS[0], _CORNERS[2], _CORNERS[1], _CORNERS[3]]),
    "with keys out of order": dict(reversed(ring(_CORNERS).items())),
    "with keys that are no numbers": {"a": {"x": 0, "y": 0}},
    "with negative keys": {str(-n): point for n, point in enumerate(ring(_CORNERS).values())},
    "with keys of one number": {"0": {"x": 0, "y": 0}, "00": {"x": 1, "y": 0}, "1": {"x": 1}},
    "with keys of 5,000 digits": {"9" * 5_000: {"x": 0, "y": 0}},
    "with a point of three numbers": [{"x": 0.1, "y": 0.2, "z": 3}] * 3,
    "of points without keys": [[0.1, 0.2], [0.3, 0.4], [0.5, 0.1]],
    "far away": ring((x + FAR, y - FAR) for x, y in _CORNERS),
    "larger than any image": ring((x * FAR, y * FAR) for x, y in _CORNERS),
    "of points next to each other": ring((0.5 + n * 1e-17, 0.5) for n in range(4)),
}
"""Values of `polygon`."""

RINGS: Final[Mapping[str, Any]] = {
    "without polygons": [],
    "of a polygon without rings": [[]],
    "of an empty ring": [[[]]],
    "of an empty ring beside another": [[[]], [SQUARE]],
    "of an outer ring without points": [[[], _HOLE]],
    "of an odd number of coordinates": [[SQUARE[:-1]]],
    "one level too deep": [[[SQUARE]]],
    "one level too flat": [SQUARE],
    "of texts": [[["0.1"] * 6]],
    "of null": [[[None] * 6]],
    "of flags": [[[True] * 6]],
    "of points": [[[{"x": 0, "y": 0}] * 3]],
    "with infinite coordinates": [[[*SQUARE, token("1e999"), 0]]],
    "with a hole beside it": [[SQUARE, _square(0.8, 0.8, 0.1)]],
    "with a hole as large as it": [[SQUARE, SQUARE]],
    "with a hole larger than it": [[_HOLE, SQUARE]],
    "with a hole over its edge": [[SQUARE, _square(0.4, 0.4, 0.5)]],
    "with holes over each other": [[SQUARE, _HOLE, _square(0.25, 0.25, 0.1)]],
    "with holes far away": [[[FAR * n for n in SQUARE], [FAR * n for n in _HOLE]]],
    "with 500 holes": [[_square(0, 0, 1), *(one for (one,) in squares(500, apart=True))]],
    "with a flat hole": [[SQUARE, [0.2, 0.2, 0.3, 0.2, 0.25, 0.2]]],
    "the same part twice": [[SQUARE], [SQUARE]],
    "of 1,000 parts": squares(1_000, apart=True),
    "of 1,000 parts over each other": squares(1_000, apart=False),
    "a star of 10,000 points": [[star(10_000)]],
    "a scribble of 60 points": [[scribble(60, 1)]],
    "a scribble with holes": [[scribble(20, 1), scribble(20, 2)]],
    "a line there and back": [[[0.1, 0.1, 0.9, 0.9, 0.1, 0.1]]],
    "as thin as can be": [[[0, 0, 1, 5e-324, 1, 0]]],
}
"""Values of `polygons`."""

_ROW: Final = "0" * 10_000
_CHECKS: Final = np.indices((100, 200)).sum(axis=0) % 2 == 0

MASKS: Final[Mapping[str, JSON]] = {
    "with a character that is none of its": {"rleString": "[16>0 00Q3"},
    "with characters beyond ASCII": {"rleString": "é\U0001f6a2"},
    "that breaks off in a number": {"rleString": "[16>o"},
    "that breaks off": {"rleString": "[16>000Q"},
    "longer than its grid": {"rleString": "o" * 4 + "0" + "[16>000Q3"},
    "with a run of 2^40": {"rleString": "PPPPPPPP1" + "1"},
    "with a number of 70 bits": {"rleString": "o" * 13 + "O"},
    "with a negative run": {"rleString": "5O5"},
    "without runs": {"rleString": ""},
    "of zeros alone": {"rleString": "Xi0"},
    "of 10,000 empty runs": {"rleString": _ROW},
    "of 10,000 runs of 2^31": {"rleString": "PPPPPP2" * 3 + _ROW},
    "of a pixel in 10^9": {"rleString": "01", "width": 50_000, "height": 20_000},
    "of more than 10^9 pixels": {"rleString": "01", "width": 50_000, "height": 20_001},
    "of 2^62 pixels": {"rleString": "01", "width": 2**31, "height": 2**31},
    "of one row": {"rleString": "01", "width": 10**9, "height": 1},
    "of one column": {"rleString": "01", "width": 1, "height": 10**9},
    "without a grid": {"width": None, "height": None},
    "left of the frame": {"left": -(10**6)},
    "far below the frame": {"top": 10**18},
    "a checkerboard": bitmask(pixels=_CHECKS)["bitmask"],
    "with its sides exchanged": {"width": 10, "height": 20},
}
"""Keys of `bitmask`, the others as they were."""

_POINT: Final = {"x": 0.5, "y": 0.5, "name": "a"}

SKELETONS: Final[Mapping[str, Any]] = {
    "without points": {},
    "a list": [_POINT],
    "of points of one name": {str(n): _POINT for n in range(5)},
    "of points without a name": {str(n): {"x": 0.1, "y": 0.2} for n in range(3)},
    "of unknown points": {str(n): _POINT | {"name": f"x{n}"} for n in range(3)},
    "of 5,000 points": {str(n): _POINT | {"name": f"x{n}"} for n in range(5_000)},
    "of invisible points": {"0": _POINT | {"visibility": "invisible"}},
    "of points that are visible and not": {"0": _POINT | {"invisible": True, "visible": True}},
    "with flags that are no bools": {"0": _POINT | {"occluded": 1}},
    "with a visibility of no kind": {"0": _POINT | {"visibility": "__proto__"}},
    "with a name of 100 kB": {"0": _POINT | {"name": "n" * 100_000}},
    "far away": {"0": _POINT | {"x": FAR}},
    "with keys that are no numbers": {"one": _POINT, "two": _POINT},
}
"""Values of `skeleton`."""

LINES: Final[Mapping[str, Any]] = {
    "without points": {},
    "of one point": ring(_CORNERS[:1]),
    "of equal points": ring(_CORNERS[:1] * 2),
    "of 20,000 points": [{"x": n / 2e4, "y": n % 2} for n in range(20_000)],
    "in space": [{"x": 0, "y": 0, "z": 1}, {"x": 1, "y": 1, "z": None}],
    "with a key that is no number": {"x": {"x": 0, "y": 0}},
    "far away": ring((x * FAR, y * FAR) for x, y in _CORNERS),
}
"""Values of `polyline`."""

POINTS: Final[Mapping[str, Any]] = {
    "without a place": {},
    "of two places": {"0": {"x": 0, "y": 0}, "1": {"x": 1, "y": 1}},
    "a list": [{"x": 0.5, "y": 0.5}],
    "under another key": {"zero": {"x": 0.5, "y": 0.5}},
    "far away": {"0": {"x": FAR, "y": -FAR}},
}
"""Values of `point`."""

CURVES: Final[Mapping[str, JSON]] = {
    "of no radius": {"r": 0, "rx": 0},
    "of a negative radius": {"r": -1, "ry": -1},
    "of a radius of 10^6 images": {"r": 1e6, "rx": 1e6, "ry": 1e6},
    "of a radius of 10^15 images": {"r": 1e15, "rx": 1e15},
    "thinner than can be": {"stretch": 5e-324, "ry": 5e-324},
    "turned by 10^300 degrees": {"theta": 1e300},
    "far away": {"x": FAR, "y": FAR},
}
"""Keys of `circle` and `ellipse`, the others as they were."""

CUBOIDS: Final[Mapping[str, Any]] = {
    "without a front": {"offset": {"x": 0, "y": 0}},
    "of two corners": {"front": [0, 0, 1, 1], "offset": {"x": 0, "y": 0}},
    "of an odd number of coordinates": {"front": [0, 0, 1, 0, 1, 1, 2], "offset": {"x": 0, "y": 0}},
    "of one place": {"front": [0.5] * 8, "offset": {"x": 0, "y": 0}},
    "on one line": {"front": [0, 0, 1, 1, 2, 2], "offset": {"x": 1, "y": 1}},
    "without a back": {"front": SQUARE},
    "without a scale": {"front": SQUARE, "vanishingPoint": {"x": 0, "y": 0}},
    "scaled beyond all numbers": {"front": SQUARE, "scaleRatio": 1e308}
    | {"vanishingPoint": {"x": -1e308, "y": 1}},
    "with a back of either kind": {"front": SQUARE, "offset": {"x": 1, "y": 0}, "scaleRatio": 1}
    | {"vanishingPoint": {"x": 0, "y": 0}},
    "of 5,000 corners": {"front": star(5_000), "offset": {"x": 0.1, "y": 0}},
    "of infinite corners": {"front": [token("1e999")] * 8, "offset": {"x": 0, "y": 0}},
}
"""Values of `cuboid_2d`."""


def shape_mutations() -> list[Mutation]:
    """Everything above, and objects whose geometry is that of another shape."""
    return [
        *_replaced("polygon", "polygon", POLYGONS, "polygons"),
        *_replaced("polygon", "polygons", RINGS),
        *_replaced("skeleton", "skeleton", SKELETONS),
        *_replaced("polyline", "polyline", LINES),
        *_replaced("point", "point", POINTS),
        *_replaced("cuboid_2d", "cuboid_2d", CUBOIDS),
        *_merged("bitmask", MASKS),
        *_merged("circle", CURVES),
        *_merged("ellipse", CURVES),
    ]


def _replaced(
    shape: str, key: str, values: Mapping[str, Any], without: str | None = None
) -> list[Mutation]:
    def replacing(value: Any) -> Change:
        def change(label: Any, _: Random) -> Any:
            return {name: given for name, given in label.items() if name != without} | {key: value}

        return change

    return [Mutation(f"{key} {name}", shape, replacing(value)) for name, value in values.items()]


def _merged(shape: str, values: Mapping[str, JSON]) -> list[Mutation]:
    def merging(keys: JSON) -> Change:
        def change(label: Any, _: Random) -> Any:
            geometry = label.get(shape)
            return label | {shape: (geometry if isinstance(geometry, dict) else {}) | keys}

        return change

    return [Mutation(f"{shape} {name}", shape, merging(keys)) for name, keys in values.items()]


def with_shape(shape: str) -> Change:
    """An object that says it has another shape."""
    return lambda label, _: label | {"shape": shape}


ANY_OBJECT: Final[Mapping[str, Change]] = {
    "is null": always(None),
    "is a list": always([]),
    "is a text": always("box"),
    "is a number": always(5),
    "is empty": always({}),
    "has no geometry": lambda label, _: {
        key: value for key, value in label.items() if not isinstance(value, (dict, list))
    },
    "has 1,000 keys more": lambda label, _: label | {f"key {n}": n for n in range(1_000)},
    "has a key of 100 kB": lambda label, _: label | {"k" * 100_000: 1},
    "has every geometry": lambda label, _: (
        {"boundingBox": {"x": 0, "y": 0, "w": 1, "h": 1}, "polyline": {}, "circle": None} | label
    ),
    **{
        f"says that it is a {shape}": with_shape(shape)
        for shape in ("bounding_box", "polygon", "bitmask", "skeleton", "audio", "cuboid", "")
    },
}
