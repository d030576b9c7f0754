"""Checks of masks, against dense arrays."""

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


def row_major(mask: NDArray[np.uint8]) -> str:
    """A mask as Encord stores it."""
    return str(coco_mask.encode(np.asfortranarray(mask.T))["counts"].decode())


def fault_of(
    rle: str,
    size: tuple[int, int] = (4, 3),
    at: tuple[int, int] = (0, 0),
    frame: tuple[int, int] = (4, 3),
) -> MaskFault:
    """Fault of one mask; sizes and places are (x, y)."""
    grids = MaskGrids.of([at[1]], [at[0]], [size[0]], [size[1]], [frame[0]], [frame[1]])
    return MaskFault(int(check_masks([rle], grids).fault[0]))


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
def test_grid_without_pixels_or_with_too_many(
    size: tuple[int, int], frame: tuple[int, int]
) -> None:
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
    check = check_masks(
        [row_major(m) for m in masks], MaskGrids.of(*np.array(rows).reshape(-1, 6).T)
    )
    totals = [int(mask.sum()) for mask in masks]
    assert (check.fault == MaskFault.EMPTY).tolist() == [pixels == 0 for pixels in inside]
    assert check.cropped.tolist() == [0 < i < t for i, t in zip(inside, totals, strict=True)]
