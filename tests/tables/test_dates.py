"""Dates in every form that Encord writes, as UTC."""

import datetime as dt
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coco_dagster.tables.dates import TIME, read_dates


def read(*texts: str | None) -> list[dt.datetime | None]:
    found: list[dt.datetime | None] = read_dates(texts).to_pylist()
    return found


NOON = dt.datetime(2023, 2, 9, 12, 0, 3, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-09 12:00:03",
        "2023-02-09 12:00:03 UTC",
        "Thu, 09 Feb 2023 12:00:03 UTC",
        "Thu, 09 Feb 2023 12:00:03 GMT",
        "2023-02-09T12:00:03",
        "2023-02-09T12:00:03Z",
        "2023-02-09T12:00:03+00:00",
        "2023-02-09T14:00:03+02:00",
        "2023-02-09T12:00:03.000000",
        "2023-02-09 06:30:03-05:30",
        "  2023-02-09 12:00:03  ",
        "Feb 9 2023 12:00:03",
        "Mon, 09 Feb 2023 12:00:03 GMT",
    ],
)
def test_every_form_is_the_same_moment(text: str) -> None:
    assert read(text) == [NOON]


def test_microseconds_are_kept() -> None:
    assert read("2023-02-09T12:00:03.000456+00:00") == [NOON.replace(microsecond=456)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "yesterday",
        "2023",
        "2023-02",
        "12:00:03",
        "2023-13-41 00:00:00",
        "0000-01-01 00:00:00",
        "+99999-01-01 00:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1e999999",
        "\x00",
        "9" * 400,
    ],
)
def test_what_is_no_date_is_null(text: str) -> None:
    assert read(text) == [None]


def test_an_unknown_zone_is_utc_and_nobody_is_told() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read("2023-02-09 12:00:03 XYZ") == [NOON]


def test_order_and_nulls_are_kept() -> None:
    texts = ["2023-02-09 12:00:03", None, "x", "Feb 9 2023 12:00:03", "2023-02-09 12:00:03"]
    assert read(*texts) == [NOON, None, None, NOON, NOON]


def test_nothing_is_no_dates() -> None:
    found = read_dates([])
    assert (found.type, len(found)) == (TIME, 0)


@given(st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30)))
def test_iso_dates_come_back(moment: dt.datetime) -> None:
    assert read(moment.isoformat()) == [moment.replace(tzinfo=dt.UTC)]


@given(st.text(max_size=30))
def test_no_text_is_too_much(text: str) -> None:
    for date in read(text):
        assert date is None or date.year in range(1, 10000)
