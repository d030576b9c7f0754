"""How often outlines cross, so that those that nobody can render in bounded time are left out.

What outlines cover is found by cutting them wherever they cross, which takes time and memory in
proportion to the crossings. Those of n points may cross n²/2 times: a scribble of 2,000 points, in
50 kB of a label row, takes many minutes. What people draw crosses a few times at most.
"""

import math
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from coco_dagster.coco.rings import Rings
from coco_dagster.encord.run_lengths import Flags

_PAIRS: Final = 4_000_000
"""Pairs of edges that may be looked at in one go."""

_MEETS_ANYWAY: Final = 3
"""Edges of a ring that every edge meets: itself and its neighbours."""


def crossing_often(rings: Rings, suspects: Flags, limit: int) -> Flags:
    """Annotations whose outlines cross each other, or themselves, more often than a limit.

    Args:
        rings: outlines whose rings have at least three points.
        suspects: annotations whose outlines are known to cross, or may do so; the others do not.
        limit: pairs of edges that may cross. Edges that merely touch count too.
    """
    edges = np.diff(rings.ring_offsets[rings.polygon_offsets[rings.annotation_offsets]])
    found = suspects & (edges > math.isqrt(2 * limit))
    for annotation in np.flatnonzero(found).tolist():
        found[annotation] = _cross_often(_edges(rings.take(np.array([annotation]))), limit)
    return found


def _edges(rings: Rings) -> NDArray[Any]:
    """Every edge of the rings as a line of its own."""
    points, offsets = rings.closed()
    is_start = np.ones(points.shape[0], np.bool_)
    is_start[offsets[1:] - 1] = False
    start = np.flatnonzero(is_start)
    lines: NDArray[Any] = shapely.linestrings(np.stack((points[start], points[start + 1]), axis=1))
    return lines


# GEOS raises flags of the processor for coordinates that no image has.
@np.errstate(all="ignore")
def _cross_often(edges: NDArray[Any], limit: int) -> bool:
    tree = shapely.STRtree(edges)
    most = 2 * limit + _MEETS_ANYWAY * edges.size
    step = max(1, _PAIRS // edges.size)
    met = 0
    for start in range(0, edges.size, step):
        met += tree.query(edges[start : start + step], predicate="intersects").shape[1]
        if met > most:
            return True
    return False
