"""Rings of polygons that are not rings."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coco_dagster.encord.run_lengths import Flags
from coco_dagster.tables.drawn_columns import list_column


def without_degenerate_rings(annotations: pa.Table, degenerate: Flags) -> tuple[pa.Table, Flags]:
    """Drop rings with fewer than three distinct points; an outer ring takes its holes with it.

    Args:
        annotations: table of the schema `ANNOTATIONS`; polygons have at least one sound ring.
        degenerate: per ring of all polygons.

    Returns:
        The table, and per annotation whether it lost a ring.
    """
    ring_sizes = annotations["ring_sizes"].combine_chunks()
    polygon_sizes = annotations["polygon_sizes"].combine_chunks()
    coordinates = annotations["coordinates"].combine_chunks()
    sizes = ring_sizes.flatten().to_numpy()
    rings = polygon_sizes.flatten().to_numpy()
    keep = ~degenerate & ~np.repeat(degenerate[np.cumsum(rings) - rings], rings)
    if keep.all():
        return annotations, np.zeros(annotations.num_rows, bool)
    rings_of = ring_sizes.value_lengths().fill_null(0).to_numpy()
    polygons_of = polygon_sizes.value_lengths().fill_null(0).to_numpy()
    kept_rings = _counts(keep, rings_of)
    kept_in_polygon = _counts(keep, rings)
    numbers_of = coordinates.value_lengths().to_numpy()
    is_polygon = ring_sizes.is_valid().to_numpy(zero_copy_only=False)
    kept_numbers = np.ones(int(numbers_of.sum()), bool)
    kept_numbers[np.repeat(is_polygon, numbers_of)] = np.repeat(keep, 2 * sizes)
    replaced = {
        "coordinates": list_column(
            coordinates.flatten().to_numpy()[kept_numbers], _counts(kept_numbers, numbers_of)
        ),
        "ring_sizes": list_column(sizes[keep], kept_rings, ~is_polygon),
        "polygon_sizes": list_column(
            kept_in_polygon[kept_in_polygon > 0],
            _counts(kept_in_polygon > 0, polygons_of),
            ~is_polygon,
        ),
    }
    for name, column in replaced.items():
        place = annotations.schema.get_field_index(name)
        column = column.cast(annotations.schema.field(place).type)
        annotations = annotations.set_column(place, annotations.schema.field(place), column)
    return annotations, kept_rings < rings_of


def _counts(flags: Flags, sizes: NDArray[np.integer]) -> NDArray[np.int64]:
    """How many flags are set in each consecutive group of the given sizes."""
    totals = np.concatenate(([0], np.cumsum(flags)))
    ends = np.cumsum(sizes)
    counts: NDArray[np.int64] = totals[ends] - totals[ends - sizes]
    return counts
