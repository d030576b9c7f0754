"""Dates of label rows, in every form that Encord writes, as UTC."""

import datetime as dt
import warnings
from typing import Final

import polars as pl

TIME: Final = pl.Datetime("us", "UTC")

_FORMS: Final = (
    "%a, %d %b %Y %H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
)


def read_dates(texts: pl.Series) -> pl.Series:
    """Dates as UTC; without a zone a date is UTC; what is no date is null.

    Args:
        texts: strings such as ``Thu, 09 Feb 2023 14:12:03 UTC``, ``2023-02-09 14:12:03`` or ISO
            8601 with or without a zone and microseconds.

    Returns:
        Series of the same length, in microseconds.
    """
    known = texts.unique().drop_nulls()
    if known.is_empty():
        return pl.Series(texts.name, [None] * len(texts), dtype=TIME)
    bare = pl.col("text").str.strip_chars().str.replace(r"(?: ?(?:GMT|UTC|Z)|\+00:00)$", "")
    forms = pl.coalesce(bare.str.to_datetime(form, time_unit="us", strict=False) for form in _FORMS)
    # Python, and with it JSON's readers, know the years 1 to 9999 alone.
    read = pl.when(forms.dt.year().is_between(dt.MINYEAR, dt.MAXYEAR)).then(forms)
    dates = pl.DataFrame({"text": known}).with_columns(read.dt.replace_time_zone("UTC").alias("at"))
    missing = dates.filter(pl.col("at").is_null())["text"].to_list()
    others = pl.DataFrame(
        {"text": missing, "at": [_any_date(text) for text in missing]},
        schema={"text": pl.String, "at": TIME},
    )
    lookup = pl.concat([dates.drop_nulls("at"), others.drop_nulls("at")])
    return texts.to_frame("text").join(lookup, on="text", how="left", maintain_order="left")["at"]


_DEFAULTS: Final = (dt.datetime(1970, 1, 1), dt.datetime(1999, 12, 31))


def _any_date(text: str) -> dt.datetime | None:
    """Any date that dateutil reads, unless it is so partial that a default shows through.

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
        return date.astimezone(dt.UTC)
    except (ValueError, OverflowError, TypeError):
        return None
