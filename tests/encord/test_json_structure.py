import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coco_dagster.encord.json_structure import (
    Form,
    JsonSyntaxError,
    StructureScanner,
    split_fast,
    split_rows,
)

TRICKY = st.text(alphabet='"\\{}[],:ab é\n', max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TRICKY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TRICKY, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(TRICKY, VALUES, max_size=4)


def framed(text: bytes) -> memoryview:
    return memoryview(bytearray(b"?" + text + b"?"))


def split(text: bytes, form: Form = "array") -> list[bytes]:
    return [bytes(row) for row in split_rows(framed(text), form)]


def cuts(pieces: list[bytes], form: Form) -> list[int]:
    scanner = StructureScanner(form)
    return [
        int(cut) for piece in pieces for found in scanner.feed(memoryview(piece)) for cut in found
    ]


@given(st.lists(VALUES, min_size=1, max_size=6))
def test_commas_between_elements_are_the_cuts_of_an_array(values: list[object]) -> None:
    texts = [json.dumps(value, ensure_ascii=False).encode() for value in values]
    ends = list(itertools.accumulate(len(text) + 1 for text in texts))
    assert cuts([b",".join(texts) + b"]"], "array") == [end - 1 for end in ends]


@given(st.lists(OBJECTS, min_size=1, max_size=6))
def test_ends_of_objects_are_the_cuts_of_values(values: list[object]) -> None:
    texts = [json.dumps(value, ensure_ascii=False).encode() for value in values]
    assert cuts([b"".join(texts)], "values") == list(itertools.accumulate(map(len, texts)))


@given(st.lists(VALUES, max_size=4), st.integers(1, 5))
def test_the_scanner_does_not_care_how_the_text_arrives(values: list[object], step: int) -> None:
    text = json.dumps(values, ensure_ascii=False).encode()[1:]
    pieces = [text[start : start + step] for start in range(0, len(text), step)]
    assert cuts(pieces, "array") == cuts([text], "array")


def test_the_scanner_reads_nothing_behind_the_end_of_the_array() -> None:
    assert cuts([b'1,2],{"a":3},'], "array") == [1, 3]


@pytest.mark.parametrize("form", ["array", "values"])
@given(values=st.lists(OBJECTS, min_size=1, max_size=4))
def test_rows_that_msgspec_refuses_are_split_by_structure(form: Form, values: list[object]) -> None:
    texts = [json.dumps(value, ensure_ascii=False).encode() for value in values]
    texts.append(b'{"lone":"\\ud800"}')
    text = (b" , " if form == "array" else b"").join(texts)
    assert split_fast(framed(text), form) is None
    assert split(text, form) == texts


def test_rows_nested_too_deep_are_split_by_structure() -> None:
    deep = b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"
    assert split(b'{"b":1},' + deep + b',{"c":2}') == [b'{"b":1}', deep, b'{"c":2}']


@pytest.mark.parametrize(
    "row",
    [b'{"a":1e400}', b'{"a":' + b"9" * 400 + b"}", b'{"a":"\xff"}', b'{"a":"\\ud83d\\ude00"}'],
    ids=["too large a float", "400 digits", "not UTF-8 in a string", "surrogate pair"],
)
def test_what_grammar_allows_is_a_row(row: bytes) -> None:
    assert split(b"{}," + row) == [b"{}", row]


@pytest.mark.parametrize(
    ("text", "offset", "cause"),
    [
        (b'{"a":1},{"a":NaN}', 13, "NaN is not a JSON value"),
        (b'{"a":1},{"a":-Infinity}', 14, "-Infinity is not a JSON value"),
        (b'{"a":Infinity}', 5, "Infinity is not a JSON value"),
        (b'{"a":"\\ud800"},{"a":NaN}', 20, "NaN is not a JSON value"),
        (b'{"a":1} {"a":2}', 8, "grammar"),
        (b'{"a":1},,{"a":2}', 8, "a row is missing"),
        (b'{"a":1,}', 7, "trailing comma"),
        (b'{"a":01}', 6, "invalid number"),
        (b'{"a":[1}', 7, "expected"),
        (b"{'a':1}", 1, "grammar"),
        (b'{"a":"\t"}', 6, "invalid character"),
        (b'{"a":\xe9}', 5, "invalid character"),
        (b'{"a":1},{"a"', 12, "in the middle of a row"),
        (b'{"a":1}],{"a":2}', 7, "array ends before"),
    ],
)
def test_malformed_text_is_refused_with_its_place(text: bytes, offset: int, cause: str) -> None:
    with pytest.raises(JsonSyntaxError) as caught:
        split(text)
    assert caught.value.offset == offset
    assert cause in caught.value.cause
