"""Whether an export is whole, judged from outside by its manifest and its bytes alone."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"

Content = dict[str, str]
"""SHA-256 of each file by its path; that of the manifest leaves out what runs differ in."""


class NotWholeError(AssertionError):
    """An export that is visible has a file missing, or one that its manifest does not describe."""


def content_of(folder: Path) -> Content | None:
    """What a published export holds; None where none is published.

    Raises:
        NotWholeError: it is published, but not as a whole.
    """
    if not (folder / MANIFEST).exists():
        return None
    manifest = json.loads((folder / MANIFEST).read_bytes())
    content = {MANIFEST: _digest_of_manifest(manifest)}
    for file in manifest["files"]:
        path = folder / file["path"]
        if not path.exists():
            raise NotWholeError(f"{path} is missing")
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if (len(data), digest) != (file["bytes"], file["sha256"]):
            raise NotWholeError(f"{path} is not the file that the manifest describes")
        content[file["path"]] = digest
    return content


def others_in(folder: Path, expected: Iterable[str]) -> list[str]:
    """Names in a folder that are not expected there, hidden ones too."""
    wanted = set(expected)
    return sorted(path.name for path in folder.iterdir() if path.name not in wanted)


def unfinished_in(folder: Path) -> list[str]:
    """Paths of everything below a folder that is in the making, or was left so."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if "coco_dagster-" in path.name or path.name.endswith((".tmp", ".draft", ".retired"))
    )


def _digest_of_manifest(manifest: dict[str, Any]) -> str:
    same_in_all_runs = {key: value for key, value in manifest.items() if key != "run"}
    return hashlib.sha256(json.dumps(same_in_all_runs).encode()).hexdigest()
