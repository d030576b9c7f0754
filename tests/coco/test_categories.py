import json
from typing import Any

import pytest

from coco_dagster.coco.categories import Categories, coco_categories
from coco_dagster.encord.ontology import (
    Ontology,
    OntologyClassification,
    OntologyObject,
    SkeletonEdge,
    SkeletonPoint,
    SkeletonTemplate,
)
from coco_dagster.encord.shapes import SHAPES
from coco_dagster.tables.ontology_tables import ontology_tables

FACE = SkeletonTemplate(
    (SkeletonPoint("nose"), SkeletonPoint("left eye"), SkeletonPoint("right eye")),
    (SkeletonEdge(0, 2), SkeletonEdge(0, 1)),
)


def categories(*objects: OntologyObject) -> Categories:
    classification = OntologyClassification("c1", "Weather")
    return coco_categories(ontology_tables(Ontology.of(objects, [classification])))


def written(found: Categories) -> Any:
    return json.loads(found.json)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_shapes_of_images_are_listed_with_their_shape_as_supercategory(shape: str) -> None:
    (category,) = written(categories(OntologyObject("h", "Sign", shape)))

    assert category["name"] == "Sign"
    assert category["supercategory"] == shape


@pytest.mark.parametrize("shape", ["audio", "text", "time_range", "cuboid", "segmentation", "x"])
def test_shapes_that_no_image_holds_are_not_listed(shape: str) -> None:
    assert written(categories(OntologyObject("h", "Sign", shape))) == []


def test_ids_count_listed_objects_in_ontology_order_and_archived_ones_too() -> None:
    found = categories(
        OntologyObject("z", "Z", "polygon"),
        OntologyObject("sound", "Sound", "audio"),
        OntologyObject("a", "A", "bounding_box", archived=True),
    )

    assert found.ids == {"z": 1, "a": 2}
    assert [(entry["id"], entry["name"]) for entry in written(found)] == [(1, "Z"), (2, "A")]


def test_only_points_and_skeletons_have_keypoints() -> None:
    found = categories(
        OntologyObject("b", "Box", "bounding_box"),
        OntologyObject("p", "Tip", "point"),
        OntologyObject("s", "Face", "skeleton", skeleton=FACE),
    )

    assert written(found) == [
        {"id": 1, "name": "Box", "supercategory": "bounding_box"},
        {
            "id": 2,
            "name": "Tip",
            "supercategory": "point",
            "keypoints": ["keypoint"],
            "skeleton": [],
        },
        {
            "id": 3,
            "name": "Face",
            "supercategory": "skeleton",
            "keypoints": ["nose", "left eye", "right eye"],
            "skeleton": [[1, 2], [1, 3]],
        },
    ]
    assert found.point_names == {"s": ("nose", "left eye", "right eye")}


def test_a_skeleton_without_any_point_has_empty_lists() -> None:
    found = categories(OntologyObject("s", "Face", "skeleton"))

    assert written(found)[0]["keypoints"] == []
    assert written(found)[0]["skeleton"] == []
    assert found.point_names == {"s": ()}


def test_a_profile_may_list_fewer_shapes() -> None:
    objects = [OntologyObject("p", "Tip", "point"), OntologyObject("b", "Box", "bounding_box")]
    tables = ontology_tables(Ontology.of(objects, []))

    assert coco_categories(tables, {"bounding_box"}).ids == {"b": 1}


def test_each_category_has_a_line_of_its_own_and_names_stay_readable() -> None:
    found = categories(OntologyObject("a", "Tür", "polygon"), OntologyObject("b", "B", "polygon"))

    assert found.json.decode().splitlines()[1] == (
        '{"id":1,"name":"Tür","supercategory":"polygon"},'
    )


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ([("Car", "polygon"), ("Bus", "polygon")], ["Car", "Bus"]),
        (
            [("Car", "polygon"), ("Car", "bitmask")],
            ["Car (polygon)", "Car (bitmask)"],
        ),
        (
            [("Car", "polygon"), ("Car", "polygon"), ("Car", "circle")],
            ["Car (polygon)", "Car (polygon) (2)", "Car (circle)"],
        ),
        (
            [("Car", "polygon"), ("Car (polygon)", "circle"), ("Car", "polygon")],
            ["Car (polygon) (2)", "Car (polygon)", "Car (polygon) (3)"],
        ),
        ([("", "polygon"), ("", "polygon")], [" (polygon)", " (polygon) (2)"]),
    ],
)
def test_equal_names_are_told_apart_where_asked_for(
    given: list[tuple[str, str]], names: list[str]
) -> None:
    nodes = [OntologyObject(str(n), name, shape) for n, (name, shape) in enumerate(given)]
    tables = ontology_tables(Ontology.of(nodes, []))
    told_apart = coco_categories(tables, unique_names=True)
    assert [entry.name for entry in told_apart.entries] == names
    as_given = coco_categories(tables)
    assert [entry.name for entry in as_given.entries] == [name for name, _ in given]


def test_only_the_shapes_of_a_file_are_listed_and_numbered() -> None:
    nodes = [OntologyObject(shape, shape, shape) for shape in ("polygon", "point", "circle")]
    found = coco_categories(ontology_tables(Ontology.of(nodes, [])), ("polygon", "circle"), 5)
    assert found.ids == {"polygon": 5, "circle": 6}
    assert found.shapes == {"polygon": "polygon", "circle": "circle"}
