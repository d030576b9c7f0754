"""Columns of anything, as arrays."""

from typing import Any

import numpy as np
import pytest
from msgspec import UNSET

from coco_dagster.coco.validation.columns import Kind, ids_of, number_lists_of


def test_ids_that_are_no_whole_numbers_keep_their_sign_in_every_process() -> None:
    halves = [number + 0.5 for number in range(60)]
    assert (ids_of(halves).keys > 0).all()
    assert (ids_of([-half for half in halves]).keys < 0).all()
    assert ids_of(["7", 0.5]).keys.tolist() == [9133422611394919318, 1291374684478711297]


@pytest.mark.parametrize(
    ("first", "second"), [(7, 7.0), ("a", "a"), (0.5, 0.5), (2**70, 2**70), ([1], [1])]
)
def test_the_same_id_has_the_same_key(first: Any, second: Any) -> None:
    one, other = ids_of([first, second, "something else"]).keys[:2].tolist()
    assert one == other


def test_texts_and_numbers_are_different_ids() -> None:
    assert len(set(ids_of([7, "7", 7.5, "7.5", None, [7]]).keys.tolist())) == 6


@pytest.mark.parametrize(
    ("values", "kinds", "flat", "sizes"),
    [
        ([[1, 2.5], [], [3]], [Kind.LIST] * 3, [1, 2.5, 3], [2, 0, 1]),
        ([UNSET, [1, 2], None], [Kind.MISSING, Kind.LIST, Kind.NULL], [1, 2], [0, 2, 0]),
        ([[1], ["a", 2], [3]], [Kind.LIST, Kind.OTHER, Kind.LIST], [1, 3], [1, 2, 1]),
        ([5, {"a": 1}], [Kind.INT, Kind.OBJECT], [], [0, 0]),
        ([[10**400, 1]], [Kind.LIST], [np.inf, 1], [2]),
        ([[True, 1]], [Kind.OTHER], [], [2]),
        ([], [], [], []),
    ],
    ids=["lists", "gaps", "other values", "no lists", "beyond doubles", "flags", "nothing"],
)
def test_lists_of_numbers_are_told_from_everything_else(
    values: list[Any], kinds: list[Kind], flat: list[float], sizes: list[int]
) -> None:
    found = number_lists_of(values)
    assert found.kinds.tolist() == kinds
    assert found.flat.tolist() == flat
    assert found.sizes.tolist() == sizes
    held = [size if kind == Kind.LIST else 0 for size, kind in zip(sizes, kinds, strict=True)]
    assert np.diff(found.offsets).tolist() == held
