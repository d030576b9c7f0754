"""The walk through COCO text: what it tells, in whatever pieces the text comes."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coco_dagster.coco.validation.walk import CocoWalk, NotCocoError, UnitEnd
from coco_dagster.encord.byte_window import ByteWindow
from coco_dagster.encord.json_structure import JsonSyntaxError

WHOLE = 1 << 20
SMALL = 64


def walk(text: bytes, chunk_bytes: int = WHOLE) -> tuple[CocoWalk, list[dict[str, Any]]]:
    """Walks, and puts the COCO objects together again from their sections."""
    walked = CocoWalk(ByteWindow(io.BytesIO(text).readinto, bytearray()), chunk_bytes)
    units: list[dict[str, Any]] = []
    sections: dict[str, Any] = {}
    for event in walked:
        if isinstance(event, UnitEnd):
            assert event.unit == len(units)
            assert event.keys == tuple(sections)
            units.append(sections)
            sections = {}
        elif event.kind == "array":
            elements = json.loads(b"[%s]" % bytes(event.text))
            sections[event.key] = [*sections.get(event.key, []), *elements]
        else:
            text = bytes(event.text)
            sections[event.key] = json.loads(text) if text else None
    return walked, units


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)
UNITS = st.dictionaries(st.text(max_size=8), JSON_VALUES | st.lists(JSON_VALUES), max_size=5)


@given(UNITS, st.sampled_from([None, 0, 1, "\t"]), st.sampled_from([WHOLE, SMALL]))
def test_a_coco_object_is_told_whole(
    unit: dict[str, Any], indent: int | str | None, chunk_bytes: int
) -> None:
    walked, units = walk(json.dumps(unit, indent=indent).encode(), chunk_bytes)
    assert units == [_with_large_values_left_out(unit, units[0])]
    assert not walked.is_list


def _with_large_values_left_out(unit: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    # Of an object or a text that does not fit its window the walk tells that it is there.
    return {
        key: told[key] if told[key] in (None, "") and isinstance(value, dict | str) else value
        for key, value in unit.items()
    }


@given(st.lists(UNITS, max_size=4), st.sampled_from([None, 1]))
def test_a_list_is_told_object_by_object(units: list[dict[str, Any]], indent: int | None) -> None:
    walked, told = walk(json.dumps(units, indent=indent).encode())
    assert told == units
    assert walked.is_list


@pytest.mark.parametrize("chunk_bytes", [SMALL, 100, 1000, WHOLE])
@pytest.mark.parametrize("first_key", ["id", "name"])
def test_sections_larger_than_a_window_are_told_in_pieces(chunk_bytes: int, first_key: str) -> None:
    images = [{first_key: n, "image": {"id": n}, "text": '],"annotations":['} for n in range(99)]
    unit = {"images": images, "annotations": [{"id": n} for n in range(50)], "info": {"a": [1]}}
    assert walk(json.dumps(unit).encode(), chunk_bytes)[1] == [unit]


def test_a_byte_order_mark_is_noted() -> None:
    walked, units = walk(b'\xef\xbb\xbf{"images": []}')
    assert walked.has_mark
    assert units == [{"images": []}]


def test_lone_surrogates_are_passed_on() -> None:
    text = b'{"info": {"a": "\\ud800"}, "images": [{"b": "\\ud800"}, {}], "c": "\\ud800"}'
    _, (unit,) = walk(text)
    assert unit["images"] == [{"b": "\ud800"}, {}]
    assert unit["info"] == {"a": "\ud800"}


def test_a_large_object_is_passed_over() -> None:
    unit = {"extra": {"a": ["]}"] * 5000}, "images": [1]}
    assert walk(json.dumps(unit).encode(), SMALL)[1] == [{"extra": None, "images": [1]}]


@pytest.mark.parametrize(
    ("text", "offset", "cause"),
    [
        (b"", 0, "ends without a value"),
        (b"  ", 2, "ends without a value"),
        (b'{"a": 1', 7, "ends before its brackets are closed"),
        (b'{"a": [1, 2', 11, "ends before the array does"),
        (b'{"a": [1, 2}', 11, "closes nothing"),
        (b'{"a": 1,}', 8, "'}' stands where"),
        (b'{"a" 1}', 5, "'1' stands where"),
        (b'{"a": 1} 2', 9, "text follows"),
        (b"{1: 2}", 1, "'1' stands where"),
        (b'{"a": [1,, 2]}', 9, "missing"),
        (b'{"a": NaN}', 6, "NaN is not a JSON value"),
        (b'{"a": {"b": NaN}}', 12, "NaN is not a JSON value"),
        (b'{"a": {"b": 1]}', 13, "grammar"),
        (b'{"a": "b', 6, "does not end"),
        (b'{"a', 1, "does not end"),
        (b'{"a": nul}', 9, ""),
        (b"\xff\xfe{\x00}\x00", 0, "UTF-16"),
        (b'[{"a": 1}', 9, "ends before its brackets are closed"),
    ],
)
@pytest.mark.parametrize("chunk_bytes", [SMALL, WHOLE])
def test_what_is_not_json_is_refused(
    text: bytes, offset: int, cause: str, chunk_bytes: int
) -> None:
    with pytest.raises(JsonSyntaxError) as caught:
        walk(text, chunk_bytes)
    assert caught.value.offset == offset
    assert cause in caught.value.cause


@pytest.mark.parametrize("text", [b"1", b'"x"', b"null", b"[1]", b"[null]", b"[[]]", b"[{}, 3]"])
def test_what_is_not_coco_is_refused(text: bytes) -> None:
    with pytest.raises(NotCocoError):
        walk(text)
