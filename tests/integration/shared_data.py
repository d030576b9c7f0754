"""Data that no one here wrote. It lies beside the project and is no part of it."""

from pathlib import Path

SHARED = Path(__file__).parents[3] / "shared"
WHY_SKIPPED = "../shared is absent"


def folders(path: str) -> list[Path]:
    """The folders below a path of the shared data; where it is absent, one that does not exist."""
    parent = SHARED / path
    if not parent.is_dir():
        return [parent / "absent"]
    return sorted(folder for folder in parent.iterdir() if folder.is_dir())
