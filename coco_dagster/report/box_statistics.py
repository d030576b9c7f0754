"""How large the boxes of annotations are, and where they lie."""

from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

SIDE_EDGES: Final = (8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 1024)
"""Sides of a square of the box's area, in pixels, at which bars end; COCO calls areas below 32²
small and from 96² on large."""

GRID: Final = 16
"""Columns and rows of the map of the boxes' centres."""


class BoxStatistics(Struct, frozen=True):
    """Boxes of each category.

    Attributes:
        sides: number of boxes between two of `SIDE_EDGES`, below the first and from the last on;
            shape (categories, edges + 1). Boxes without an area are not among them.
        centres: number of boxes whose centre lies in a cell of the frame, row by row; shape
            (categories, GRID²). Centres outside count for the nearest cell.
    """

    sides: NDArray[np.int64]
    centres: NDArray[np.int64]

    @classmethod
    def of_none(cls, categories: int) -> "BoxStatistics":
        """Statistics of no box."""
        sides = np.zeros((categories, len(SIDE_EDGES) + 1), np.int64)
        return cls(sides, np.zeros((categories, GRID * GRID), np.int64))

    def add(
        self,
        category: NDArray[np.int64],
        box: NDArray[np.float64],
        frame: NDArray[np.int64],
    ) -> None:
        """Count some boxes.

        Args:
            category: position of each box's category.
            box: x, y, width and height in pixels; shape (n, 4).
            frame: width and height of each box's image in pixels, 0 where unknown; shape (n, 2).
        """
        side = np.sqrt(box[:, 2] * box[:, 3])
        bars = np.digitize(side, SIDE_EDGES)
        _count(self.sides, category, bars, np.asarray(side > 0))
        known = (frame[:, 0] > 0) & (frame[:, 1] > 0)
        size = np.maximum(frame, 1)
        cell = np.floor((box[:, :2] + box[:, 2:] / 2) / size * GRID)
        cell = np.clip(cell, 0, GRID - 1).astype(np.int64)
        _count(self.centres, category, cell[:, 1] * GRID + cell[:, 0], known)


def _count(
    totals: NDArray[np.int64],
    row: NDArray[np.int64],
    column: NDArray[np.int64],
    counted: NDArray[np.bool_],
) -> None:
    """Add one to each (row, column) that is counted."""
    places = row[counted] * totals.shape[1] + column[counted]
    totals += np.bincount(places, minlength=totals.size).reshape(totals.shape)
