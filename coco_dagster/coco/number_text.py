"""Numbers of many annotations as JSON text, made in Rust rather than one annotation at a time."""

from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from coco_dagster.encord.run_lengths import Ints

_KEY: Final = "v"
_PREFIX: Final = len(f'{{"{_KEY}":')


def json_text(column: str) -> pl.Expr:
    """JSON text of each value of a column; numbers as the shortest text that reads back the same.

    Args:
        column: column with finite numbers, or lists (of lists) of them.
    """
    # Only structs have a JSON encoder; what it wraps around the value is cut off again.
    wrapped = pl.struct(pl.col(column).alias(_KEY)).struct.json_encode()
    return wrapped.str.head(-1).str.slice(_PREFIX).alias(column)


def json_texts(values: pa.Array) -> pl.Series:
    """JSON text of each value of an array, as `json_text` writes it."""
    return pl.DataFrame({_KEY: pl.Series(values)}).select(json_text(_KEY))[_KEY]


def lists(values: NDArray[np.generic] | pa.Array, *offsets: Ints) -> pa.Array:
    """Nested lists from flat values, without copying them.

    Args:
        values: the values of all lists in a row.
        offsets: where each list starts and the last one ends: of the innermost lists first.
    """
    array = values if isinstance(values, pa.Array) else pa.array(values)
    for level in offsets:
        array = pa.LargeListArray.from_arrays(pa.array(level), array)
    return array


def rounded(values: NDArray[np.float64], precision: int | None) -> NDArray[np.float64]:
    """Values with at most so many decimals; None leaves them as they are, but for -0.

    Args:
        values: finite numbers.
        precision: decimals, 0 to 15.
    """
    if precision is None:
        return values + 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        shorter = np.round(values, precision)
    # A number too large to be scaled has no decimals.
    return np.where(np.isfinite(shorter), shorter, values) + 0.0


def rounded_boxes(
    boxes: NDArray[np.float64], frames: NDArray[np.float64], precision: int | None
) -> NDArray[np.float64]:
    """Boxes within their frames with at most so many decimals, still within and not empty.

    Args:
        boxes: x, y, w, h in pixels, within their frames; shape (n, 4).
        frames: width and height of each frame, whole pixels; shape (n, 2).
        precision: decimals, 0 to 15; None leaves the boxes as they are.
    """
    if precision is None:
        return boxes + 0.0
    least = 10.0**-precision
    low = np.minimum(rounded(boxes[:, :2], precision), rounded(frames - least, precision))
    most = rounded(frames - low, precision)
    size = np.clip(rounded(boxes[:, 2:], precision), least, most)
    return np.where(np.tile(boxes[:, 2:] > 0, 2), np.column_stack((low, size)), boxes) + 0.0


def rounded_above_zero(values: NDArray[np.float64], precision: int | None) -> NDArray[np.float64]:
    """Values with at most so many decimals; what was above 0 stays so.

    Args:
        values: finite numbers, not negative.
        precision: decimals, 0 to 15; None leaves the values as they are.
    """
    shorter = rounded(values, precision)
    return (
        shorter
        if precision is None
        else np.where(values > 0, np.maximum(shorter, 10.0**-precision), shorter)
    )
