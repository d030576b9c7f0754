"""Ranges of frames, inclusive at both ends."""

import heapq
from collections.abc import Iterable
from itertools import pairwise
from typing import TypeVar

_V = TypeVar("_V")


def union(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same frames as disjoint ranges in order; ranges that touch become one."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def paint(strokes: list[tuple[int, int, _V]]) -> list[tuple[int, int, _V]]:
    """Disjoint ranges in order, where of overlapping strokes the later one holds.

    Args:
        strokes: first frame, last frame and value, in the order of painting.

    Returns:
        Ranges with the value that holds on each; O(n log n) in the number of strokes.
    """
    if len(strokes) < 2:
        return list(strokes)
    starts = sorted(range(len(strokes)), key=lambda index: strokes[index][0])
    edges = sorted({edge for first, last, _ in strokes for edge in (first, last + 1)})
    active: list[int] = []
    painted: list[tuple[int, int, int]] = []
    position = 0
    for edge, next_edge in pairwise(edges):
        while position < len(starts) and strokes[starts[position]][0] <= edge:
            heapq.heappush(active, -starts[position])
            position += 1
        while active and strokes[-active[0]][1] < edge:
            heapq.heappop(active)
        if not active:
            continue
        top = -active[0]
        if painted and painted[-1][2] == top and painted[-1][1] == edge - 1:
            painted[-1] = (painted[-1][0], next_edge - 1, top)
        else:
            painted.append((edge, next_edge - 1, top))
    return [(first, last, strokes[index][2]) for first, last, index in painted]
