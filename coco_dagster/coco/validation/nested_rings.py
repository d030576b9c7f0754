"""Rings that lie within other rings of the same annotation: holes that COCO has no word for."""

from typing import Final

import numpy as np
import shapely

from coco_dagster.coco.validation.columns import Floats
from coco_dagster.encord.run_lengths import Ints

_MAX_COORDINATE: Final = 1e6


@np.errstate(all="ignore")
def has_nested_rings(
    points: Floats, offsets: Ints, owners: Ints, low: Floats, high: Floats
) -> Ints:
    """Finds annotations with a ring that lies inside another one without touching it.

    Args:
        points: x and y of the points of all rings, in pixels.
        offsets: ring i has the points `offsets[i]` up to, not including, `offsets[i + 1]`.
        owners: annotation of each ring, ascending.
        low: least x and y of each ring.
        high: greatest x and y of each ring.

    Returns:
        The annotations, ascending.
    """
    outer, inner = _boxes_within_boxes(owners, low, high)
    if not outer.size:
        return np.zeros(0, np.int64)
    used, place = np.unique(np.concatenate((outer, inner)), return_inverse=True)
    sizes = np.diff(offsets)
    chosen = np.zeros(sizes.size, np.bool_)
    chosen[used] = True
    rings = shapely.linearrings(
        points[np.repeat(chosen, sizes)], indices=np.repeat(np.arange(used.size), sizes[used])
    )
    polygons = shapely.polygons(rings)
    outer_place, inner_place = np.split(place, 2)
    contains = shapely.contains_properly(polygons[outer_place], polygons[inner_place])
    return np.unique(owners[outer[contains]])


def _boxes_within_boxes(owners: Ints, low: Floats, high: Floats) -> tuple[Ints, Ints]:
    """Pairs of rings of one annotation of which the bounds of one lie in those of the other."""
    reasonable = (np.abs(low) < _MAX_COORDINATE).all(1) & (np.abs(high) < _MAX_COORDINATE).all(1)
    rings = np.flatnonzero(reasonable)
    # The bounds of different annotations are moved apart, so that they never meet in the tree.
    shift = owners[rings] * (4 * _MAX_COORDINATE)
    bounds = shapely.box(
        low[rings, 0] + shift, low[rings, 1], high[rings, 0] + shift, high[rings, 1]
    )
    inner, outer = shapely.STRtree(bounds).query(bounds, predicate="within")
    differ = inner != outer
    return rings[outer[differ]], rings[inner[differ]]
