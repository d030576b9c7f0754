"""Answers counted without decoding annotations."""

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coco_dagster.report import answers
from coco_dagster.report.answers import AnswerCounter, AttributeAnswers, NumberRange

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
VALUES = TEXTS | st.booleans() | st.none() | st.integers(-(2**53), 2**53)


def counted(*classifications: Any, category: int = 0) -> list[AttributeAnswers]:
    """Answers of annotations of one category, from their JSON as an export writes it."""
    counter = AnswerCounter()
    texts = [f"{as_written(entry)}}}}},\n" for entry in classifications]
    schema = {"category": pl.Int64, "classifications": pl.String}
    counter.add(pl.DataFrame([(category, text) for text in texts], schema, orient="row"))
    return counter.answers()


def as_written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def test_options_of_a_radio_are_counted() -> None:
    (found,) = counted({"Colour": "red"}, {"Colour": "blue"}, {"Colour": "red"}, {"Colour": None})
    assert (found.name, found.answers) == ("Colour", [("red", 2), ("blue", 1)])
    assert (found.answered, found.unanswered, found.distinct) == (3, 1, 2)


def test_options_of_a_checklist_are_ticked_or_not() -> None:
    found = counted({"Wet": True, "Dirty": False}, {"Wet": True, "Dirty": True})
    assert {entry.name: entry.answers for entry in found} == {
        "Wet": [(True, 2)],
        "Dirty": [(False, 1), (True, 1)],
    }


def test_nested_answers_are_counted_by_their_own_names() -> None:
    found = counted(
        {"Colour": {"answer": "red", "attributes": {"Shade": "dark"}}}, {"Colour": "blue"}
    )
    assert {entry.name: entry.answers for entry in found} == {
        "Colour": [("blue", 1), ("red", 1)],
        "Shade": [("dark", 1)],
    }


def test_chosen_options_of_a_nested_checklist_are_counted_one_by_one() -> None:
    (found,) = counted({"Parts": ["bow, stern", "mast]"]}, {"Parts": ["mast]"]}, {"Parts": []})
    assert found.answers == [("mast]", 2), ("bow, stern", 1)]
    assert found.unanswered == 1


def test_relations_behind_the_classifications_are_no_answers() -> None:
    counter = AnswerCounter()
    text = '{"Colour":"red"},"#next to":"hash"}},\n'
    counter.add(pl.DataFrame({"category": [0], "classifications": [text]}))
    assert [entry.name for entry in counter.answers()] == ["Colour"]


def test_categories_are_counted_apart() -> None:
    counter = AnswerCounter()
    texts = ['{"a":1}}}', '{"a":1}}}', '{"a":2}}}']
    counter.add(pl.DataFrame({"category": [0, 1, 1], "classifications": texts}))
    assert [(entry.category, entry.answered) for entry in counter.answers()] == [(0, 1), (1, 2)]


def test_whole_numbers_are_counted_in_ranges_of_whole_numbers() -> None:
    (found,) = counted(*({"Age": age} for age in range(1, 25)))
    assert found.ranges[0] == NumberRange(1, 3, 3)
    assert sum(entry.count for entry in found.ranges) == 24
    assert found.ranges[-1].high >= 24
    assert (found.answers, found.others) == ([], 0)


def test_other_numbers_are_counted_in_ten_ranges() -> None:
    (found,) = counted(*({"Size": number / 8} for number in range(100)))
    assert [entry.count for entry in found.ranges] == [10] * 10
    assert found.ranges[0].low == 0
    assert found.ranges[-1].high == pytest.approx(99 / 8)


def test_rare_texts_are_counted_together() -> None:
    (found,) = counted(*({"Note": f"text {number:02}"} for number in range(30)))
    assert len(found.answers) == answers.MOST_ANSWERS
    assert (found.others, found.distinct) == (30 - answers.MOST_ANSWERS, 30)


def test_more_different_answers_than_fit_lose_the_rarest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_MOST_PAIRS", 10)
    (found,) = counted(
        *({"Note": "often"} for _ in range(5)), *({"Note": str(n)} for n in range(20))
    )
    assert found.answers[0] == ("often", 5)
    assert found.distinct == 5


@given(st.lists(st.dictionaries(TEXTS.filter(lambda key: key[:1] != "#"), VALUES, max_size=4)))
def test_any_flat_answers_are_counted(entries: list[dict[str, Any]]) -> None:
    found = {entry.name: entry for entry in counted(*entries)}
    names = {name for entry in entries for name in entry}
    assert set(found) == names
    for name in names:
        values = [entry[name] for entry in entries if name in entry]
        assert found[name].answered == sum(value is not None for value in values)
        assert found[name].unanswered == sum(value is None for value in values)
