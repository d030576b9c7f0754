"""Which export is the newest one of its place, and which was before it."""

from typing import Final

import msgspec

from coco_dagster.errors import StorageError
from coco_dagster.lineage.manifest import MANIFEST_FILE
from coco_dagster.tables.locations import inner_path, location, read_file
from coco_dagster.tables.parts import write_atomically

_LATEST: Final = "latest.json"
_PREVIOUS: Final = "previous.json"


def latest_export_url(root: str) -> str | None:
    """Folder or URL of the export that was published last, if there is one.

    Args:
        root: where exports are published.

    Raises:
        StorageError: `latest.json` is damaged.
    """
    return _url(root, _pointed_at(root, _LATEST))


def previous_export_url(root: str) -> str | None:
    """Folder or URL of the export that was the newest one before, if it is still there.

    Args:
        root: where exports are published.

    Raises:
        StorageError: `previous.json` is damaged.
    """
    url = _url(root, _pointed_at(root, _PREVIOUS))
    return url if url is not None and (location(url) / MANIFEST_FILE).exists() else None


def point_at_export(root: str, export_id: str) -> None:
    """Let `latest.json` name an export, and `previous.json` the one that it named before.

    Args:
        root: where exports are published.
        export_id: id of the export.
    """
    before = _pointed_at(root, _LATEST)
    if before == export_id:
        return
    if before is not None:
        _point(root, _PREVIOUS, before)
    _point(root, _LATEST, export_id)


def _url(root: str, export_id: str | None) -> str | None:
    return None if export_id is None else f"{root.rstrip('/')}/{export_id}"


def _pointed_at(root: str, pointer: str) -> str | None:
    path = location(root) / pointer
    try:
        return inner_path(msgspec.json.decode(read_file(path), type=dict[str, str])["export_id"])
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, KeyError, ValueError):
        raise StorageError(f"{path} is damaged; remove it and run again.") from None


def _point(root: str, pointer: str, export_id: str) -> None:
    write_atomically(
        location(root) / pointer, msgspec.json.encode({"export_id": export_id}) + b"\n"
    )
