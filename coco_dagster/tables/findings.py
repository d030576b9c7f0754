"""Findings: everything that was skipped, rejected or mended, and why."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Literal

import pyarrow as pa
from msgspec import Struct

from coco_dagster.encord.redaction import brief, without_queries, without_secrets
from coco_dagster.tables.schemas import FINDINGS, table_key
from coco_dagster.tables.table_rows import table_of_rows

__all__ = [
    "FindingRows",
    "Outcome",
    "Place",
    "concat_findings",
    "raw_fragment",
    "sort_findings",
    "without_queries",
    "without_secrets",
]

Outcome = Literal["skipped", "rejected", "note"]

RAW_BYTES: Final = 2000
"""Largest raw fragment of a finding, in bytes of UTF-8."""

MESSAGE_CHARACTERS: Final = 1000
"""Longest message of a finding: names that it quotes may be of any length."""

PATH_CHARACTERS: Final = 2000
"""Longest JSON path of a finding; a longer one is cut, and ends with an ellipsis."""

SEVERITIES: Final = {"skipped": "info", "rejected": "error", "note": "warning"}

_ESCAPED: Final = re.compile(r"\\(?:/|u00(?:2[3f]|3[adf]|40))", re.IGNORECASE)
"""Characters of links and e-mail addresses that JSON may escape: # / : = ? @."""


class Place(Struct, frozen=True):
    """Where a finding was made; what does not apply is None."""

    label_hash: str | None = None
    data_hash: str | None = None
    space: str | None = None
    frame: int | None = None
    object_hash: str | None = None
    path: str | None = None


class FindingRows:
    """Rows of the `findings` table in the making."""

    def __init__(self) -> None:
        self._rows: list[tuple[str | int | None, ...]] = []

    def add(
        self,
        code: str,
        outcome: Outcome,
        place: Place,
        message: str,
        raw: bytes | None = None,
        severity: str | None = None,
    ) -> None:
        """Add one finding; e-mail addresses and signed queries are taken out of its texts."""
        self._rows.append(
            (
                code,
                outcome,
                severity or SEVERITIES[outcome],
                place.label_hash,
                place.data_hash,
                place.space,
                place.frame,
                place.object_hash,
                place.path and _path(place.path),
                _message(message),
                None if not raw else raw_fragment(raw),
            )
        )

    def table(self) -> pa.Table:
        """The rows so far, sorted by place."""
        return sort_findings(table_of_rows(FINDINGS, self._rows))


def sort_findings(table: pa.Table) -> pa.Table:
    """Findings by place and code, so that their order says nothing of the run."""
    keys = dict.fromkeys((*table_key(FINDINGS), "path", "message", *FINDINGS.names))
    return table.sort_by([(key, "ascending") for key in keys])


def concat_findings(tables: Iterable[pa.Table]) -> pa.Table:
    """All findings in one table, sorted."""
    return sort_findings(pa.concat_tables([FINDINGS.empty_table(), *tables]))


@lru_cache(maxsize=1024)
def _message(text: str) -> str:
    return brief(text, MESSAGE_CHARACTERS)


def _path(path: str) -> str:
    path = without_queries(path[: 4 * PATH_CHARACTERS])
    return path if len(path) <= PATH_CHARACTERS else f"{path[: PATH_CHARACTERS - 1]}…"


def raw_fragment(raw: bytes) -> str:
    """At most 2 kB of the input, without secrets."""
    text = raw[: 8 * RAW_BYTES].decode("utf-8", "replace")
    text = brief(_ESCAPED.sub(_unescaped, text), RAW_BYTES)
    return text.encode()[:RAW_BYTES].decode("utf-8", "ignore")


def _unescaped(escape: re.Match[str]) -> str:
    text = escape[0]
    return "/" if text == "\\/" else chr(int(text[2:], 16))
