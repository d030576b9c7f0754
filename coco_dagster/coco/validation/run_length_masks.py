"""Checks of segmentations that are run-length encodings."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from coco_dagster.coco.validation.boxes import Mark
from coco_dagster.coco.validation.columns import Floats, Kind, number_lists_of
from coco_dagster.coco.validation.images import ImageFacts
from coco_dagster.encord.run_lengths import (
    CACHED_CHARS,
    Flags,
    Ints,
    bounded_batches,
    decode_counts,
    ragged_arange,
    span_sums,
    string_sizes,
)

_NOT_RLE: Final = b"~"
_MAX_RUN: Final = float(2**40)
_MASK_SHARE: Final = 0.9
_BOX_TOLERANCE: Final = 1e-3


class _Lengths(NamedTuple):
    """Run lengths of masks, summed up.

    Attributes:
        totals: pixels that the runs of each mask cover.
        ones: pixels of each mask.
        valid: whether the counts of each were a run-length encoding.
    """

    totals: Floats
    ones: Floats
    valid: Flags


def check_masks(
    mark: Mark,
    values: Sequence[Any],
    are_rle: Flags,
    are_crowds: Flags,
    images: ImageFacts,
    boxes: Floats,
    areas: Floats,
) -> None:
    """Checks run-length encodings.

    Args:
        mark: takes the code of a rule and which annotations break it.
        values: `segmentation` of each annotation.
        are_rle: whether it is an object.
        are_crowds: whether `iscrowd` is set.
        images: images of the annotations.
        boxes: x, y, width and height of each annotation, nan where unknown.
        areas: `area` of each annotation, nan where unknown.
    """
    places = np.flatnonzero(are_rle)
    if not places.size:
        return

    def mark_places(code: str, broken: Flags) -> None:
        flags = np.zeros(are_rle.size, np.bool_)
        flags[places[broken]] = True
        mark(code, flags)

    masks = [values[place] for place in places.tolist()]
    counts = [mask.get("counts") for mask in masks]
    are_texts = np.array([isinstance(value, str) for value in counts])
    heights, widths, sized = _sizes([mask.get("size") for mask in masks])
    lengths = _lengths(counts, are_texts)
    sound = sized & lengths.valid
    pixels = heights * widths
    fits = sound & (lengths.totals == pixels)
    image_heights, image_widths = images.heights[places], images.widths[places]
    differs = (heights != image_heights) | (widths != image_widths)
    mark_places("rle_iscrowd_0", ~are_crowds[places])
    mark_places("rle_compressed", are_texts)
    mark_places("rle_malformed", ~sound)
    mark_places("rle_too_long", sound & (lengths.totals > pixels))
    mark_places("rle_too_short", sound & (lengths.totals < pixels))
    mark_places("rle_size_differs", sized & differs & np.isfinite(image_widths))
    mark_places("rle_without_pixels", fits & (lengths.ones == 0))
    box_areas = boxes[places, 2] * boxes[places, 3]
    is_of_box = np.abs(areas[places] - box_areas) <= _BOX_TOLERANCE * box_areas
    is_smaller = (lengths.ones > 0) & (lengths.ones < _MASK_SHARE * box_areas)
    mark_places("area_of_bbox", fits & is_of_box & is_smaller)


def _sizes(values: Sequence[Any]) -> tuple[Floats, Floats, Flags]:
    """Heights, widths and whether there are both."""
    lists = number_lists_of(values)
    sized = lists.are_lists & (lists.sizes == 2)
    sizes = np.zeros((len(values), 2))
    sizes[sized] = lists.flat[lists.offsets[:-1][sized, None] + np.arange(2)]
    with np.errstate(invalid="ignore"):
        sized &= ((sizes >= 0) & (sizes == np.floor(sizes)) & (sizes < _MAX_RUN)).all(axis=1)
    sizes[~sized] = 0
    return sizes[:, 0], sizes[:, 1], sized


def _lengths(counts: Sequence[Any], are_texts: Flags) -> _Lengths:
    size = len(counts)
    lengths = _Lengths(np.zeros(size), np.zeros(size), np.zeros(size, np.bool_))
    parts = (are_texts, _text_lengths), (~are_texts, _list_lengths)
    for chosen, summed_up in parts:
        if chosen.any():
            found = summed_up([counts[place] for place in np.flatnonzero(chosen).tolist()])
            for column, part in zip(lengths, found, strict=True):
                column[chosen] = part
    return lengths


def _text_lengths(counts: Sequence[str]) -> _Lengths:
    encoded = [text.encode() if text.isascii() else _NOT_RLE for text in counts]
    array = pa.array(encoded, pa.large_binary())
    lengths = []
    for part in bounded_batches(string_sizes(array), CACHED_CHARS):
        runs = decode_counts(array[part])
        lengths.append(_summed(runs.counts, runs.offsets, runs.valid))
    totals, ones, valid = map(np.concatenate, zip(*lengths, strict=True))
    return _Lengths(totals, ones, valid)


def _list_lengths(counts: Sequence[Any]) -> _Lengths:
    lists = number_lists_of(counts)
    flat = lists.flat
    with np.errstate(invalid="ignore"):
        wrong = ~((flat >= 0) & (flat < _MAX_RUN) & (flat == np.floor(flat)))
    valid = lists.kinds == Kind.LIST
    valid[np.searchsorted(lists.offsets, np.flatnonzero(wrong), side="right") - 1] = False
    return _summed(np.where(wrong, 0, flat), lists.offsets, valid)


def _summed(counts: Ints | Floats, offsets: Ints, valid: Flags) -> _Lengths:
    whole = counts.astype(np.int64)
    is_one = ragged_arange(np.diff(offsets)) & 1
    totals, ones = span_sums(whole, offsets), span_sums(whole * is_one, offsets)
    return _Lengths(totals.astype(np.float64), ones.astype(np.float64), valid)
