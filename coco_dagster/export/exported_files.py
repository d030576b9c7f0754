"""Which files belong to an export, in a draft and where it is published."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from coco_dagster.export.result import ExportFile
from coco_dagster.lineage.manifest import MANIFEST_FILE, REPORT_FILE
from coco_dagster.tables.locations import file_bytes, read_file, stays_below

if TYPE_CHECKING:
    from coco_dagster.tables.locations import Location

SET_ASIDE: Final = f".{MANIFEST_FILE}.earlier"
"""The manifest of an export whose files are being replaced one by one.

It tells whoever comes after a run that was killed in the middle which files were its.
"""


class _File(Struct, frozen=True):
    path: str


class _Manifest(Struct, frozen=True):
    files: list[_File]


def exported_files(folder: "Location") -> set[str]:
    """Paths, with `/`, of the files of an earlier export in a folder: by its manifest.

    Its manifest and its report are among them. Where the manifest is none of ours, nothing is.

    Raises:
        StorageError: its manifest cannot be read.
    """
    found: set[str] = set()
    for name in (MANIFEST_FILE, SET_ASIDE):
        try:
            manifest = msgspec.json.decode(read_file(folder / name), type=_Manifest)
        except (FileNotFoundError, msgspec.MsgspecError):
            continue
        found |= {name, REPORT_FILE, *(file.path for file in manifest.files)}
    return set(filter(stays_below, found))


def is_whole(folder: "Location", files: Iterable[ExportFile]) -> bool:
    """Whether all files of an export are there and have their size.

    Args:
        folder: where it is published.
        files: what its manifest states of them.

    Raises:
        StorageError: its storage cannot be asked.
    """
    return all(file_bytes(folder / file.path) == file.bytes for file in files)


def files_below(folder: Path) -> list[str]:
    """Paths, with `/`, of all files below a folder; the manifest comes last."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()]
    return sorted(names, key=lambda name: (name == MANIFEST_FILE, name))
