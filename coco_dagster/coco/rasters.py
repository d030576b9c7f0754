"""Outlines with holes as masks, pixel for pixel as pycocotools rasterises rings.

`rleFrPoly` of cocoapi's `maskApi.c` walks along each ring on a grid five times as fine and notes
where it crosses the middle of a column of pixels. Only these crossings matter, and each follows
from its edge alone, so they are computed here for all edges at once: a ring far outside of the
frame costs no more than a small one, no size overflows, and no compiler's way of rounding shows.
Rings are combined on their runs: a polygon is its outer ring without its holes, an annotation the
union of its polygons.
"""

from typing import Final

import numpy as np

from coco_dagster.coco.masks import Masks, flips_of
from coco_dagster.coco.rings import Floats, Rings, offsets_of
from coco_dagster.encord.run_lengths import (
    Flags,
    Ints,
    bounded_batches,
    owner_sums,
    ragged_arange,
)

_SCALE: Final = 5
# Doubles hold whole numbers this large on the fine grid.
_FARTHEST: Final = 1e15
_BATCH_CROSSINGS: Final = 2**17


def rasterise(rings: Rings, width: Ints, height: Ints) -> Masks:
    """Masks of outlines with holes.

    Args:
        rings: outlines in pixels; every annotation has at least one polygon.
        width: columns of each annotation's frame.
        height: rows of each annotation's frame.
    """
    parts = []
    for part in bounded_batches(most_runs(rings, width), _BATCH_CROSSINGS):
        chosen = np.zeros(width.size, np.bool_)
        chosen[part] = True
        parts.append(_rasterise_batch(rings.where(chosen), width[part], height[part]))
    none = np.zeros(0, np.int64)
    return Masks.concat(parts or [Masks.from_flips(none, none, none, none)])


def _rasterise_batch(rings: Rings, width: Ints, height: Ints) -> Masks:
    polygon_annotation = np.repeat(np.arange(width.size), np.diff(rings.annotation_offsets))
    ring_polygon = np.repeat(np.arange(polygon_annotation.size), np.diff(rings.polygon_offsets))
    ring_annotation = polygon_annotation[ring_polygon]
    pixels = width * height

    ring, position = _crossings(rings, width[ring_annotation], height[ring_annotation])
    ring, position = flips_of(ring, position, pixels[ring_annotation])
    # Inside of a polygon the outer ring counts for one more than all its holes, which count down.
    holes = np.diff(rings.polygon_offsets) - 1
    weight = np.full(ring_polygon.size, -1)
    weight[rings.polygon_offsets[:-1]] = holes + 1
    polygon, position = _where_at_least(
        ring, position, weight, ring_polygon, pixels[polygon_annotation], holes + 1
    )
    once = np.ones(width.size, np.int64)
    annotation, position = _where_at_least(
        polygon, position, once[polygon_annotation], polygon_annotation, pixels, once
    )
    sizes = np.bincount(annotation, minlength=width.size)
    return Masks.from_flips(position, sizes, width, height)


def _fine(points: Floats) -> Ints:
    """Points on the fine grid, as C truncates them."""
    scaled: Floats = _SCALE * np.clip(points, -_FARTHEST, _FARTHEST) + 0.5
    return scaled.astype(np.int64)


def _edges(rings: Rings) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Ring, and x, y of both ends, on the fine grid; the last edge of a ring closes it."""
    fine = _fine(rings.points)
    following = np.arange(1, fine.shape[0] + 1)
    following[rings.ring_offsets[1:] - 1] = rings.ring_offsets[:-1]
    sizes = np.diff(rings.ring_offsets)
    ring = np.repeat(np.arange(sizes.size), sizes)
    return ring, fine[:, 0], fine[:, 1], fine[following, 0], fine[following, 1]


def _columns(x: Ints, next_x: Ints, width: Ints) -> tuple[Ints, Ints]:
    """First column whose middle each edge crosses, and the number of them.

    Column n is crossed between the fine columns 5·n + 2 and 5·n + 3.
    """
    left, right = np.minimum(x, next_x), np.maximum(x, next_x)
    first = np.maximum(-((2 - left) // _SCALE), 0)
    last = np.minimum((right - 3) // _SCALE, width - 1)
    return first, np.maximum(last - first + 1, 0)


def most_runs(rings: Rings, width: Ints) -> Ints:
    """How many runs the mask of each annotation may have: crossings with columns, and edges."""
    ring, x, _, next_x, _ = _edges(rings)
    annotation = rings.ring_annotations[ring]
    _, columns = _columns(x, next_x, width[annotation])
    return owner_sums(annotation, columns + 1, width.size)


def _crossings(rings: Rings, width: Ints, height: Ints) -> tuple[Ints, Ints]:
    """Ring and position of all crossings; a position is x·height + y, and y may be height.

    Args:
        rings: outlines in pixels.
        width: columns of each ring's frame.
        height: rows of each ring's frame.
    """
    ring, x, y, next_x, next_y = _edges(rings)
    first, columns = _columns(x, next_x, width[ring])
    edge = np.repeat(np.arange(ring.size), columns)
    column = first[edge] + ragged_arange(columns)
    ring, x, y, next_x, next_y = (of[edge] for of in (ring, x, y, next_x, next_y))

    flat = np.abs(next_x - x) >= np.abs(next_y - y)
    backwards = np.where(flat, x > next_x, y > next_y)
    x, next_x = np.where(backwards, next_x, x), np.where(backwards, x, next_x)
    y, next_y = np.where(backwards, next_y, y), np.where(backwards, y, next_y)
    fine_y = np.empty_like(y)
    fine_y[flat] = _row_of_flat(*(of[flat] for of in (x, y, next_x, next_y, column)))
    steep = ~flat
    fine_y[steep] = _row_of_steep(*(of[steep] for of in (x, y, next_x, next_y, column)))
    height = height[ring]
    middle = np.clip((fine_y + 0.5) / _SCALE - 0.5, 0, height)
    return ring, column * height + np.ceil(middle).astype(np.int64)


def _row_of_flat(x: Ints, y: Ints, next_x: Ints, next_y: Ints, column: Ints) -> Ints:
    """Fine row in which an edge crosses a column: the upper one of its two fine columns there."""
    slope: Floats = (next_y - y) / (next_x - x)
    step = _SCALE * column + 2 - x
    before, after = (y + slope * at + 0.5 for at in (step, step + 1))
    return np.minimum(before.astype(np.int64), after.astype(np.int64))


def _row_of_steep(x: Ints, y: Ints, next_x: Ints, next_y: Ints, column: Ints) -> Ints:
    """Fine row above the first one in which a downward edge has crossed a column."""
    slope: Floats = (next_x - x) / (next_y - y)
    rightwards = slope > 0
    fine_x = _SCALE * column + 3

    def crossed(step: Ints) -> Flags:
        reached: Floats = x + slope * step + 0.5
        is_crossed: Flags = (reached.astype(np.int64) >= fine_x) == rightwards
        return is_crossed

    quotient: Floats = np.ceil(np.abs(fine_x - 0.5 - x) / np.abs(slope))
    step = quotient.astype(np.int64)
    # The quotient may be off by its rounding; what decides is the sum that the walk computes.
    for _ in range(2):
        step -= crossed(step - 1)
    for _ in range(3):
        step += ~crossed(step)
    upper: Ints = y + step - 1
    return upper


def _where_at_least(
    part: Ints, position: Ints, weight: Ints, owner: Ints, pixels: Ints, needed: Ints
) -> tuple[Ints, Ints]:
    """Flips of owners, from those of their parts: ones where enough parts cover a pixel.

    Args:
        part: part of each flip, in order.
        position: position of each flip, in order within its part.
        weight: what each part counts for.
        owner: owner of each part.
        pixels: pixels of each owner's frame.
        needed: how much has to cover a pixel of each owner.

    Returns:
        Owner and position of the flips, in order.
    """
    sizes = np.bincount(part, minlength=owner.size)
    # A part covers pixels from its first flip on, up to its second, and so on.
    falls = (ragged_arange(sizes) & 1).astype(np.bool_)
    change = np.where(falls, -weight[part], weight[part])
    base = offsets_of(pixels)[:-1]
    key = base[owner[part]] + position
    order = np.argsort(key, kind="stable")
    key, holder = key[order], owner[part][order]
    level = np.cumsum(change[order])
    # What parts that cover their last pixel leave behind must not reach the next owner.
    holders = np.bincount(holder, minlength=pixels.size)
    before = np.concatenate((np.zeros(1, np.int64), level))[offsets_of(holders)[:-1]]
    covered = level - before[holder] >= needed[holder]
    latest = np.flatnonzero(np.diff(key, append=-1))
    key, holder, covered = key[latest], holder[latest], covered[latest]
    previous = np.concatenate((np.zeros(1, np.bool_), covered[:-1]))
    previous[np.flatnonzero(np.diff(holder, prepend=-1))] = False
    flips = covered != previous
    return holder[flips], key[flips] - base[holder[flips]]
