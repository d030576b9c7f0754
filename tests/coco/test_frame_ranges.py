import numpy as np
import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

from coco_dagster.coco.frame_ranges import frames_in_ranges, positions_within

GROUPS = st.integers(0, 3)
FILES = st.sampled_from(["a", "b"])
FRAMES = st.lists(st.tuples(GROUPS, st.integers(0, 9_999_999_999) | st.integers(0, 6), FILES))
ENDS = st.none() | st.integers(-2, 8) | st.integers(0, 2**53)
RANGES = st.lists(st.tuples(GROUPS, ENDS, ENDS, st.none() | FILES))


def frame_table(rows: list[tuple[int, int, str]]) -> pl.DataFrame:
    schema = {"group": pl.Int64, "frame": pl.Int64, "data_hash": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def range_table(rows: list[tuple[int, int | None, int | None, str | None]]) -> pl.DataFrame:
    schema = {
        "group": pl.Int64,
        "frame_from": pl.Int64,
        "frame_to": pl.Int64,
        "data_hash": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


@given(FRAMES, RANGES)
@example([(0, 0, "a"), (0, 9_999_999_999, "b")], [(0, None, None, None)])
def test_pairs_are_those_of_a_plain_search(
    frames: list[tuple[int, int, str]],
    ranges: list[tuple[int, int | None, int | None, str | None]],
) -> None:
    which, places = frames_in_ranges(frame_table(frames), range_table(ranges))

    assert sorted(zip(which.tolist(), places.tolist(), strict=True)) == [
        (number, place)
        for number, (range_group, first, last, range_file) in enumerate(ranges)
        for place, (group, frame, file) in enumerate(frames)
        if group == range_group
        and (0 if first is None else first) <= frame
        and (last is None or frame <= last)
        and range_file in (None, file)
    ]
    assert (np.diff(which) >= 0).all()


def test_huge_ranges_cost_no_memory() -> None:
    which, places = frames_in_ranges(
        frame_table([(0, 5, "a")]), range_table([(0, 0, 2**62, None)] * 1000)
    )

    assert len(which) == 1000
    assert not places.any()


def test_positions_restart_in_each_group() -> None:
    assert positions_within(np.array([2, 0, 3])).tolist() == [0, 1, 0, 1, 2]
