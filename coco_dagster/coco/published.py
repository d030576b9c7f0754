"""COCO files as this package writes them, read back line by line.

A written file has one image, annotation or category on each line. Its lines are therefore read as
columns of text, and only what is shown is ever decoded: a file of any size takes the memory of one
block.
"""

import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, Any, Final

import msgspec
import numpy as np
import polars as pl
import pyarrow as pa
from msgspec import Struct

_BLOCK_BYTES: Final = 1 << 24
_HEAD_BYTES: Final = 1 << 16
_STRING: Final = r'"((?:[^"\\]|\\.)*)"'
_HEAD_LENGTH: Final = 96
_UNIT_START: Final = r'^[\[,]*\{"info":'
_ID: Final = r'^\{"id":(\d+)'
_PLAIN_MEMBERS: Final = r'(?:"\w+":[^,"\[{]+,)*?'
_IMAGE_SIZE: Final = r"^\{" + _PLAIN_MEMBERS + r'"width":(?<width>\d+),"height":(?<height>\d+)[,}]'
_IMAGE_KEY: Final = (
    r'"encord":\{(?:"label_hash":"(?:[^"\\]|\\.)*",)?"data_hash":' + _STRING + r',"frame":(\d+)'
)
_ANNOTATION: Final = (
    r"^\{"
    + _PLAIN_MEMBERS
    + r'"image_id":(?<image_id>\d+),'
    + _PLAIN_MEMBERS
    + r'"category_id":(?<category_id>\d+),"bbox":\['
    + ",".join(f"(?<{name}>[^,\\]]+)" for name in ("x", "y", "w", "h"))
    + r"\]"
)
_CLASSIFICATIONS: Final = '"classifications":'


class Rle(Struct, frozen=True):
    """A run-length encoded mask: `size` is height and width, `counts` COCO's compressed text."""

    size: tuple[int, int]
    counts: str


class CocoCategory(Struct, frozen=True):
    """A category; `supercategory` is its shape."""

    id: int
    name: str
    supercategory: str = ""
    keypoints: tuple[str, ...] = ()
    skeleton: tuple[tuple[int, int], ...] = ()


class ImageOrigin(Struct, frozen=True):
    """Where an image came from, and its classifications."""

    data_hash: str
    frame: int
    label_hash: str | None = None
    data_type: str | None = None
    dataset_title: str | None = None
    classifications: dict[str, Any] = {}


class CocoImage(Struct, frozen=True):
    """An image; `width` and `height` are pixels, or None where the labels do not know them."""

    id: int
    file_name: str
    encord: ImageOrigin
    width: int | None = None
    height: int | None = None
    image_title: str | None = None


class CocoAnnotation(Struct, frozen=True):
    """An annotation; coordinates are pixels, x before y, with the origin at the top left."""

    id: int
    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float]
    area: float
    segmentation: list[list[float]] | Rle
    attributes: dict[str, Any]
    keypoints: list[float] = []


class CocoBlock(Struct, frozen=True):
    """Some consecutive lines of a COCO file.

    Attributes:
        images: `line` and `unit`, the number of the COCO object that the line stands in, from 0.
        annotations: likewise.
    """

    images: pl.DataFrame
    annotations: pl.DataFrame


class CocoHead(Struct, frozen=True):
    """What stands before the images of a file: its `info` and its categories.

    In a file of several COCO objects all of them have the same categories.
    """

    info: dict[str, Any]
    categories: tuple[CocoCategory, ...]


_DECODE_IMAGE: Final = msgspec.json.Decoder(CocoImage)
_DECODE_ANNOTATION: Final = msgspec.json.Decoder(CocoAnnotation)
_DECODE_CATEGORY: Final = msgspec.json.Decoder(CocoCategory)


def decode_image(line: str) -> CocoImage:
    """The image of a line."""
    return _DECODE_IMAGE.decode(line.rstrip(",\r\n"))


def decode_annotation(line: str) -> CocoAnnotation:
    """The annotation of a line."""
    return _DECODE_ANNOTATION.decode(line.rstrip(",\r\n"))


def read_head(file: IO[bytes], *, is_archive: bool) -> CocoHead:
    """The head of a file; hardly anything behind it is read.

    Args:
        file: a JSON file, or a zip of them, then seekable.
        is_archive: whether it is a zip.
    """
    info: dict[str, Any] = {}
    categories = []
    for lines in _line_blocks(file, is_archive, _HEAD_BYTES):
        of_first_unit = lines.filter(pl.col("unit") == lines["unit"].first())
        first = of_first_unit["line"].first()
        if not info and isinstance(first, str):
            info = _info(first)
        found = of_first_unit.filter(pl.col("kind") == "category")["line"]
        categories += [_DECODE_CATEGORY.decode(line.rstrip(",\r\n")) for line in found]
        if lines.height > of_first_unit.height or (lines["kind"] == "image").any():
            break
    return CocoHead(info, tuple(categories))


def _info(line: str) -> dict[str, Any]:
    text = line.lstrip("[,").rstrip(",\r\n")
    closed = text if text.endswith("}}") else f"{text}}}"
    info: dict[str, Any] = msgspec.json.decode(closed).get("info", {})
    return info


def read_blocks(file: IO[bytes], *, is_archive: bool) -> Iterator[CocoBlock]:
    """Images and annotations of a file, or of all files in an archive, in their order.

    Args:
        file: a JSON file, or a zip of them, then seekable.
        is_archive: whether it is a zip.
    """
    for lines in _line_blocks(file, is_archive, _BLOCK_BYTES):
        yield CocoBlock(
            images=lines.filter(pl.col("kind") == "image").drop("kind"),
            annotations=lines.filter(pl.col("kind") == "annotation").drop("kind"),
        )


def _line_blocks(file: IO[bytes], is_archive: bool, block_bytes: int) -> Iterator[pl.DataFrame]:
    texts = _members(file) if is_archive else iter(lambda: file.read(block_bytes), b"")
    units = 0
    for block in _whole_lines(texts, block_bytes):
        lines = _lines(block).with_columns(_kind().alias("kind"))
        starts = pl.col("kind").eq_missing("start").cast(pl.Int64).cum_sum() + (units - 1)
        lines = lines.with_columns(starts.alias("unit"))
        yield lines.filter(pl.col("kind").is_not_null())
        units = int(lines["unit"].last()) + 1  # type: ignore[arg-type]


def _members(file: IO[bytes]) -> Iterator[bytes]:
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            yield archive.read(member)
            yield b"\n"


def _whole_lines(texts: Iterable[bytes], block_bytes: int) -> Iterator[bytes]:
    """Texts joined and cut again into blocks of whole lines."""
    waiting: list[bytes] = []
    size = 0
    for text in texts:
        waiting.append(text)
        size += len(text)
        if size < block_bytes or b"\n" not in text:
            continue
        joined = b"".join(waiting)
        end = joined.rfind(b"\n") + 1
        yield joined[:end]
        waiting = [joined[end:]]
        size = len(waiting[0])
    if size:
        yield b"".join([*waiting, b"\n"])


def _lines(block: bytes) -> pl.DataFrame:
    """Lines of a block as a column that shares its memory."""
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))
    offsets = np.zeros(ends.size + 1, np.int64)
    offsets[1:] = ends + 1
    array = pa.LargeStringArray.from_buffers(ends.size, pa.py_buffer(offsets), pa.py_buffer(block))
    return pl.DataFrame({"line": pl.from_arrow(array)})


def _kind() -> pl.Expr:
    """What a line holds: `start` of a COCO object, `category`, `image`, `annotation`; else null."""
    line = pl.col("line")
    head = line.str.head(_HEAD_LENGTH)
    return (
        pl.when(head.str.contains('"image_id":', literal=True))
        .then(pl.lit("annotation"))
        .when(head.str.contains(_UNIT_START))
        .then(pl.lit("start"))
        .when(~head.str.starts_with('{"id":'))
        .then(None)
        .when(line.str.contains('"file_name":', literal=True))
        .then(pl.lit("image"))
        .when(line.str.contains('"supercategory":', literal=True))
        .then(pl.lit("category"))
    )


def image_facts(images: pl.DataFrame) -> pl.DataFrame:
    """Ids, sizes and origins of images, without decoding them.

    Args:
        images: lines, as `CocoBlock` holds them.

    Returns:
        The columns `unit`, `id`, `width`, `height` (pixels, 0 where unknown), `data_hash`,
        `frame`, `classifications` (JSON text, with what stands behind it on the line) and `line`.
    """
    line = pl.col("line")
    facts = images.select(
        "unit",
        line.str.extract(_ID).cast(pl.Int64).alias("id"),
        line.str.extract_groups(_IMAGE_SIZE).alias("size"),
        line.str.extract(_IMAGE_KEY, 1).alias("data_hash"),
        line.str.extract(_IMAGE_KEY, 2).cast(pl.Int64).alias("frame"),
        _classifications(),
        "line",
    ).unnest("size")
    sizes = pl.col("width", "height").cast(pl.Int64, strict=False).fill_null(0)
    return facts.with_columns(sizes, _unescaped(facts["data_hash"]))


def _unescaped(texts: pl.Series) -> pl.Series:
    """Texts of JSON strings; only those with a backslash are decoded one by one."""
    escaped = texts.filter(texts.str.contains("\\", literal=True)).unique()
    if escaped.is_empty():
        return texts
    plain = [msgspec.json.decode(f'"{text}"') for text in escaped]
    return texts.replace(escaped, pl.Series(plain, dtype=pl.String))


def annotation_facts(annotations: pl.DataFrame) -> pl.DataFrame:
    """What statistics need of annotations, without decoding them.

    Args:
        annotations: lines, as `CocoBlock` holds them.

    Returns:
        The columns `unit`, `image_id`, `category_id`, `x`, `y`, `w`, `h` (the box in pixels),
        `classifications` (JSON text, with what stands behind it on the line) and `line`.
    """
    facts = annotations.select(
        "unit",
        pl.col("line").str.extract_groups(_ANNOTATION).alias("facts"),
        _classifications(),
        "line",
    ).unnest("facts")
    return facts.with_columns(
        pl.col("image_id", "category_id").cast(pl.Int64),
        pl.col("x", "y", "w", "h").cast(pl.Float64),
    )


def _classifications() -> pl.Expr:
    """What stands behind the key: in a text its quotes would be escaped, so the first one is it."""
    line = pl.col("line")
    start = line.str.find(_CLASSIFICATIONS, literal=True) + len(_CLASSIFICATIONS)
    return line.cast(pl.Binary).bin.slice(start).cast(pl.String).alias("classifications")
