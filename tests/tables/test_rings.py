"""Rings that are none are dropped, and nothing else changes."""

import numpy as np
import pytest

from tests.label_rows import JSON, label_row
from tests.normalised import normalised
from tests.objects import box, drawn

GOOD = [0.0, 0.0, 1.0, 0.0, 1.0, 1.0]
OTHER = [0.1, 0.1, 0.2, 0.1, 0.2, 0.2]
BAD = [0.5, 0.5, 0.5, 0.5]


def polygons(*parts: list[list[float]], name: str = "o") -> JSON:
    return drawn("polygon", "polygons", list(parts), name)


@pytest.mark.parametrize(
    ("parts", "ring_sizes", "polygon_sizes", "lost"),
    [
        ([[GOOD]], [3], [1], False),
        ([[GOOD, OTHER]], [3, 3], [2], False),
        ([[GOOD, BAD]], [3], [1], True),
        ([[BAD], [GOOD]], [3], [1], True),
        ([[BAD, OTHER], [GOOD]], [3], [1], True),
        ([[GOOD], [BAD, BAD], [OTHER, BAD, GOOD]], [3, 3, 3], [1, 2], True),
        ([[GOOD], []], [3], [1], False),
        ([[GOOD, []]], [3], [1], True),
    ],
)
def test_an_outer_ring_takes_its_holes_with_it(
    parts: list[list[list[float]]],
    ring_sizes: list[int],
    polygon_sizes: list[int],
    lost: bool,
) -> None:
    tables = normalised(label_row([polygons(*parts)]))
    (row,) = tables["annotations"]
    assert (row["ring_sizes"], row["polygon_sizes"]) == (ring_sizes, polygon_sizes)
    assert len(row["coordinates"]) == 2 * sum(ring_sizes)
    assert [found["code"] for found in tables["findings"]] == ["degenerate_ring"] * lost


def test_other_annotations_keep_their_numbers() -> None:
    entries = [box("a"), polygons([GOOD], name="b"), polygons([OTHER, BAD], name="c"), box("d")]
    entries += [polygons([BAD], name="e"), polygons([GOOD], [BAD], name="f")]
    tables = normalised(label_row(entries))
    rows = {row["object_hash"]: row for row in tables["annotations"]}
    assert sorted(rows) == ["a", "b", "c", "d", "f"]
    assert rows["a"]["coordinates"] == rows["d"]["coordinates"] == [0.1, 0.2, 0.3, 0.4]
    assert rows["a"]["ring_sizes"] is None
    assert rows["b"]["coordinates"] == rows["f"]["coordinates"] == GOOD
    assert rows["c"]["coordinates"] == OTHER
    assert np.isfinite(rows["c"]["coordinates"]).all()
    notes = [row["object_hash"] for row in tables["findings"] if row["outcome"] == "note"]
    assert notes == ["c", "f"]
