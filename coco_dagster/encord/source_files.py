"""Where label files lie: a file, a folder, a zip, or one of these behind an fsspec URL.

Names the files and knows how to open them; `source_streams` reads them.
"""

import io
import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import MappingProxyType
from typing import Any, BinaryIO, Final, NamedTuple, cast
from urllib.parse import urlsplit

from coco_dagster.encord.limits import PREFIX, SourceLimits, limits_of
from coco_dagster.encord.source_streams import Explained, Unpacking, identity_of, without_secrets
from coco_dagster.errors import SourceError

_LABEL_FILE: Final = re.compile(r"\.(json|jsonl|ndjson)(\.gz|\.zst)?$", re.IGNORECASE)
LABEL_FILES: Final = "*.json, *.jsonl, *.ndjson, and these with .gz or .zst"
_ZIP_MARKS: Final = (b"PK\x03\x04", b"PK\x05\x06")
_MARK_BYTES: Final = 4
_LEADS_OUT: Final = (
    f"it is a link to a file outside of the folder; {PREFIX}LINKS=true lets links be followed"
)
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
        facts: what a remote storage, or its zip, says of it.
        unpacking: the count of the zip that it is packed in.
    """

    name: str
    place: str
    local: str | None
    open: Callable[[], BinaryIO]
    is_stored: bool = True
    facts: Mapping[str, Any] = MappingProxyType({})
    unpacking: Unpacking | None = None


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


def state_of(file: SourceFile) -> object:
    """What tells a file from its other states, without opening it."""
    if file.local is None:
        return identity_of(file.facts)
    with Explained(file.place):
        status = os.stat(file.local)
    return status.st_size, status.st_mtime_ns


@contextmanager
def list_files(location: str, limits: SourceLimits | None = None) -> Iterator[Listing]:
    """Finds the files of a source, which stay readable as long as the context is open.

    Args:
        location: path of a file, folder or zip, or an fsspec URL of one.
        limits: what it may ask for; by default what holds in this process.

    Raises:
        SourceError: there is nothing, it cannot be listed, or it has more files than it may.
    """
    limits = limits or limits_of()
    found = locate(location, limits)
    if isinstance(found, Listing):
        yield found
        return
    with Explained(found.place):
        is_zip = found.is_stored and _is_zip(found)
    if not is_zip:
        yield Listing(found.place, [found], [], is_collection=False)
        return
    with Explained(found.place):
        stored = found.open()
    with stored:
        with Explained(found.place):
            unpacking = Unpacking(found.place, limits, stored.seek(0, os.SEEK_END))
            archive = zipfile.ZipFile(stored)
            files = [info for info in archive.infolist() if info.filename[-1:] != "/"]
            _check_number(len(files), found.place, limits)
            members = [_member(archive, info, found.place, unpacking) for info in files]
        yield _selected(found.place, members)


def locate(location: str, limits: SourceLimits | None = None) -> SourceFile | Listing:
    """Finds one file, or lists a folder.

    Args:
        location: path or fsspec URL.
        limits: what it may ask for; by default what holds in this process.

    Raises:
        SourceError: there is nothing, it cannot be listed, or it has more files than it may.
    """
    limits = limits or limits_of()
    if not location:
        raise SourceError("The path of the source is empty: name a file, a folder or a URL.")
    if not _is_url(location):
        return _local(location, limits)
    # As long to import as numpy, and of no use to files of this machine.
    import fsspec
    from fsspec.implementations.local import LocalFileSystem

    place = without_secrets(location)
    with Explained(place):
        system, path = fsspec.core.url_to_fs(location)
        if isinstance(system, LocalFileSystem):
            return _local(path, limits)
        # Listings are remembered for as long as the process lives.
        system.invalidate_cache()
        facts = system.info(path)
        if facts["type"] == "directory":
            files = list(_remote_files(system, path, place))
            _check_number(len(files), place, limits)
            return _selected(place, files)
    opener = partial(system.open, path, "rb")
    return SourceFile(_url_name(path), place, None, opener, facts=facts)


def _is_url(location: str) -> bool:
    return ("://" in location or "::" in location) and not os.path.exists(location)


def _check_number(files: int, place: str, limits: SourceLimits) -> None:
    if files > limits.files:
        raise SourceError(
            f"{place} holds {files:,} files: give a part of it; {limits.how_to_raise('files')}."
        )


def _local(path: str, limits: SourceLimits) -> SourceFile | Listing:
    place = _printable(path)
    with Explained(place):
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            return _local_folder(path, limits)
    is_regular = stat.S_ISREG(mode)
    local = os.path.abspath(path) if is_regular else None
    name = _printable(os.path.basename(path))
    return SourceFile(name, place, local, partial(io.FileIO, path), is_regular)


def _local_folder(folder: str, limits: SourceLimits) -> Listing:
    passed_over: list[PassedOver] = []
    files: list[SourceFile] = []
    for file in _walk(os.path.abspath(folder), passed_over, links=limits.links):
        files.append(file)
        _check_number(len(files), _printable(folder), limits)
    return _selected(_printable(folder), files, passed_over)


def _walk(root: str, passed_over: list[PassedOver], *, links: bool) -> Iterator[SourceFile]:
    """Files at and below a folder; folders that are links are not entered."""
    real = os.path.join(os.path.realpath(root), "")
    waiting = [(root, "")]
    while waiting:
        folder, within = waiting.pop()
        with Explained(_printable(folder)), os.scandir(folder) as found:
            entries = list(found)
        for entry in entries:
            name = _printable(within + entry.name)
            if entry.is_file():
                if not links and _leads_out(entry, real):
                    passed_over.append(PassedOver(name, _LEADS_OUT))
                    continue
                opener = partial(io.FileIO, entry.path)
                yield SourceFile(name, _printable(entry.path), entry.path, opener)
            elif not entry.is_dir():
                passed_over.append(PassedOver(name, "it is not a regular file"))
            elif entry.is_symlink():
                passed_over.append(PassedOver(f"{name}/", "it is a link to a folder"))
            elif reason := _reason_against_part(entry.name):
                passed_over.append(PassedOver(f"{name}/", reason))
            else:
                waiting.append((entry.path, f"{within}{entry.name}/"))


def _leads_out(entry: "os.DirEntry[str]", real_root: str) -> bool:
    return entry.is_symlink() and not os.path.realpath(entry.path).startswith(real_root)


def _remote_files(system: Any, folder: str, place: str) -> Iterator[SourceFile]:
    for path, facts in system.find(folder, detail=True).items():
        name = path.removeprefix(folder).lstrip("/").split("?")[0]
        if name and not name.endswith("/"):
            opener = partial(system.open, path, "rb")
            yield SourceFile(name, f"{place}/{name}", None, opener, facts=facts)


def _is_zip(file: SourceFile) -> bool:
    if file.name.lower().endswith(".zip"):
        return True
    with file.open() as stored:
        return stored.read(_MARK_BYTES) in _ZIP_MARKS


def _member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, place: str, unpacking: Unpacking
) -> SourceFile:
    name = _printable(info.filename)
    member_place = f"{place}: {name}"
    opener = partial(_open_member, archive, info, member_place)
    facts = {"size": info.file_size, "crc32": info.CRC}
    return SourceFile(name, member_place, None, opener, facts=facts, unpacking=unpacking)


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
    for part in name.split("/"):
        reason = _reason_against_part(part)
        if reason:
            return reason
    if not _LABEL_FILE.search(name):
        return f"it is not named like a file of label rows ({LABEL_FILES})"
    return None


def _reason_against_part(name: str) -> str | None:
    if name == _RESOURCE_FORKS:
        return "macOS keeps attributes of files there"
    is_hidden = name.startswith(".") and name not in {".", ".."}
    return "it is hidden" if is_hidden else None


def _printable(name: str) -> str:
    """The name as valid Unicode: bytes that are not UTF-8 become escapes."""
    return name.encode("utf-8", "backslashreplace").decode()


def _url_name(path: str) -> str:
    path = urlsplit(path).path if "://" in path else path.split("?")[0]
    return _printable(path.rstrip("/").rpartition("/")[2]) or "labels"
