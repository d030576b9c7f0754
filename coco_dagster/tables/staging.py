"""What is in the making on a local disk, and how it goes away when its maker was killed.

Folders and files in the making are named ``.coco_dagster-<boot>-<process>-<random>`` and stand
beside what they are to become. Their maker holds a lock (`flock`) on the file, or on ``.owner`` in
the folder, until it ends, however it ends: the system lets go of it even after ``kill -9`` and a
crash of the machine. Whoever stages something beside it later removes what nobody holds.

A lock that can be had proves that nobody works there only where both look at the same lock. On one
machine they do. Some network file systems keep locks to each machine, and some have none. So what
another machine made, or this one before it was started anew (`<boot>` tells), or what has no lock,
is removed only when nothing in it was written for a day, by the clock of the file system itself:
no clocks of two machines are compared.
"""

import os
import platform
import re
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import IO, Final

from coco_dagster.errors import StorageError

if sys.platform != "win32":
    import fcntl

RETIRED: Final = "retired"
"""Subfolder of a staging folder for what is being replaced: it is put back if that is not done."""

IDLE_SECONDS: Final = 24 * 60 * 60
"""How long nothing was written where a lock proves nothing."""

PATIENCE_SECONDS: Final = 60
"""How long to wait for a folder that another run holds, which takes a moment."""

_OWNER: Final = ".owner"
_PAUSE_SECONDS: Final = 0.02
_NAME: Final = re.compile(r"\.?coco_dagster-([0-9a-f]{8})-\d+-[0-9a-f]{8}")


@contextmanager
def staging_folder(parent: Path) -> Iterator[Path]:
    """A new hidden folder for what is to be moved into `parent`; removed at the end of the block.

    Removes what earlier runs left there.

    Args:
        parent: made if it is not there.

    Raises:
        OSError: it cannot be made.
    """
    parent.mkdir(parents=True, exist_ok=True)
    with _owned_folder(parent, ".", 0o777) as folder:
        yield folder


@contextmanager
def work_folder() -> Iterator[Path]:
    """A new folder in the system's folder for temporary files; removed at the end of the block.

    Removes what earlier runs left there.

    Raises:
        OSError: it cannot be made.
    """
    with _owned_folder(Path(tempfile.gettempdir()), "", 0o700) as folder:
        yield folder


@contextmanager
def staged_file(path: Path) -> Iterator[IO[bytes]]:
    """A new file that takes the name `path` at the end of the block, if that does not fail.

    Removes what earlier runs left beside it, once in a process.

    Raises:
        OSError: it cannot be written.
    """
    _remove_abandoned_once(path.parent)
    while True:
        staged = path.with_name(_new_name("."))
        descriptor = _owned_file(staged)
        if descriptor is not None:
            break
    try:
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            staged.replace(path)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise


@contextmanager
def locked_folder(folder: Path) -> Iterator[bool]:
    """Hold a folder for as long as the block lasts: others who want to do so wait.

    Where the file system has no locks, nobody waits.

    Yields:
        Whether it is still the folder of that path; false where another one took its place.

    Raises:
        StorageError: another run held it for `PATIENCE_SECONDS`.
        OSError: there is no such folder.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while _locked(descriptor) is False:
            if time.monotonic() > deadline:
                raise StorageError(f"Another run writes to {folder}; let it end, and run again.")
            time.sleep(_PAUSE_SECONDS)
        yield _is_at(descriptor, folder)
    finally:
        os.close(descriptor)


def is_staged(name: str) -> bool:
    """Whether a file or folder of this name is in the making, or was left so."""
    return _NAME.fullmatch(name) is not None


def remove_abandoned(folder: Path) -> None:
    """Remove from a folder what earlier runs left in the making.

    What was being replaced at that time is put back. Never fails: it is tried again by later runs.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        now = folder.stat().st_mtime
        for entry in entries:
            match = _NAME.fullmatch(entry.name)
            if match is None or entry.is_symlink():
                continue
            with suppress(OSError):
                if _is_mine(entry.stat()):
                    _remove_if_abandoned(Path(entry.path), match[1], now)


@cache
def _remove_abandoned_once(folder: Path) -> None:
    remove_abandoned(folder)


@contextmanager
def _owned_folder(parent: Path, prefix: str, mode: int) -> Iterator[Path]:
    folder, descriptor = _claim(parent, prefix, mode)
    try:
        remove_abandoned(parent)
        yield folder
    finally:
        with suppress(OSError):
            _remove(folder)
        os.close(descriptor)


def _claim(parent: Path, prefix: str, mode: int) -> tuple[Path, int]:
    while True:
        folder = parent / _new_name(prefix)
        folder.mkdir(mode)
        # Another run may take it for abandoned until the lock is held, and then it is gone.
        with suppress(FileNotFoundError):
            descriptor = _owned_file(folder / _OWNER)
            if descriptor is not None:
                return folder, descriptor


def _owned_file(path: Path) -> int | None:
    """Make a file and lock it; None where another run has removed it meanwhile."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    if _locked(descriptor) is not False and _is_at(descriptor, path):
        return descriptor
    os.close(descriptor)
    return None


def _new_name(prefix: str) -> str:
    return f"{prefix}coco_dagster-{_boot()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


@cache
def _boot() -> str:
    """Names this machine since it was started; containers on it share its kernel and its locks."""
    try:
        name = Path("/proc/sys/kernel/random/boot_id").read_text()
    except OSError:
        name = platform.node()
    return sha256(name.encode()).hexdigest()[:8]


def _locked(descriptor: int) -> bool | None:
    """Lock an open file: whether nobody else held it; None where there are no locks."""
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return None
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file is (still) the one of this name."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(descriptor))


def _is_mine(status: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or status.st_uid == os.geteuid()


def _remove_if_abandoned(path: Path, boot: str, now: float) -> None:
    owned = path / _OWNER if path.is_dir() else path
    try:
        descriptor = os.open(owned, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        # Not locked yet, or written into by a worker that outlived its caller.
        if not any(path.iterdir()):
            path.rmdir()
        elif _is_idle(path, now):
            _remove(path)
        return
    try:
        locked = _locked(descriptor)
        proves_it = locked and boot == _boot()
        if locked is not False and (proves_it or _is_idle(path, now)) and _is_at(descriptor, owned):
            _remove(path)
    finally:
        os.close(descriptor)


def _is_idle(path: Path, now: float) -> bool:
    """Whether nothing was written for `IDLE_SECONDS`."""
    newest = max(entry.lstat().st_mtime for entry in (path, *path.rglob("*")))
    return now - newest > IDLE_SECONDS


def _remove(path: Path) -> None:
    if not path.is_dir():
        path.unlink()
        return
    put_back(path)
    for inner in path.iterdir():
        # As long as the owner is told, another run may finish this.
        if inner.name != _OWNER:
            _remove_whole(inner)
    _remove_whole(path)


def _remove_whole(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def put_back(staging: Path) -> None:
    """Put what was being replaced back where nothing took its place."""
    with suppress(FileNotFoundError):
        for retired in (staging / RETIRED).iterdir():
            place = staging.parent / retired.name
            if not place.exists():
                retired.rename(place)
