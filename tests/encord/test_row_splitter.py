import json
import random
from collections.abc import Callable, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coco_dagster.encord import row_splitter
from coco_dagster.encord.byte_window import ByteWindow
from coco_dagster.encord.json_structure import Form, JsonSyntaxError
from coco_dagster.encord.row_splitter import MAX_ROW_BYTES, split_stream

HASH = b'{"label_hash"'
TRICKY = st.text(alphabet='"\\{}[],: \n\té', max_size=10) | st.just('},{"label_hash":')
VALUES = st.recursive(
    st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TRICKY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TRICKY, inner, max_size=3),
    max_leaves=6,
)
ROWS = st.lists(
    st.dictionaries(TRICKY, VALUES, max_size=3)
    | st.dictionaries(st.just("label_hash"), VALUES, min_size=1),
    min_size=1,
    max_size=8,
)
BLANK = st.text(alphabet=" \t\r\n", max_size=3).map(str.encode)
CHUNK_BYTES = st.sampled_from([16, 17, 40, 100, 1 << 12])


def reader(text: bytes, step: Callable[[int], int] = lambda wanted: wanted) -> ByteWindow:
    """A window on a stream that hands out the text in steps."""
    place = 0

    def read(view: memoryview) -> int:
        nonlocal place
        piece = text[place : place + max(1, min(step(len(view)), len(view)))]
        view[: len(piece)] = piece
        place += len(piece)
        return len(piece)

    return ByteWindow(read, bytearray())


def runs(
    window: ByteWindow, chunk_bytes: int = 16, max_row_bytes: int = MAX_ROW_BYTES
) -> list[list[tuple[int, bytes]]]:
    """The rows of every run: their place in the stream, and their bytes."""
    return [
        [
            (run.offset + start, bytes(run.text[start : start + length]))
            for start, length in zip(*run.rows, strict=True)
        ]
        for run in split_stream(window, chunk_bytes, max_row_bytes)
    ]


def rows(text: bytes, chunk_bytes: int = 16, max_row_bytes: int = MAX_ROW_BYTES) -> list[bytes]:
    found = runs(reader(text), chunk_bytes, max_row_bytes)
    return [row for run in found for _, row in run]


def joined(texts: Sequence[bytes], blanks: Sequence[bytes], form: Form) -> bytes:
    """The texts in this form, with white space from `blanks` around every one."""
    cycle = [blanks[index % len(blanks)] for index in range(len(texts))]
    around = zip(cycle, texts, cycle[::-1], strict=True)
    padded = [before + text + after for before, text, after in around]
    return b"[" + b",".join(padded) + b"]" if form == "array" else b"".join(padded)


@pytest.mark.parametrize("form", ["array", "values"])
@pytest.mark.parametrize("with_hint", [True, False])
@given(
    values=ROWS,
    blanks=st.lists(BLANK, min_size=1, max_size=5),
    indent=st.sampled_from([None, 1]),
    chunk_bytes=CHUNK_BYTES,
)
def test_both_routes_give_the_rows_byte_for_byte(
    form: Form,
    with_hint: bool,
    values: list[object],
    blanks: list[bytes],
    indent: int | None,
    chunk_bytes: int,
) -> None:
    texts = [json.dumps(value, indent=indent, ensure_ascii=False).encode() for value in values]
    text = joined(texts, blanks, form)
    if form == "values":
        text = text.lstrip() or text
    with pytest.MonkeyPatch.context() as patch:
        if not with_hint:
            never = lambda *_: None  # noqa: E731
            patch.setattr(row_splitter._Splitter, "_by_first_key", never)
            patch.setattr(row_splitter._Splitter, "_rest", never)
        found = runs(reader(text), chunk_bytes)
    assert [row for run in found for _, row in run] == texts
    for run in found:
        for place, row in run:
            assert text[place : place + len(row)] == row
        assert len(run) == 1 or run[-1][0] + len(run[-1][1]) - run[0][0] <= chunk_bytes


@given(values=ROWS, chunk_bytes=CHUNK_BYTES, seed=st.integers())
def test_runs_do_not_depend_on_how_the_bytes_arrive(
    values: list[object], chunk_bytes: int, seed: int
) -> None:
    text = json.dumps(values).encode()
    step = random.Random(seed)
    hesitant = reader(text, lambda wanted: step.randint(1, wanted))
    assert runs(hesitant, chunk_bytes) == runs(reader(text), chunk_bytes)


@given(values=st.lists(VALUES, max_size=6), chunk_bytes=CHUNK_BYTES)
def test_elements_that_are_no_objects_are_rows(values: list[object], chunk_bytes: int) -> None:
    text = json.dumps(values).encode()
    assert rows(text, chunk_bytes) == [json.dumps(value).encode() for value in values]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"[]", []),
        (b" [\n] ", []),
        (b'\xef\xbb\xbf[{"a":1}]', [b'{"a":1}']),
        (b'\xef\xbb\xbf{"a":1}\n', [b'{"a":1}']),
        (b'{"a":1}', [b'{"a":1}']),
        (b'{"a":1}\r\n{"a":2}\r\n', [b'{"a":1}', b'{"a":2}']),
        (b'{"a":1}\n5\n"x"\n{"a":2}', [b'{"a":1}', b"5", b'"x"', b'{"a":2}']),
        (b'{"a":1}{"a":2}', [b'{"a":1}', b'{"a":2}']),
        (b'{"a":1}' + b" " * 500, [b'{"a":1}']),
        (b" " * 500 + b'[{"a":1}' + b" " * 500 + b"]" + b" " * 500, [b'{"a":1}']),
        (b'[{"a":"\\ud800"},{"a":2}]', [b'{"a":"\\ud800"}', b'{"a":2}']),
    ],
)
def test_every_form_is_read(text: bytes, expected: list[bytes]) -> None:
    assert rows(text) == expected


def test_a_row_larger_than_the_chunk_is_a_run_of_its_own() -> None:
    texts = [HASH + b":1}", HASH + b":" + b"7" * 1000 + b"}", HASH + b":2}"]
    found = runs(reader(b"[" + b",".join(texts) + b"]"), chunk_bytes=64)
    assert [[row for _, row in run] for run in found] == [[text] for text in texts]


def test_a_run_holds_as_many_rows_as_fit() -> None:
    texts = [HASH + b":%d}" % index for index in range(10)]
    found = runs(reader(b"[" + b",".join(texts) + b"]"), chunk_bytes=3 * len(texts[0]) + 20)
    assert [len(run) for run in found[:-1]] == [3] * (len(found) - 1)


def test_memory_does_not_grow_with_the_file() -> None:
    text = b"[" + b",\n".join(HASH + b":%d}" % index for index in range(20_000)) + b"]"
    window = reader(text)
    assert sum(map(len, runs(window, chunk_bytes=1000))) == 20_000
    assert len(window.buffer) < 5000


def test_a_key_order_that_changes_from_row_to_row_costs_bounded_memory() -> None:
    text = b"[" + b",".join(b'{"k%05d":1}' % index for index in range(5_000)) + b"]"
    window = reader(text)
    assert sum(map(len, runs(window, chunk_bytes=1000))) == 5_000
    assert len(window.buffer) < 5000


@pytest.mark.parametrize(
    ("text", "offset", "cause"),
    [
        (b"", 0, "ends without a value"),
        (b" \n ", 3, "ends without a value"),
        (b'"rows"', 0, "a string stands"),
        (b" 12", 1, "a number stands"),
        (b"null", 0, "null stands"),
        (b"true", 0, "a bool stands"),
        (b"<html>", 0, "'<' cannot begin JSON"),
        (b"NaN", 0, "'N' cannot begin JSON"),
        (b"\xff\xfe[\x00]\x00", 0, "UTF-16"),
        ('[{"a":1}]'.encode("utf-16-be"), 0, "UTF-16"),
        ('[{"a":1}]'.encode("utf-32"), 0, "UTF-16 or UTF-32"),
        (b"\x00\x00\x00\x00", 0, "'\\x00' cannot begin JSON"),
        (b"PK\x03\x04....", 0, "zip"),
        (b"[", 1, "ends before the array"),
        (b'[{"a":1}', 8, "ends before the array"),
        (b'[{"a":1},', 9, "ends before the array"),
        (b'[{"a":1},]', 9, "a row is missing"),
        (b'[,{"a":1}]', 1, "a row is missing"),
        (b'[{"a":1},,{"a":1}]', 9, "a row is missing"),
        (b'[{"a":1}{"a":2}]', 8, "grammar"),
        (b'[{"a":1}} {"a":2}]', 8, "closes nothing"),
        (b'[{"a":1}] x', 10, "follows the end"),
        (b"[]" + b" " * 100 + b"[]", 102, "follows the end"),
        (b'[{"a":1}]{"a":2}', 9, "follows the end"),
        (b'[{"a":1},{"label_hash": "abc', 28, "in the middle of a row"),
        (b'{"a":1}\n{"a":', 13, "in the middle of a row"),
        (b'{"a":1}]', 7, "grammar"),
        (b'{"a":1},{"a":2}', 7, "grammar"),
        (b'[{"a":1},{"a":2},{"a":NaN},{"a":4},{"a":5}]', 22, "NaN is not a JSON value"),
        (b'[{"a":1},{"a":2},{"a":3},{"a":[1}},{"a":5}]', 32, "grammar"),
        (b'{"a":1}\n{"a":2}\n{"a":-Infinity}\n{"a":4}\n', 22, "-Infinity is not a JSON value"),
        (b'[{"a":1},{"a":"x},{"a":3},{"a":4},{"a":5}]', 20, "grammar"),
    ],
)
@pytest.mark.parametrize("chunk_bytes", [16, 1 << 20])
def test_unreadable_text_is_refused_with_its_place(
    text: bytes, offset: int, cause: str, chunk_bytes: int
) -> None:
    with pytest.raises(JsonSyntaxError) as caught:
        rows(text, chunk_bytes)
    assert cause in caught.value.cause
    assert caught.value.offset == offset
    assert caught.value.remedy


@given(values=ROWS, chunk_bytes=CHUNK_BYTES, damage=st.data())
def test_damaged_text_is_refused_exactly_when_it_is_not_json(
    values: list[object], chunk_bytes: int, damage: st.DataObject
) -> None:
    text = bytearray(json.dumps(values, ensure_ascii=False).encode())
    at = damage.draw(st.integers(1, len(text)))
    text[at : at + damage.draw(st.integers(0, 2))] = damage.draw(
        st.sampled_from([b"", b'"', b"\\", b"[", b"]", b"{", b"}", b",", b":", b" ", b"1", b"NaN"])
    )
    try:
        expected = [bytes(row) for row in msgspec.json.decode(text, type=list[msgspec.Raw])]
    except msgspec.DecodeError:
        with pytest.raises(JsonSyntaxError):
            rows(bytes(text), chunk_bytes)
    else:
        assert rows(bytes(text), chunk_bytes) == expected


@given(values=ROWS, share=st.floats(0, 1), chunk_bytes=CHUNK_BYTES)
def test_a_truncated_array_is_never_read_as_a_whole_one(
    values: list[object], share: float, chunk_bytes: int
) -> None:
    text = json.dumps(values).encode()
    cut = int(share * (len(text) - 1))
    with pytest.raises(JsonSyntaxError) as caught:
        rows(text[:cut], chunk_bytes)
    assert caught.value.offset == cut


@pytest.mark.parametrize("row", [HASH + b':"' + b"x" * 400 + b'"}', b"[" * 401 + b"]" * 401])
def test_a_row_beyond_the_limit_is_refused(row: bytes) -> None:
    with pytest.raises(JsonSyntaxError, match=r"longer than 200 bytes") as caught:
        rows(b'[{"a":1},' + row + b"]", 16, max_row_bytes=200)
    assert caught.value.offset == 9


def test_a_missing_quote_is_named_even_if_the_row_seems_endless() -> None:
    text = b'[{"a":"x},{"b":"y"},' + b'{"b":1},' * 100 + b"]"
    with pytest.raises(JsonSyntaxError, match="grammar") as caught:
        rows(text, 16, max_row_bytes=200)
    assert caught.value.offset == 12
