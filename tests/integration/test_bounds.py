"""Shapes of a size that nobody draws cost themselves alone: no memory, no time, no neighbour."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from coco_dagster.coco.profiles import ENCORD, ExportSettings
from coco_dagster.encord.run_lengths import encode_counts
from tests.exports import Export, export_rows
from tests.label_rows import JSON, image_unit, label_row
from tests.objects import bitmask, box, polygons, rectangle

SIDE = 31_622
"""The largest square mask."""


def mask(object_hash: str, runs: list[int], width: int, height: int) -> JSON:
    """A mask by its runs along rows, zeros first."""
    counts = np.array(runs, np.int64)
    (text,) = encode_counts(counts, np.array([0, counts.size])).to_pylist()
    grid = {"rleString": text, "top": 0, "left": 0, "width": width, "height": height}
    return bitmask(object_hash, mask=grid)


def with_holes(object_hash: str, edges: int) -> JSON:
    """A polygon that is as wide as its frame, with so many edges that are, too."""
    teeth = [value for n in range(edges) for value in (n % 2, (n + 1) / (edges + 2))]
    return polygons(object_hash, [rectangle(0, 0, 1, 1), [*teeth, 0, 1]])


IMAGES: dict[str, tuple[int, int, list[JSON]]] = {
    "many parts": (
        100,
        100,
        [polygons("100,000 parts", *[[rectangle(0.1, 0.1, 0.5, 0.5)]] * 100_000)],
    ),
    "largest": (SIDE, SIDE, [mask("one run", [5, SIDE * SIDE - 5], SIDE, SIDE)]),
    "stripes": (20_000, 20_000, [mask("every other row", [20_000] * 20_000, 20_000, 20_000)]),
    "narrow": (1, 10**9, [mask("a row a pixel", [0, 10**9], 1, 10**9)]),
    "wide": (10**9, 1, [with_holes("edges as wide", 9), mask("one row", [0, 10**9], 10**9, 1)]),
    "too large": (SIDE + 1, SIDE + 1, [mask("beyond", [5, 5], SIDE + 1, SIDE + 1)]),
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """Images with shapes of extreme sizes, and a box on each."""
    units = {
        name: image_unit([*objects, box(f"box of {name}")], width=width, height=height)
        for name, (width, height, objects) in IMAGES.items()
    }
    rows = [label_row({name: unit}, label_hash=name) for name, unit in units.items()]
    return export_rows(tmp_path_factory.mktemp("bounds"), rows)


@pytest.mark.parametrize(
    ("object_hash", "code", "message"),
    [
        ("100,000 parts", "too_many_rings", "more rings than `max_rings`, which can be raised"),
        ("every other row", "too_many_runs", "more runs than `max_runs`, which can be raised"),
        ("a row a pixel", "too_many_runs", "more runs than `max_runs`, which can be raised"),
        ("edges as wide", "too_many_runs", "more runs than `max_runs`, which can be raised"),
        (
            "beyond",
            "mask_bad_grid",
            "the mask's grid or its frame has no pixels, or more than 10^9",
        ),
    ],
)
def test_what_nobody_draws_is_left_out_with_its_limit(
    object_hash: str, code: str, message: str, exported: Export
) -> None:
    (finding,) = (row for row in exported.findings if row["object_hash"] == object_hash)
    assert finding["code"] == code
    assert message in finding["message"]


def test_the_largest_mask_is_exported(exported: Export) -> None:
    found = exported.annotation("one run")
    assert (found["area"], found["bbox"]) == (SIDE * SIDE - 5, [0, 0, SIDE, SIDE])


def test_neighbours_are_exported(exported: Export) -> None:
    boxes = (f"box of {name}" for name in IMAGES)
    assert set(exported.object_hashes) == {"one run", "one row", *boxes}


def test_a_limit_can_be_raised(tmp_path: Path) -> None:
    stripes = mask("stripes", [60] * 60, 60, 60)
    row = label_row({"u": image_unit([stripes], width=60, height=60)})
    low, high = (ExportSettings(profile=replace(ENCORD, max_runs=runs)) for runs in (3_000, 4_000))
    assert export_rows(tmp_path / "low", [row], settings=low).skipped == ["too_many_runs"]
    found = export_rows(tmp_path / "high", [row], settings=high)
    assert found.annotation("stripes")["area"] == 60 * 30


def test_holes_that_take_too_many_steps_cost_their_mask_alone(tmp_path: Path) -> None:
    holes = 500
    width = 2 * holes + 1
    fence = mask("fence", [0, width, *[1] * width, width], width, 3)
    row = label_row({"u": image_unit([fence, box("box")], width=width, height=3)})
    low, high = (
        ExportSettings(
            profile=replace(ENCORD, holes="keyhole", bitmasks="outline", max_bridge_steps=steps)
        )
        for steps in (holes**2 // 2, 4 * holes**2)
    )
    found = export_rows(tmp_path / "low", [row], settings=low)
    assert (found.skipped, found.object_hashes) == (["too_many_holes"], ["box"])
    (ring,) = export_rows(tmp_path / "high", [row], settings=high).annotation("fence")[
        "segmentation"
    ]
    assert len(ring) >= 2 * 4 * holes


@pytest.mark.parametrize("workers", [1, 2])
def test_many_masks_of_one_label_row_are_bounded_together(tmp_path: Path, workers: int) -> None:
    names = ("first", "second", "third", "fourth")
    rows = [
        label_row(
            {
                row: image_unit(
                    [
                        *(mask(f"{row} {name}", [60] * 60, 60, 60) for name in names),
                        box(f"{row} box"),
                    ],
                    width=60,
                    height=60,
                )
            },
            label_hash=row,
        )
        for row in ("a", "b")
    ]
    settings = ExportSettings(profile=replace(ENCORD, max_row_runs=8_000))
    found = export_rows(tmp_path, rows, settings=settings, workers=workers)
    left_out = {
        row["object_hash"] for row in found.findings if row["code"] == "too_many_runs_in_row"
    }
    assert left_out == {f"{row} {name}" for row in ("a", "b") for name in ("third", "fourth")}
    assert set(found.object_hashes) == {
        f"{row} {name}" for row in ("a", "b") for name in ("first", "second", "box")
    }
