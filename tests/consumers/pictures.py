"""Plain pictures, for consumers that open what a COCO file names."""

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_GREY = b"\x80\x80\x80"


def write_pictures(
    coco: Json, folder: Path, sizes: Sequence[tuple[int, int]] | None = None
) -> None:
    """Writes a grey picture for every image that has a name.

    Args:
        coco: the file that names them.
        folder: where names start from.
        sizes: width and height of the first images, whatever the file says of them.
    """
    said = [(image.get("width"), image.get("height")) for image in coco["images"]]
    known = [*(sizes or []), *said[len(sizes or []) :]]
    for image, (width, height) in zip(coco["images"], known, strict=True):
        if "file_name" in image:
            path = folder / image["file_name"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(width, height))


def png(width: int, height: int) -> bytes:
    """A PNG file, whatever the suffix says: libraries look at the first bytes.

    Chunks as in the PNG specification: a header for 8 bits of red, green and blue, one block of
    rows that each start with filter 0, and the end.
    """
    rows = zlib.compress((b"\0" + _GREY * width) * height)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
