"""JSON values that are nested more deeply than any reader follows."""

import re
from typing import Final, NamedTuple

import msgspec
from msgspec import Raw

MAX_LEVELS: Final = 100
"""Levels that are kept of a row that cannot be read as it is; Encord uses fewer than twenty."""

_TOKEN: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]', re.DOTALL)


class Shallow(NamedTuple):
    """JSON text without values that are nested too deeply.

    Attributes:
        text: the text, with null in the place of each of them.
        first: the start of the first of them; empty where there was none.
    """

    text: bytes
    first: bytes = b""


def with_readable_depth(text: bytes, levels: int = MAX_LEVELS) -> Shallow:
    """The text as it is, or `without_deep_values` where it is nested too deeply to be read.

    Args:
        text: one JSON value, which may be malformed.
        levels: levels of lists and objects that are kept where there are too many.
    """
    try:
        msgspec.json.decode(text, type=Raw)
    except RecursionError:
        return without_deep_values(text, levels)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass
    return Shallow(text)


def without_deep_values(text: bytes, levels: int = MAX_LEVELS) -> Shallow:
    """Put null in the place of every value that lies below a number of levels.

    Args:
        text: one JSON value whose brackets match in number.
        levels: levels of lists and objects that are kept.
    """
    depth = 0
    start = kept = 0
    pieces: list[bytes] = []
    first = b""
    for token in _TOKEN.finditer(text):
        bracket = token[0]
        if bracket in b"[{":
            depth += 1
            if depth == levels + 1:
                start = token.start()
        elif bracket in b"]}":
            depth -= 1
            if depth == levels:
                pieces += (text[kept:start], b"null")
                first = first or text[start : min(token.end(), start + _SHOWN)]
                kept = token.end()
    if not pieces:
        return Shallow(text)
    return Shallow(b"".join((*pieces, text[kept:])), first)


_SHOWN: Final = 200
