"""Findings: everything that was skipped, rejected or mended, and why."""

import re
from collections.abc import Iterable
from typing import Final, Literal

import pyarrow as pa
from msgspec import Struct

from coco_dagster.tables.schemas import FINDINGS, table_key

Outcome = Literal["skipped", "rejected", "note"]

RAW_BYTES: Final = 2000
"""Largest raw fragment of a finding, in bytes of UTF-8."""

SEVERITIES: Final = {"skipped": "info", "rejected": "error", "note": "warning"}

_E_MAIL: Final = re.compile(r"[^\s\"'<>(),:;@\\/]+@[^\s\"'<>(),:;@\\/]+")
_QUERY: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://[^\s\"'?#]*)[?#][^\s\"']*")
_BARE_QUERY: Final = re.compile(r"\?[A-Za-z0-9_.%~-]+=[^\s\"']*")
_CREDENTIALS: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^\s\"'/]*@")
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
                place.path and without_queries(place.path),
                without_secrets(message),
                None if not raw else raw_fragment(raw),
            )
        )

    def table(self) -> pa.Table:
        """The rows so far, sorted by place."""
        columns = zip(*self._rows, strict=True) if self._rows else ((),) * len(FINDINGS)
        arrays = [
            pa.array(list(values), type=field.type)
            for values, field in zip(columns, FINDINGS, strict=True)
        ]
        return sort_findings(pa.Table.from_arrays(arrays, schema=FINDINGS))


def sort_findings(table: pa.Table) -> pa.Table:
    """Findings by place and code, so that their order says nothing of the run."""
    keys = dict.fromkeys((*table_key(FINDINGS), "path", "message", *FINDINGS.names))
    return table.sort_by([(key, "ascending") for key in keys])


def concat_findings(tables: Iterable[pa.Table]) -> pa.Table:
    """All findings in one table, sorted."""
    return sort_findings(pa.concat_tables([FINDINGS.empty_table(), *tables]))


def without_queries(text: str) -> str:
    """Text without queries of links and credentials in links."""
    return _BARE_QUERY.sub("", _QUERY.sub(r"\1", _CREDENTIALS.sub(r"\1", text)))


def without_secrets(text: str) -> str:
    """Text without e-mail addresses, queries of links, and credentials in links."""
    return _E_MAIL.sub("<e-mail>", without_queries(text))


def raw_fragment(raw: bytes) -> str:
    """At most 2 kB of the input, without secrets."""
    text = raw[: 4 * RAW_BYTES].decode("utf-8", "replace")
    text = without_secrets(_ESCAPED.sub(_unescaped, text))
    return text.encode()[:RAW_BYTES].decode("utf-8", "ignore")


def _unescaped(escape: re.Match[str]) -> str:
    text = escape[0]
    return "/" if text == "\\/" else chr(int(text[2:], 16))
