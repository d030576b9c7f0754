"""Run-length strings against pycocotools, and the checks of masks against dense arrays."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from coco_dagster.encord.rle import (
    MAX_MASK_PIXELS,
    MaskFault,
    MaskGrids,
    check_masks,
)
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


def row_major(mask: NDArray[np.uint8]) -> str:
    """A mask as Encord stores it."""
    return str(coco_mask.encode(np.asfortranarray(mask.T))["counts"].decode())


def flat(lists: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    offsets = np.cumsum([0, *(len(counts) for counts in lists)], dtype=np.int64)
    return np.array([count for counts in lists for count in counts], np.int64), offsets


def fault_of(
    rle: str,
    size: tuple[int, int] = (4, 3),
    at: tuple[int, int] = (0, 0),
    frame: tuple[int, int] = (4, 3),
) -> MaskFault:
    """Fault of one mask; sizes and places are (x, y)."""
    grids = MaskGrids.of([at[1]], [at[0]], [size[0]], [size[1]], [frame[0]], [frame[1]])
    return MaskFault(int(check_masks([rle], grids).fault[0]))


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


@pytest.mark.parametrize(
    ("rle", "fault"),
    [
        pytest.param("0<", MaskFault.NONE, id="full grid"),
        pytest.param("01", MaskFault.NONE, id="shorter than the grid"),
        pytest.param("0=", MaskFault.TOO_LONG, id="one pixel too long"),
        pytest.param("0\\1", MaskFault.TOO_LONG, id="many pixels too long"),
        pytest.param("0ooooooooo0", MaskFault.TOO_LONG, id="far too long"),
        pytest.param("", MaskFault.EMPTY, id="no runs"),
        pytest.param("<", MaskFault.EMPTY, id="zeros only"),
        pytest.param("30", MaskFault.EMPTY, id="run of no ones"),
        pytest.param("0 ", MaskFault.NOT_RLE, id="blank"),
        pytest.param("0p", MaskFault.NOT_RLE, id="character after o"),
        pytest.param("0/", MaskFault.NOT_RLE, id="character before 0"),
        pytest.param("0é", MaskFault.NOT_RLE, id="not ASCII"),
        pytest.param("0Q", MaskFault.NOT_RLE, id="ends within a number"),
        pytest.param("N", MaskFault.NOT_RLE, id="negative run"),
        pytest.param("123N", MaskFault.NONE, id="difference below zero"),
        pytest.param("1111J", MaskFault.NOT_RLE, id="difference to a negative run"),
        pytest.param("0" + "o" * 200 + "0", MaskFault.NOT_RLE, id="number of 1000 bits"),
        pytest.param("0QPPP0", MaskFault.NONE, id="number with groups to spare"),
    ],
)
def test_fault_of_a_string(rle: str, fault: MaskFault) -> None:
    assert fault_of(rle) is fault


@pytest.mark.parametrize(
    ("size", "frame"),
    [
        ((0, 3), (4, 3)),
        ((-4, -3), (4, 3)),
        ((40_000, 30_000), (4, 3)),
        ((2**62, 2**62), (4, 3)),
        ((4, 3), (0, 3)),
        ((4, 3), (MAX_MASK_PIXELS, 2)),
    ],
)
def test_grid_without_pixels_or_with_too_many(size: tuple[int, int], frame: tuple[int, int]) -> None:
    assert fault_of("01", size=size, frame=frame) is MaskFault.BAD_GRID


def test_grid_of_the_largest_size_is_accepted() -> None:
    assert fault_of("01", size=(MAX_MASK_PIXELS, 1), frame=(MAX_MASK_PIXELS, 1)) is MaskFault.NONE


@pytest.mark.parametrize("at", [(4, 0), (0, 3), (-4, 0), (0, -3), (2**62, 0), (0, -(2**63))])
def test_mask_outside_the_frame_is_empty(at: tuple[int, int]) -> None:
    assert fault_of("0<", at=at) is MaskFault.EMPTY


def test_null_is_not_rle() -> None:
    check = check_masks(
        pa.array(["0<", None, "0<"]), MaskGrids.of(*([n] * 3 for n in (0, 0, 4, 3, 4, 3)))
    )
    assert check.fault.tolist() == [MaskFault.NONE, MaskFault.NOT_RLE, MaskFault.NONE]


@given(st.data())
def test_cropped_and_empty_agree_with_dense_masks(data: st.DataObject) -> None:
    rows, masks, inside = [], [], []
    for _ in range(data.draw(st.integers(0, 4))):
        width, height, frame_width, frame_height = data.draw(st.tuples(*[st.integers(1, 9)] * 4))
        top, left = data.draw(st.tuples(*[st.integers(-9, 9)] * 2))
        mask = np.array(
            data.draw(
                st.lists(st.integers(0, 1), min_size=width * height, max_size=width * height)
            ),
            np.uint8,
        ).reshape(height, width)
        y0, x0 = max(0, -top), max(0, -left)
        visible = mask[y0 : max(y0, frame_height - top), x0 : max(x0, frame_width - left)]
        rows.append((top, left, width, height, frame_width, frame_height))
        masks.append(mask)
        inside.append(int(visible.sum()))
    check = check_masks([row_major(m) for m in masks], MaskGrids.of(*np.array(rows).reshape(-1, 6).T))
    totals = [int(mask.sum()) for mask in masks]
    assert (check.fault == MaskFault.EMPTY).tolist() == [pixels == 0 for pixels in inside]
    assert check.cropped.tolist() == [0 < i < t for i, t in zip(inside, totals, strict=True)]


@given(st.lists(st.integers(0, 10)), st.integers(1, 12))
def test_batches_cover_everything_within_the_limit(costs: list[int], limit: int) -> None:
    batches = list(bounded_batches(np.array(costs, np.int64), limit))
    assert [index for part in batches for index in range(part.start, part.stop)] == list(
        range(len(costs))
    )
    assert all(sum(costs[part][:-1]) <= limit for part in batches)
