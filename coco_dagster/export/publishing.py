"""Making an export visible: a reader sees a whole one or none."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from coco_dagster.errors import StorageError
from coco_dagster.export.exported_files import SET_ASIDE, exported_files, files_below
from coco_dagster.export.folder_exchange import exchange
from coco_dagster.export.uploading import check_store, upload
from coco_dagster.lineage.manifest import MANIFEST_FILE
from coco_dagster.tables.findings import without_queries
from coco_dagster.tables.locations import location, storage_error
from coco_dagster.tables.staging import (
    RETIRED,
    is_staged,
    locked_folder,
    put_back,
    remove_abandoned,
    staging_folder,
)

_OCCUPIED: Final = {errno.ENOTEMPTY, errno.EEXIST}


@contextmanager
def export_draft(out: str, work: Path) -> Iterator[Path]:
    """A folder for the files of an export, on the disk where they will be published.

    What is left of it goes away with the block, or, should the process be killed, with the next
    export beside it.

    Args:
        out: path or fsspec URL of the export.
        work: local folder for temporary files.

    Raises:
        StorageError: there can be no export, or its files cannot be written.
    """
    check_destination(out)
    target = location(out)
    if not isinstance(target, Path):
        draft = work / "draft"
        draft.mkdir()
        yield draft
        return
    path = target.resolve()
    parent = path if path.exists() and _is_fixed(path) else path.parent
    with _explained(out), staging_folder(parent) as staging:
        draft = staging / "draft"
        draft.mkdir()
        yield draft


def publish_folder(draft: Path, out: str) -> None:
    """Move the files of a draft to where readers look.

    A local folder that does not exist, is empty or holds an earlier export is replaced as a
    whole. Into a folder with other files, into one that cannot be replaced (a mounted disk, the
    working directory) and into object stores, the files are written one by one, with the manifest
    last and an older manifest removed first: an export without a manifest is not there.

    Args:
        draft: folder that `export_draft` made for `out`, with the files.
        out: path or fsspec URL.

    Raises:
        StorageError: the folder cannot be written.
    """
    target = location(out)
    if not isinstance(target, Path):
        upload(draft, target)
        return
    with _explained(out):
        _publish_locally(draft, target.resolve())


def check_destination(out: str) -> None:
    """Find out before the work whether there can be an export.

    Args:
        out: path or fsspec URL.

    Raises:
        StorageError: the path is empty or that of a file, its storage is not known or cannot be
            reached, or there is no such bucket.
    """
    if not out:
        raise StorageError("The path of the export is empty: name a folder or a URL.")
    place = without_queries(out)
    try:
        target = location(out)
        is_file = isinstance(target, Path) and target.exists() and not target.is_dir()
    except ImportError as error:
        raise StorageError(f"{place} needs a package that is not installed: {error}.") from None
    except OSError as error:
        raise storage_error(place, "written", error) from None
    except ValueError:
        raise StorageError(
            f"The export cannot be written to {place}: no storage is known by this address; "
            "check how it begins."
        ) from None
    if is_file:
        raise StorageError(f"The export cannot be written to {place}: it is not a folder.")
    if not isinstance(target, Path):
        check_store(target)


@contextmanager
def _explained(out: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise storage_error(f"The export in {without_queries(out)}", "written", error) from None


def _publish_locally(draft: Path, target: Path) -> None:
    while True:
        if not target.exists():
            try:
                draft.rename(target)
            except OSError as error:
                if error.errno not in _OCCUPIED:
                    raise
            else:
                return
        # Another run may take it away, or put its own export there, at any time.
        with suppress(FileNotFoundError), locked_folder(target) as is_there:
            if is_there and _publish_over(draft, target):
                return


def _publish_over(draft: Path, target: Path) -> bool:
    """Whether the draft is published; if not, another run put its export there first."""
    remove_abandoned(target)
    earlier = exported_files(target)
    if _holds_nothing_else(target, earlier) and not _must_stay(target, draft):
        return _replace(target, draft, earlier)
    _fill(target, draft, earlier)
    return True


def _holds_nothing_else(folder: Path, exported: set[str]) -> bool:
    """Whether a folder holds the files of an earlier export, or nothing, and no others."""
    first_parts = {name.partition("/")[0] for name in exported}
    names = (path.name for path in folder.iterdir())
    if any(name not in first_parts and not is_staged(name) for name in names):
        return False
    return not _other_files(folder, exported)


def _other_files(folder: Path, exported: set[str]) -> list[str]:
    names = set(files_below(folder)).difference(exported)
    return sorted(name for name in names if not is_staged(name.partition("/")[0]))


def _replace(target: Path, draft: Path, earlier: set[str]) -> bool:
    """Put the draft in the place of a folder, which stays if that fails.

    Returns:
        False where another run put its export there between the two steps that this takes on a
        file system without an exchange of folders; the draft is still where it was.
    """
    if exchange(draft, target):
        _keep_other_files(draft, target, earlier)
        return True
    replaced = draft.parent / RETIRED / target.name
    replaced.parent.mkdir(exist_ok=True)
    is_published = False
    try:
        target.rename(replaced)
        draft.rename(target)
        is_published = True
    except OSError as error:
        put_back(draft.parent)
        if error.errno not in _OCCUPIED:
            raise
    except BaseException:
        put_back(draft.parent)
        raise
    _keep_other_files(replaced, target, earlier)
    shutil.rmtree(replaced.parent, ignore_errors=True)
    return is_published


def _keep_other_files(replaced: Path, target: Path, earlier: set[str]) -> None:
    """Somebody may have put a file into a folder since it was looked at."""
    for name in _other_files(replaced, earlier):
        if not (target / name).exists():
            _move(replaced / name, target / name)


def _fill(target: Path, draft: Path, earlier: set[str]) -> None:
    """Replace the files of an earlier export one by one."""
    names = files_below(draft)
    with suppress(FileNotFoundError):
        (target / MANIFEST_FILE).replace(target / SET_ASIDE)
    for name in sorted(earlier.difference(names, [SET_ASIDE])):
        _remove(target, name)
    for name in names:
        _move(draft / name, target / name)
    (target / SET_ASIDE).unlink(missing_ok=True)


def _move(file: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    file.replace(place)


def _remove(folder: Path, name: str) -> None:
    """Remove a file of an earlier export, and the subfolders that it leaves empty."""
    path = folder / name
    if not path.parent.resolve().is_relative_to(folder):
        return
    path.unlink(missing_ok=True)
    for parent in path.relative_to(folder).parents[:-1]:
        with suppress(OSError):
            (folder / parent).rmdir()


def _must_stay(folder: Path, draft: Path) -> bool:
    """Whether a folder cannot be replaced by another one, or somebody works in it."""
    if draft.is_relative_to(folder) or _is_fixed(folder):
        return True
    try:
        return Path.cwd().is_relative_to(folder)
    except OSError:
        return False


def _is_fixed(folder: Path) -> bool:
    """Whether a folder cannot be renamed."""
    return os.path.ismount(folder) or not os.access(folder.parent, os.W_OK)
