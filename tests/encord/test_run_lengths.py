"""Run-length strings, against pycocotools and against cocoapi's own words."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from coco_dagster.encord.run_lengths import bounded_batches, decode_counts, encode_counts

RUN_LENGTHS = st.lists(
    st.one_of(st.integers(0, 40), st.integers(0, 2**20), st.integers(0, 10**9)), max_size=30
)


def by_cocoapi(counts: Sequence[int]) -> str:
    """`rleToString` of cocoapi, word for word; pycocotools itself overflows above 2^29."""
    text = ""
    for index, count in enumerate(counts):
        x = count - (counts[index - 2] if index > 2 else 0)
        more = True
        while more:
            char = x & 0x1F
            x >>= 5
            more = x != -1 if char & 0x10 else x != 0
            text += chr(char + (0x20 if more else 0) + 48)
    return text


def flat(lists: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    offsets = np.cumsum([0, *(len(counts) for counts in lists)], dtype=np.int64)
    return np.array([count for counts in lists for count in counts], np.int64), offsets


@given(st.lists(RUN_LENGTHS, max_size=5))
def test_encoding_is_that_of_cocoapi(lists: list[list[int]]) -> None:
    encoded = encode_counts(*flat(lists)).to_pylist()
    assert encoded == [by_cocoapi(counts) for counts in lists]


@given(st.lists(RUN_LENGTHS, max_size=5))
def test_decoding_undoes_encoding(lists: list[list[int]]) -> None:
    counts, offsets = flat(lists)
    runs = decode_counts(encode_counts(counts, offsets))
    assert runs.valid.all()
    assert runs.counts.tolist() == counts.tolist()
    assert runs.offsets.tolist() == offsets.tolist()


@given(st.lists(st.integers(0, 2**32), max_size=5), st.integers(1, 60), st.integers(1, 60))
def test_encoding_is_that_of_pycocotools(seeds: list[int], width: int, height: int) -> None:
    masks = [np.random.default_rng(seed).integers(0, 2, (height, width)) for seed in seeds]
    expected = [coco_mask.encode(np.asfortranarray(mask, np.uint8))["counts"] for mask in masks]
    runs = decode_counts([text.decode() for text in expected])
    assert encode_counts(runs.counts, runs.offsets).to_pylist() == [t.decode() for t in expected]


@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=130), max_size=12)))
def test_one_bad_string_leaves_its_neighbours_alone(texts: list[str]) -> None:
    together = decode_counts(texts)
    for index, text in enumerate(texts):
        alone = decode_counts([text])
        runs = together.counts[together.offsets[index] : together.offsets[index + 1]]
        assert together.valid[index] == alone.valid[0]
        assert runs.tolist() == alone.counts.tolist()


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()])
def test_slices_of_any_string_array_are_read(kind: pa.DataType) -> None:
    strings = pa.array(["04", "13", "22", "31"], pa.string()).cast(kind)
    assert decode_counts(strings[1:3]).counts.tolist() == [1, 3, 2, 2]


@pytest.mark.parametrize("strings", [[], [""], ["", ""]])
def test_empty_strings_have_no_runs(strings: list[str]) -> None:
    runs = decode_counts(strings)
    assert runs.counts.size == 0
    assert runs.valid.all()
    assert runs.totals().tolist() == [0] * len(strings)


def test_documented_example_of_encord() -> None:
    runs = decode_counts(["[16>000Q3"])
    mask, start, stop = runs.ones()
    assert mask.tolist() == [0, 0, 0]
    assert [(s % 20, s // 20, e - s) for s, e in zip(start, stop, strict=True)] == [
        (3, 2, 6),
        (3, 3, 6),
        (3, 4, 6),
    ]


@given(st.lists(st.integers(0, 10)), st.integers(1, 12))
def test_batches_cover_everything_within_the_limit(costs: list[int], limit: int) -> None:
    batches = list(bounded_batches(np.array(costs, np.int64), limit))
    assert [index for part in batches for index in range(part.start, part.stop)] == list(
        range(len(costs))
    )
    assert all(sum(costs[part][:-1]) <= limit for part in batches)
