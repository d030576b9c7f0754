"""Antialiased drawing with Pillow: everything is drawn larger and scaled down once."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SUPERSAMPLING: Final = 3

Colour = tuple[int, int, int] | tuple[int, int, int, int]
Point = tuple[float, float]


class Canvas:
    """A picture that is drawn in its own pixels, with fractions where they help."""

    def __init__(self, width: int, height: int) -> None:
        """Start with a black picture.

        Args:
            width: pixels of the finished picture.
            height: pixels of the finished picture.
        """
        self.width = width
        self.height = height
        size = (width * SUPERSAMPLING, height * SUPERSAMPLING)
        self._image = Image.new("RGB", size)
        self._draw = ImageDraw.Draw(self._image, "RGBA")

    def gradient(self, top: float, bottom: float, colours: Sequence[Colour]) -> None:
        """Fill the rows from `top` to `bottom` with colours that blend into one another."""
        first, last = round(top * SUPERSAMPLING), round(bottom * SUPERSAMPLING)
        stops = np.linspace(0, 1, len(colours))
        places = np.linspace(0, 1, last - first)
        channels = [np.interp(places, stops, [c[i] for c in colours]) for i in range(3)]
        column = np.stack(channels, axis=-1).round().astype(np.uint8)[:, None]
        band = np.repeat(column, self._image.width, axis=1)
        self._image.paste(Image.fromarray(band), (0, first))

    def polygon(self, points: Iterable[Point], fill: Colour) -> None:
        """Fill a polygon."""
        self._draw.polygon(self._scaled(points), fill=fill)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        """Fill an upright rectangle; right and bottom are exclusive."""
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], fill)

    def ellipse(self, centre: Point, rx: float, ry: float, fill: Colour) -> None:
        """Fill an upright ellipse."""
        (x, y), k = centre, SUPERSAMPLING
        self._draw.ellipse([(x - rx) * k, (y - ry) * k, (x + rx) * k, (y + ry) * k], fill=fill)

    def line(self, points: Iterable[Point], fill: Colour, width: float = 1) -> None:
        """Draw a line of the given width."""
        thick = max(1, round(width * SUPERSAMPLING))
        self._draw.line(self._scaled(points), fill=fill, width=thick, joint="curve")

    def text(self, centre: Point, text: str, size: float, fill: Colour) -> None:
        """Write text about a point, in the font that Pillow brings along."""
        font = ImageFont.load_default(size * SUPERSAMPLING)
        x, y = centre
        place = (x * SUPERSAMPLING, y * SUPERSAMPLING)
        self._draw.text(place, text, fill=fill, font=font, anchor="mm")

    def soft_ellipses(
        self, ellipses: Iterable[tuple[Point, float, float]], fill: Colour, blur: float
    ) -> None:
        """Fill ellipses with blurred edges: clouds, smoke, glare."""
        mask = Image.new("L", self._image.size)
        draw, k = ImageDraw.Draw(mask), SUPERSAMPLING
        alpha = fill[3] if len(fill) == 4 else 255
        for (x, y), rx, ry in ellipses:
            place = [(x - rx) * k, (y - ry) * k, (x + rx) * k, (y + ry) * k]
            draw.ellipse(place, fill=alpha)
        mask = mask.filter(ImageFilter.GaussianBlur(blur * k))
        self._image.paste(fill[:3], (0, 0), mask)

    def finish(self, *, noise: float = 0, seed: int = 0, shake: int = 0) -> Image.Image:
        """The picture in its own size.

        Args:
            noise: standard deviation of the sensor noise, in grey levels.
            seed: seed of the noise.
            shake: pixels over which the camera moved sideways during the exposure.
        """
        image = self._image.resize((self.width, self.height), Image.Resampling.LANCZOS)
        values = np.asarray(image).astype(np.float64)
        if shake:
            columns = np.arange(self.width)[None] + np.arange(shake)[:, None] - shake // 2
            values = values[:, columns.clip(0, self.width - 1)].mean(axis=1)
        grain = np.random.default_rng(seed).normal(0, noise, (self.height, self.width, 1))
        return Image.fromarray((values + grain).clip(0, 255).round().astype(np.uint8))

    @staticmethod
    def _scaled(points: Iterable[Point]) -> list[Point]:
        return [(x * SUPERSAMPLING, y * SUPERSAMPLING) for x, y in points]
