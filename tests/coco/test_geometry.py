"""Geometry of every shape as COCO has it: section 6.1 of the export contract."""

import json
import math
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pycocotools import mask as coco_mask

from coco_dagster.coco.geometry import render_geometry
from coco_dagster.coco.profiles import ENCORD
from coco_dagster.coco.shapes import SHAPES
from tests.annotation_tables import (
    EVERY_SHAPE,
    FAR_SQUARE,
    HEIGHT,
    HOLE,
    ISLAND,
    SQUARE,
    TEMPLATES,
    WIDTH,
    annotation,
    bitmask,
    geometry_objects,
    polygon,
    rendered,
    skeleton,
    table,
)


def test_bounding_box() -> None:
    assert rendered(annotation("bounding_box", 0.25, 0.5, 0.125, 0.25)) == [
        {
            "bbox": [50, 50, 25, 25],
            "area": 625,
            "iscrowd": 0,
            "segmentation": [[50, 50, 75, 50, 75, 75, 50, 75]],
            "num_keypoints": 0,
        }
    ]


def test_rotatable_bounding_box() -> None:
    assert rendered(annotation("rotatable_bounding_box", 0.25, 0.5, 0.2, 0.2, theta=90.0)) == [
        {
            "bbox": [60, 40, 20, 40],
            "area": 800,
            "iscrowd": 0,
            "segmentation": [[80, 40, 80, 80, 60, 80, 60, 40]],
            "num_keypoints": 0,
        }
    ]


def test_box_around_a_turned_box_encloses_its_corners() -> None:
    (box,) = rendered(annotation("rotatable_bounding_box", 0.25, 0.5, 0.2, 0.2, theta=30.0))
    x, y = box["segmentation"][0][::2], box["segmentation"][0][1::2]
    assert box["bbox"] == [min(x), min(y), max(x) - min(x), max(y) - min(y)]
    assert box["bbox"][2] == pytest.approx(40 * math.cos(math.pi / 6) + 20 * 0.5)


def test_polygon_is_written_as_drawn() -> None:
    (drawn,) = rendered(polygon(((0.1, 0.3, -0.25, 0.5, 1.5, 0.2),)))
    assert drawn["segmentation"] == [[0.1 * 200, 0.3 * 100, -50, 50, 300, 20]]
    assert drawn["bbox"] == [-50, 20, 350, 30]


def test_closing_point_of_a_polygon_is_dropped() -> None:
    open_ring, closed = rendered(polygon((SQUARE,)), polygon((SQUARE + SQUARE[:2],)))
    assert closed == open_ring
    assert len(closed["segmentation"][0]) == 8


def test_bow_tie_has_the_area_of_its_two_halves() -> None:
    (drawn,) = rendered(polygon(((0.1, 0.1, 0.2, 0.3, 0.2, 0.1, 0.1, 0.3),)))
    assert drawn["area"] == pytest.approx(200)
    assert drawn["iscrowd"] == 0


def test_several_polygons_are_one_annotation() -> None:
    (drawn,) = rendered(polygon((SQUARE,), (FAR_SQUARE,)))
    assert len(drawn["segmentation"]) == 2
    assert drawn["area"] == pytest.approx(800)
    assert drawn["bbox"] == pytest.approx([20, 10, 100, 20])
    assert drawn["iscrowd"] == 0


def test_polygons_that_overlap_count_once() -> None:
    (drawn,) = rendered(polygon((SQUARE,), (SQUARE,)))
    assert drawn["area"] == pytest.approx(400)


def test_collinear_polygon_has_no_area() -> None:
    (drawn,) = rendered(polygon(((0.1, 0.1, 0.2, 0.2, 0.3, 0.3),)))
    assert drawn["area"] == 0
    assert len(drawn["segmentation"][0]) == 6


def test_polygon_with_a_hole_is_run_length_encoded() -> None:
    (drawn,) = rendered(polygon((SQUARE, HOLE)))
    assert drawn["segmentation"]["size"] == [HEIGHT, WIDTH]
    assert drawn["area"] == pytest.approx(400 - 120)
    assert drawn["bbox"] == pytest.approx([20, 10, 20, 20])
    assert drawn["iscrowd"] == 1
    mask = coco_mask.decode(drawn["segmentation"])
    assert mask[10:30, 20:40].sum() == mask.sum() == 400 - 120
    assert not mask[15:25, 24:36].any()


def test_island_in_a_hole_is_kept() -> None:
    (drawn,) = rendered(polygon((SQUARE, HOLE), (ISLAND,)))
    assert drawn["area"] == pytest.approx(400 - 120 + 16)
    assert coco_mask.decode(drawn["segmentation"])[18:22, 28:32].all()


def test_polygons_with_and_without_holes_keep_their_order() -> None:
    texts = [
        type(d["segmentation"])
        for d in rendered(*[polygon((SQUARE,)), polygon((SQUARE, HOLE))] * 3)
    ]
    assert texts == [list, dict] * 3


def test_polyline_goes_there_and_back() -> None:
    assert rendered(annotation("polyline", 0, 0, 0.5, 0.5, 1, 0.25)) == [
        {
            "bbox": [0, 0, 200, 50],
            "area": 0,
            "iscrowd": 0,
            "segmentation": [[0, 0, 100, 50, 200, 25, 200, 25, 100, 50, 0, 0]],
            "num_keypoints": 0,
        }
    ]


def test_point() -> None:
    assert rendered(annotation("point", 0.5, 0.25)) == [
        {
            "bbox": [100, 25, 0, 0],
            "area": 0,
            "iscrowd": 0,
            "segmentation": [[100, 25]],
            "keypoints": [100, 25, 2],
            "num_keypoints": 1,
        }
    ]


def test_skeleton() -> None:
    drawn = skeleton(("index", 0.5, 0.5, 1), ("elbow", 0.9, 0.9, 2), ("wrist", 0.25, 0.75, 2))
    assert rendered(drawn) == [
        {
            "bbox": [50, 50, 50, 25],
            "area": 0,
            "iscrowd": 0,
            "segmentation": [],
            "keypoints": [50, 75, 2, 0, 0, 0, 100, 50, 1],
            "num_keypoints": 2,
        }
    ]


def test_skeleton_without_a_visible_point() -> None:
    (drawn,) = rendered(skeleton(("wrist", 0.5, 0.5, 0)))
    assert drawn["keypoints"] == [0] * 9
    assert drawn["bbox"] == [0, 0, 0, 0]
    assert drawn["num_keypoints"] == 0


def test_bitmask() -> None:
    mask = np.zeros((HEIGHT, WIDTH))
    mask[20:40, 30:33] = mask[35:37, 30:60] = 1
    (drawn,) = rendered(bitmask(mask))
    assert (coco_mask.decode(drawn["segmentation"]) == mask).all()
    assert drawn["bbox"] == [30, 20, 30, 20]
    assert drawn["area"] == mask.sum()
    assert drawn["iscrowd"] == 1


@pytest.mark.parametrize(("holes", "form"), [("keyhole", list), ("rle", dict)])
def test_bitmask_as_outline(holes: Literal["keyhole", "rle"], form: type) -> None:
    whole, pierced = np.zeros((2, HEIGHT, WIDTH))
    whole[20:40, 30:33] = whole[35:37, 30:60] = whole[80:, 190:] = 1
    pierced[10:30, 10:30] = 1
    pierced[15:20, 15:20] = 0
    profile = replace(ENCORD, bitmasks="outline", holes=holes)
    drawn = rendered(bitmask(whole), bitmask(pierced), profile=profile)
    assert [type(entry["segmentation"]) for entry in drawn] == [list, form]
    assert [entry["iscrowd"] for entry in drawn] == [0, int(form is dict)]
    for entry, mask in zip(drawn, (whole, pierced), strict=True):
        found = entry["segmentation"]
        if isinstance(found, list):
            found = coco_mask.merge(coco_mask.frPyObjects(found, HEIGHT, WIDTH))
        assert (coco_mask.decode(found) == mask).all()
        assert entry["area"] == mask.sum()


def test_small_grid_is_pasted_and_cropped() -> None:
    (drawn,) = rendered(bitmask(np.ones((10, 20)), top=95, left=-5))
    assert drawn["bbox"] == [0, 95, 15, 5]
    assert drawn["segmentation"]["size"] == [HEIGHT, WIDTH]


def test_circle() -> None:
    (drawn,) = rendered(annotation("circle", 0.5, 0.5, 0.1, 1.0, theta=0.0))
    assert drawn["bbox"] == [80, 30, 40, 40]
    assert drawn["area"] == pytest.approx(math.pi * 400)
    assert len(drawn["segmentation"][0]) >= 64


def test_radii_of_a_stretched_circle_go_by_the_width() -> None:
    (drawn,) = rendered(annotation("circle", 0.5, 0.5, 0.1, 0.5, theta=90.0))
    assert drawn["bbox"] == pytest.approx([90, 30, 20, 40])
    assert drawn["area"] == pytest.approx(math.pi * 20 * 10)


def test_ellipse() -> None:
    (drawn,) = rendered(annotation("ellipse", 0.5, 0.5, 0.1, 0.1, theta=0.0))
    assert drawn["bbox"] == [80, 40, 40, 20]
    assert drawn["area"] == pytest.approx(math.pi * 20 * 10)


def test_cuboid_is_the_hull_of_its_faces() -> None:
    front = (0.1, 0.1, 0.2, 0.1, 0.2, 0.3, 0.1, 0.3)
    back = (0.15, 0.05, 0.25, 0.05, 0.25, 0.25, 0.15, 0.25)
    (drawn,) = rendered(annotation("cuboid_2d", *front, *back))
    (ring,) = drawn["segmentation"]
    corners = {(round(x), round(y)) for x, y in zip(ring[::2], ring[1::2], strict=True)}
    assert corners == {(20, 10), (30, 5), (50, 5), (50, 25), (40, 30), (20, 30)}
    assert len(ring) == 12
    assert drawn["area"] == pytest.approx(30 * 25 - 2 * 0.5 * 10 * 5)
    assert drawn["bbox"] == pytest.approx([20, 5, 30, 25])


@pytest.mark.parametrize(
    ("face", "ring"),
    [
        ((0, 0, 0.5, 0.5, 0.25, 0.25), [0, 0, 100, 50, 100, 50, 0, 0]),
        ((0.5, 0.5, 0.5, 0.5), [100, 50, 100, 50]),
    ],
)
def test_flat_cuboid_has_no_area(face: tuple[float, ...], ring: list[float]) -> None:
    (drawn,) = rendered(annotation("cuboid_2d", *face, *face))
    assert drawn["segmentation"] == [ring]
    assert drawn["area"] == 0


def test_every_shape_is_drawn() -> None:
    assert {row["shape"] for row in EVERY_SHAPE} == set(SHAPES)
    assert len(rendered(*EVERY_SHAPE)) == len(EVERY_SHAPE)


@given(st.lists(st.sampled_from(range(len(EVERY_SHAPE)))))
def test_what_stands_beside_an_annotation_changes_nothing(order: list[int]) -> None:
    alone = render_geometry(table(*EVERY_SHAPE), TEMPLATES, ENCORD).members
    mixed = render_geometry(table(*(EVERY_SHAPE[i] for i in order)), TEMPLATES, ENCORD).members
    assert mixed.schema == alone.schema
    assert mixed.rows() == [alone.row(index) for index in order]


def test_columns_say_what_the_text_says() -> None:
    geometry = render_geometry(table(*EVERY_SHAPE), TEMPLATES, ENCORD).members
    texts = geometry_objects(geometry)
    for row, text in zip(geometry.iter_rows(named=True), texts, strict=True):
        keypoints = row["keypoints_json"]
        assert list(text) == [
            "bbox",
            "area",
            "iscrowd",
            "segmentation",
            *(["keypoints"] if keypoints else []),
            "num_keypoints",
        ]
        assert text["bbox"] == list(row["bbox"])
        assert [text[k] for k in ("area", "iscrowd", "num_keypoints")] == [
            row[k] for k in ("area", "iscrowd", "num_keypoints")
        ]
        assert text["segmentation"] == json.loads(row["segmentation_json"])
        assert text.get("keypoints") == (json.loads(keypoints) if keypoints else None)


def test_key_points_alone_have_keypoints() -> None:
    shapes = [row["shape"] for row in EVERY_SHAPE]
    keypoints = ["keypoints" in drawn for drawn in rendered(*EVERY_SHAPE)]
    assert keypoints == [shape in ("point", "skeleton") for shape in shapes]


def test_no_annotations() -> None:
    empty = render_geometry(table(), TEMPLATES, ENCORD).members
    assert empty.height == 0
    assert empty.schema == render_geometry(table(*EVERY_SHAPE), TEMPLATES, ENCORD).members.schema


def test_frames_of_different_sizes() -> None:
    box = annotation("bounding_box", 0.5, 0.5, 0.5, 0.5)
    small, large = rendered(box, box | {"frame_width": 4000, "frame_height": 3000})
    assert small["bbox"] == [100, 50, 100, 50]
    assert large["bbox"] == [2000, 1500, 2000, 1500]


def test_precision_rounds_coordinates_boxes_and_areas() -> None:
    profile = replace(ENCORD, coordinate_precision=1)
    box, point = rendered(
        annotation("bounding_box", 1 / 3, 1 / 3, 1 / 7, 1 / 7),
        annotation("point", 1 / 3, 1 / 7),
        profile=profile,
    )
    assert box["bbox"] == [66.7, 33.3, 28.6, 14.3]
    assert box["area"] == 408.2
    assert box["segmentation"][0][:2] == [66.7, 33.3]
    assert point["keypoints"] == [66.7, 14.3, 2]


def test_profile_says_whether_masks_are_crowds() -> None:
    profile = replace(ENCORD, rle_iscrowd=0)
    drawn = rendered(bitmask(np.eye(5)), polygon((SQUARE, HOLE)), profile=profile)
    assert [row["iscrowd"] for row in drawn] == [0, 0]


def test_missing_theta_is_none_at_all() -> None:
    turned, plain = rendered(
        annotation("rotatable_bounding_box", 0.25, 0.5, 0.125, 0.25, theta=None),
        annotation("bounding_box", 0.25, 0.5, 0.125, 0.25),
    )
    assert turned == plain
