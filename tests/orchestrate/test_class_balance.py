"""Shares of classes are compared with those of the export before."""

import pytest

from coco_dagster.orchestrate.class_balance import shift


@pytest.mark.parametrize(
    ("before", "after", "distance"),
    [
        ({}, {}, 0.0),
        ({"a": 2, "b": 2}, {"a": 50, "b": 50}, 0.0),
        ({"a": 3, "b": 1}, {"a": 1, "b": 1}, 0.25),
        ({"a": 1}, {"b": 1}, 1.0),
        ({"a": 1}, {"a": 1, "b": 1}, 0.5),
    ],
)
def test_distance_is_the_share_that_moved(
    before: dict[str, int], after: dict[str, int], distance: float
) -> None:
    assert shift(before, after).distance == pytest.approx(distance)


def test_largest_changes_come_first() -> None:
    changes = shift({"a": 5, "b": 4, "c": 1}, {"a": 1, "b": 4, "c": 5}).changes
    assert list(changes) == ["a", "c", "b"]
    assert changes["a"] == pytest.approx(-0.4)
