"""Photographs that scikit-image ships, in the sizes of the sample.

Places in the labels are given in the pixels of the picture that is labelled, but for the launch
pad: its three pictures are crops of one photograph and share its pixels.
"""

from importlib.resources import files
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from scipy import ndimage


class Crop(NamedTuple):
    """A part of a photograph and the size in which it is kept.

    Attributes:
        source: file in scikit-image's data folder.
        size: width and height of the picture, in pixels.
        region: left, top, right, bottom in pixels of the photograph; None: all of it.
    """

    source: str
    size: tuple[int, int]
    region: tuple[int, int, int, int] | None = None


PHOTOS: Final = {
    "eileen-collins.jpg": Crop("astronaut.png", (480, 480)),
    "espresso.jpg": Crop("coffee.png", (480, 320)),
    "chelsea.jpg": Crop("chelsea.png", (451, 300)),
    "coins-of-pompeii.jpg": Crop("coins.png", (384, 303)),
    "brick-wall.jpg": Crop("brick.png", (256, 256)),
}
LAUNCH_PAD: Final = {
    "pad-overview.jpg": Crop("rocket.jpg", (480, 320), (0, 0, 640, 427)),
    "pad-rocket.jpg": Crop("rocket.jpg", (240, 480), (250, 107, 410, 427)),
    "pad-lamps.jpg": Crop("rocket.jpg", (300, 168), (40, 315, 240, 427)),
}
SUIT_TOP: Final = 188
SLEEVE_EDGE: Final = (
    (108, SUIT_TOP), (103, 198), (88, 209), (72, 220), (62, 230), (55, 240), (48, 250),
    (42, 260), (38, 280), (34, 290), (26, 310), (23, 340), (20, 360), (18, 375), (19, 390),
    (22, 400), (21, 420), (22, 440), (25, 455), (30, 470), (33, 480),
)  # fmt: skip
PATCHES: Final = (
    ((262, 318), (307, 325), (309, 354), (264, 347)),
    ((27, 311), (45, 314), (44, 357), (25, 354)),
)
"""Parts of the suit that are not orange: the name badge and a see-through pocket."""
HELMET: Final = (366.0, 426.0, 105.5, 104.0)
"""The helmet's outline, an ellipse: x, y, rx, ry. It goes on below the picture."""
SMALLEST_PART: Final = 1500
"""Pixels below which an orange spot is not part of the suit."""


def photograph(crop: Crop) -> Image.Image:
    """The photograph, cut and scaled."""
    source = files("skimage.data").joinpath(crop.source)
    with source.open("rb") as file, Image.open(file) as image:
        return image.convert("RGB").resize(crop.size, Image.Resampling.LANCZOS, crop.region)


def suit_mask(portrait: Image.Image) -> npt.NDArray[np.bool_]:
    """Pixels of the orange pressure suit, badges and pockets included, straps left out.

    Its colour decides; the sleeve's edge is given by hand, for the flag behind it has a stripe of
    nearly the same colour.
    """
    hue, saturation, value = np.moveaxis(np.asarray(portrait.convert("HSV")).astype(int), 2, 0)
    orange = ((hue < 20) | (hue > 248)) & (saturation > 100) & (value > 60)
    allowed = Image.new("1", portrait.size)
    right, bottom = portrait.width, portrait.height
    ImageDraw.Draw(allowed).polygon([*SLEEVE_EDGE, (right, bottom), (right, SUIT_TOP)], fill=1)
    patches = Image.new("1", portrait.size)
    for patch in PATCHES:
        ImageDraw.Draw(patches).polygon(patch, fill=1)
    orange = (orange & np.asarray(allowed)) | np.asarray(patches)
    grown = np.pad(orange, 8, mode="edge")
    solid = ndimage.binary_opening(ndimage.binary_closing(grown, iterations=3), iterations=3)
    filled = ndimage.binary_fill_holes(solid)[8:-8, 8:-8]
    parts, _ = ndimage.label(filled)
    large = np.bincount(parts.ravel()) >= SMALLEST_PART
    large[0] = False
    return np.asarray(large[parts] & ~_inside(HELMET, portrait.size))


def _inside(
    ellipse: tuple[float, float, float, float], size: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    x, y, rx, ry = ellipse
    row, column = np.indices((size[1], size[0])) + 0.5
    return np.asarray(((column - x) / rx) ** 2 + ((row - y) / ry) ** 2 <= 1)
