"""COCO files of an export, put together from the lines of its groups.

Lines start with a comma and a line break; the first one of a list loses its comma. Everything is
copied block by block, so that memory does not grow with an export or with a data unit.
"""

import hashlib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Final

import msgspec
from msgspec import Struct

from coco_dagster.coco.categories import Categories
from coco_dagster.coco.file_name_templates import member_name
from coco_dagster.coco.layouts import CocoFile, Container, ExportPlan
from coco_dagster.export.group_files import ANNOTATIONS, IMAGES, VIDEOS, lines_path, read_tables
from coco_dagster.export.places import TableFolder

_BLOCK_BYTES: Final = 1 << 20
# The oldest date that a zip knows; the same for all files, or the clock would show.
_NO_DATE: Final = (1980, 1, 1, 0, 0, 0)
_READABLE_BY_ALL: Final = 0o100644 << 16
_UNIX: Final = 3


class RenderedGroups(Struct, frozen=True):
    """Lines and tables of all groups of an export.

    Attributes:
        folder: where they lie.
        groups: number of groups.
        plan: files of the export.
    """

    folder: TableFolder
    groups: int
    plan: ExportPlan


class CocoHead(Struct, frozen=True):
    """What stands before the images of a COCO object."""

    info: dict[str, Any]
    categories: Categories

    @property
    def json(self) -> bytes:
        """The members up to the categories, without the brace that closes the object."""
        info = msgspec.json.encode(self.info)
        return b'{"info":%b,\n"licenses":[],\n"categories":%b' % (info, self.categories.json)


def write_coco_file(
    path: Path, file: CocoFile, head: CocoHead, rendered: RenderedGroups
) -> tuple[int, str]:
    """Write one COCO file.

    Args:
        path: where to.
        file: the file as the plan has it.
        head: what every COCO object in it begins with.
        rendered: the lines.

    Returns:
        Its size in bytes and its hex SHA-256.
    """
    return _WRITERS[rendered.plan.form.container](path, file, head, rendered)


class _HashedFile:
    """A new file whose bytes are counted and hashed while they are written."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._digest = hashlib.sha256()
        self._size = 0

    def __enter__(self) -> "_HashedFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, data: bytes) -> None:
        self._digest.update(data)
        self._size += self._file.write(data)

    @property
    def size_and_digest(self) -> tuple[int, str]:
        return self._size, self._digest.hexdigest()


def _write_object(
    path: Path, file: CocoFile, head: CocoHead, rendered: RenderedGroups
) -> tuple[int, str]:
    with _HashedFile(path) as out:
        out.write(head.json)
        if rendered.plan.form.videos:
            out.write(b',\n"videos":[')
            _copy_lines(rendered, VIDEOS, file.split, out)
            out.write(b"]")
        out.write(b',\n"images":[')
        _copy_lines(rendered, IMAGES, file.split, out)
        out.write(b'],\n"annotations":[')
        _copy_lines(rendered, ANNOTATIONS, rendered.plan.files.index(file), out)
        out.write(b"]}\n")
    return out.size_and_digest


def _copy_lines(rendered: RenderedGroups, kind: str, number: int, out: _HashedFile) -> None:
    """Copy the lines of all groups; those of annotations, which no other file holds, then go."""
    is_first = True
    for group in range(rendered.groups):
        path = lines_path(rendered.folder.path, kind, number, group)
        with path.open("rb") as lines:
            while block := lines.read(_BLOCK_BYTES):
                out.write(block[1:] if is_first else block)
                is_first = False
        if kind == ANNOTATIONS:
            path.unlink()
    if not is_first:
        out.write(b"\n")


class _UnitObject(Struct):
    """The COCO object of a data unit, whose lines are the next ones of two files.

    Attributes:
        data_hash: the data unit.
        size: bytes of the object.
        blocks: the object, block by block; to be read before the next object is asked for.
    """

    data_hash: str
    size: int
    blocks: Iterator[bytes]


def _write_list(
    path: Path, file: CocoFile, head: CocoHead, rendered: RenderedGroups
) -> tuple[int, str]:
    with _HashedFile(path) as out:
        out.write(b"[")
        separator = b"\n"
        for unit in _unit_objects(file, head, rendered):
            out.write(separator)
            for block in unit.blocks:
                out.write(block)
            separator = b",\n"
        out.write(b"]\n" if separator == b"\n" else b"\n]\n")
    return out.size_and_digest


def _write_zip(
    path: Path, file: CocoFile, head: CocoHead, rendered: RenderedGroups
) -> tuple[int, str]:
    # Stored as they are: what deflating makes of them is another thing with every library.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for unit in _unit_objects(file, head, rendered):
            member = zipfile.ZipInfo(member_name(unit.data_hash), _NO_DATE)
            member.create_system, member.external_attr = _UNIX, _READABLE_BY_ALL
            member.file_size = unit.size
            with archive.open(member, "w") as out:
                out.writelines(unit.blocks)
    with path.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    return path.stat().st_size, digest


def _unit_objects(
    file: CocoFile, head: CocoHead, rendered: RenderedGroups
) -> Iterator[_UnitObject]:
    """The objects of the data units of a file's split, in export order."""
    number = rendered.plan.files.index(file)
    start = head.json + b',\n"images":['
    for group, table in enumerate(read_tables(rendered.folder, "units", rendered.groups)):
        columns = ("data_hash", "split", f"{IMAGES}-{file.split}", f"{ANNOTATIONS}-{number}")
        with ExitStack() as stack:
            folder = rendered.folder.path
            images, annotations = (
                stack.enter_context(path.open("rb"))
                for path in (
                    lines_path(folder, IMAGES, file.split, group),
                    lines_path(folder, ANNOTATIONS, number, group),
                )
            )
            for unit in zip(*(table[column].to_pylist() for column in columns), strict=True):
                data_hash, split, image_bytes, annotation_bytes = unit
                if split == file.split:
                    pieces = (start, images, image_bytes, annotations, annotation_bytes)
                    yield _UnitObject(data_hash, _size(*pieces), _blocks(*pieces))


_BETWEEN: Final = b'],\n"annotations":['
_END: Final = b"]}"


def _size(
    start: bytes, images: IO[bytes], image_bytes: int, annotations: IO[bytes], annotation_bytes: int
) -> int:
    return len(start) + image_bytes + len(_BETWEEN) + annotation_bytes + len(_END)


def _blocks(
    start: bytes, images: IO[bytes], image_bytes: int, annotations: IO[bytes], annotation_bytes: int
) -> Iterator[bytes]:
    yield start
    yield from _list_of_lines(images, image_bytes)
    yield _BETWEEN
    yield from _list_of_lines(annotations, annotation_bytes)
    yield _END


def _list_of_lines(lines: IO[bytes], size: int) -> Iterator[bytes]:
    """The next lines of a file: as many bytes, with the first comma moved to the end as a break."""
    if not size:
        return
    lines.read(1)
    left = size - 1
    while left:
        block = lines.read(min(left, _BLOCK_BYTES))
        left -= len(block)
        yield block
    yield b"\n"


_WRITERS: Final[
    Mapping[Container, Callable[[Path, CocoFile, CocoHead, RenderedGroups], tuple[int, str]]]
] = {
    "object": _write_object,
    "list": _write_list,
    "zip": _write_zip,
}
