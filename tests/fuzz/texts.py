"""The text of one label row spoilt byte by byte, as no reader of JSON would hand it on."""

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Final, TypeAlias

TextChange: TypeAlias = Callable[[bytes, Random], bytes]
"""What becomes of the text of a row."""

_NUMBER: Final = re.compile(rb"(?<=[:,\[ ])-?\d+(\.\d+)?(?=[,}\]])")
_STRING: Final = re.compile(rb'(?<=: )"[^"\\]*"')
_KEY: Final = re.compile(rb'"[^"\\]*"(?=: )')
_MEMBER: Final = re.compile(rb'"[^"\\]*": ("[^"\\]*"|-?[\d.]+|true|false|null)(?=[,}])')


def _at(pattern: re.Pattern[bytes], change: Callable[[bytes], bytes]) -> TextChange:
    """The change of one match, whichever."""

    def changed(text: bytes, dice: Random) -> bytes:
        found = list(pattern.finditer(text))
        if not found:
            return text
        match = dice.choice(found)
        return text[: match.start()] + change(match[0]) + text[match.end() :]

    return changed


def _number(text: bytes) -> TextChange:
    return _at(_NUMBER, lambda _: text)


def _in_string(text: bytes) -> TextChange:
    return _at(_STRING, lambda string: string[:-1] + text + b'"')


def _in_key(text: bytes) -> TextChange:
    return _at(_KEY, lambda key: key[:-1] + text + b'"')


def _twice(value: bytes) -> TextChange:
    """A member that is there twice; the later one has the value."""
    return _at(_MEMBER, lambda member: member + b", " + member.split(b": ")[0] + b": " + value)


def _insert(piece: bytes) -> TextChange:
    def changed(text: bytes, dice: Random) -> bytes:
        at = dice.randint(0, len(text))
        return text[:at] + piece + text[at:]

    return changed


def _drop(text: bytes, dice: Random) -> bytes:
    at = dice.randrange(len(text))
    return text[:at] + text[at + 1 :]


def _flip(text: bytes, dice: Random) -> bytes:
    at = dice.randrange(len(text))
    return text[:at] + bytes([text[at] ^ (1 << dice.randrange(8))]) + text[at + 1 :]


def _cut(text: bytes, dice: Random) -> bytes:
    return text[: dice.randrange(len(text))]


def _swap(text: bytes, dice: Random) -> bytes:
    a, b, c = sorted(dice.randint(0, len(text)) for _ in range(3))
    return text[:a] + text[b:c] + text[a:b] + text[c:]


def _deep(levels: int, opening: bytes, inner: bytes, closing: bytes) -> TextChange:
    value = opening * levels + inner + closing * levels
    return lambda text, _: text[:-1] + b', "deep": ' + value + b"}"


TEXTS: Final[Mapping[str, TextChange]] = {
    "NaN": _number(b"NaN"),
    "Infinity": _number(b"Infinity"),
    "-Infinity": _number(b"-Infinity"),
    "nan": _number(b"nan"),
    "1e400": _number(b"1e400"),
    "-1e400": _number(b"-1e400"),
    "1e-400": _number(b"1e-400"),
    "a number of 400 digits": _number(b"9" * 400),
    "a number of 5,000 digits": _number(b"9" * 5_000),
    "a fraction of 5,000 digits": _number(b"0." + b"3" * 5_000),
    "an exponent of 5,000 digits": _number(b"1e" + b"9" * 5_000),
    "minus zero": _number(b"-0"),
    "a zero before a number": _number(b"007"),
    "a plus before a number": _number(b"+5"),
    "a number without a zero": _number(b".5"),
    "a number that ends with a dot": _number(b"5."),
    "a hexadecimal number": _number(b"0x1F"),
    "two numbers": _number(b"1 2"),
    "a name in place of a number": _number(b"undefined"),
    "True": _number(b"True"),
    "None": _number(b"None"),
    "a key twice, then null": _twice(b"null"),
    "a key twice, then a text": _twice(b'"other"'),
    "a key twice, then a number": _twice(b"-1"),
    "a key twice, then an object": _twice(b"{}"),
    "a key twice, then a list": _twice(b"[]"),
    "a key 500 times": _at(_MEMBER, lambda member: b", ".join([member] * 500)),
    "a label hash twice": lambda text, _: text[:-1] + b', "label_hash": "second"}',
    "data units twice": lambda text, _: text[:-1] + b', "data_units": {}}',
    "objects twice": lambda text, _: text.replace(b'"objects": [', b'"objects": [], "objects": ['),
    "shapes twice": lambda text, _: text.replace(b'"shape": ', b'"shape": "audio", "shape": '),
    "an invalid byte in a text": _in_string(b"\xff"),
    "an overlong byte in a text": _in_string(b"\xc0\xaf"),
    "half a character in a text": _in_string(b"\xe2\x82"),
    "a surrogate in UTF-8 in a text": _in_string(b"\xed\xa0\x80"),
    "a character beyond Unicode in a text": _in_string(b"\xf4\x90\x80\x80"),
    "Latin-1 in a text": _in_string("gr\u00fcn".encode("latin-1")),
    "a NUL in a text": _in_string(b"\0"),
    "a line break in a text": _in_string(b"\n"),
    "a tab in a text": _in_string(b"\t"),
    "DEL in a text": _in_string(b"\x7f"),
    "an escaped NUL in a text": _in_string(rb"\u0000"),
    "half a surrogate pair in a text": _in_string(rb"\ud83d"),
    "the other half in a text": _in_string(rb"\ude00"),
    "a surrogate pair backwards in a text": _in_string(rb"\ude00\ud83d"),
    "a surrogate pair in a text": _in_string(rb"\ud83d\ude00"),
    "an unknown escape in a text": _in_string(rb"\x41"),
    "an escape of three digits in a text": _in_string(rb"\u12g"),
    "a backslash at the end of a text": _in_string(b"\\"),
    "a quote in a text": _in_string(b'"'),
    "1 MB in a text": _in_string(b"x" * 1_000_000),
    "an invalid byte in a key": _in_key(b"\xff"),
    "an escaped NUL in a key": _in_key(rb"\u0000"),
    "half a surrogate pair in a key": _in_key(rb"\udc00"),
    "100 kB in a key": _in_key(b"k" * 100_000),
    "single quotes": _at(_KEY, lambda key: b"'" + key[1:-1] + b"'"),
    "a key without quotes": _at(_KEY, lambda key: key[1:-1]),
    "a number as a key": _at(_KEY, lambda _: b"5"),
    "no colon": lambda text, _: text.replace(b": ", b" ", 1),
    "an equals sign": lambda text, _: text.replace(b": ", b" = ", 1),
    "a comma too many": lambda text, _: text[:-1] + b",}",
    "a comma in front": lambda text, _: b"{," + text[1:],
    "two commas": lambda text, _: text.replace(b", ", b",, ", 1),
    "no comma": lambda text, _: text.replace(b", ", b" ", 1),
    "a comment": lambda text, _: b"{/* a comment */" + text[1:],
    "a line comment": lambda text, _: b"{// a comment\n" + text[1:],
    "a bracket too many": lambda text, _: text + b"}",
    "a bracket too few": lambda text, _: text[:-1],
    "a square bracket": lambda text, _: text[:-1] + b"]",
    "a byte order mark": lambda text, _: b"\xef\xbb\xbf" + text,
    "a byte order mark within": _insert(b"\xef\xbb\xbf"),
    "a NUL within": _insert(b"\0"),
    "1 MB of white space": lambda text, _: b"{" + b" \r\n\t" * 250_000 + text[1:],
    "white space of Unicode": lambda text, _: b"{\xc2\xa0" + text[1:],
    "100 levels": _deep(100, b"[", b"", b"]"),
    "900 levels": _deep(900, b"[", b"", b"]"),
    "5,000 levels": _deep(5_000, b"[", b"", b"]"),
    "5,000 levels of objects": _deep(5_000, b'{"a":', b"0", b"}"),
    "200,000 levels": _deep(200_000, b"[", b"", b"]"),
    "200,000 levels that do not end": lambda text, _: text[:-1] + b', "x": ' + b"[" * 200_000,
    "UTF-16": lambda text, _: text.decode().encode("utf-16"),
    "UTF-32": lambda text, _: text.decode().encode("utf-32"),
    "two rows without a comma": lambda text, _: text + text,
    "the row in brackets": lambda text, _: b"[" + text + b"]",
    "the row in a text": lambda text, _: b'"' + text.replace(b'"', b'\\"') + b'"',
    "nothing": lambda _, __: b"",
    "a number": lambda _, __: b"5",
    "a text": lambda _, __: b'"row"',
    "cut short": _cut,
    "a byte left out": _drop,
    "a bit flipped": _flip,
    "pieces exchanged": _swap,
    "a quote more": _insert(b'"'),
    "a brace more": _insert(b"{"),
    "a bracket more": _insert(b"]"),
    "a comma more": _insert(b","),
    "a backslash more": _insert(b"\\"),
    "random bytes": lambda _, dice: dice.randbytes(200),
    "random characters of JSON": lambda _, dice: bytes(dice.choices(b'{}[],:"0e-. \\u', k=300)),
}
"""Changes of the text of one row, by name."""
