"""Dates of label rows, in every form that Encord writes, as UTC."""

import datetime as dt
import warnings
from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl
import pyarrow as pa

TIME: Final = pa.timestamp("us", "UTC")

_FORMS: Final = (
    "%a, %d %b %Y %H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
)


def read_dates(texts: Sequence[str | None]) -> pa.Array:
    """Dates as UTC; without a zone a date is UTC; what is no date is null.

    Args:
        texts: strings such as ``Thu, 09 Feb 2023 14:12:03 UTC``, ``2023-02-09 14:12:03`` or ISO
            8601 with or without a zone and microseconds.

    Returns:
        Timestamps in microseconds, as many as texts.
    """
    column = pa.array(texts, pa.string()).dictionary_encode()
    distinct = column.dictionary.to_pylist()
    if len(_microseconds) > _REMEMBERED:
        _microseconds.clear()
    _microseconds.update(_read([text for text in distinct if text not in _microseconds]))
    found = pa.array([_microseconds[text] for text in distinct], pa.int64())
    return found.take(column.indices).cast(TIME)


_REMEMBERED: Final = 100_000
_microseconds: Final[dict[str, int | None]] = {}
"""Texts that were read lately: label rows repeat the same few thousand dates."""


def _read(texts: Sequence[str]) -> Iterator[tuple[str, int | None]]:
    """Each text with its microseconds since 1970."""
    if not texts:
        return
    bare = pl.col("text").str.strip_chars().str.replace(r"(?: ?(?:GMT|UTC|Z)|\+00:00)$", "")
    forms = pl.coalesce(bare.str.to_datetime(form, time_unit="us", strict=False) for form in _FORMS)
    # Python, and with it JSON's readers, know the years 1 to 9999 alone.
    read = pl.when(forms.dt.year().is_between(dt.MINYEAR, dt.MAXYEAR)).then(forms.dt.epoch("us"))
    found = pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(read).to_series()
    for text, microseconds in zip(texts, found, strict=True):
        yield text, _any_date(text) if microseconds is None else microseconds


_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)
_DEFAULTS: Final = (dt.datetime(1970, 1, 1), dt.datetime(1999, 12, 31))


def _any_date(text: str) -> int | None:
    """Microseconds of any date that dateutil reads; none of one that leaves parts to defaults.

    Imported here, since it takes as long to import as polars and is hardly ever needed.
    """
    from dateutil import parser as dateutil_parser

    try:
        with warnings.catch_warnings():
            # Zones that it does not know: the date is then read as UTC.
            warnings.simplefilter("ignore", dateutil_parser.UnknownTimezoneWarning)
            dates = [dateutil_parser.parse(text, default=default) for default in _DEFAULTS]
        if dates[0] != dates[1]:
            return None
        date: dt.datetime = dates[0].replace(tzinfo=dates[0].tzinfo or dt.UTC)
        return (date.astimezone(dt.UTC) - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError, TypeError):
        return None
