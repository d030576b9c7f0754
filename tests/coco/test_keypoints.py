"""Keypoints in the order of their template."""

import json
from typing import Any

import numpy as np
import polars as pl
import pytest

from coco_dagster.coco.keypoints import Keypoints, in_template_order

HAND = {"hand": ["wrist", "thumb", "index"]}


def ordered(
    *skeletons: list[tuple[str, float, float, int]],
    templates: dict[str, list[str]],
    features: list[str] | None = None,
) -> Keypoints:
    """Skeletons, each a list of points: name, x, y, v."""
    points = [point for skeleton in skeletons for point in skeleton]
    return in_template_order(
        np.array([point[1:3] for point in points], np.float64).reshape(-1, 2),
        np.array([point[3] for point in points], np.int8),
        pl.Series([[p[0] for p in skeleton] for skeleton in skeletons], dtype=pl.List(pl.String)),
        pl.Series(features or ["hand"] * len(skeletons), dtype=pl.String),
        templates,
    )


def texts(keypoints: Keypoints) -> list[Any]:
    return [json.loads(text) for text in keypoints.texts(None)]


def test_points_are_put_in_template_order() -> None:
    drawn = [("index", 5.0, 6.0, 1), ("wrist", 1.0, 2.0, 2), ("thumb", 3.0, 4.0, 2)]
    assert texts(ordered(drawn, templates=HAND)) == [[1, 2, 2, 3, 4, 2, 5, 6, 1]]


def test_points_that_are_not_labelled_are_zeros() -> None:
    assert texts(ordered([("index", 5.0, 6.0, 2)], templates=HAND)) == [[0, 0, 0, 0, 0, 0, 5, 6, 2]]


def test_invisible_points_are_zeros() -> None:
    drawn = [("wrist", 1.0, 2.0, 0), ("thumb", 3.0, 4.0, 1)]
    assert texts(ordered(drawn, templates=HAND)) == [[0, 0, 0, 3, 4, 1, 0, 0, 0]]


def test_points_that_the_template_lacks_are_dropped() -> None:
    drawn = [("elbow", 9.0, 9.0, 2), ("thumb", 3.0, 4.0, 2)]
    assert texts(ordered(drawn, templates=HAND)) == [[0, 0, 0, 3, 4, 2, 0, 0, 0]]


def test_names_that_a_template_has_several_times_keep_their_order() -> None:
    drawn = [
        ("tip", 1.0, 1.0, 2),
        ("root", 2.0, 2.0, 2),
        ("tip", 3.0, 3.0, 1),
        ("tip", 4.0, 4.0, 2),
    ]
    templates = {"hand": ["root", "tip", "tip"]}
    assert texts(ordered(drawn, templates=templates)) == [[2, 2, 2, 1, 1, 2, 3, 3, 1]]


def test_first_of_several_points_with_one_name_counts() -> None:
    drawn = [("thumb", 1.0, 1.0, 2), ("thumb", 3.0, 3.0, 2)]
    assert texts(ordered(drawn, templates=HAND)) == [[0, 0, 0, 1, 1, 2, 0, 0, 0]]


def test_without_a_template_points_stay_as_they_are() -> None:
    keypoints = ordered(
        [("b", 1.0, 1.0, 2), ("a", 3.0, 3.0, 2)],
        [("thumb", 5.0, 5.0, 2)],
        templates=HAND,
        features=["foot", "hand"],
    )
    assert texts(keypoints) == [[1, 1, 2, 3, 3, 2], [0, 0, 0, 5, 5, 2, 0, 0, 0]]


def test_templates_of_one_part_do_not_mix() -> None:
    templates = {"foot": ["heel"], **HAND}
    keypoints = ordered(
        [("heel", 1.0, 1.0, 2), ("wrist", 2.0, 2.0, 2)],
        [("heel", 3.0, 3.0, 2), ("wrist", 4.0, 4.0, 2)],
        templates=templates,
        features=["foot", "hand"],
    )
    assert texts(keypoints) == [[1, 1, 2], [4, 4, 2, 0, 0, 0, 0, 0, 0]]
    assert keypoints.visible.tolist() == [1, 1]


def test_bounding_box_encloses_the_points_with_v_above_zero() -> None:
    keypoints = ordered(
        [("wrist", 10.0, 20.0, 2), ("thumb", 13.0, 15.0, 1), ("index", 900.0, 900.0, 0)],
        [("wrist", 1.0, 2.0, 0)],
        templates=HAND,
    )
    assert keypoints.bounding_boxes().tolist() == [[10, 15, 3, 5], [0, 0, 0, 0]]
    assert keypoints.visible.tolist() == [2, 0]


@pytest.mark.parametrize("templates", [{}, HAND])
def test_no_skeletons(templates: dict[str, list[str]]) -> None:
    assert texts(ordered(templates=templates)) == []


def test_empty_template() -> None:
    assert texts(ordered([("wrist", 1.0, 2.0, 2)], templates={"hand": []})) == [[]]


def test_text_of_keypoints() -> None:
    keypoints = ordered([("wrist", 1.5, 2.125, 2), ("thumb", 1 / 3, 1.0, 1)], templates=HAND)
    assert keypoints.texts(2).to_list() == ["[1.5,2.12,2,0.33,1.0,1,0,0,0]"]
