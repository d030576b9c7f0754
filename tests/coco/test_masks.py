"""Masks that are pasted into their frames, against dense arrays and pycocotools."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from coco_dagster.coco import masks as masks_module
from coco_dagster.coco.masks import MaskBounds, Masks, paste_masks
from coco_dagster.encord.rle import MaskGrids

Pixels = NDArray[np.uint8]


def row_major(mask: Pixels) -> str:
    """A mask as Encord stores it."""
    return str(coco_mask.encode(np.asfortranarray(mask.T))["counts"].decode())


def pasted(mask: Pixels, top: int, left: int, width: int, height: int) -> Pixels:
    frame = np.zeros((height, width), np.uint8)
    rows, columns = np.nonzero(mask)
    rows, columns = rows + top, columns + left
    seen = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    frame[rows[seen], columns[seen]] = 1
    return frame


def paste(
    rows: Sequence[tuple[Pixels, int, int, int, int]],
    max_runs: int = 10**6,
    max_row_runs: int = 10**6,
    label_rows: Sequence[int] = (),
) -> Masks:
    """Paste masks, each with its top, left, and the width and height of its frame."""
    numbers = [(top, left, *mask.shape[::-1], w, h) for mask, top, left, w, h in rows]
    grids = MaskGrids.of(*np.array(numbers, np.int64).reshape(-1, 6).T)
    label_row = np.array(label_rows or [0] * len(rows), np.int64)
    bounds = MaskBounds(max_runs, max_row_runs, label_row)
    return paste_masks([row_major(mask) for mask, *_ in rows], grids, bounds)


def assert_equal_to_frames(masks: Masks, frames: Sequence[Pixels]) -> None:
    expected = [coco_mask.encode(np.asfortranarray(frame)) for frame in frames]
    assert masks.counts.to_list() == [rle["counts"].decode() for rle in expected]
    assert masks.area.tolist() == [int(frame.sum()) for frame in frames]
    assert masks.bbox.tolist() == [coco_mask.toBbox(rle).tolist() for rle in expected]


@st.composite
def placed_masks(draw: st.DrawFn) -> tuple[Pixels, int, int, int, int]:
    width, height, frame_width, frame_height = draw(st.tuples(*[st.integers(1, 12)] * 4))
    top, left = draw(st.tuples(*[st.integers(-5, 6)] * 2))
    if draw(st.booleans()):
        frame_width, frame_height, top, left = width, height, 0, 0
    density = draw(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    mask = (random.random((height, width)) < density).astype(np.uint8)
    return mask, top, left, frame_width, frame_height


@given(st.lists(placed_masks(), max_size=5))
def test_pasting_is_that_of_dense_masks(rows: list[tuple[Pixels, int, int, int, int]]) -> None:
    assert_equal_to_frames(paste(rows), [pasted(*row) for row in rows])


def test_small_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    rows = [
        ((random.random((9, 7)) < 0.4).astype(np.uint8), int(random.integers(-3, 4)), 1, 8, 6)
        for _ in range(60)
    ]
    monkeypatch.setattr(masks_module, "CACHED_CHARS", 50)
    monkeypatch.setattr(masks_module, "_BATCH_FLIPS", 12)
    assert_equal_to_frames(paste(rows), [pasted(*row) for row in rows])


def flips_in(frame: Pixels) -> int:
    """Places, column by column, where a pixel differs from the one before."""
    return int(np.count_nonzero(np.diff(frame.T.ravel().astype(int), prepend=0)))


@given(st.lists(placed_masks(), max_size=5), st.integers(1, 40))
def test_masks_with_too_many_runs_are_told_and_empty(
    rows: list[tuple[Pixels, int, int, int, int]], max_runs: int
) -> None:
    frames = [pasted(*row) for row in rows]
    masks = paste(rows, max_runs)
    is_told = np.isnan(masks.area)
    for frame, told in zip(frames, is_told, strict=True):
        segments = int(np.count_nonzero(np.diff(frame.astype(int), prepend=0, axis=1) > 0))
        assert told or (flips_in(frame) <= max_runs and segments <= max_runs)
    kept = [frame for frame, told in zip(frames, is_told, strict=True) if not told]
    assert_equal_to_frames(masks.where(~is_told), kept)
    assert masks.bbox[is_told].sum() == 0


def test_every_other_row_is_too_many_runs_whatever_comes_beside_it() -> None:
    stripes = np.zeros((50, 50), np.uint8)
    stripes[::2] = 1
    block = np.ones((50, 50), np.uint8)
    rows = [(mask, 0, 0, 50, 50) for mask in (block, stripes, block, stripes)]
    masks = paste(rows, max_runs=2_000)
    assert np.isnan(masks.area).tolist() == [False, True, False, True]
    assert masks.where(np.array([True, False, True, False])).area.tolist() == [2500, 2500]
    assert_equal_to_frames(paste(rows, max_runs=2_500), [mask for mask, *_ in rows])


@pytest.mark.parametrize("batch", [1, 3_000, 10**6])
def test_masks_of_a_label_row_have_so_many_runs_together(
    batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(masks_module, "_BATCH_FLIPS", batch)
    monkeypatch.setattr(masks_module, "CACHED_CHARS", batch)
    stripes = np.zeros((50, 50), np.uint8)
    stripes[::2] = 1
    block = np.ones((50, 50), np.uint8)
    rows = [(mask, 0, 0, 50, 50) for mask in (stripes, block, stripes, stripes, stripes, block)]
    label_rows = [7, 7, 3, 7, 7, 3]
    masks = paste(rows, max_row_runs=5_200, label_rows=label_rows)
    assert np.isinf(masks.area).tolist() == [False, False, False, False, True, False]
    assert masks.area[:4].tolist() == [1250, 2500, 1250, 1250]
    # Beyond its own bound a mask does not count among those of its row.
    masks = paste(rows, max_runs=2_000, max_row_runs=5_200, label_rows=label_rows)
    assert np.isnan(masks.area).tolist() == [True, False, True, True, True, False]
    # Rows of full width are few runs along columns, yet take their time.
    masks = paste([(block, 0, 0, 50, 50)] * 5, max_row_runs=120)
    assert np.isinf(masks.area).tolist() == [False, False, True, True, True]


def test_large_mask() -> None:
    rows, columns = np.mgrid[:1500, :2000]
    blob = ((rows - 700) ** 2 / 450**2 + (columns - 1050) ** 2 / 750**2 < 1) & (
        (rows // 20 + columns // 30) % 5 > 0
    )
    mask = blob.astype(np.uint8)
    assert_equal_to_frames(paste([(mask, 0, 0, 2000, 1500)]), [mask])


@pytest.mark.parametrize(
    "mask",
    [
        pytest.param(np.ones((5, 4)), id="full"),
        pytest.param(np.eye(6), id="diagonal"),
        pytest.param(np.arange(20).reshape(4, 5) % 2, id="checkerboard"),
        pytest.param(np.arange(20).reshape(5, 4) % 2, id="stripes"),
        pytest.param(np.arange(20).reshape(4, 5) == 19, id="last pixel"),
        pytest.param(np.arange(20).reshape(4, 5) == 15, id="last row, first column"),
        pytest.param(np.arange(6).reshape(1, 6) > 1, id="one row"),
        pytest.param(np.arange(6).reshape(6, 1) > 1, id="one column"),
        pytest.param(np.ones((1, 1)), id="one pixel"),
    ],
)
def test_edges_of_the_grid(mask: NDArray[np.float64]) -> None:
    pixels = mask.astype(np.uint8)
    assert_equal_to_frames(paste([(pixels, 0, 0, *pixels.shape[::-1])]), [pixels])


def test_runs_of_no_pixels_are_passed_over() -> None:
    # 3 zeros, 2 ones, no zeros, 1 one, and no zeros again.
    masks = paste_masks(["320O0"], MaskGrids.of([0], [0], [4], [3], [4], [3]))
    frame = np.array([[0, 0, 0, 1], [1, 1, 0, 0], [0, 0, 0, 0]], np.uint8)
    assert_equal_to_frames(masks, [frame])


def test_documented_example_of_encord() -> None:
    masks = paste_masks(["[16>000Q3"], MaskGrids.of([0], [0], [20], [10], [20], [10]))
    assert masks.counts.to_list() == ["P137000000000\\3"]
    assert masks.bbox.tolist() == [[3, 2, 6, 3]]
    assert masks.area.tolist() == [18]


def test_segmentation_escapes_backslashes() -> None:
    masks = paste_masks(["[16>000Q3"], MaskGrids.of([0], [0], [20], [10], [20], [10]))
    assert masks.segmentation().to_list() == [
        '{"size":[10,20],"counts":"P137000000000\\\\3"}',
    ]


def test_no_masks() -> None:
    masks = paste([])
    assert masks.segmentation().to_list() == []
    assert masks.bbox.shape == (0, 4)
