"""Folders and files by path or fsspec URL, and what is said when they cannot be read or written.

Local ones are plain `pathlib` paths: importing fsspec takes a good part of a second, which a worker
process that only meets local files need not spend.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from coco_dagster.errors import CocoDagsterError, StorageError, cause_of
from coco_dagster.tables.staging import is_staged

if TYPE_CHECKING:
    from upath import UPath

    Location = Path | UPath

_STRANGE: Final = re.compile(r"[\\:\0]")
"""What separates parts of a path, drives or texts on some system."""

OBJECT_STORES: Final = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory"})
"""Protocols of storage without folders: making one would at best do nothing, at worst a bucket."""


def location(url: str) -> "Location":
    """A path of the local disk, or of whatever storage a URL names."""
    if "://" not in url:
        return Path(url)
    if url.startswith(("file://", "local://")):
        return Path(unquote(urlsplit(url).path))
    from upath import UPath

    path = UPath(url)
    # fsspec remembers listings for as long as the process lives; others write there meanwhile.
    path.fs.invalidate_cache()
    return path


def stays_below(path: str) -> bool:
    """Whether a path, with `/`, leads to something below the folder that it is counted from.

    Whatever a label row, a title, a manifest or a pointer names becomes a path only if this says
    so; `safe_component` makes names that pass.
    """
    parts = path.split("/")
    return not _STRANGE.search(path) and not {"", ".", ".."} & set(parts)


def inner_path(path: str) -> str:
    """The path itself, if it `stays_below` its folder.

    Raises:
        ValueError: it does not.
    """
    if not stays_below(path):
        raise ValueError(f"{path[:80]!r} leads out of its folder")
    return path


def make_folder(folder: "Location") -> None:
    """Make a folder and those above it, where the storage has folders."""
    if isinstance(folder, Path) or folder.protocol not in OBJECT_STORES:
        folder.mkdir(parents=True, exist_ok=True)


def read_file(path: "Location") -> bytes:
    """The bytes of a file.

    Raises:
        FileNotFoundError: there is none.
        StorageError: it cannot be read.
    """
    with storage_failures(path, "read"):
        try:
            return path.read_bytes() if isinstance(path, Path) else path.fs.cat_file(path.path)
        except (FileNotFoundError, NotADirectoryError):
            pass
    raise FileNotFoundError(str(path))


def file_bytes(path: "Location") -> int | None:
    """Size of a file; None where there is none.

    Raises:
        StorageError: its storage cannot be asked.
    """
    with storage_failures(path, "read"):
        try:
            return int(path.stat().st_size if isinstance(path, Path) else path.fs.size(path.path))
        except (FileNotFoundError, NotADirectoryError):
            return None


@contextmanager
def storage_failures(place: "Location | str", verb: str = "read or written") -> Iterator[None]:
    """Turn what goes wrong with storage in a block into a `StorageError`.

    Args:
        place: what is read or written there, as messages name it: a location or its URL. Around
            one in remote storage, every failure counts as one of its storage.
        verb: what cannot be done with it.

    Raises:
        StorageError: in place of an OSError, and of whatever the client of a remote storage raises.
    """
    try:
        yield
    except CocoDagsterError:
        raise
    except OSError as error:
        raise storage_error(place, verb, error) from None
    except Exception as error:
        if isinstance(place, Path | str):
            raise
        raise storage_error(place, verb, error) from None


def storage_error(place: "Location | str", verb: str, error: Exception) -> StorageError:
    """What is said of a failure of storage.

    Args:
        place: a location, its URL, or what it is called.
        verb: what cannot be done with it.
        error: why. It is not quoted: it may hold a URL with its secrets.
    """
    from coco_dagster.tables.findings import without_queries

    named = error.filename if isinstance(error, OSError) and isinstance(place, str) else None
    tells = isinstance(named, str) and not any(map(is_staged, Path(named).parts))
    text = without_queries(str(named if tells else place))
    return StorageError(f"{text} cannot be {verb}: {cause_of(error)}.")
