"""Values that stand where others should, by the kind of value that is expected there."""

import json
import re
import sys
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final, TypeAlias

Change: TypeAlias = Callable[[Any, Random], Any]
"""What becomes of a value."""


class Gone:
    """Stands for a value that is left out."""


GONE: Final = Gone()

_DEEPEST: Final = 20_000
_TOKEN: Final = re.compile(r'"@@([^"@]*)@@"')


def token(text: str) -> str:
    """A value that `as_text` writes as it is, such as a number that Python would not write."""
    return f"@@{text}@@"


def as_text(value: Any) -> bytes:
    """JSON text, with tokens as they are, however deep the value is."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(_DEEPEST)
    try:
        text = json.dumps(value)
    finally:
        sys.setrecursionlimit(limit)
    return _TOKEN.sub(r"\1", text).encode()


def nested(levels: int) -> Any:
    """Lists and objects within each other."""
    value: Any = 0
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def always(value: Any) -> Change:
    """A change that puts a value in place of any other."""
    return lambda _, __: value


LONG: Final = "long " * 20_000
CONTROL: Final = "".join(map(chr, (*range(1, 32), 127, 0x85, 0x2028, 0x202E, 0xFEFF, 0xFFFF)))

ANY: Final[Mapping[str, Any]] = {
    "missing": GONE,
    "null": None,
    "true": True,
    "an empty object": {},
    "an empty list": [],
    "a list of null": [None],
    "nested 300 levels deep": nested(300),
    "nested 5,000 levels deep": token("[" * 5_000 + "]" * 5_000),
}
"""What is wrong, or at least odd, whatever is expected."""

HASHES: Final[Mapping[str, Any]] = {
    "empty": "",
    "a number": 5,
    "a path upwards": "../../../etc/passwd",
    "an absolute path": "/etc/passwd",
    "a path of Windows": "C:\\Windows\\..\\system.ini",
    "two dots": "..",
    "a dot": ".",
    "a link": "https://host/a?X-Amz-Signature=abc",
    "a NUL": "a\0b",
    "control characters": CONTROL,
    "half a surrogate pair": "\ud800",
    "an emoji": "\U0001f6a2",
    "markup": "<script>alert(1)</script>&amp;",
    "a template": "{0.__class__}%s$HOME`id`",
    "200 kB long": LONG * 2,
    "a name of the format": "unnamed:0123456789abcdef",
}
TEXTS: Final[Mapping[str, Any]] = {
    "empty": "",
    "a number": 12,
    "a NUL": "a\0b",
    "control characters": CONTROL,
    "half a surrogate pair": "x\udfff",
    "a path upwards": "../../x.png",
    "markup": "<img src=x onerror=alert(1)>",
    "a line of CSV": '=cmd|" /C calc"!A0\r\n',
    "100 kB long": LONG,
    "100 kB without a space": "a" * 100_000,
}
NUMBERS: Final[Mapping[str, Any]] = {
    "a text": "12",
    "a text that is no number": "NaN",
    "zero": 0,
    "minus zero": -0.0,
    "negative": -0.5,
    "huge": 1e308,
    "hugely negative": -1e308,
    "as small as can be": 5e-324,
    "2^63": 2**63,
    "30 digits": 10**30,
    "400 digits": token("9" * 400),
    "5,000 digits": token("9" * 5_000),
    "1e400": token("1e400"),
    "1e-400": token("1e-400"),
    "a fraction": 1.5,
}
CONTAINERS: Final[Mapping[str, Any]] = {
    "a text": "x",
    "a number": 7,
    "a list of lists": [[[]]],
    "a list of objects": [{}],
    "an object of null": {"0": None},
    "an object with an empty key": {"": {}},
}
FLAGS: Final[Mapping[str, Any]] = {"false": False, "a text": "true", "one": 1}
DATES: Final[Mapping[str, Any]] = {
    "empty": "",
    "a number": 1700000000,
    "no date": "yesterday",
    "the 31st of February": "2024-02-31 10:00:00",
    "year 0": "0000-01-01 00:00:00",
    "year 99999": "99999-01-01 00:00:00",
    "an hour 25": "2024-01-01 25:00:00",
    "a zone that there is none of": "Fri, 01 Dec 2023 10:30:02 XYZ",
    "an offset of 99 hours": "2024-01-01T00:00:00+99:00",
    "only digits": "9" * 300,
    "100 kB long": LONG,
    "with a NUL": "2024-01-01\0 00:00:00",
}
RANGES: Final[Mapping[str, Any]] = {
    "10^9 frames": [[0, 10**9]],
    "10^18 frames": [[0, 10**18]],
    "10^30 frames": [[0, 10**30]],
    "backwards": [[9, 3]],
    "negative": [[-5, -1]],
    "of one end": [[3]],
    "of three ends": [[1, 2, 3]],
    "of fractions": [[0.5, 2.5]],
    "of texts": [["0", "5"]],
    "of null": [[None, None]],
    "no list": 5,
    "one span without its list": [0, 5],
    "10,000 spans": [[n, n + 1] for n in range(0, 20_000, 2)],
    "10,000 spans over each other": [[0, n] for n in range(10_000)],
}
KINDS: Final = {
    "hash": HASHES,
    "text": TEXTS,
    "number": NUMBERS,
    "container": CONTAINERS,
    "flag": FLAGS,
    "date": DATES,
    "range": RANGES,
}


def wrong_values(kind: str) -> dict[str, Any]:
    """Values that are wrong or odd where a kind of value is expected, by their name."""
    return {**ANY, **KINDS[kind]}
