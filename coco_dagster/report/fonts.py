"""Letters for names in pictures."""

import unicodedata
from functools import lru_cache
from typing import Final

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_WIDER_FONTS: Final = (
    "DejaVuSans.ttf",
    "LiberationSans-Regular.ttf",
    "NotoSans-Regular.ttf",
    "Arial.ttf",
    "segoeui.ttf",
    "NotoSansCJK-Regular.ttc",
    "Arial Unicode.ttf",
    "PingFang.ttc",
    "msyh.ttc",
)
_NO_LETTER: Final = "\uffff"


def font_for(text: str, size: int) -> tuple[Font, str]:
    """A font that can write a text, and the text as it can be written.

    The font that Pillow brings along has ASCII alone. Other letters need a font of the machine;
    where none has them they lose their accents, and what is no letter then is a question mark.

    Args:
        text: a text of one line.
        size: height in pixels.
    """
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    if text.isascii():
        return ImageFont.load_default(size), text
    for font in _wider_fonts(size):
        missing = _glyph(font, _NO_LETTER)
        if not any(_glyph(font, letter) == missing for letter in set(text) - {" "}):
            return font, text
    plain = unicodedata.normalize("NFKD", text)
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return ImageFont.load_default(size), kept.encode("ascii", "replace").decode()


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
