"""How attributes were answered, counted without decoding annotations.

`classifications` of annotations are JSON objects of few different contents. Their members are
counted as pieces of text, each different object once, and only what is shown is decoded.
"""

from collections.abc import Mapping
from math import ceil
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
_UNANSWERED: Final = "null"
_ATTRIBUTE: Final = ("category", "key")
_BARS: Final = 10
_SCHEMA: Final = pl.Schema({"category": pl.Int64, "pair": pl.String, "count": pl.Int64})


class NumberRange(Struct, frozen=True):
    """Numbers in one bar, from `low` to `high`.

    `high` is inclusive where all numbers are whole, else exclusive but for the last bar.
    """

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
        answered = totals.filter(pl.col("value") != _UNANSWERED).sort(
            "category", "key", "count", "value", descending=[False, False, True, False]
        )
        facts = totals.group_by("category", "key").agg(
            pl.col("count").filter(pl.col("value") != _UNANSWERED).sum().alias("answered"),
            pl.col("count").filter(pl.col("value") == _UNANSWERED).sum().alias("unanswered"),
            (pl.col("value") != _UNANSWERED).sum().alias("distinct"),
        )
        first = answered.filter(pl.int_range(pl.len()).over(_ATTRIBUTE) < MOST_ANSWERS)
        shown: dict[tuple[int, str], list[tuple[Any, int]]] = {}
        for category, key, value, count in first.select(*_ATTRIBUTE, "value", "count").iter_rows():
            shown.setdefault((category, key), []).append((msgspec.json.decode(value), count))
        return [
            _attribute(row, shown.get((row["category"], row["key"]), []), answered)
            for row in facts.sort(_ATTRIBUTE).iter_rows(named=True)
        ]


def _is_list() -> pl.Expr:
    return pl.col("value").str.starts_with("[")


def _options_of_lists(lists: pl.DataFrame) -> pl.DataFrame:
    """Checklists that are written as the list of their chosen options: a row for each option."""
    options = lists.with_columns(pl.col("value").str.extract_all(_STRING)).explode(
        "value", empty_as_null=True
    )
    return options.with_columns(pl.col("value").fill_null(_UNANSWERED))


def _attribute(
    facts: Mapping[str, Any], shown: list[tuple[Any, int]], answers: pl.DataFrame
) -> AttributeAnswers:
    """One attribute.

    Args:
        facts: its category, key and numbers.
        shown: its most frequent answers.
        answers: all answers to all attributes.
    """
    ranges: list[NumberRange] = []
    if facts["distinct"] > MOST_ANSWERS:
        is_own = (pl.col("category") == facts["category"]) & (pl.col("key") == facts["key"])
        ranges = _ranges(answers.filter(is_own))
    told_apart = [] if ranges else shown
    others = facts["answered"] - sum(count for _, count in told_apart)
    return AttributeAnswers(
        category=facts["category"],
        name=msgspec.json.decode(facts["key"]),
        answered=facts["answered"],
        unanswered=facts["unanswered"],
        answers=told_apart,
        others=0 if ranges else others,
        distinct=facts["distinct"],
        ranges=ranges,
    )


def _ranges(answers: pl.DataFrame) -> list[NumberRange]:
    """Answers in bars of equal width if all of them are numbers, else none."""
    numbers = answers.select(
        pl.col("value").cast(pl.Float64, strict=False).alias("number"), "count"
    ).filter(pl.col("number").is_finite())
    if numbers.height < answers.height:
        return []
    low, high = float(numbers["number"].min()), float(numbers["number"].max())  # type: ignore[arg-type]
    is_whole = bool((numbers["number"] == numbers["number"].floor()).all())
    width = ceil((high - low + 1) / _BARS) if is_whole else (high - low) / _BARS
    bar = ((pl.col("number") - low) / width).floor().clip(0, _BARS - 1).cast(pl.Int64)
    counts = dict(numbers.group_by(bar.alias("bar")).agg(pl.col("count").sum()).iter_rows())
    last = width - 1 if is_whole else width
    return [
        NumberRange(low + bar * width, low + bar * width + last, counts.get(bar, 0))
        for bar in range(_BARS)
        if low + bar * width <= high
    ]
