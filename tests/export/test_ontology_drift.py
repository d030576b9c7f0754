"""Labels that use what the ontology no longer has are found."""

from pathlib import Path

import pytest

from coco_dagster.export import build_ontology, snapshot_raw_labels
from coco_dagster.export.ontology_drift import Drift, ontology_drift
from tests.label_rows import (
    JSON,
    answer,
    as_json,
    chosen,
    classified,
    image_unit,
    label_row,
    object_answers,
    placed,
)
from tests.objects import box
from tests.ontologies import classification_node, object_node, option, radio

SAILS = radio("rig", option("sloop"), option("ketch"))
WEATHER = classification_node("weather", radio("sky", "clear"), name="Weather")


def drift(tmp_path: Path, *objects: JSON, classifications: tuple[JSON, ...] = ()) -> list[Drift]:
    """Drift of labels of a boat with a sloop's rig under a clear sky."""
    row = label_row(
        {"file": image_unit([box("o", name="Boat")], [placed("c")])},
        object_answers=object_answers({"o": [answer("rig", chosen("sloop"))]}),
        classification_answers=classified("c", [answer("sky", chosen("clear"))]),
    )
    labels, ontology = tmp_path / "labels.json", tmp_path / "ontology.json"
    labels.write_text(as_json([row]))
    given = {"objects": list(objects), "classifications": list(classifications) or [WEATHER]}
    ontology.write_text(as_json(given))
    raw = snapshot_raw_labels(str(labels), str(tmp_path / "raw"), workers=1)
    return ontology_drift([raw], build_ontology(str(ontology), raw, str(tmp_path / "nodes")))


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (object_node("bounding_box", SAILS, name="Boat"), []),
        (object_node("polygon", SAILS, name="Boat"), [("categories", "removed", None)]),
        (object_node("bounding_box", SAILS, name="Ship"), [("categories", "renamed", "Ship")]),
        (
            object_node("bounding_box", SAILS, name="Boat", archived=True),
            [("categories", "archived", "Boat")],
        ),
        (
            object_node("bounding_box", radio("rig", option("ketch")), name="Boat"),
            [("options", "removed", None)],
        ),
        (
            object_node("bounding_box", radio("rig", option("sloop", label="Slup")), name="Boat"),
            [("options", "renamed", "Slup")],
        ),
    ],
    ids=["none", "removed class", "renamed class", "archived class", "no option", "other option"],
)
def test_what_labels_use_and_the_ontology_lost_is_named(
    tmp_path: Path, node: JSON, expected: list[tuple[str, str, str | None]]
) -> None:
    assert [(one.node, one.problem, one.now) for one in drift(tmp_path, node)] == expected


def test_labels_know_no_name_of_a_classification(tmp_path: Path) -> None:
    boat = object_node("bounding_box", SAILS, name="Boat")
    renamed = WEATHER | {"name": "Something else"}
    assert drift(tmp_path, boat, classifications=(renamed,)) == []
