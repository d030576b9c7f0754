"""Ranges of frames, against counting frame by frame."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from coco_dagster.tables.intervals import paint, union

RANGES = st.tuples(st.integers(0, 12), st.integers(0, 6)).map(lambda at: (at[0], at[0] + at[1]))


def frames_of(ranges: list[tuple[int, int]]) -> set[int]:
    return {frame for first, last in ranges for frame in range(first, last + 1)}


@given(st.lists(RANGES))
def test_a_union_covers_the_same_frames_in_as_few_ranges_as_can_be(
    ranges: list[tuple[int, int]],
) -> None:
    found = union(ranges)
    assert frames_of(found) == frames_of(ranges)
    assert all(last + 1 < first for (_, last), (first, _) in pairwise(found))


@given(st.lists(st.tuples(RANGES, st.integers(0, 3))))
def test_the_later_stroke_holds_on_every_frame(
    strokes: list[tuple[tuple[int, int], int]],
) -> None:
    wanted: dict[int, int] = {}
    for (first, last), value in strokes:
        wanted |= dict.fromkeys(range(first, last + 1), value)
    found = paint([(first, last, value) for (first, last), value in strokes])
    painted = [(frame, value) for first, last, value in found for frame in range(first, last + 1)]
    assert painted == sorted(wanted.items())


def test_ranges_are_never_spelled_out() -> None:
    huge = 10**15
    assert union([(0, huge), (huge + 1, 2 * huge)]) == [(0, 2 * huge)]
    strokes = [(0, huge, "a"), (5, 10, "b"), (0, huge, "c"), (7, 7, "d")]
    assert paint(strokes) == [(0, 6, "c"), (7, 7, "d"), (8, huge, "c")]


def test_many_overlapping_strokes_are_painted_quickly() -> None:
    count = 20_000
    found = paint([(number, 10 * count, number) for number in range(count)])
    assert len(found) == count
