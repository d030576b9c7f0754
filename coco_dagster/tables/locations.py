"""Folders and files by path or fsspec URL.

Local ones are plain `pathlib` paths: importing fsspec takes a good part of a second, which a worker
process that only meets local files need not spend.
"""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from upath import UPath

    Location = Path | UPath


def location(url: str) -> "Location":
    """A path of the local disk, or of whatever storage a URL names."""
    if "://" not in url:
        return Path(url)
    if url.startswith(("file://", "local://")):
        return Path(unquote(urlsplit(url).path))
    from upath import UPath

    return UPath(url)


def remove_folder(folder: "Location") -> None:
    """Remove a folder with all it holds, if it is there."""
    if not folder.exists():
        return
    if isinstance(folder, Path):
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
        return
    folder.fs.rm(folder.path, recursive=True)
