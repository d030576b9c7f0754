"""Labels of the photographs: places measured by eye, in pixels of the pictures."""

import math
from typing import Final

from encord.objects import OntologyStructure
from encord.objects.bitmask import BitmaskCoordinates
from encord.objects.coordinates import Visibility
from encord.objects.frames import Range

from definitions.sample.maker.identity import long_hash
from definitions.sample.maker.media import File, Media
from definitions.sample.maker.ontology import RELATION
from definitions.sample.maker.photos import HELMET, LAUNCH_PAD, PHOTOS, photograph, suit_mask
from definitions.sample.maker.rows import Answer, LabelRow, RowMaker
from definitions.sample.maker.shapes import Point, Ruler

DATASET: Final = "Everyday photographs"
PAD_TITLE: Final = "DSCOVR on the launch pad"
MISCLICK_TITLE: Final = "espresso.jpg"
MISCLICK: Final = "second saucer"
"""The object that `dialect.break_polygon` leaves two points of."""

_PERSON: Final[dict[str, Point]] = {
    "nose": (209, 117),
    "right eye": (190, 94),
    "left eye": (232, 96),
    "neck": (211, 200),
    "right shoulder": (80, 248),
    "left shoulder": (308, 245),
    "right elbow": (48, 436),
    "left elbow": (338, 400),
    "right wrist": (132, 464),
    "left wrist": (300, 480),
}
_SHUTTLE: Final[list[Point]] = [
    (378, 0), (398, 0), (404, 12), (409, 28), (411, 45), (416, 37), (421, 47), (426, 60),
    (427, 80), (427, 200), (428, 208), (427, 220), (426, 235), (430, 245), (424, 255),
    (414, 255), (411, 249), (405, 244), (409, 236), (408, 221), (392, 222), (386, 232),
    (383, 243), (380, 250), (366, 250), (361, 236), (346, 255), (344, 250), (347, 240),
    (358, 213), (350, 217), (334, 215), (332, 206), (333, 200), (339, 190), (354, 171),
    (354, 112), (360, 96), (357, 80), (357, 60), (361, 45), (364, 39), (368, 48), (371, 58),
    (371, 40), (373, 22),
]  # fmt: skip
_RIM: Final = (232.8, 90.3, 94.6, 75.6, 6.0)
"""Outer edge of the cup: x, y, rx, ry, theta."""
_COFFEE: Final[list[Point]] = [
    (163, 118), (170, 103), (180, 91), (195, 82), (215, 77), (235, 76), (255, 79), (275, 87),
    (288, 98), (294, 112), (295, 122), (290, 132), (280, 141), (265, 149), (245, 154),
    (225, 153), (205, 149), (185, 140), (170, 128),
]  # fmt: skip
_SAUCER: Final[list[Point]] = [
    (146, 60), (130, 66), (115, 76), (100, 88), (88, 101), (78, 115), (70, 130), (64, 150),
    (62, 170), (63, 190), (68, 210), (76, 228), (86, 244), (100, 260), (116, 275), (135, 288),
    (155, 298), (180, 306), (210, 311), (240, 312), (270, 309), (300, 301), (325, 289),
    (345, 274), (360, 256), (372, 236), (380, 214), (383, 190), (381, 168), (375, 146),
    (366, 128), (354, 110), (342, 96), (333, 87), (325, 105), (317, 135), (311, 160),
    (307, 178), (316, 192), (324, 207), (323, 225), (316, 240), (304, 253), (288, 260),
    (273, 255), (263, 242), (260, 225), (262, 210), (254, 204), (244, 221), (230, 227),
    (212, 226), (204, 220), (205, 197), (192, 208), (186, 225), (184, 240), (178, 245),
    (166, 243), (158, 237), (157, 225), (165, 203), (178, 188), (168, 178), (155, 163),
    (146, 145), (141, 125), (140, 105), (139, 88), (141, 72),
]  # fmt: skip
_WHISKERS: Final[tuple[list[Point], ...]] = (
    [(0, 224), (20, 218.5), (40, 215.5), (70, 214), (100, 215.5), (130, 217.5), (158, 219.5)],
    [(0, 255), (20, 249.5), (40, 244), (60, 239.5), (80, 236), (100, 233.5), (120, 231.5),
     (145, 230)],
    [(0, 299), (20, 289), (40, 279.5), (60, 270.5), (80, 262), (100, 254.5), (120, 248),
     (140, 243), (155, 240.5)],
    [(102, 300), (120, 287), (140, 273.5), (157, 262)],
    [(127, 300), (139, 290), (150, 279), (160, 267)],
    [(318, 238), (338, 240), (358, 246), (378, 254)],
)  # fmt: skip
_COINS: Final = (
    (44.5, 54, 21), (100, 56.5, 19), (155.5, 51, 23), (215.5, 51, 22.7), (276, 52.5, 20),
    (335, 43.8, 29), (45.5, 124.5, 20.5), (103, 126, 19), (153.5, 127.3, 18.8),
    (206, 124.7, 20), (270.5, 119.5, 25), (337, 125, 19.5), (44, 197.5, 19),
    (102.3, 196, 21.4), (154.5, 198, 19.3), (212.5, 193.5, 23.5), (273.5, 194, 22.3),
    (347.3, 187, 31.7), (46.3, 260.3, 27.8), (114, 266, 21.4), (172.5, 262, 26.8),
    (244.3, 264, 24.2), (301.3, 264, 25), (358.3, 268.3, 22.2),
)  # fmt: skip
_MOTIFS: Final = {
    "Figure": (4, 6),
    "Head": (12, 14, 15, 16, 17, 18, 19, 21, 23),
    "Unclear": (3, 7, 8, 13, 20, 24),
}
_LAMPS: Final[dict[str, Point]] = {
    "lamp on the left tower": (82, 349.5),
    "lamp 2": (151.7, 377.6),
    "lamp 3": (193.5, 396.5),
    "lamp 4": (111, 417.3),
    "lamp beside the rocket": (364, 397),
    "lamp 6": (433, 394),
    "lamp 7": (450.5, 419),
}
_COLD: Final = ("lamp 4", "lamp 7")


def photo_rows(structure: OntologyStructure) -> list[LabelRow]:
    """The label rows of all photographs."""
    return [
        _portrait(structure),
        _espresso(structure),
        _cat(structure),
        _coins(structure),
        _row(structure, "brick-wall.jpg", day=1).finish(),
        _launch_pad(structure),
    ]


def ellipse_points(
    x: float, y: float, rx: float, ry: float, theta: float = 0, number: int = 32
) -> list[Point]:
    """Points on an ellipse that is turned by `theta` degrees clockwise."""
    turn = math.radians(theta)
    angles = [2 * math.pi * step / number for step in range(number)]
    return [
        (
            x + rx * math.cos(a) * math.cos(turn) - ry * math.sin(a) * math.sin(turn),
            y + rx * math.cos(a) * math.sin(turn) + ry * math.sin(a) * math.cos(turn),
        )
        for a in angles
    ]


def _row(structure: OntologyStructure, title: str, *, day: int) -> RowMaker:
    file = File(title, long_hash("image", title), PHOTOS[title].size)
    return RowMaker(structure, Media(title, "image", DATASET, day, [file]))


def _portrait(structure: OntologyStructure) -> LabelRow:
    title = "eileen-collins.jpg"
    row, ruler = _row(structure, title, day=0), Ruler(PHOTOS[title].size)
    suit = suit_mask(photograph(PHOTOS[title]))
    row.draw("Pressure suit", "suit", BitmaskCoordinates(suit), {"Suit colour": "Orange"})
    skeleton = ruler.skeleton(
        structure.skeleton_templates["Person"],
        _PERSON,
        {"left elbow": Visibility.OCCLUDED, "left wrist": Visibility.INVISIBLE},
    )
    answers = {
        "Person name": "Eileen Collins",
        "Outfit": ["Pressure suit"],
        "Gaze": "At the camera",
    }
    row.draw("Person", "astronaut", skeleton, answers)
    row.draw(
        "Face",
        "face",
        ruler.box(166, 68, 91, 111),
        {
            "Species": "Human",
            "Expression": "Smiling",
            "Expression note": "Broad smile, teeth showing",
            "Visible parts": ["Both eyes", "Nose", "Mouth"],
            RELATION: row.object_hash("astronaut"),
        },
    )
    row.draw("Helmet", "helmet", ruler.ellipse(*HELMET))
    row.draw(
        "Model spacecraft",
        "shuttle",
        ruler.polygon([_SHUTTLE]),
        {"Scale model of": "Space Shuttle with tank and boosters"},
    )
    row.classify("Scene", {"Scene": "Indoors", "Lighting": ["Lamps", "Flash"]}, Range(0, 0))
    row.classify("Caption", {"Caption": "Portrait of the astronaut Eileen Collins"}, Range(0, 0))
    return row.finish()


def _espresso(structure: OntologyStructure) -> LabelRow:
    title = "espresso.jpg"
    row, ruler = _row(structure, title, day=0), Ruler(PHOTOS[title].size)
    row.draw("Saucer", "saucer", ruler.polygon([_SAUCER]), {"Remark": "Red, glazed"})
    row.draw("Cup rim", "rim", ruler.ellipse(*_RIM))
    row.draw("Porcelain", "inside of the cup", ruler.polygon([ellipse_points(*_RIM), _COFFEE]))
    row.draw(
        "Spoon", "spoon", ruler.turned_box(277.2, 50, 58.5, 212.5, 12.0), {"Material": "Steel"}
    )
    row.draw("Saucer", MISCLICK, ruler.polygon([[(30, 180), (33, 181), (31, 183)]]))
    row.classify("Scene", {"Scene": "Indoors", "Lighting": ["Lamps"]}, Range(0, 0))
    row.classify("Image quality", {"Image quality": []}, Range(0, 0))
    return row.finish()


def _cat(structure: OntologyStructure) -> LabelRow:
    title = "chelsea.jpg"
    row, ruler = _row(structure, title, day=0), Ruler(PHOTOS[title].size)
    row.draw(
        "Face",
        "face",
        ruler.box(30, 0, 334, 292),
        {"Species": "Cat", "Visible parts": ["Both eyes", "Nose"]},
        confidence=0.83,
    )
    face = row.object_hash("face")
    row.draw(
        "Eye",
        "right eye",
        ruler.ellipse(171.5, 116.5, 36, 31, 14),
        {"Side": "Right", RELATION: face},
    )
    row.draw(
        "Eye", "left eye", ruler.ellipse(318, 136.5, 21.5, 28, 20), {"Side": "Left", RELATION: face}
    )
    row.draw("Nose tip", "nose", ruler.point((262, 237)))
    for number, whisker in enumerate(_WHISKERS):
        row.draw("Whisker", f"whisker {number}", ruler.polyline(whisker))
    row.classify("Scene", {"Scene": "Indoors", "Lighting": ["Daylight"]}, Range(0, 0))
    row.classify("Caption", {"Caption": "Chelsea, a cat — looking past the camera"}, Range(0, 0))
    return row.finish()


def _coins(structure: OntologyStructure) -> LabelRow:
    title = "coins-of-pompeii.jpg"
    row, ruler = _row(structure, title, day=1), Ruler(PHOTOS[title].size)
    motifs = {number: motif for motif, numbers in _MOTIFS.items() for number in numbers}
    for number, coin in enumerate(_COINS, start=1):
        answers: dict[str, Answer] = {"Position in the tray": number}
        if number in motifs:
            answers["Motif"] = motifs[number]
        row.draw("Coin", f"coin {number}", ruler.circle(*coin), answers)
    row.classify("Caption", {"Caption": "Greek coins from Pompeii"}, Range(0, 0))
    return row.finish()


def _launch_pad(structure: OntologyStructure) -> LabelRow:
    files = [File(name, long_hash("image", name), crop.size) for name, crop in LAUNCH_PAD.items()]
    media = Media(PAD_TITLE, "img_group", DATASET, 1, files, number_of_frames=len(files))
    row = RowMaker(structure, media)
    regions = [crop.region or (0, 0, *crop.size) for crop in LAUNCH_PAD.values()]
    rulers = [Ruler((r - x, b - y), (x, y)) for x, y, r, b in regions]
    rocket = {frame: rulers[frame].box(311, 127, 23, 280) for frame in (0, 1)}
    row.draw("Rocket", "rocket", rocket, {"Mission": "DSCOVR"})
    for name, place in _LAMPS.items():
        frames = [
            i for i, (x, y, r, b) in enumerate(regions) if x <= place[0] < r and y <= place[1] < b
        ]
        light = "Cold white" if name in _COLD else "Warm white"
        row.draw("Lamp", name, {i: rulers[i].point(place) for i in frames}, {"Light": light})
    row.draw("Lightning rod", "left rod", rulers[0].polyline([(202, 124), (200, 170), (198, 214)]))
    row.draw("Lightning rod", "right rod", rulers[0].polyline([(446, 124), (448, 170), (450, 214)]))
    weather = {
        "Scene": "Outdoors",
        "Weather": "Cloudy",
        "Weather note": "A bank of clouds above the horizon, dusk",
    }
    row.classify("Scene", weather, Range(0, 2))
    row.classify("Image quality", {"Image quality": ["Noise", "Overexposed"]}, Range(2, 2))
    return row.finish()
