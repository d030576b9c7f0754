"""Prints the files of the newest export of every component: `python -m definitions.latest`."""

import json
import os
from collections.abc import Iterator

from upath import UPath


def latest_exports(storage: UPath) -> Iterator[UPath]:
    """Folders of the newest exports below a storage, ordered by component and export."""
    for pointer in sorted(storage.glob("exports/**/latest.json"), key=str):
        yield pointer.parent / json.loads(pointer.read_text())["export_id"]


def main() -> None:
    """Prints one path a line."""
    storage = UPath(os.environ.get("COCO_DAGSTER_STORAGE") or "storage")
    for folder in latest_exports(storage):
        for path in sorted(folder.iterdir(), key=str):
            print(path)


if __name__ == "__main__":
    main()
