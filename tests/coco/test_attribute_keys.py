import pytest
from hypothesis import given
from hypothesis import strategies as st

from coco_dagster.coco.attribute_keys import distinct_keys, numbered_keys

NAMES = st.text(st.sampled_from("ab/ (2)"), max_size=6)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([], []),
        (["a", "b"], ["a", "b"]),
        (["a", "a", "a"], ["a", "a (2)", "a (3)"]),
        (["a", "a (2)", "a"], ["a", "a (2)", "a (3)"]),
        (["a (2)", "a", "a", "a (2)"], ["a (2)", "a", "a (3)", "a (2) (2)"]),
    ],
)
def test_repeated_keys_are_numbered_in_order(keys: list[str], expected: list[str]) -> None:
    assert numbered_keys(keys) == expected


def test_every_colliding_key_carries_its_attribute() -> None:
    entries = [("State", "State"), ("Flags", "State"), ("Flags", "Wet")]

    assert distinct_keys(entries) == ["State/State", "Flags/State", "Wet"]


def test_what_still_collides_is_numbered() -> None:
    entries = [("State", "State"), ("State", "State"), ("x", "State/State")]

    assert distinct_keys(entries) == ["State/State", "State/State (2)", "State/State (3)"]


@given(st.lists(st.tuples(NAMES, NAMES)))
def test_no_two_keys_are_the_same(entries: list[tuple[str, str]]) -> None:
    keys = distinct_keys(entries)

    assert len(set(keys)) == len(entries)
