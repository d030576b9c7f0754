"""Annotations drawn with Pillow, against the masks that pycocotools makes of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as coco_mask

from coco_dagster.coco.published import CocoAnnotation, Rle
from coco_dagster.report.categories import ShownCategory
from coco_dagster.report.drawing import DrawnAnnotation, Look, draw_annotations
from coco_dagster.report.figures import Figure, figure_of
from tests.exports import Export, export_rows
from tests.label_rows import HEIGHT, JSON, WIDTH, label_row
from tests.objects import every_shape, polygons, rectangle, skeleton
from tests.ontologies import ontology, template

RED = "#FF0000"
LOOK = Look(line=1, point=4, letters=12)
SCALE = 2
LINES = 3
"""Pixels of the drawing, at twice the size, that a line with its rim covers on either side."""

Pixels = NDArray[np.bool_]


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """One annotation of every shape, and polygons with holes and of several parts."""
    hole = [rectangle(0.1, 0.1, 0.6, 0.6), rectangle(0.3, 0.3, 0.2, 0.2)]
    parts = ([rectangle(0, 0, 0.3, 0.3)], [rectangle(0.2, 0.2, 0.4, 0.4)])
    objects = [*every_shape(), polygons("hole", hole), polygons("parts", *parts)]
    return export_rows(tmp_path_factory.mktemp("shapes"), [label_row(objects)])


def figure(entry: JSON, skeleton_edges: tuple[tuple[int, int], ...] = ()) -> Figure:
    given = entry["segmentation"]
    segmentation = Rle(tuple(given["size"]), given["counts"]) if isinstance(given, dict) else given
    annotation = CocoAnnotation(
        0, 0, 1, tuple(entry["bbox"]), 0, segmentation, {}, entry.get("keypoints", [])
    )
    return figure_of(annotation, ShownCategory("name", "shape", RED, (), skeleton_edges))


def drawn(*figures: Figure, name: str = "", look: Look = LOOK) -> NDArray[np.uint8]:
    """Pixels of figures drawn in red on a black picture, at twice the size of the image."""
    size = (WIDTH * SCALE, HEIGHT * SCALE)
    black = Image.new("RGB", (WIDTH, HEIGHT))
    annotations = [DrawnAnnotation(figure, RED, name) for figure in figures]
    return np.asarray(draw_annotations(black, (WIDTH, HEIGHT), size, annotations, look))


def mask_of(entry: JSON) -> Pixels:
    """Pixels of an annotation as `COCO.annToMask` gives them, at twice the size."""
    given = entry["segmentation"]
    if isinstance(given, list):
        rings = [[value * SCALE for value in ring] for ring in given]
        runs = coco_mask.merge(coco_mask.frPyObjects(rings, HEIGHT * SCALE, WIDTH * SCALE))
        return np.asarray(coco_mask.decode(runs)) > 0
    return np.asarray(coco_mask.decode(given)).repeat(SCALE, 0).repeat(SCALE, 1) > 0


def shifted(pixels: Pixels, reach: int, combine: Any) -> Pixels:
    """Pixels combined with those at most so far away, whose border repeats."""
    padded = np.pad(pixels, reach, mode="edge")
    result = pixels
    for dy in range(2 * reach + 1):
        for dx in range(2 * reach + 1):
            part = padded[dy : dy + pixels.shape[0], dx : dx + pixels.shape[1]]
            result = combine(result, part)
    return result


AREAS = (
    *("bounding_box", "rotatable_bounding_box", "polygon", "bitmask", "circle", "ellipse"),
    *("cuboid_2d", "hole", "parts"),
)


@pytest.mark.parametrize("name", AREAS)
def test_what_is_drawn_is_what_the_mask_covers(shapes: Export, name: str) -> None:
    entry = shapes.annotation(name)
    red = drawn(figure(entry))[:, :, 0] > 0
    mask = mask_of(entry)
    assert not (shifted(mask, LINES, np.logical_and) & ~red).any()
    assert not (red & ~shifted(mask, LINES, np.logical_or)).any()


def test_an_area_is_tinted_once_where_its_rings_overlap(shapes: Export) -> None:
    pixels = drawn(figure(shapes.annotation("parts")))
    in_one, in_both = (
        pixels[round(HEIGHT * SCALE * at), round(WIDTH * SCALE * at)] for at in (0.1, 0.25)
    )
    assert 0 < in_one[0] < 100
    assert tuple(in_both) == tuple(in_one)


def test_a_line_is_a_line_and_no_area(shapes: Export) -> None:
    found = figure(shapes.annotation("polyline"))
    assert (found.path, found.rings) == ([0, 0, WIDTH, HEIGHT], [])


def test_a_ring_that_does_not_go_back_is_an_area() -> None:
    ring = [0.0, 0, 10, 0, 10, 10, 0, 10]
    found = figure({"segmentation": [ring], "bbox": [0, 0, 10, 10]})
    assert (found.path, found.rings) == ([], [ring])


def points_of(tmp_path: Path, **visibility: str) -> JSON:
    points = {
        name: {"x": (at + 1) / 5, "y": 0.5, "visibility": seen}
        for at, (name, seen) in enumerate(visibility.items())
    }
    nodes = ontology(templates=[template(*visibility, edges=[(0, 1), (1, 2)])])
    export = export_rows(tmp_path, [label_row([skeleton("o", points)])], nodes)
    return export.annotation("o")


def test_a_hidden_point_is_hollow_and_a_missing_one_is_not_drawn(tmp_path: Path) -> None:
    entry = points_of(tmp_path, a="visible", b="occluded", c="invisible")
    pixels = drawn(figure(entry, ((0, 1), (1, 2))))
    middle = HEIGHT * SCALE // 2
    seen, hidden, missing = (pixels[middle, round(WIDTH * SCALE * at / 5)] for at in (1, 2, 3))
    assert tuple(seen) == (255, 0, 0)
    assert tuple(hidden) == (255, 255, 255)
    assert tuple(missing) == (0, 0, 0)


def test_edges_join_points_that_are_labelled(tmp_path: Path) -> None:
    entry = points_of(tmp_path, a="visible", b="occluded", c="invisible")
    pixels = drawn(figure(entry, ((0, 1), (1, 2))))
    middle = HEIGHT * SCALE // 2
    between_a_and_b, between_b_and_c = (
        pixels[middle, round(WIDTH * SCALE * at / 5)] for at in (1.5, 2.5)
    )
    assert between_a_and_b[0] > 100
    assert between_b_and_c[0] == 0


def test_an_edge_to_a_point_that_there_is_none_of_is_left_out() -> None:
    entry = {"segmentation": [], "bbox": [0, 0, 1, 1], "keypoints": [1, 1, 2]}
    assert figure(entry, ((0, 1),)).edges == ()


def test_edges_of_areas_are_smooth(shapes: Export) -> None:
    levels = np.unique(drawn(figure(shapes.annotation("circle")))[:, :, 0])
    assert len(levels) > 10


def test_a_name_is_written_in_black_or_white_on_its_colour(shapes: Export) -> None:
    plain = drawn(figure(shapes.annotation("bounding_box")))
    named = drawn(figure(shapes.annotation("bounding_box")), name="Vessel")
    changed = (plain != named).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert 14 <= rows[-1] - rows[0] <= 24
    assert 30 <= columns[-1] - columns[0] <= 80
    colors = {tuple(pixel) for pixel in named[changed]}
    assert (255, 0, 0) in colors


def test_no_name_covers_another(shapes: Export) -> None:
    same = figure(shapes.annotation("bounding_box"))
    one, two, five = (
        (drawn(*[same] * count, name="Vessel") != drawn(*[same] * count)).any(axis=2).sum()
        for count in (1, 2, 5)
    )
    assert two == pytest.approx(2 * one, rel=0.1)
    assert five == pytest.approx(5 * one, rel=0.1)


def test_an_image_without_a_picture_is_a_plain_sheet() -> None:
    sheet = draw_annotations(None, (100, 50), (200, 100), [], LOOK)
    assert sheet.size == (200, 100)
    assert np.asarray(sheet).min() > 180


def test_what_lies_outside_of_the_image_is_no_error(shapes: Export) -> None:
    far = Figure((-500.0, -500.0, 50.0, 50.0), rings=[[-500, -500, -450, -500, -450, -450]])
    assert not drawn(far).any()


def test_a_mask_that_is_too_large_to_decode_is_left_out() -> None:
    huge = Figure((0.0, 0.0, 5.0, 5.0), mask=Rle((100_000, 100_000), "0"))
    assert not drawn(huge).any()
