import pytest

from coco_dagster.encord.ontology import (
    Attribute,
    Ontology,
    OntologyClassification,
    OntologyObject,
    Option,
    SkeletonEdge,
    SkeletonPoint,
    SkeletonTemplate,
)
from coco_dagster.tables.ontology_tables import ontology_tables
from coco_dagster.tables.schemas import ONTOLOGY_TABLES, table_key

DOORS = Attribute("doors", "Doors", "numeric")
ONTOLOGY = Ontology.of(
    [
        OntologyObject(
            "z-face",
            "Face",
            "skeleton",
            color="#D33115",
            skeleton=SkeletonTemplate(
                (SkeletonPoint("nose", "n1", 0.5, 0.25, "#000000"), SkeletonPoint("eye")),
                (SkeletonEdge(1, 0, "#FFFFFF"), SkeletonEdge(0, 1)),
            ),
        ),
        OntologyObject(
            "a-car",
            "Car",
            "bounding_box",
            archived=True,
            attributes=(
                Attribute(
                    "kind",
                    "Kind",
                    "radio",
                    required=True,
                    options=(
                        Option("lorry", "Lorry", "lorry", archived=True),
                        Option("car", "Car", attributes=(DOORS,)),
                    ),
                ),
                Attribute("note", "Note", "text", dynamic=True, archived=True),
            ),
        ),
    ],
    [OntologyClassification("c1", "Site", "global", True, (Attribute("site", "Site", "text"),))],
)


@pytest.mark.parametrize("ontology", [ONTOLOGY, Ontology.of([], [])], ids=["full", "empty"])
@pytest.mark.parametrize("name", sorted(ONTOLOGY_TABLES))
def test_tables_have_their_schema_and_are_sorted_by_their_key(
    ontology: Ontology, name: str
) -> None:
    schema = ONTOLOGY_TABLES[name]
    table = ontology_tables(ontology)[name]

    assert table.schema.equals(schema, check_metadata=True)
    table.validate(full=True)
    keys = [tuple(row[column] for column in table_key(schema)) for row in table.to_pylist()]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


def test_categories_hold_objects_and_classifications_in_their_own_order() -> None:
    rows = ontology_tables(ONTOLOGY)["categories"].to_pylist()

    assert rows == [
        {
            "feature_hash": "a-car",
            "kind": "object",
            "node_index": 1,
            "name": "Car",
            "shape": "bounding_box",
            "color": None,
            "level": None,
            "archived": True,
            "has_template": False,
        },
        {
            "feature_hash": "c1",
            "kind": "classification",
            "node_index": 0,
            "name": "Site",
            "shape": None,
            "color": None,
            "level": "global",
            "archived": True,
            "has_template": False,
        },
        {
            "feature_hash": "z-face",
            "kind": "object",
            "node_index": 0,
            "name": "Face",
            "shape": "skeleton",
            "color": "#D33115",
            "level": None,
            "archived": False,
            "has_template": True,
        },
    ]


def test_attributes_are_numbered_depth_first() -> None:
    rows = ontology_tables(ONTOLOGY)["attributes"].to_pylist()

    assert {row["attribute_hash"]: row["attribute_index"] for row in rows} == {
        "kind": 0,
        "doors": 1,
        "note": 2,
        "site": 0,
    }
    assert {row["attribute_hash"]: row["parent_option_hash"] for row in rows} == {
        "kind": None,
        "doors": "car",
        "note": None,
        "site": None,
    }
    assert [row["attribute_hash"] for row in rows if row["dynamic"] and row["archived"]] == ["note"]
    assert [row["attribute_hash"] for row in rows if row["required"]] == ["kind"]


def test_options_keep_their_order_in_the_attribute() -> None:
    rows = ontology_tables(ONTOLOGY)["options"].to_pylist()

    assert [(row["option_hash"], row["option_index"], row["value"]) for row in rows] == [
        ("car", 1, None),
        ("lorry", 0, "lorry"),
    ]


def test_skeletons_have_points_and_edges() -> None:
    tables = ontology_tables(ONTOLOGY)

    assert tables["skeleton_points"].to_pylist()[0] == {
        "feature_hash": "z-face",
        "point_index": 0,
        "name": "nose",
        "point_hash": "n1",
        "x": 0.5,
        "y": 0.25,
        "color": "#000000",
    }
    edges = tables["skeleton_edges"].to_pylist()
    assert [(edge["from_index"], edge["to_index"], edge["color"]) for edge in edges] == [
        (0, 1, None),
        (1, 0, "#FFFFFF"),
    ]


def test_points_that_come_from_labels_are_no_template() -> None:
    ontology = Ontology.of([OntologyObject("s", "Face", "skeleton")], [])
    tables = ontology_tables(ontology.with_skeleton_points({"s": ["nose", "eye"]}))

    assert tables["categories"]["has_template"].to_pylist() == [False]
    assert tables["skeleton_points"]["name"].to_pylist() == ["nose", "eye"]
