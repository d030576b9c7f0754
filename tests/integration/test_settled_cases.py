"""Cases that section 10 of the export contract settles, from label row to COCO file."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from coco_dagster.coco.profiles import ENCORD
from tests.integration.exports import export_rows
from tests.integration.label_rows import Json, answered, box, image_row, skeleton
from tests.integration.ontologies import category, checklist, ontology, option, radio, template

TRIM = checklist("Trim", "Chrome", "Leather")
KIND = radio("Kind", option("Car", TRIM), "Lorry")


def classifications(attribute: Json, answers: list[Json], style: str, folder: Path) -> Any:
    row = image_row("a", box("car"), object_answers={"car": answers})
    profile = msgspec.structs.replace(ENCORD, classification_style=style)
    given = ontology(category("bounding_box", attribute))
    return export_rows([row], given, folder, profile=profile).classifications("car")


@pytest.mark.parametrize(
    ("answers", "flat", "nested"),
    [
        (
            [answered(TRIM, ["Leather"]), answered(KIND, "Car")],
            {"Kind": "Car", "Chrome": False, "Leather": True},
            {"Kind": {"answer": "Car", "attributes": {"Trim": ["Leather"]}}},
        ),
        (
            [answered(TRIM, []), answered(KIND, "Car")],
            {"Kind": "Car", "Chrome": False, "Leather": False},
            {"Kind": {"answer": "Car", "attributes": {"Trim": []}}},
        ),
        (
            [answered(KIND, "Car")],
            {"Kind": "Car"},
            {"Kind": {"answer": "Car", "attributes": {}}},
        ),
        (
            [answered(TRIM, []), answered(KIND, "Lorry")],
            {"Kind": "Lorry"},
            {"Kind": {"answer": "Lorry", "attributes": {}}},
        ),
    ],
    ids=["one option", "none of its options", "not answered", "below another option"],
)
@pytest.mark.parametrize("style", ["flat", "nested"])
def test_a_nested_checklist_is_listed_where_it_is_answered(
    answers: list[Json], flat: Json, nested: Json, style: str, tmp_path: Path
) -> None:
    found = classifications(KIND, answers, style, tmp_path)

    assert found == (flat if style == "flat" else nested)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [([answered(TRIM, [])], {"Chrome": False, "Leather": False}), ([], {})],
    ids=["none of its options", "not answered"],
)
def test_an_archived_checklist_is_listed_where_it_is_answered(
    answers: list[Json], expected: Json, tmp_path: Path
) -> None:
    assert classifications(TRIM | {"archived": True}, answers, "flat", tmp_path) == expected


@pytest.mark.parametrize("with_template", [True, False])
def test_a_skeleton_without_a_template_takes_its_points_from_the_labels_and_is_noted(
    with_template: bool, tmp_path: Path
) -> None:
    templates = [template("nose", "tail")] if with_template else []
    given = ontology(category("skeleton"), templates=templates)
    rows = [
        image_row("a", skeleton("dog", {"tail": (0.1, 0.2)})),
        image_row("b", skeleton("cat", {"nose": (0.5, 0.4), "tail": (0.1, 0.2)})),
    ]

    exported = export_rows(rows, given, tmp_path)

    points = ["nose", "tail"] if with_template else ["tail", "nose"]
    assert exported.categories[0]["keypoints"] == points
    assert exported.codes() == ([] if with_template else ["skeleton_without_template"])
