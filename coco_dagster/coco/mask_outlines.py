"""Masks as outlines along the edges of their pixels, for readers that know no run lengths.

pycocotools rasterises such a ring to the pixels that it runs around, and its area is their number.
"""

from typing import Final

import numpy as np
import shapely

from coco_dagster.coco.masks import Masks
from coco_dagster.coco.regions import rings_of_polygons
from coco_dagster.coco.rings import Rings
from coco_dagster.encord.run_lengths import (
    Ints,
    bounded_batches,
    decode_counts,
    owner_sums,
    ragged_arange,
)

_BATCH_BARS: Final = 2**17


def outlined(masks: Masks) -> Rings:
    """Outlines of masks, in pixels: several polygons where pixels do not touch, with holes.

    Pixels that touch at a corner alone count as not touching.

    Args:
        masks: masks with a pixel each.
    """
    mask, column, top, bottom = _bars(masks)
    sizes = owner_sums(mask, np.ones_like(mask), masks.area.size)
    ends = np.cumsum(sizes)
    parts = []
    for chosen in bounded_batches(sizes, _BATCH_BARS):
        bars = slice(int(ends[chosen.start] - sizes[chosen.start]), int(ends[chosen.stop - 1]))
        boxes = shapely.box(column[bars], top[bars], column[bars] + 1, bottom[bars])
        collections = shapely.geometrycollections(boxes, indices=mask[bars] - chosen.start)
        united = shapely.union_all(collections[:, None], axis=1)
        polygons, owner = shapely.get_parts(united, return_index=True)
        # Bars of equal height leave points on straight edges.
        straight = shapely.simplify(polygons, 0)
        parts.append(rings_of_polygons(straight, owner, chosen.stop - chosen.start))
    return Rings.concat(parts)


def _bars(masks: Masks) -> tuple[Ints, Ints, Ints, Ints]:
    """Pixels above each other: mask, column, first row and the row after the last."""
    mask, start, stop = decode_counts(masks.counts.to_arrow()).ones()
    height = masks.height[mask]
    first, last = start // height, (stop - 1) // height
    columns = last - first + 1
    run = np.repeat(np.arange(mask.size), columns)
    column = first[run] + ragged_arange(columns)
    top = np.where(column == first[run], start[run] - column * height[run], 0)
    bottom = np.where(column == last[run], stop[run] - column * height[run], height[run])
    return mask[run], column, top, bottom
