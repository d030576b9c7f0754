"""Making an export visible: a reader sees a whole one or none."""

import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from coco_dagster.errors import StorageError
from coco_dagster.lineage.manifest import MANIFEST_FILE
from coco_dagster.tables.locations import location

if TYPE_CHECKING:
    from upath import UPath


def publish_folder(draft: Path, out: str) -> None:
    """Move the files of a draft to where readers look.

    A local folder that does not exist, is empty or holds an earlier export is replaced as a
    whole. Into a folder with other files, and into object stores, the files are written one by
    one, with the manifest last and an older manifest removed first: an export without a manifest
    is not there.

    Args:
        draft: local folder with the files, on the disk of `out` if that is local.
        out: path or fsspec URL.

    Raises:
        StorageError: the folder cannot be written.
    """
    target = location(out)
    try:
        if isinstance(target, Path):
            _publish_locally(draft, target.absolute())
        else:
            _upload(draft, target)
    except OSError as error:
        raise StorageError(
            f"The export cannot be written to {out}: {error.strerror or error}; check the path, "
            "its permissions and the space that is left."
        ) from error


def _publish_locally(draft: Path, target: Path) -> None:
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.rename(target)
        return
    names = {path.name for path in target.iterdir()}
    if names <= _exported_files(target):
        retired = target.with_name(f".{target.name}.{uuid.uuid4().hex}.retired")
        target.rename(retired)
        draft.rename(target)
        shutil.rmtree(retired)
        return
    (target / MANIFEST_FILE).unlink(missing_ok=True)
    for path in _manifest_last(draft):
        path.replace(target / path.name)
    draft.rmdir()


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


def draft_folder(out: str, work: Path) -> Path:
    """A new folder for the files of an export, on the disk where they will be published."""
    target = location(out)
    if not isinstance(target, Path):
        draft = work / "draft"
        draft.mkdir()
        return draft
    path = target.absolute()
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.draft")
    try:
        draft.mkdir(parents=True)
    except OSError as error:
        raise StorageError(
            f"The export cannot be written to {out}: {error.strerror}; check the path and its "
            "permissions."
        ) from error
    return draft
