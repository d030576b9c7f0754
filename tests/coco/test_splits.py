"""Which images a split takes: whole data units, always the same ones."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coco_dagster.coco.profiles import Split
from coco_dagster.coco.splits import split_numbers

THREE = (Split("train", 0.8), Split("val", 0.1), Split("test", 0.1))


def numbers(
    hashes: list[str], splits: tuple[Split, ...], titles: list[str | None] | None = None
) -> list[int | None]:
    images = pl.DataFrame(
        {"data_hash": hashes, "unit_hash": hashes, "dataset_title": titles or ["A"] * len(hashes)},
        schema={"data_hash": pl.String, "unit_hash": pl.String, "dataset_title": pl.String},
    )
    return split_numbers(images, splits).to_list()


def test_without_splits_all_images_are_in_one() -> None:
    assert numbers(["a", "b"], ()) == [0, 0]


def test_the_share_of_a_split_is_what_was_asked_for() -> None:
    found = numbers([f"unit-{number}" for number in range(20_000)], THREE)
    counts = [found.count(number) / len(found) for number in range(3)]
    assert counts == pytest.approx([0.8, 0.1, 0.1], abs=0.01)


@pytest.mark.parametrize(
    ("unit", "split"), [("a", 0), ("b", 0), ("c", 0), ("0f0a", 2), ("é", 0), ("", 1)]
)
def test_the_split_of_a_unit_is_the_same_on_every_machine(unit: str, split: int) -> None:
    assert numbers([unit], THREE) == [split]


@given(st.lists(st.text(max_size=4)), st.randoms())
def test_neither_more_data_nor_another_order_moves_a_unit(
    hashes: list[str], random: object
) -> None:
    alone = {name: numbers([name], THREE)[0] for name in hashes}
    shuffled = list(hashes)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert numbers(shuffled, THREE) == [alone[name] for name in shuffled]


def test_a_share_that_grows_only_takes_units() -> None:
    hashes = [f"unit-{number}" for number in range(500)]
    fewer = numbers(hashes, (Split("train", 0.6), Split("val", 0.4)))
    more = numbers(hashes, (Split("train", 0.7), Split("val", 0.3)))
    assert all(now == 0 for before, now in zip(fewer, more, strict=True) if before == 0)


def test_a_dataset_goes_where_it_was_put_and_the_others_by_share() -> None:
    splits = (Split("train", 1.0), Split("test", 0.0, ("Holdout",)))
    titles = ["Holdout", "A", None]
    assert numbers(["a", "b", "c"], splits, titles) == [1, 0, 0]


def test_without_shares_other_datasets_are_in_no_split() -> None:
    splits = (Split("train", datasets=("A",)), Split("val", datasets=("B",)))
    assert numbers(["a", "b", "c", "d"], splits, ["A", "B", "C", None]) == [0, 1, None, None]


def test_the_first_row_decides_for_all_images_of_a_file() -> None:
    splits = (Split("train", datasets=("A",)), Split("val", datasets=("B",)))
    assert numbers(["a", "a", "b", "a"], splits, ["A", "B", "B", None]) == [0, 0, 1, 0]


def test_what_the_rounding_of_the_sum_leaves_over_is_in_the_last_split() -> None:
    splits = (Split("train", 0.5), Split("val", 0.4999995), Split("none", 0.0))
    assert set(numbers([str(number) for number in range(2000)], splits)) == {0, 1}
