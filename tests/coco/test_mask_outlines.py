"""Outlines of masks cover their pixels, as pycocotools rasterises them and as areas go."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from coco_dagster.coco import mask_outlines
from coco_dagster.coco.areas import region_areas
from coco_dagster.coco.keyholes import keyholed
from coco_dagster.coco.mask_outlines import outlined
from coco_dagster.coco.masks import Masks
from coco_dagster.coco.rings import Rings

Pixels = NDArray[np.bool_]

PIXELS = arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9))).filter(np.any)


def masks_of(*pixels: Pixels) -> Masks:
    encoded = [coco_mask.encode(np.asfortranarray(each, np.uint8)) for each in pixels]
    return Masks(
        pl.Series([each["counts"].decode() for each in encoded]),
        np.array([each.shape[1] for each in pixels]),
        np.array([each.shape[0] for each in pixels]),
        np.array([each.sum() for each in pixels], np.float64),
        np.array([coco_mask.toBbox(each) for each in encoded]),
    )


def drawn(rings: Rings, pixels: tuple[Pixels, ...]) -> list[Pixels]:
    texts = rings.segmentation(None).to_list()
    return [
        coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(json.loads(text), *each.shape)))
        for text, each in zip(texts, pixels, strict=True)
    ]


@settings(max_examples=25)
@given(st.lists(PIXELS, min_size=1, max_size=4).map(tuple))
def test_outlines_cover_the_pixels_and_no_others(pixels: tuple[Pixels, ...]) -> None:
    masks = masks_of(*pixels)
    rings = outlined(masks)
    for got, want in zip(drawn(keyholed(rings), pixels), pixels, strict=True):
        assert (got == want).all()
    assert region_areas(rings).tolist() == pytest.approx(masks.area.tolist())
    assert rings.bounding_boxes().tolist() == masks.bbox.tolist()


def test_no_point_lies_on_a_straight_edge() -> None:
    rings = outlined(masks_of(np.ones((3, 4), np.bool_)))
    assert json.loads(rings.segmentation(None)[0]) == [[0, 0, 0, 3, 4, 3, 4, 0]]


def test_masks_are_outlined_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = tuple(np.eye(n, dtype=np.bool_) for n in range(1, 6))
    whole = outlined(masks_of(*pixels)).segmentation(None).to_list()
    monkeypatch.setattr(mask_outlines, "_BATCH_BARS", 1)
    assert outlined(masks_of(*pixels)).segmentation(None).to_list() == whole
