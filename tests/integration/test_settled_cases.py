"""Cases that section 10 of the export contract settles, from label row to COCO file."""

from pathlib import Path

import msgspec
import pytest

from coco_dagster.coco.profiles import ENCORD, ExportSettings
from tests.exports import Export, export_rows
from tests.label_rows import JSON, answer, chosen, label_row, object_answers
from tests.objects import box
from tests.ontologies import checklist, object_node, ontology, option, radio

TRIM = checklist("Trim", "Chrome", "Leather")
KIND = radio("Kind", option("Car", TRIM), "Lorry")
CAR, LORRY = answer("Kind", chosen("Car")), answer("Kind", chosen("Lorry"))
LEATHER, NO_TRIM = answer("Trim", chosen("Leather")), answer("Trim", [])

NESTED_CHECKLISTS: dict[str, tuple[list[JSON], dict[str, JSON]]] = {
    "one option": (
        [LEATHER, CAR],
        {
            "flat": {"Kind": "Car", "Chrome": False, "Leather": True},
            "nested": {"Kind": {"answer": "Car", "attributes": {"Trim": ["Leather"]}}},
        },
    ),
    "none of its options": (
        [NO_TRIM, CAR],
        {
            "flat": {"Kind": "Car", "Chrome": False, "Leather": False},
            "nested": {"Kind": {"answer": "Car", "attributes": {"Trim": []}}},
        },
    ),
    "not answered": (
        [CAR],
        {"flat": {"Kind": "Car"}, "nested": {"Kind": {"answer": "Car", "attributes": {}}}},
    ),
    "below another option": (
        [NO_TRIM, LORRY],
        {"flat": {"Kind": "Lorry"}, "nested": {"Kind": {"answer": "Lorry", "attributes": {}}}},
    ),
}


def export_answers(
    folder: Path, attribute: JSON, answers: dict[str, list[JSON]], style: str = "flat"
) -> Export:
    """Export a box for each list of answers, called like it."""
    row = label_row([box(name) for name in answers], object_answers=object_answers(answers))
    nodes = ontology(object_node("bounding_box", attribute))
    profile = msgspec.structs.replace(ENCORD, classification_style=style)
    return export_rows(folder, [row], nodes, ExportSettings(profile=profile))


@pytest.fixture(scope="module")
def styled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Export]:
    """Nested checklists in each style."""
    answers = {name: given for name, (given, _) in NESTED_CHECKLISTS.items()}
    folder = tmp_path_factory.mktemp("styles")
    return {
        style: export_answers(folder / style, KIND, answers, style) for style in ("flat", "nested")
    }


@pytest.mark.parametrize("style", ["flat", "nested"])
@pytest.mark.parametrize("name", NESTED_CHECKLISTS)
def test_a_nested_checklist_is_listed_where_it_is_answered(
    styled: dict[str, Export], style: str, name: str
) -> None:
    _, expected = NESTED_CHECKLISTS[name]
    assert styled[style].classifications(name) == expected[style]


def test_an_archived_checklist_is_listed_where_it_is_answered(tmp_path: Path) -> None:
    answers = {"none of its options": [NO_TRIM], "not answered": []}
    found = export_answers(tmp_path, TRIM | {"archived": True}, answers)
    assert found.classifications("none of its options") == {"Chrome": False, "Leather": False}
    assert found.classifications("not answered") == {}
