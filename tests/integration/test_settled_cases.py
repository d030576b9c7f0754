"""Cases that section 10 of the export contract settles, from label row to COCO file."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from coco_dagster.coco.profiles import ENCORD, ExportSettings
from tests.exports import export_rows
from tests.label_rows import JSON, answer, chosen, label_row, object_answers
from tests.objects import box
from tests.ontologies import checklist, object_node, ontology, option, radio

TRIM = checklist("Trim", "Chrome", "Leather")
KIND = radio("Kind", option("Car", TRIM), "Lorry")
CAR, LORRY = answer("Kind", chosen("Car")), answer("Kind", chosen("Lorry"))


def classifications(attribute: JSON, answers: list[JSON], style: str, folder: Path) -> Any:
    row = label_row([box("car")], object_answers=object_answers({"car": answers}))
    profile = msgspec.structs.replace(ENCORD, classification_style=style)
    nodes = ontology(object_node("bounding_box", attribute))
    settings = ExportSettings(profile=profile)
    return export_rows(folder, [row], nodes, settings).classifications("car")


@pytest.mark.parametrize(
    ("answers", "flat", "nested"),
    [
        (
            [answer("Trim", chosen("Leather")), CAR],
            {"Kind": "Car", "Chrome": False, "Leather": True},
            {"Kind": {"answer": "Car", "attributes": {"Trim": ["Leather"]}}},
        ),
        (
            [answer("Trim", []), CAR],
            {"Kind": "Car", "Chrome": False, "Leather": False},
            {"Kind": {"answer": "Car", "attributes": {"Trim": []}}},
        ),
        (
            [CAR],
            {"Kind": "Car"},
            {"Kind": {"answer": "Car", "attributes": {}}},
        ),
        (
            [answer("Trim", []), LORRY],
            {"Kind": "Lorry"},
            {"Kind": {"answer": "Lorry", "attributes": {}}},
        ),
    ],
    ids=["one option", "none of its options", "not answered", "below another option"],
)
@pytest.mark.parametrize("style", ["flat", "nested"])
def test_a_nested_checklist_is_listed_where_it_is_answered(
    answers: list[JSON], flat: JSON, nested: JSON, style: str, tmp_path: Path
) -> None:
    found = classifications(KIND, answers, style, tmp_path)

    assert found == (flat if style == "flat" else nested)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [([answer("Trim", [])], {"Chrome": False, "Leather": False}), ([], {})],
    ids=["none of its options", "not answered"],
)
def test_an_archived_checklist_is_listed_where_it_is_answered(
    answers: list[JSON], expected: JSON, tmp_path: Path
) -> None:
    assert classifications(TRIM | {"archived": True}, answers, "flat", tmp_path) == expected
