"""Where label files lie: a file, a folder, a zip, or one of these behind an fsspec URL.

Names the files and knows how to open them; `source_streams` reads them.
"""

import io
import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, cast
from urllib.parse import urlsplit

import fsspec
from fsspec.implementations.local import LocalFileSystem

from coco_dagster.encord.source_streams import explained, source_error, without_secrets
from coco_dagster.errors import SourceError

_LABEL_FILE: Final = re.compile(r"\.(json|jsonl|ndjson)(\.gz|\.zst)?$", re.IGNORECASE)
LABEL_FILES: Final = "*.json, *.jsonl, *.ndjson, and these with .gz or .zst"
_ZIP_MARKS: Final = (b"PK\x03\x04", b"PK\x05\x06")
_MARK_BYTES: Final = 4
_RESOURCE_FORKS: Final = "__MACOSX"
_ENCRYPTED: Final = 0x1


class PassedOver(NamedTuple):
    """A file of a folder or zip that is no source of label rows.

    Attributes:
        source_file: its path within the source; of a folder that was not entered, with a `/`.
        reason: why it was passed over, as a clause.
    """

    source_file: str
    reason: str

    def __str__(self) -> str:
        """One sentence."""
        return f"{self.source_file} was passed over: {self.reason}"


class SourceFile(NamedTuple):
    """One file of label rows.

    Attributes:
        name: its path within the source, `/`-separated; the file's own name if it is the source.
        place: where it lies, for messages.
        local: its absolute path, if it is a regular file of this machine.
        open: opens it for reading, as it is stored.
        is_stored: whether it can be opened more than once, unlike a pipe.
    """

    name: str
    place: str
    local: str | None
    open: Callable[[], BinaryIO]
    is_stored: bool = True


class Listing(NamedTuple):
    """What a source consists of.

    Attributes:
        place: where it lies, for messages.
        files: the files that are read, sorted by name.
        passed_over: the others.
        is_collection: whether the source is a folder or a zip.
    """

    place: str
    files: list[SourceFile]
    passed_over: list[PassedOver]
    is_collection: bool


@contextmanager
def list_files(location: str) -> Iterator[Listing]:
    """Finds the files of a source, which stay readable as long as the context is open.

    Args:
        location: path of a file, folder or zip, or an fsspec URL of one.

    Raises:
        SourceError: there is nothing, or it cannot be listed.
    """
    found = locate(location)
    if isinstance(found, Listing):
        yield found
        return
    with explained(found.place):
        is_zip = found.is_stored and _is_zip(found)
    if not is_zip:
        yield Listing(found.place, [found], [], is_collection=False)
        return
    with explained(found.place):
        stored = found.open()
    with stored:
        with explained(found.place):
            archive = zipfile.ZipFile(stored)
            members = [_member(archive, info, found.place) for info in archive.infolist()]
        yield _selected(found.place, [member for member in members if member.name[-1:] != "/"])


def locate(location: str) -> SourceFile | Listing:
    """Finds one file, or lists a folder.

    Args:
        location: path or fsspec URL.

    Raises:
        SourceError: there is nothing, or it cannot be listed.
    """
    if not location:
        raise SourceError("The path of the source is empty: name a file, a folder or a URL.")
    if not _is_url(location):
        return _local(location)
    place = without_secrets(location)
    with explained(place):
        system, path = fsspec.core.url_to_fs(location)
        if isinstance(system, LocalFileSystem):
            return _local(path)
        if system.info(path)["type"] == "directory":
            return _selected(place, list(_remote_files(system, path, place)))
    return SourceFile(_url_name(path), place, None, partial(system.open, path, "rb"))


def _is_url(location: str) -> bool:
    return ("://" in location or "::" in location) and not os.path.exists(location)


def _local(path: str) -> SourceFile | Listing:
    place = _printable(path)
    with explained(place):
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            return _local_folder(path)
    is_regular = stat.S_ISREG(mode)
    local = os.path.abspath(path) if is_regular else None
    name = _printable(os.path.basename(path))
    return SourceFile(name, place, local, partial(io.FileIO, path), is_regular)


def _local_folder(folder: str) -> Listing:
    files: list[SourceFile] = []
    passed_over: list[PassedOver] = []
    for parent, folders, names in os.walk(folder, onerror=_raise):
        within = Path(parent).relative_to(folder)
        for name in list(folders):
            reason = _reason_against_folder(name, os.path.join(parent, name))
            if reason:
                folders.remove(name)
                passed_over.append(PassedOver(_printable((within / name).as_posix() + "/"), reason))
        for name in names:
            path = os.path.join(parent, name)
            place = _printable(path)
            relative = _printable((within / name).as_posix())
            if os.path.isfile(path):
                opener = partial(io.FileIO, path)
                files.append(SourceFile(relative, place, os.path.abspath(path), opener))
            else:
                passed_over.append(PassedOver(relative, "it is not a regular file"))
    return _selected(_printable(folder), files, passed_over)


def _raise(error: OSError) -> None:
    raise source_error(_printable(str(error.filename)), error)


def _reason_against_folder(name: str, path: str) -> str | None:
    if os.path.islink(path):
        return "it is a link to a folder"
    return _reason_against(name + "/.json") if _is_hidden(name) else None


def _remote_files(system: Any, folder: str, place: str) -> Iterator[SourceFile]:
    for path in system.find(folder):
        name = path.removeprefix(folder).lstrip("/").split("?")[0]
        if name and not name.endswith("/"):
            yield SourceFile(name, f"{place}/{name}", None, partial(system.open, path, "rb"))


def _is_zip(file: SourceFile) -> bool:
    if file.name.lower().endswith(".zip"):
        return True
    with file.open() as stored:
        return stored.read(_MARK_BYTES) in _ZIP_MARKS


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, place: str) -> SourceFile:
    name = _printable(info.filename)
    member_place = f"{place}: {name}"
    return SourceFile(name, member_place, None, partial(_open_member, archive, info, member_place))


def _open_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, place: str) -> BinaryIO:
    if info.flag_bits & _ENCRYPTED:
        raise SourceError(f"{place} is encrypted: unpack the zip and give the folder instead.")
    return cast(BinaryIO, archive.open(info))


def _selected(
    place: str, files: list[SourceFile], passed_over: Iterable[PassedOver] = ()
) -> Listing:
    kept = []
    others = list(passed_over)
    for file in sorted(files, key=lambda file: file.name):
        reason = _reason_against(file.name)
        if reason:
            others.append(PassedOver(file.name, reason))
        else:
            kept.append(file)
    return Listing(place, kept, sorted(others), is_collection=True)


def _reason_against(name: str) -> str | None:
    parts = name.split("/")
    if _RESOURCE_FORKS in parts:
        return "macOS keeps attributes of files there"
    if any(map(_is_hidden, parts)):
        return "it is hidden"
    if not _LABEL_FILE.search(name):
        return f"it is not named like a file of label rows ({LABEL_FILES})"
    return None


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == _RESOURCE_FORKS


def _printable(name: str) -> str:
    """The name as valid Unicode: bytes that are not UTF-8 become escapes."""
    return name.encode("utf-8", "backslashreplace").decode()


def _url_name(path: str) -> str:
    path = urlsplit(path).path if "://" in path else path.split("?")[0]
    return _printable(path.rstrip("/").rpartition("/")[2]) or "labels"
