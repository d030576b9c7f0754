"""JSON paths in a label row: how a step is written, and what lies at the end of one."""

import re
from typing import Any, Final

import msgspec
from msgspec import Raw

from coco_dagster.encord.deep_values import without_deep_values


def json_key(key: str) -> str:
    """One step of a JSON path: ``.key`` where that is plain, else ``["key"]``."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key):
        return f".{key}"
    return f"[{msgspec.json.encode(key).decode()}]"


_PATH_STEP: Final = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\[(\"(?:[^\"\\]|\\.)*\")\]")


class Fragments:
    """Pieces of one label row by JSON path; what lies on the way to one is decoded only once."""

    def __init__(self, row: bytes) -> None:
        self._row = row
        self._containers: dict[str, dict[str, Raw] | list[Raw]] = {}

    def at(self, path: str) -> bytes:
        """The bytes at a path such as ``$.data_units["a/b"].labels.objects[2]``.

        Empty where the path leads nowhere.
        """
        try:
            return self._follow(path)
        except RecursionError:
            self._row = without_deep_values(self._row).text
            return self._follow(path)

    def _follow(self, path: str) -> bytes:
        piece: bytes | Raw = self._row
        try:
            for step in _PATH_STEP.finditer(path):
                name, number, quoted = step.groups()
                entries = self._entries(path[: step.start()], piece, is_list=number is not None)
                if isinstance(entries, list):
                    piece = entries[int(number)]
                else:
                    piece = entries[name if quoted is None else msgspec.json.decode(quoted)]
        except (msgspec.MsgspecError, UnicodeDecodeError, LookupError):
            return b""
        return bytes(piece)

    def _entries(
        self, path: str, piece: bytes | Raw, *, is_list: bool
    ) -> dict[str, Raw] | list[Raw]:
        if path not in self._containers:
            kind: Any = list[Raw] if is_list else dict[str, Raw]
            self._containers[path] = msgspec.json.decode(piece, type=kind)
        return self._containers[path]
