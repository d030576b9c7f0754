"""Numbers as JSON text."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coco_dagster.coco.number_text import json_texts, lists, rounded

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(FINITE))
def test_text_reads_back_to_the_same_number(numbers: list[float]) -> None:
    texts = json_texts(pa.array(numbers, pa.float64())).to_list()
    assert [json.loads(text) for text in texts] == numbers


@pytest.mark.parametrize("number", [0.1, 1 / 3, 2 / 3, 100.0, 268.992, 218.94400000000002, 1e-7])
def test_text_is_the_shortest_one(number: float) -> None:
    assert json_texts(pa.array([number])).to_list() == [repr(number).replace("e-07", "e-7")]


@given(st.lists(st.lists(st.lists(FINITE, max_size=3), max_size=3)))
def test_lists_are_nested(nested: list[list[list[float]]]) -> None:
    flat = [number for outer in nested for inner in outer for number in inner]
    inner = np.cumsum([0, *(len(i) for outer in nested for i in outer)])
    outer = np.cumsum([0, *(len(o) for o in nested)])
    texts = json_texts(lists(np.array(flat, np.float64), inner, outer)).to_list()
    assert [json.loads(text) for text in texts] == nested


@pytest.mark.parametrize(
    ("number", "precision", "expected"),
    [
        (1 / 3, None, 1 / 3),
        (1 / 3, 2, 0.33),
        (2.5, 0, 2.0),
        (1234.56789, 3, 1234.568),
        (1e300, 15, 1e300),
        (-1e300, 15, -1e300),
    ],
)
def test_rounding(number: float, precision: int | None, expected: float) -> None:
    assert rounded(np.array([number]), precision).tolist() == [expected]


@pytest.mark.parametrize("precision", [None, 2])
def test_no_negative_zero(precision: int | None) -> None:
    numbers = rounded(np.array([-0.0, -1e-9 if precision else -0.0]), precision)
    assert not np.signbit(numbers).any()
