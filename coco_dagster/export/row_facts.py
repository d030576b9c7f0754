"""Facts about label rows that an export states: read part by part, never all at once."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct
from msgspec.structs import asdict

from coco_dagster.coco.json_text import member, members
from coco_dagster.coco.selection import MAIN_BRANCH
from coco_dagster.export.places import Window
from coco_dagster.lineage.manifest import ENTRY_START
from coco_dagster.tables.other_rows import other_rows
from coco_dagster.tables.schemas import UNNAMED_PREFIX

_COLUMNS: Final = [
    "label_hash",
    "row_data_hash",
    "data_title",
    "last_edited_at",
    "source_file",
    "source_index",
    "row_sha256",
    "frames",
    "objects",
]
# Windows whose label rows are read together: one by one, most of the time goes to the call alone.
_WINDOWS: Final = 16
_SUMMED: Final = ["dataset_title", "branch_name", "last_edited_at", "objects"]
_OF_FINDINGS: Final = ["code", "outcome", "label_hash", "path", "message", "raw"]
_SOURCE: Final = ("source_file", "source_index")
_FACTS: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "row_sha256": pl.String,
    "source_file": pl.String,
    "source_index": pl.Int64,
    "label_hash": pl.String,
    "row_data_hash": pl.String,
    "data_title": pl.String,
    "last_edited_at": pl.Datetime("us", "UTC"),
    "frames": pl.Int64,
    "objects": pl.Int64,
}


class RowFacts(Struct, frozen=True):
    """What label rows come to.

    Attributes:
        dataset_titles: titles of the datasets of exported rows.
        last_edited_at: when the newest exported row was edited, UTC; None where no row says it.
        objects: input objects of all rows, exported or not.
    """

    dataset_titles: frozenset[str]
    last_edited_at: dt.datetime | None
    objects: int


def row_facts(label_rows: pa.Table, branches: Collection[str]) -> RowFacts:
    """Sum up some label rows.

    Args:
        label_rows: the table of them.
        branches: branches that are exported.
    """
    rows = pl.DataFrame(pl.from_arrow(label_rows.select(_SUMMED)))
    exported = rows.filter(pl.col("branch_name").fill_null(MAIN_BRANCH).is_in(list(branches)))
    newest: Any = exported["last_edited_at"].max()
    titles = frozenset(title for title in exported["dataset_title"].unique() if title)
    return RowFacts(titles, newest, int(rows["objects"].sum()))


def all_row_facts(parts: Sequence[RowFacts]) -> RowFacts:
    """Sum up all label rows.

    Args:
        parts: what those of each group come to.
    """
    dates = [part.last_edited_at for part in parts if part.last_edited_at is not None]
    return RowFacts(
        frozenset[str]().union(*(part.dataset_titles for part in parts)),
        max(dates, default=None),
        sum(part.objects for part in parts),
    )


def row_entries(windows: Iterable[Window], findings: Path) -> Iterator[str]:
    """Text between the brackets of the manifest's `inputs.label_rows`, in source order.

    Args:
        windows: the normalised tables.
        findings: the export's file of findings, which knows the rows that the tables lack.

    Yields:
        The text, piece by piece: there may be millions of rows.
    """
    start = ENTRY_START
    for entries in _all_entries(windows, findings):
        if entries.len():
            yield start + entries.str.join(f",{ENTRY_START}").item()
            start = f",{ENTRY_START}"


def _all_entries(windows: Iterable[Window], findings: Path) -> Iterator[pl.Series]:
    others = _other_rows(findings)
    for rows in _rows_of(windows):
        file, index = rows.select(_SOURCE).row(-1) if rows.height else ("", 0)
        is_earlier = (pl.col("source_file") < file) | (
            (pl.col("source_file") == file) & (pl.col("source_index") < index)
        )
        earlier = others.filter(is_earlier)
        others = others[earlier.height :]
        merged = pl.concat([rows.select(_FACTS.keys()), earlier])
        yield _entries(merged.sort(_SOURCE) if earlier.height else merged)
    yield _entries(others)


def _other_rows(findings: Path) -> pl.DataFrame:
    """Older editions and unreadable rows, which are few, in source order."""
    found = [pl.DataFrame(schema=_FACTS)]
    for batch in pq.ParquetFile(findings).iter_batches(columns=_OF_FINDINGS):
        rows = [asdict(row) for row in other_rows(pa.Table.from_batches([batch]))]
        found.append(pl.DataFrame(rows, _FACTS))
    return pl.concat(found).sort(_SOURCE)


def _entries(rows: pl.DataFrame) -> pl.Series:
    named = ~pl.col("label_hash").str.starts_with(UNNAMED_PREFIX)
    entries = rows.with_columns(
        pl.when(named).then("label_hash").alias("label_hash"),
        _date_texts(rows["last_edited_at"]),
    )
    text = pl.concat_str(
        member("label_hash", "label_hash"),
        member("row_data_hash", "data_hash"),
        member("data_title", "data_title"),
        member("last_edited_at", "last_edited_at"),
        pl.lit(","),
        members(pl.col("row_sha256").alias("sha256"), pl.col("frames"), pl.col("objects")),
    )
    lines = pl.concat_str(pl.lit("{"), text.str.slice(1), pl.lit("}"))
    return entries.select(lines.alias("entry"))["entry"]


def _date_texts(dates: pl.Series) -> pl.Series:
    """ISO 8601 in UTC, with microseconds where there are some."""
    # Of some thousand rows edited in the same hours, many share their date.
    distinct = dates.unique().drop_nulls()
    is_whole = distinct.dt.microsecond() == 0
    texts = [
        chosen.dt.strftime(form)
        for chosen, form in (
            (distinct.filter(is_whole), "%Y-%m-%dT%H:%M:%SZ"),
            (distinct.filter(~is_whole), "%Y-%m-%dT%H:%M:%S%.6fZ"),
        )
    ]
    ordered = pl.concat([distinct.filter(is_whole), distinct.filter(~is_whole)])
    return dates.replace_strict(ordered, pl.concat(texts), default=None, return_dtype=pl.String)


def _rows_of(windows: Iterable[Window]) -> Iterator[pl.DataFrame]:
    """Label rows in source order, some windows at a time."""
    waiting = iter(windows)
    while some := list(islice(waiting, _WINDOWS)):
        tables = [part.read("label_rows", _COLUMNS) for part in chain.from_iterable(some)]
        rows = pl.DataFrame(pl.from_arrow(pa.concat_tables(tables)))
        yield rows.sort("source_file", "source_index", "label_hash")
