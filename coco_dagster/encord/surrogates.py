"""Halves of surrogate pairs, which JSON can escape and which are no characters."""

import re
from typing import Final

_LONE: Final = re.compile(
    rb"(\\\\)|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)

NOTE: Final = "Halves of surrogate pairs are no characters."


def with_whole_characters(text: bytes) -> bytes:
    """JSON text with a replacement character for each half of a surrogate pair."""
    if b"\\ud" not in text and b"\\uD" not in text:
        return text
    return _LONE.sub(lambda half: rb"\ufffd" if half[2] else half[0], text)
