"""Publishing an export in an object store, which has neither folders nor renaming.

The manifest goes first and comes last: without it an export is not there. Nothing here trusts a
listing, which in some stores lags behind what was written: every object is asked for by its name.
"""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from coco_dagster.errors import StorageError
from coco_dagster.export.exported_files import SET_ASIDE, exported_files, files_below
from coco_dagster.lineage.manifest import MANIFEST_FILE
from coco_dagster.tables.findings import without_queries
from coco_dagster.tables.locations import make_folder, storage_failures

if TYPE_CHECKING:
    from upath import UPath

_ATTEMPTS: Final = 3
_BUCKETS: Final = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss"})


def check_store(target: "UPath") -> None:
    """Find out whether a storage can be reached and has the bucket.

    Raises:
        StorageError: it cannot, or has not.
    """
    with storage_failures(target, "written"):
        if target.fs.exists((target / MANIFEST_FILE).path) or target.protocol not in _BUCKETS:
            return
        bucket = target.path.strip("/").partition("/")[0]
        if not target.fs.exists(bucket):
            raise StorageError(
                f"{without_queries(str(target))} cannot be written: there is no bucket {bucket}, "
                "or it may not be listed; make it, or choose another one."
            )


def upload(draft: Path, target: "UPath") -> None:
    """Put the files of a draft where readers look.

    Should another run write to the same place meanwhile, so that files of both got mixed, all are
    put there once more.

    Raises:
        StorageError: they cannot be written, or another run keeps writing there. There is then
            no manifest of this export.
    """
    for _ in range(_ATTEMPTS):
        with storage_failures(target, "written"):
            if _is_uploaded(draft, target):
                return
    raise StorageError(
        f"Another run writes to {without_queries(str(target))} at the same time; let it end, and "
        "run again."
    )


def _is_uploaded(draft: Path, target: "UPath") -> bool:
    """Upload everything; whether it is there as a whole afterwards."""
    names = files_below(draft)
    earlier = exported_files(target)
    if MANIFEST_FILE in earlier:
        target.fs.cp_file((target / MANIFEST_FILE).path, (target / SET_ASIDE).path)
        _remove(target / MANIFEST_FILE)
    files = [name for name in names if name != MANIFEST_FILE]
    states = {name: _put(draft / name, target / name) for name in files}
    for name in sorted(earlier.difference(names, [MANIFEST_FILE, SET_ASIDE])):
        _remove(target / name)
    states[MANIFEST_FILE] = _put(draft / MANIFEST_FILE, target / MANIFEST_FILE)
    if earlier:
        _remove(target / SET_ASIDE)
    if all(_state(target / name) == state for name, state in states.items()):
        return True
    if _state(target / MANIFEST_FILE) == states[MANIFEST_FILE]:
        _remove(target / MANIFEST_FILE)
    return False


def _put(file: Path, place: "UPath") -> Any:
    make_folder(place.parent)
    place.fs.put_file(str(file), place.path)
    return _state(place)


def _state(place: "UPath") -> Any:
    """What tells an object from one that replaced it; None where there is none."""
    try:
        return place.fs.checksum(place.path)
    except FileNotFoundError:
        return None


def _remove(place: "UPath") -> None:
    with suppress(FileNotFoundError):
        place.fs.rm_file(place.path)
