"""Letters for names in pictures."""

from functools import lru_cache
from typing import Final

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_LAST_LATIN: Final = 0x24F
_PUNCTUATION: Final = range(0x2010, 0x2027)
_WIDER_FONTS: Final = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "Arial Unicode.ttf",
    "arialuni.ttf",
)


@lru_cache(maxsize=32)
def latin_font(size: int) -> Font:
    """The font that Pillow brings along, Aileron, which has the Latin letters.

    Args:
        size: height in pixels.
    """
    return ImageFont.load_default(size)


def font_for(text: str, size: int) -> tuple[Font, str]:
    """A font that can write a text, and the text with `?` for what no font here can write.

    Args:
        text: a text of one line.
        size: height in pixels.
    """
    if all(map(_is_latin, text)):
        return latin_font(size), text
    for font in _wider_fonts(size):
        missing = _glyph(font, "\uffff")
        if not any(_glyph(font, letter) == missing for letter in set(text) - {" "}):
            return font, text
    return latin_font(size), "".join(letter if _is_latin(letter) else "?" for letter in text)


def _is_latin(letter: str) -> bool:
    return " " <= letter <= chr(_LAST_LATIN) or ord(letter) in _PUNCTUATION


@lru_cache(maxsize=32)
def _wider_fonts(size: int) -> tuple[ImageFont.FreeTypeFont, ...]:
    """Fonts of the machine that have more than Latin letters."""
    found = []
    for name in _WIDER_FONTS:
        try:
            found.append(ImageFont.truetype(name, size))
        except OSError:
            continue
    return tuple(found)


def _glyph(font: ImageFont.FreeTypeFont, letter: str) -> bytes:
    return bytes(font.getmask(letter))
