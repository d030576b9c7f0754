"""Making an export visible: a reader sees a whole one or none."""

import os
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from coco_dagster.errors import StorageError
from coco_dagster.lineage.manifest import MANIFEST_FILE
from coco_dagster.tables.findings import without_queries
from coco_dagster.tables.locations import location

if TYPE_CHECKING:
    from upath import UPath


def publish_folder(draft: Path, out: str) -> None:
    """Move the files of a draft to where readers look.

    A local folder that does not exist, is empty or holds an earlier export is replaced as a
    whole. Into a folder with other files, into one that cannot be replaced (a mounted disk, the
    working directory) and into object stores, the files are written one by one, with the manifest
    last and an older manifest removed first: an export without a manifest is not there.

    Args:
        draft: local folder with the files, on the disk of `out` if that is local.
        out: path or fsspec URL.

    Raises:
        StorageError: the folder cannot be written.
    """
    target = location(out)
    try:
        if isinstance(target, Path):
            _publish_locally(draft, target.resolve())
        else:
            _upload(draft, target)
    except OSError as error:
        raise StorageError(
            f"The export cannot be written to {without_queries(out)}: {error.strerror or error}; "
            "check the path, its permissions and the space that is left."
        ) from error


def _publish_locally(draft: Path, target: Path) -> None:
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.rename(target)
        return
    names = {path.name for path in target.iterdir()} - {draft.name}
    earlier = _exported_files(target)
    if names <= earlier and not _must_stay(target):
        _replace(target, draft)
        return
    (target / MANIFEST_FILE).unlink(missing_ok=True)
    files = _manifest_last(draft)
    for name in names & earlier - {path.name for path in files}:
        (target / name).unlink(missing_ok=True)
    for path in files:
        path.replace(target / path.name)
    draft.rmdir()


def _replace(target: Path, draft: Path) -> None:
    """Put the draft in the place of a folder, which stays if that fails."""
    retired = target.with_name(f".{target.name}.{uuid.uuid4().hex}.retired")
    target.rename(retired)
    try:
        draft.rename(target)
    except BaseException:
        retired.rename(target)
        raise
    shutil.rmtree(retired, ignore_errors=True)


def _must_stay(folder: Path) -> bool:
    """Whether a folder cannot be replaced by another one, or somebody works in it."""
    if os.path.ismount(folder):
        return True
    try:
        return Path.cwd().is_relative_to(folder)
    except OSError:
        return False


def _exported_files(folder: Path) -> set[str]:
    """Names of the files of an earlier export in a folder, by its manifest."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST_FILE).read_bytes())
        return {MANIFEST_FILE, *(file["path"] for file in manifest["files"])}
    except (OSError, msgspec.MsgspecError, LookupError, TypeError):
        return set()


def _upload(draft: Path, target: "UPath") -> None:
    manifest = target / MANIFEST_FILE
    if manifest.exists():
        manifest.unlink()
    target.mkdir(parents=True, exist_ok=True)
    for path in _manifest_last(draft):
        target.fs.put_file(str(path), (target / path.name).path)
    shutil.rmtree(draft)


def _manifest_last(folder: Path) -> list[Path]:
    return sorted(folder.iterdir(), key=lambda path: (path.name == MANIFEST_FILE, path.name))


def check_destination(out: str) -> None:
    """Find out before the work whether there can be an export.

    Args:
        out: path or fsspec URL.

    Raises:
        StorageError: the path is empty or that of a file, or its storage is not known.
    """
    if not out:
        raise StorageError("The path of the export is empty: name a folder or a URL.")
    place = without_queries(out)
    try:
        target = location(out)
        is_file = isinstance(target, Path) and target.exists() and not target.is_dir()
        if not isinstance(target, Path):
            _ = target.fs  # imports the package of its storage
    except ImportError as error:
        raise StorageError(f"{place} needs a package that is not installed: {error}.") from None
    except (OSError, ValueError) as error:
        raise StorageError(f"The export cannot be written to {place}: {error}.") from None
    if is_file:
        raise StorageError(f"The export cannot be written to {place}: it is not a folder.")


def draft_folder(out: str, work: Path) -> Path:
    """A new folder for the files of an export, on the disk where they will be published.

    Raises:
        StorageError: there can be no export.
    """
    check_destination(out)
    target = location(out)
    if not isinstance(target, Path):
        draft = work / "draft"
        draft.mkdir()
        return draft
    path = target.resolve()
    name = f".{path.name}.{uuid.uuid4().hex}.draft"
    draft = path / name if os.path.ismount(path) else path.with_name(name)
    try:
        draft.mkdir(parents=True)
    except OSError as error:
        raise StorageError(
            f"The export cannot be written to {out}: {error.strerror}; check the path and its "
            "permissions."
        ) from error
    return draft
