"""Whole files spoilt: their encoding, their compression, how rows are put together."""

import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final, TypeAlias

import pyarrow as pa

FileChange: TypeAlias = Callable[[Sequence[bytes], Random], bytes]
"""The bytes of a file of label rows, from the text of each."""


def array(rows: Sequence[bytes]) -> bytes:
    """Label rows as Encord writes them."""
    return b"[" + b", ".join(rows) + b"]"


def _lines(rows: Sequence[bytes], between: bytes = b"\n") -> bytes:
    return between.join(rows)


def _pretty(rows: Sequence[bytes], _: Random) -> bytes:
    return json.dumps(json.loads(array(rows)), indent=4).encode()


def _reencoded(encoding: str) -> FileChange:
    return lambda rows, _: json.dumps(json.loads(array(rows)), ensure_ascii=False).encode(
        encoding, "surrogatepass" if encoding.startswith("utf") else "replace"
    )


def _cut(text: bytes, dice: Random) -> bytes:
    return text[: dice.randrange(len(text))]


def _flipped(text: bytes, dice: Random, times: int = 1) -> bytes:
    spoilt = bytearray(text)
    for _ in range(times):
        spoilt[dice.randrange(len(spoilt))] ^= 1 << dice.randrange(8)
    return bytes(spoilt)


def _zstd(text: bytes) -> bytes:
    compressed: bytes = pa.compress(text, "zstd", asbytes=True)
    return compressed


def _zipped(name: str, text: bytes) -> bytes:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return stored.getvalue()


def _with_row(row: bytes) -> FileChange:
    def change(rows: Sequence[bytes], dice: Random) -> bytes:
        at = dice.randint(0, len(rows))
        return array([*rows[:at], row, *rows[at:]])

    return change


FILES: Final[Mapping[str, FileChange]] = {
    "an array": lambda rows, _: array(rows),
    "an array on many lines": _pretty,
    "an array without white space": lambda rows, _: json.dumps(
        json.loads(array(rows)), separators=(",", ":")
    ).encode(),
    "JSON lines": lambda rows, _: _lines(rows),
    "JSON lines of Windows": lambda rows, _: _lines(rows, b"\r\n"),
    "JSON lines with blank ones": lambda rows, _: b"\n" + _lines(rows, b"\n \n\t\n") + b"\n\n",
    "objects in a row": lambda rows, _: _lines(rows, b""),
    "objects with commas": lambda rows, _: _lines(rows, b",\n"),
    "rows in reverse": lambda rows, _: array(rows[::-1]),
    "every row twice": lambda rows, _: array([*rows, *rows]),
    "one row 200 times": lambda rows, dice: array([*rows, *[dice.choice(rows)] * 200]),
    "1,000 empty rows": lambda rows, _: array([*rows, *[b"{}"] * 1_000]),
    "null among rows": _with_row(b"null"),
    "a text among rows": _with_row(b'"row"'),
    "a list among rows": _with_row(b"[]"),
    "a number among rows": _with_row(b"1e400"),
    "an ontology among rows": _with_row(b'{"objects": [], "classifications": []}'),
    "a missing row": _with_row(b""),
    "NaN among rows": _with_row(b"NaN"),
    "a comma at the end": lambda rows, _: array([*rows, b""]),
    "rows in a list of lists": lambda rows, _: b"[" + array(rows) + b"]",
    "rows in an object": lambda rows, _: b'{"label_rows": ' + array(rows) + b"}",
    "two arrays": lambda rows, _: array(rows) + array(rows),
    "two arrays on two lines": lambda rows, _: array(rows) + b"\n" + array(rows),
    "an array and a row": lambda rows, _: array(rows) + rows[0],
    "a row and an array": lambda rows, _: rows[0] + array(rows),
    "an array and a word": lambda rows, _: array(rows) + b" end",
    "an array and NULs": lambda rows, _: array(rows) + b"\0" * 512,
    "an array and a byte order mark": lambda rows, _: array(rows) + b"\xef\xbb\xbf",
    "no bracket at the end": lambda rows, _: array(rows)[:-1],
    "no bracket at the start": lambda rows, _: array(rows)[1:],
    "brackets too many": lambda rows, _: array(rows) + b"]]",
    "a byte order mark": lambda rows, _: b"\xef\xbb\xbf" + array(rows),
    "two byte order marks": lambda rows, _: b"\xef\xbb\xbf" * 2 + array(rows),
    "UTF-16": _reencoded("utf-16"),
    "UTF-16, big end first": _reencoded("utf-16-be"),
    "UTF-16, little end first": _reencoded("utf-16-le"),
    "UTF-32": _reencoded("utf-32"),
    "UTF-7": _reencoded("utf-7"),
    "Latin-1": _reencoded("latin-1"),
    "EBCDIC": _reencoded("cp037"),
    "white space around": lambda rows, _: b" \n\t" * 1_000 + array(rows) + b"\r\n" * 1_000,
    "1 MB of white space": lambda rows, _: b" " * (1 << 20) + array(rows),
    "white space alone": lambda _, __: b" \n" * 100,
    "nothing": lambda _, __: b"",
    "null": lambda _, __: b"null",
    "a number": lambda _, __: b"-12",
    "a text": lambda _, __: b'"rows"',
    "an empty array": lambda _, __: b"[]",
    "an empty object": lambda _, __: b"{}",
    "a bracket": lambda _, __: b"[",
    "200,000 brackets": lambda _, __: b"[" * 200_000,
    "200,000 braces": lambda _, __: b'{"a":' * 200_000,
    "an endless text": lambda rows, _: array(rows)[:-1] + b', "' + b"x" * 100_000,
    "HTML": lambda _, __: b"<!DOCTYPE html><html><body>403 Forbidden</body></html>",
    "XML": lambda _, __: b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
    "YAML": lambda _, __: b"- label_hash: a\n  data_units: {}\n",
    "CSV": lambda _, __: b"label_hash,data_hash\na,b\n",
    "a picture": lambda _, __: b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "random bytes": lambda _, dice: dice.randbytes(1_000),
    "gzip": lambda rows, _: gzip.compress(array(rows)),
    "gzip twice": lambda rows, _: gzip.compress(gzip.compress(array(rows))),
    "gzip in two pieces": lambda rows, _: (
        gzip.compress(array(rows)[:50]) + gzip.compress(array(rows)[50:])
    ),
    "gzip cut short": lambda rows, dice: _cut(gzip.compress(array(rows)), dice),
    "gzip with a bit flipped": lambda rows, dice: _flipped(gzip.compress(array(rows)), dice),
    "gzip with a wrong check sum": lambda rows, _: gzip.compress(array(rows))[:-8] + b"\0" * 8,
    "gzip with more behind it": lambda rows, _: gzip.compress(array(rows)) + b"more",
    "the head of gzip": lambda _, __: b"\x1f\x8b",
    "zlib": lambda rows, _: zlib.compress(array(rows)),
    "zstd": lambda rows, _: _zstd(array(rows)),
    "zstd cut short": lambda rows, dice: _cut(_zstd(array(rows)), dice),
    "zstd with a bit flipped": lambda rows, dice: _flipped(_zstd(array(rows)), dice),
    "the head of zstd": lambda _, __: b"\x28\xb5\x2f\xfd",
    "a zip": lambda rows, _: _zipped("labels.json", array(rows)),
    "a zip of a path upwards": lambda rows, _: _zipped("../../labels.json", array(rows)),
    "a zip in a zip": lambda rows, _: _zipped("labels.zip", _zipped("labels.json", array(rows))),
    "a zip cut short": lambda rows, dice: _cut(_zipped("labels.json", array(rows)), dice),
    "a zip with a bit flipped": lambda rows, dice: _flipped(
        _zipped("labels.json", array(rows)), dice
    ),
    "a zip of nothing": lambda _, __: b"PK\x05\x06" + b"\0" * 18,
    "cut short": lambda rows, dice: _cut(array(rows), dice),
    "a byte cut off": lambda rows, _: array(rows)[:-1],
    "a bit flipped": lambda rows, dice: _flipped(array(rows), dice),
    "100 bits flipped": lambda rows, dice: _flipped(array(rows), dice, 100),
}
"""Files of label rows, by name."""
