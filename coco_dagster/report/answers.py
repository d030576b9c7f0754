"""How attributes were answered, counted without decoding annotations.

`classifications` of annotations are JSON objects of few different contents. Their members are
counted as pieces of text, each different object once, and only what is shown is decoded.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import polars as pl
from msgspec import Struct

MOST_ANSWERS: Final = 12
"""Answers of an attribute that are told apart; the rarer ones are counted together."""

_MOST_PAIRS: Final = 200_000
_STRING: Final = r'"(?:[^"\\]|\\.)*"'
_LIST: Final = rf"\[(?:{_STRING},?)*\]"
_PAIR: Final = rf'{_STRING}:(?:{_STRING}|{_LIST}|[^,{{}}\[\]"]+)'
_KEY_AND_VALUE: Final = rf"^({_STRING}):(.*)$"
_NESTED_ANSWER: Final = '{"answer":'
_RELATION: Final = '"#'
_BARS: Final = 10
_SCHEMA: Final = {"category": pl.Int64, "pair": pl.String, "count": pl.Int64}


class NumberRange(Struct, frozen=True):
    """Numbers in one bar: from `low`, inclusive, to `high`, exclusive but for the last bar."""

    low: float
    high: float
    count: int


class AttributeAnswers(Struct, frozen=True):
    """Answers to one attribute, or to one option of a checklist.

    Attributes:
        category: position of the category; that behind the last one stands for images.
        name: name of the attribute or option.
        answered: number of answers; unanswered: places where it is not answered.
        answers: the most frequent answers with their numbers, `True` and `False` for options.
        others: number of all other answers; distinct: number of different answers.
        ranges: numbers in ranges, in place of `answers`, where many different ones occur.
    """

    category: int
    name: str
    answered: int
    unanswered: int
    answers: list[tuple[str | bool | float, int]]
    others: int
    distinct: int
    ranges: list[NumberRange]


class AnswerCounter:
    """Counts answers batch by batch.

    More than 200,000 different answers are not kept apart: the rarest are then left out.
    """

    def __init__(self) -> None:
        self._pairs = pl.DataFrame(schema=_SCHEMA)

    def add(self, owners: pl.DataFrame) -> None:
        """Count the answers of some annotations or images.

        Args:
            owners: `category`, and `classifications` as JSON text, maybe with more behind it.
        """
        contents = owners.group_by("category", "classifications").len("count")
        flat = pl.col("classifications").str.replace_all(_NESTED_ANSWER, "", literal=True)
        pairs = (
            contents.select("category", flat.str.extract_all(_PAIR).alias("pair"), "count")
            .explode("pair")
            .drop_nulls("pair")
            .filter(~pl.col("pair").str.starts_with(_RELATION))
        )
        counted = pl.concat([self._pairs, pairs.cast(_SCHEMA)])
        counted = counted.group_by("category", "pair").agg(pl.col("count").sum())
        if counted.height > _MOST_PAIRS:
            counted = counted.sort("count", "pair", descending=[True, False]).head(_MOST_PAIRS // 2)
        self._pairs = counted

    def answers(self) -> list[AttributeAnswers]:
        """All attributes, by category and in the order of their names."""
        parts = self._pairs.with_columns(
            pl.col("pair").str.extract(_KEY_AND_VALUE, 1).alias("key"),
            pl.col("pair").str.extract(_KEY_AND_VALUE, 2).str.strip_chars().alias("value"),
        ).drop("pair")
        parts = pl.concat([parts.filter(~_is_list()), _options_of_lists(parts.filter(_is_list()))])
        totals = parts.group_by("category", "key", "value").agg(pl.col("count").sum())
        attributes = totals.sort("category", "key").partition_by("category", "key")
        return [_attribute(answers) for answers in attributes]


def _is_list() -> pl.Expr:
    return pl.col("value").str.starts_with("[")


def _options_of_lists(lists: pl.DataFrame) -> pl.DataFrame:
    """Checklists that are written as the list of their chosen options: a row for each option."""
    options = lists.with_columns(pl.col("value").str.extract_all(_STRING)).explode("value")
    return options.with_columns(pl.col("value").fill_null("null"))


def _attribute(rows: pl.DataFrame) -> AttributeAnswers:
    """Answers of one attribute, from a row for each different one."""
    answered = rows.filter(pl.col("value") != "null")
    ordered = answered.sort("count", "value", descending=[True, False])
    ranges = _ranges(answered)
    shown = ordered.head(0 if ranges else MOST_ANSWERS)
    total = int(answered["count"].sum())
    return AttributeAnswers(
        category=rows["category"][0],
        name=msgspec.json.decode(rows["key"][0]),
        answered=total,
        unanswered=int(rows["count"].sum()) - total,
        answers=list(_decoded(shown)),
        others=0 if ranges else total - int(shown["count"].sum()),
        distinct=answered.height,
        ranges=ranges,
    )


def _decoded(answers: pl.DataFrame) -> Iterator[tuple[Any, int]]:
    for value, count in answers.select("value", "count").iter_rows():
        yield msgspec.json.decode(value), count


def _ranges(answers: pl.DataFrame) -> list[NumberRange]:
    """Numbers in bars of equal width, where there are more different ones than are told apart."""
    if answers.height <= MOST_ANSWERS:
        return []
    numbers = answers.select(
        pl.col("value").cast(pl.Float64, strict=False).alias("number"), "count"
    ).filter(pl.col("number").is_finite())
    if numbers.height < answers.height:
        return []
    low, high = float(numbers["number"].min()), float(numbers["number"].max())  # type: ignore[arg-type]
    width = (high - low) / _BARS
    bar = ((pl.col("number") - low) / width).floor().clip(0, _BARS - 1).cast(pl.Int64)
    counts = dict(numbers.group_by(bar.alias("bar")).agg(pl.col("count").sum()).iter_rows())
    return [
        NumberRange(low + bar * width, low + (bar + 1) * width, counts.get(bar, 0))
        for bar in range(_BARS)
    ]
