"""Values that are nested too deeply give way to null, and nothing else changes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coco_dagster.encord.deep_values import without_deep_values

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='ab[]{}"\\,:ü'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('k"\\]{'), inner),
    max_leaves=30,
)


def cut(value: Any, levels: int) -> Any:
    """The value with None below a number of levels."""
    if not isinstance(value, (list, dict)):
        return value
    if levels == 0:
        return None
    if isinstance(value, list):
        return [cut(entry, levels - 1) for entry in value]
    return {key: cut(entry, levels - 1) for key, entry in value.items()}


@given(VALUES, st.integers(1, 5), st.booleans())
def test_null_stands_where_a_value_is_too_deep(value: Any, levels: int, escape: bool) -> None:
    text = json.dumps(value, ensure_ascii=escape).encode()
    assert json.loads(without_deep_values(text, levels).text) == cut(value, levels)


def test_text_without_deep_values_stays_as_it_is() -> None:
    text = b'{"a": [1, {"b": "]]]"}]}'
    assert without_deep_values(text) == (text, b"")


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_a_million_levels_are_cut(opening: bytes) -> None:
    closing = b"]" if opening == b"[" else b"}"
    deep = opening * 1_000_000 + b"1" + closing * 1_000_000
    found = without_deep_values(b'{"deep": ' + deep + b', "next": 5}')
    assert len(found.text) < 1_000
    assert json.loads(found.text)["next"] == 5
    assert deep.startswith(opening + found.first[: len(opening)])
