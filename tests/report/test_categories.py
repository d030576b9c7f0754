"""Categories over all files, in the colours of the ontology."""

from coco_dagster.coco.published import CocoCategory, CocoHead
from coco_dagster.report.categories import PALETTE, shown_categories
from coco_dagster.report.published_export import OntologyObject


def head(*categories: tuple[int, str, str]) -> CocoHead:
    return CocoHead({}, tuple(CocoCategory(*category) for category in categories))


def node(name: str, shape: str, color: str | None) -> OntologyObject:
    return OntologyObject(name, name, shape, color)


def test_colours_are_those_of_the_ontology() -> None:
    found = shown_categories(
        [("a.json", head((1, "Boat", "polygon"), (2, "Boat", "point")))],
        [node("Boat", "point", "#0000FF"), node("Boat", "polygon", "#ff0000")],
    )
    assert [entry.color for entry in found.entries] == ["#ff0000", "#0000FF"]


def test_a_name_that_was_made_unique_keeps_its_colour() -> None:
    found = shown_categories(
        [("a.json", head((1, "Boat (polygon)", "polygon")))], [node("Boat", "polygon", "#123456")]
    )
    assert found.entries[0].color == "#123456"


def test_what_is_no_colour_is_replaced() -> None:
    heads = [("a.json", head((1, "A", "point"), (2, "B", "point"), (3, "C", "point")))]
    colors = [node("A", "point", None), node("B", "point", 'red"><script>')]
    found = shown_categories(heads, colors)
    assert [entry.color for entry in found.entries] == list(PALETTE[:3])


def test_categories_of_several_files_are_one_whatever_their_numbers() -> None:
    heads = [
        ("train.json", head((1, "Boat", "polygon"), (2, "Buoy", "point"))),
        ("val.json", head((1, "Buoy", "point"), (2, "Boat", "polygon"))),
    ]
    found = shown_categories(heads, [])
    assert [entry.name for entry in found.entries] == ["Boat", "Buoy"]
    assert found.positions == {
        ("train.json", 1): 0,
        ("train.json", 2): 1,
        ("val.json", 1): 1,
        ("val.json", 2): 0,
    }


def test_two_classes_of_one_name_and_shape_stay_two() -> None:
    twice = head((1, "Boat", "polygon"), (2, "Boat", "polygon"))
    colors = [node("Boat", "polygon", "#111111"), node("Boat", "polygon", "#222222")]
    found = shown_categories([("a.json", twice), ("b.json", twice)], colors)
    assert [entry.color for entry in found.entries] == ["#111111", "#222222"]
    assert found.positions["b.json", 2] == 1


def test_edges_of_skeletons_count_from_0() -> None:
    category = CocoCategory(1, "Person", "skeleton", ("a", "b"), ((1, 2),))
    found = shown_categories([("a.json", CocoHead({}, (category,)))], [])
    assert found.entries[0].skeleton == ((0, 1),)
