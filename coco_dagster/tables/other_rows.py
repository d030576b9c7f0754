"""Label rows that no table holds: unreadable ones, and those that a later edit supersedes.

Findings are all that is left of them. What a manifest states of a label row is therefore kept in
the finding on the row itself: an older edition as JSON in `raw`, an unreadable row by its digest in
`message`.
"""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import polars as pl
import pyarrow as pa
from msgspec import Struct

from coco_dagster.tables.findings import without_secrets

UNREADABLE_CODE: Final = "unreadable_row"
SUPERSEDED_CODE: Final = "superseded_row"

_DIGEST: Final = " Its SHA-256 is {}."
_DIGEST_IN_MESSAGE: Final = re.compile(r"([0-9a-f]{64})\.$")
# The rest of the 2 kB of a finding is enough for hashes, dates and numbers.
_TITLE_CHARACTERS: Final = 200
_HASH_CHARACTERS: Final = 100
# The rest stands in columns of the finding.
_STATED: Final = (
    "row_sha256",
    "row_data_hash",
    "data_title",
    "last_edited_at",
    "frames",
    "objects",
)


class OtherRow(Struct, frozen=True, omit_defaults=True):
    """What is known of a label row; the names are those of the table `label_rows`."""

    row_sha256: str
    source_file: str = ""
    source_index: int = 0
    label_hash: str | None = None
    row_data_hash: str | None = None
    data_title: str | None = None
    last_edited_at: dt.datetime | None = None
    frames: int = 0
    objects: int = 0


def edition_text(row: dict[str, Any]) -> str:
    """An older edition of a label row as its finding holds it.

    Args:
        row: its row in the table `label_rows`.
    """
    edition = OtherRow(**{name: row[name] for name in _STATED})
    title, data_hash = edition.data_title, edition.row_data_hash
    shortened = msgspec.structs.replace(
        edition,
        data_title=title and without_secrets(title)[:_TITLE_CHARACTERS],
        row_data_hash=data_hash and without_secrets(data_hash)[:_HASH_CHARACTERS],
    )
    return msgspec.json.encode(shortened).decode()


def unreadable_message(problem: str, row_sha256: str) -> str:
    """What the finding on an unreadable row says."""
    return problem + _DIGEST.format(row_sha256)


def source_place(source_file: str, source_index: int) -> str:
    """Where a label row stood, as findings on rows have it in `path`."""
    return f"{source_file}[{source_index}]"


def other_rows(findings: pa.Table) -> Iterator[OtherRow]:
    """Label rows that findings are all that is left of, in the order of the findings.

    Args:
        findings: `code`, `outcome`, `label_hash`, `path`, `message` and `raw` of the schema
            `FINDINGS`.
    """
    codes = [UNREADABLE_CODE, SUPERSEDED_CODE]
    notes = pl.DataFrame(pl.from_arrow(findings)).filter(
        pl.col("outcome") == "note", pl.col("code").is_in(codes)
    )
    for finding in notes.iter_rows(named=True):
        file, _, index = finding["path"].removesuffix("]").rpartition("[")
        if finding["code"] == SUPERSEDED_CODE:
            row = msgspec.json.decode(finding["raw"], type=OtherRow)
            place = {"source_file": file, "source_index": int(index)}
            yield msgspec.structs.replace(row, label_hash=finding["label_hash"], **place)
        elif (digest := _DIGEST_IN_MESSAGE.search(finding["message"])) is not None:
            yield OtherRow(digest[1], file, int(index))
