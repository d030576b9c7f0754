"""What labels may be wrong about although they are well formed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from coco_dagster.orchestrate.label_checks import (
    Counted,
    EmptyImages,
    boxes_outside,
    duplicate_boxes,
    empty_images,
    tracks_with_gaps,
)
from coco_dagster.tables.store import TableSet
from tests.orchestrate.test_table_checks import publish

Row = dict[str, Any]


def boxes(*given: Sequence[float], **fields: Any) -> Mapping[str, Sequence[Row]]:
    return {
        "annotations": [
            {"data_hash": "d", "object_hash": str(number), "feature_hash": "boat"}
            | {"shape": "bounding_box", "coordinates": list(box)}
            | fields
            for number, box in enumerate(given)
        ]
    }


def labels(tmp_path: Path, *parts: Mapping[str, Sequence[Row]]) -> list[TableSet]:
    return [publish(tmp_path, *parts)]


@pytest.mark.parametrize(
    ("box", "outside"),
    [
        ((0.0, 0.0, 1.0, 1.0), 0),
        ((-1e-9, 0.0, 1.0, 1.0 + 1e-9), 0),
        ((-0.01, 0.0, 0.5, 0.5), 1),
        ((0.0, -0.01, 0.5, 0.5), 1),
        ((0.6, 0.0, 0.5, 0.5), 1),
        ((0.0, 0.6, 0.5, 0.5), 1),
    ],
)
def test_boxes_beyond_their_image_are_counted(
    tmp_path: Path, box: Sequence[float], outside: int
) -> None:
    assert boxes_outside(labels(tmp_path, boxes(box))) == Counted(outside, 1)


def test_other_shapes_may_reach_beyond_the_image(tmp_path: Path) -> None:
    lines = boxes((-1, 0, 3, 3), shape="polyline")
    assert boxes_outside(labels(tmp_path, lines)) == Counted(0, 0)


@pytest.mark.parametrize(
    ("second", "fields", "repeated"),
    [
        ((0.1, 0.1, 0.2, 0.2), {}, 1),
        ((0.1 + 1e-9, 0.1, 0.2, 0.2), {}, 1),
        ((0.1, 0.1, 0.2, 0.21), {}, 0),
        ((0.1, 0.1, 0.2, 0.2), {"shape": "rotatable_bounding_box"}, 0),
    ],
)
def test_boxes_in_the_place_of_another_are_counted(
    tmp_path: Path, second: Sequence[float], fields: Row, repeated: int
) -> None:
    found = duplicate_boxes(labels(tmp_path, boxes((0.1, 0.1, 0.2, 0.2), second, **fields)))
    assert found.at_fault == repeated


@pytest.mark.parametrize("column", ["feature_hash", "data_hash", "frame", "label_hash"])
def test_boxes_of_another_class_or_frame_are_no_duplicates(tmp_path: Path, column: str) -> None:
    one, other = boxes((0, 0, 1, 1), (0, 0, 1, 1))["annotations"]
    changed = {**other, column: 7 if column == "frame" else "x"}
    assert duplicate_boxes(labels(tmp_path, {"annotations": [one, changed]})) == Counted(0, 2)


@pytest.mark.parametrize(
    ("media", "frames", "expected"),
    [
        ("video", (3, 4, 5), Counted(0, 1)),
        ("video", (3, 5), Counted(1, 1)),
        ("video", (9,), Counted(0, 1)),
        ("image", (3, 5), Counted(0, 0)),
    ],
)
def test_tracks_of_videos_with_gaps_are_counted(
    tmp_path: Path, media: str, frames: Sequence[int], expected: Counted
) -> None:
    file = {"label_hash": "r", "data_hash": "film"}
    part: dict[str, list[Row]] = {
        "data_units": [file | {"media": media}],
        "annotations": [file | {"object_hash": "o", "frame": frame} for frame in frames],
    }
    assert tracks_with_gaps(labels(tmp_path, part)) == expected


def row(name: str, status: str | None, task: str | None = None, **fields: Any) -> Row:
    return {
        "label_hash": name,
        "label_status": status,
        "annotation_task_status": task,
        "frames": 2,
    } | fields


@pytest.mark.parametrize(
    ("given", "reviewed", "unlabelled"),
    [
        (row("r", "LABELLED"), 2, 0),
        (row("r", "reviewed"), 2, 0),
        (row("r", "NOT_LABELLED"), 0, 2),
        (row("r", None), 0, 2),
        (row("r", "NOT_LABELLED", "COMPLETED"), 2, 0),
        (row("r", "LABELLED", "IN_REVIEW"), 0, 2),
        (row("r", "NOT_LABELLED", objects=1), 0, 0),
    ],
)
def test_empty_images_are_told_apart_by_their_review(
    tmp_path: Path, given: Row, reviewed: int, unlabelled: int
) -> None:
    found = empty_images(labels(tmp_path, {"label_rows": [given], "classifications": []}))
    assert found == EmptyImages(reviewed, unlabelled, 2)


def test_images_with_a_classification_are_labelled(tmp_path: Path) -> None:
    part = {
        "label_rows": [row("r", "NOT_LABELLED")],
        "classifications": [{"label_hash": "r", "data_hash": "d"}],
    }
    assert empty_images(labels(tmp_path, part)) == EmptyImages(0, 0, 2)


def test_all_parts_of_all_sets_are_counted(tmp_path: Path) -> None:
    one = publish(tmp_path / "one", boxes((0, 0, 2, 1)), boxes((0, 0, 1, 1)))
    other = publish(tmp_path / "other", boxes((0, 0, 2, 1), (0, 0, 1, 2)))
    assert boxes_outside([one, other]) == Counted(3, 4)
