"""NaN and Infinity are replaced outside of strings, wherever the pieces of a stream end."""

import io
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coco_dagster.coco.validation.literals import LiteralFilter, is_literal

NUMBERS = st.sampled_from([math.nan, math.inf, -math.inf, 1.5])
TEXTS = st.sampled_from(["NaN", "a, NaN]", '"NaN"', "\\", '\\"', "-Infinity", "N", ""])
VALUES = st.recursive(
    NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


def filtered(text: bytes, piece: int) -> tuple[bytes, int]:
    source = io.BytesIO(text)
    stream = LiteralFilter(lambda view: source.readinto(view[:piece]))
    out = bytearray()
    buffer = bytearray(7)
    while count := stream.readinto(memoryview(buffer)):
        out += buffer[:count]
    return bytes(out), stream.count


def without_literals(value: Any) -> Any:
    """The value with None for what is not finite; and for what stands for it."""
    if isinstance(value, list):
        return [without_literals(part) for part in value]
    if isinstance(value, dict):
        return {key: without_literals(part) for key, part in value.items()}
    is_not_finite = isinstance(value, float) and not math.isfinite(value)
    return None if is_not_finite or is_literal(value) else value


def how_many(value: Any) -> int:
    """Numbers in the value that are not finite."""
    if isinstance(value, list | dict):
        return sum(map(how_many, value.values() if isinstance(value, dict) else value))
    return int(isinstance(value, float) and not math.isfinite(value))


@given(VALUES, st.integers(1, 30))
def test_literals_are_replaced_and_texts_are_not(value: Any, piece: int) -> None:
    text = json.dumps(value).encode()
    out, count = filtered(text, piece)
    assert len(out) == len(text)
    assert without_literals(json.loads(out)) == without_literals(value)
    assert count == how_many(value)


@pytest.mark.parametrize("value", ["", "N", 1, None, "\x7f "])
def test_other_values_are_no_literals(value: Any) -> None:
    assert not is_literal(value)
