"""Annotations as what is drawn: areas, lines and points, whatever shape they were labelled with."""

from collections.abc import Sequence

from msgspec import Struct

from coco_dagster.coco.published import CocoAnnotation, Rle
from coco_dagster.report.categories import ShownCategory

Edge = tuple[int, int]


class Figure(Struct, frozen=True):
    """One annotation to draw, in pixels of its image; x before y, origin at the top left.

    Attributes:
        rings: areas, each x1, y1, x2, y2, …; each is filled by the even-odd rule, and what lies
            in any of them belongs to the annotation.
        path: an open line, x1, y1, x2, y2, …
        mask: an area of pixels.
        points: x, y and visibility of each point: 0 not labelled, 1 hidden, 2 visible.
        edges: positions of points that a line connects.
        box: x, y, width and height.
    """

    box: tuple[float, float, float, float]
    rings: list[list[float]] = []
    path: list[float] = []
    mask: Rle | None = None
    points: list[tuple[float, float, int]] = []
    edges: tuple[Edge, ...] = ()


def figure_of(annotation: CocoAnnotation, category: ShownCategory) -> Figure:
    """What is drawn of an annotation.

    Args:
        annotation: the annotation.
        category: its category.
    """
    box = annotation.bbox
    if annotation.keypoints:
        flat = annotation.keypoints
        points = [(flat[at], flat[at + 1], int(flat[at + 2])) for at in range(0, len(flat), 3)]
        return Figure(box, points=points, edges=_edges(category, len(points)))
    if isinstance(annotation.segmentation, Rle):
        return Figure(box, mask=annotation.segmentation)
    if len(annotation.segmentation) == 1:
        there = _way_there(annotation.segmentation[0])
        if there:
            return Figure(box, path=there)
    return Figure(box, rings=[ring for ring in annotation.segmentation if ring])


def _edges(category: ShownCategory, points: int) -> tuple[Edge, ...]:
    return tuple(edge for edge in category.skeleton if max(edge) < points)


def _way_there(ring: Sequence[float]) -> list[float]:
    """The first half of a ring that goes there and back; nothing if it does not."""
    points = list(zip(ring[::2], ring[1::2], strict=True))
    if len(points) % 2 or points != points[::-1]:
        return []
    return list(ring[: len(ring) // 2])
