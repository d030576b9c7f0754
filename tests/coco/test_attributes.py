import json
from collections.abc import Iterable
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from coco_dagster.coco.attributes import (
    AttributeTemplates,
    frame_classifications,
    object_classifications,
    relations,
)
from coco_dagster.coco.profiles import ClassificationStyle
from coco_dagster.encord.ontology import (
    Attribute,
    Ontology,
    OntologyClassification,
    OntologyObject,
    Option,
)
from coco_dagster.tables.ontology_tables import ontology_tables
from coco_dagster.tables.schemas import ANNOTATIONS, ANSWERS, CLASSIFICATIONS, FRAMES, RELATIONS

Row = dict[str, Any]


def table(schema: pa.Schema, rows: Iterable[Row]) -> pl.DataFrame:
    frame = pl.from_arrow(pa.Table.from_pylist(list(rows), schema=schema))
    assert isinstance(frame, pl.DataFrame)
    return frame


def attribute(kind: str, name: str, *options: Option, **more: Any) -> Attribute:
    return Attribute(more.pop("hash", f"{kind} {name}"), name, kind, options=options, **more)


def option(label: str, *nested: Attribute, **more: Any) -> Option:
    return Option(more.pop("hash", f"o {label}"), label, attributes=nested, **more)


def templates(*attributes: Attribute, style: ClassificationStyle = "flat") -> AttributeTemplates:
    objects = [OntologyObject("f", "Car", "polygon", attributes=attributes)]
    return AttributeTemplates.from_tables(ontology_tables(Ontology.of(objects, [])), style)


def annotation(frame: int = 0, **more: Any) -> Row:
    own = {"label_hash": "l", "data_hash": "d", "object_hash": "o", "feature_hash": "f"}
    rest = {"annotation_index": 0, "shape": "polygon", "coordinates": []}
    return own | rest | {"frame": frame, "manual_annotation": True} | more


def answer(attribute_hash: str, value: Any = None, chosen: str | None = None, **more: Any) -> Row:
    own = {"label_hash": "l", "owner": "object", "owner_hash": "o", "option_hash": chosen}
    value_json = None if value is None else json.dumps(value, ensure_ascii=False)
    return own | {"attribute_hash": attribute_hash, "value_json": value_json} | more


def on(first: int, last: int, **more: Any) -> Row:
    return {"frame_from": first, "frame_to": last} | more


def written(
    known: AttributeTemplates, answers: Iterable[Row], *annotations: Row
) -> list[dict[str, Any]]:
    """Classifications of the annotations, by default of one on frame 0, with keys in order."""
    drawn = table(ANNOTATIONS, annotations or [annotation()])
    found = object_classifications(drawn, table(ANSWERS, answers), known)
    assert found.dtype == pl.String
    return [json.loads(text) for text in found]


RADIO = attribute("radio", "Kind", option("Car"), option("Lorry"))
FLAGS = attribute("checklist", "Flags", option("Wet"), option("Dark"))
PLATE = attribute("text", "Plate")
SCORE = attribute("numeric", "Score")
ALL = (RADIO, FLAGS, PLATE, SCORE)


def test_unanswered_attributes_are_null_and_options_false() -> None:
    assert written(templates(*ALL), []) == [
        {"Kind": None, "Wet": False, "Dark": False, "Plate": None, "Score": None}
    ]


def test_answers_stand_under_attribute_names_and_option_labels() -> None:
    answers = [
        answer("radio Kind", "Lorry", "o Lorry"),
        answer("checklist Flags", chosen="o Dark"),
        answer("text Plate", 'naïve "日本"\n'),
        answer("numeric Score", -2.5),
    ]

    assert written(templates(*ALL), answers) == [
        {"Kind": "Lorry", "Wet": False, "Dark": True, "Plate": 'naïve "日本"\n', "Score": -2.5}
    ]


def test_keys_stand_in_ontology_order_with_static_attributes_first() -> None:
    moving = attribute("text", "Moving", dynamic=True)
    lights = attribute("checklist", "Lights", option("Left"), dynamic=True)

    (found,) = written(templates(moving, PLATE, lights, SCORE), [])

    assert list(found) == ["Plate", "Score", "Moving", "Left"]


def test_an_empty_text_stays_empty() -> None:
    assert written(templates(PLATE), [answer("text Plate", "")]) == [{"Plate": ""}]


def test_the_text_of_an_answer_is_written_as_it_is() -> None:
    drawn, answers = table(ANNOTATIONS, [annotation()]), [answer("numeric Score")]
    answers[0]["value_json"] = "1" + 30 * "0"

    found = object_classifications(drawn, table(ANSWERS, answers), templates(SCORE))

    assert found.to_list() == ['{"Score":' + "1" + 30 * "0" + "}"]


def test_an_unknown_option_of_a_radio_keeps_the_text_of_its_answer() -> None:
    assert written(templates(RADIO), [answer("radio Kind", "Old name")]) == [{"Kind": "Old name"}]


def test_a_class_without_attributes_has_an_empty_object() -> None:
    assert written(templates(), [answer("radio Kind", "Car", "o Car")]) == [{}]


def test_an_object_whose_class_is_unknown_has_an_empty_object() -> None:
    assert written(templates(PLATE), [], annotation(feature_hash="x")) == [{}]


def test_no_annotations_give_no_texts() -> None:
    empty = table(ANNOTATIONS, [])

    assert object_classifications(empty, table(ANSWERS, []), templates(*ALL)).to_list() == []


def test_answers_of_other_owners_are_passed_over() -> None:
    answers = [
        answer("text Plate", "other object", owner_hash="o2"),
        answer("text Plate", "other row", label_hash="l2"),
        answer("text Plate", "a frame's", owner="frame"),
        answer("text Gone", "other attribute"),
        answer("checklist Flags", chosen="o Gone"),
    ]

    assert written(templates(PLATE), answers) == [{"Plate": None}]


def test_each_object_has_its_own_answers_in_the_order_of_the_annotations() -> None:
    drawn = [
        annotation(label_hash=row, object_hash=name, frame=frame)
        for frame in (1, 0)
        for name in ("b", "a")
        for row in ("l2", "l1")
    ]
    answers = [
        answer("text Plate", f"{row} {name}", label_hash=row, owner_hash=name)
        for row in ("l1", "l2")
        for name in ("a", "b")
    ]

    found = written(templates(PLATE), answers, *drawn)

    assert [entry["Plate"] for entry in found] == ["l2 b", "l1 b", "l2 a", "l1 a"] * 2


# Dynamic attributes.

SPEED = attribute("numeric", "Speed", dynamic=True)
LIGHTS = attribute("checklist", "Lights", option("Left"), option("Right"), dynamic=True)


def test_ranges_are_inclusive() -> None:
    answers = [answer("numeric Speed", 1, **on(2, 3)), answer("numeric Speed", 2, **on(5, 5))]

    found = written(templates(SPEED), answers, *map(annotation, range(1, 7)))

    assert [entry["Speed"] for entry in found] == [None, 1, 1, None, 2, None]


def test_options_of_a_dynamic_checklist_hold_on_ranges_of_their_own() -> None:
    answers = [
        answer("checklist Lights", chosen="o Left", **on(0, 2)),
        answer("checklist Lights", chosen="o Right", **on(2, 3)),
    ]

    found = written(templates(LIGHTS), answers, *map(annotation, range(4)))

    assert [(entry["Left"], entry["Right"]) for entry in found] == [
        (True, False),
        (True, False),
        (True, True),
        (False, True),
    ]


def test_ranges_may_cover_frames_without_the_object_and_end_beyond_all_frames() -> None:
    answers = [answer("numeric Speed", 1, **on(0, 9_999_999_999))]

    found = written(templates(SPEED), answers, annotation(7), annotation(9_999_999_999))

    assert [entry["Speed"] for entry in found] == [1, 1]


def test_static_and_dynamic_answers_stand_together() -> None:
    answers = [answer("text Plate", "AB"), answer("numeric Speed", 1, **on(1, 1))]

    assert written(templates(SPEED, PLATE), answers, annotation(0), annotation(1)) == [
        {"Plate": "AB", "Speed": None},
        {"Plate": "AB", "Speed": 1},
    ]


def test_an_answer_in_a_data_group_counts_in_frames_of_its_file() -> None:
    answers = [
        answer("numeric Speed", 1, data_hash="d1", **on(0, 5)),
        answer("numeric Speed", 2, data_hash="d2", **on(0, 0)),
    ]
    drawn = [annotation(frame, data_hash=file) for file in ("d1", "d2", "d3") for frame in (0, 1)]

    found = written(templates(SPEED), answers, *drawn)

    assert [entry["Speed"] for entry in found] == [1, 1, 2, None, None, None]


def test_a_dynamic_attribute_may_have_an_answer_that_holds_everywhere() -> None:
    answers = [answer("numeric Speed", 1), answer("numeric Speed", 2, **on(1, 1))]

    found = written(templates(SPEED), answers, *map(annotation, range(3)))

    assert [entry["Speed"] for entry in found] == [1, 2, 1]


def test_a_static_attribute_may_have_an_answer_that_holds_on_a_range() -> None:
    answers = [answer("text Plate", "AB", **on(1, 1)), answer("numeric Score", 5)]

    found = written(templates(SCORE, PLATE, SPEED), answers, annotation(0), annotation(1))

    assert [list(entry.items()) for entry in found] == [
        [("Score", 5), ("Plate", None), ("Speed", None)],
        [("Score", 5), ("Plate", "AB"), ("Speed", None)],
    ]


# Nested and archived attributes.

DOORS = attribute("radio", "Doors", option("Two", attribute("text", "Door note")), option("Four"))
EXTRAS = attribute("checklist", "Extras", option("Roof rack"), option("Tow bar"))
NESTED = attribute("radio", "Kind", option("Car", DOORS, EXTRAS), option("Lorry"))


def test_nested_attributes_are_listed_only_where_answered() -> None:
    assert written(templates(NESTED, PLATE), [answer("radio Kind", "Car", "o Car")]) == [
        {"Kind": "Car", "Plate": None}
    ]


def test_nested_answers_follow_their_parent() -> None:
    answers = [
        answer("text Door note", "bent", parent_option_hash="o Two"),
        answer("radio Doors", "Two", "o Two", parent_option_hash="o Car"),
        answer("radio Kind", "Car", "o Car"),
    ]

    (found,) = written(templates(NESTED, PLATE), answers)

    assert list(found.items()) == [
        ("Kind", "Car"),
        ("Doors", "Two"),
        ("Door note", "bent"),
        ("Plate", None),
    ]


@pytest.mark.parametrize("style", ["flat", "nested"])
def test_nested_answers_stand_only_below_a_chosen_option(style: ClassificationStyle) -> None:
    note = answer("text Door note", "bent")
    lingering = [answer("radio Kind", "Lorry", "o Lorry"), answer("radio Doors", "Two", "o Two")]
    known = templates(NESTED, style=style)

    assert written(known, [*lingering, note]) == written(known, lingering[:1])
    assert written(known, [note]) == written(known, [])


def test_nested_answers_come_and_go_with_the_option_above() -> None:
    state = attribute("radio", "State", option("Moving", PLATE), option("Parked"), dynamic=True)
    answers = [
        answer("radio State", "Moving", "o Moving", **on(0, 0)),
        answer("radio State", "Parked", "o Parked", **on(1, 1)),
        answer("text Plate", "AB"),
    ]

    assert written(templates(state), answers, *map(annotation, range(3))) == [
        {"State": "Moving", "Plate": "AB"},
        {"State": "Parked"},
        {"State": None},
    ]


def test_a_nested_checklist_is_listed_with_all_its_options() -> None:
    answers = [
        answer("radio Kind", "Car", "o Car"),
        answer("checklist Extras", chosen="o Tow bar", parent_option_hash="o Car"),
    ]

    assert written(templates(NESTED), answers) == [
        {"Kind": "Car", "Roof rack": False, "Tow bar": True}
    ]


def test_nested_answers_below_a_dynamic_attribute_follow_it_on_their_frames() -> None:
    state = attribute("radio", "State", option("Moving", EXTRAS), dynamic=True)
    answers = [
        answer("radio State", "Moving", "o Moving", **on(1, 2)),
        answer("checklist Extras", chosen="o Roof rack", **on(2, 2)),
    ]

    found = written(templates(state, PLATE), answers, *map(annotation, range(3)))

    assert found == [
        {"Plate": None, "State": None},
        {"Plate": None, "State": "Moving"},
        {"Plate": None, "State": "Moving", "Roof rack": True, "Tow bar": False},
    ]


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("text", answer("text Old", "x"), {"Old": "x"}),
        ("checklist", answer("checklist Old", chosen="o B"), {"A": False, "B": True}),
    ],
)
def test_archived_attributes_are_listed_only_where_answered(
    kind: str, given: Row, expected: Row
) -> None:
    options = (option("A"), option("B")) if kind == "checklist" else ()
    known = templates(attribute(kind, "Old", *options, archived=True), PLATE)

    assert written(known, []) == [{"Plate": None}]
    assert written(known, [given]) == [expected | {"Plate": None}]


def test_archived_options_are_listed() -> None:
    known = templates(attribute("checklist", "Flags", option("Wet", archived=True), option("Dark")))

    assert written(known, []) == [{"Wet": False, "Dark": False}]


# Keys.


def test_colliding_keys_carry_the_name_of_their_attribute_on_every_frame() -> None:
    known = templates(
        attribute("radio", "Wet", option("Yes"), hash="a"),
        attribute("checklist", "Flags", option("Wet"), option("Dark"), hash="b"),
    )

    assert written(known, []) == [{"Wet/Wet": None, "Flags/Wet": False, "Dark": False}]


def test_nested_attributes_collide_even_where_they_are_not_listed() -> None:
    lorry = attribute("text", "Doors", hash="doors of lorries")
    known = templates(attribute("radio", "Kind", option("Car", DOORS), option("Lorry", lorry)))

    found = written(
        known, [answer("radio Kind", "Lorry", "o Lorry"), answer("doors of lorries", "none")]
    )

    assert found == [{"Kind": "Lorry", "Doors/Doors (2)": "none"}]


def test_options_of_one_checklist_with_one_label_are_numbered() -> None:
    known = templates(
        attribute("checklist", "Flags", option("Wet", hash="o1"), option("Wet", hash="o2"))
    )

    assert written(known, [answer("checklist Flags", chosen="o2")]) == [
        {"Flags/Wet": False, "Flags/Wet (2)": True}
    ]


def test_classes_do_not_collide_with_one_another() -> None:
    objects = [
        OntologyObject(f, f, "polygon", attributes=(attribute("text", "Note", hash=f"note {f}"),))
        for f in ("f", "g")
    ]
    tables = ontology_tables(Ontology.of(objects, []))
    known = AttributeTemplates.from_tables(tables, "flat")
    drawn = [annotation(), annotation(feature_hash="g", object_hash="p")]

    found = written(known, [answer("note g", "x", owner_hash="p")], *drawn)

    assert found == [{"Note": None}, {"Note": "x"}]


def test_relations_are_not_repeated_and_do_not_collide() -> None:
    known = templates(
        attribute("text", "#relation"), attribute("checklist", "Flags", option("#relation"))
    )

    assert written(known, [answer("text #relation", "o2")]) == [{"#relation": False}]


# The nested style.


def nested(*attributes: Attribute) -> AttributeTemplates:
    return templates(*attributes, style="nested")


def test_nested_style_lists_the_chosen_labels_of_a_checklist() -> None:
    assert written(nested(*ALL), []) == [{"Kind": None, "Flags": [], "Plate": None, "Score": None}]
    answers = [answer("checklist Flags", chosen=f"o {label}") for label in ("Dark", "Wet")]
    assert written(nested(FLAGS), answers) == [{"Flags": ["Wet", "Dark"]}]


def test_nested_style_puts_nested_attributes_inside_their_parent() -> None:
    answers = [
        answer("radio Kind", "Car", "o Car"),
        answer("radio Doors", "Two", "o Two"),
        answer("text Door note", '{,[,"'),
        answer("checklist Extras", chosen="o Tow bar"),
    ]
    doors = {"answer": "Two", "attributes": {"Door note": '{,[,"'}}

    assert written(nested(NESTED), answers) == [
        {"Kind": {"answer": "Car", "attributes": {"Doors": doors, "Extras": ["Tow bar"]}}}
    ]


def test_nested_style_has_one_form_whether_answered_or_not() -> None:
    assert written(nested(NESTED), []) == [{"Kind": {"answer": None, "attributes": {}}}]


def test_nested_style_puts_attributes_below_options_of_a_checklist() -> None:
    known = nested(attribute("checklist", "Flags", option("Wet", PLATE), option("Dark", SCORE)))
    answers = [
        answer("checklist Flags", chosen="o Dark"),
        answer("numeric Score", 3),
    ]

    assert written(known, answers) == [{"Flags": {"answer": ["Dark"], "attributes": {"Score": 3}}}]


def test_nested_style_numbers_siblings_with_one_name() -> None:
    lorry = attribute("text", "Doors", hash="doors of lorries")
    known = nested(
        attribute("radio", "Kind", option("Car", DOORS), option("Lorry", lorry)),
        attribute("text", "Kind"),
    )

    answers = [answer("radio Kind", "Lorry", "o Lorry"), answer("doors of lorries", "none")]

    assert written(known, answers) == [
        {"Kind": {"answer": "Lorry", "attributes": {"Doors": "none"}}, "Kind (2)": None}
    ]


def test_nested_style_follows_the_frame() -> None:
    answers = [
        answer("checklist Lights", chosen="o Left", **on(0, 1)),
        answer("checklist Lights", chosen="o Right", **on(1, 1)),
    ]

    found = written(nested(LIGHTS), answers, *map(annotation, range(3)))

    assert [entry["Lights"] for entry in found] == [["Left"], ["Left", "Right"], []]


def test_nested_style_lists_archived_attributes_only_where_answered() -> None:
    known = nested(attribute("checklist", "Old", option("A"), archived=True), PLATE)

    assert written(known, []) == [{"Plate": None}]
    assert written(known, [answer("checklist Old", chosen="o A")]) == [
        {"Old": ["A"], "Plate": None}
    ]


# Frame classifications.

WEATHER = attribute("radio", "Weather", option("Sun"), option("Rain", attribute("text", "How")))
QUALITY = attribute("checklist", "Quality", option("Dark"), option("Noisy"))


def classes(*roots: Attribute, style: ClassificationStyle = "flat") -> AttributeTemplates:
    nodes = [OntologyClassification(root.name, root.name, attributes=(root,)) for root in roots]
    return AttributeTemplates.from_tables(ontology_tables(Ontology.of([], nodes)), style)


def image(frame: int, data_hash: str = "d", label_hash: str = "l") -> Row:
    return {"label_hash": label_hash, "data_hash": data_hash, "frame": frame, "image_index": 0}


def placed(feature: str, first: int | None = None, last: int | None = None, **more: Any) -> Row:
    own = {"label_hash": "l", "data_hash": "d", "classification_hash": f"k {feature}"}
    ends = {"frame_from": first, "frame_to": last, "precedence": 0}
    return own | {"feature_hash": feature} | ends | more


def framed(attribute_hash: str, value: Any = None, chosen: str | None = None, **more: Any) -> Row:
    return answer(attribute_hash, value, chosen, owner="frame", **more)


def on_frames(
    known: AttributeTemplates,
    placements: Iterable[Row],
    answers: Iterable[Row],
    images: Iterable[Row] = (image(0), image(1), image(2)),
) -> list[dict[str, Any]]:
    found = frame_classifications(
        table(FRAMES, images), table(CLASSIFICATIONS, placements), table(ANSWERS, answers), known
    )
    return [json.loads(text) for text in found]


def test_frames_without_classifications_have_an_empty_object() -> None:
    assert on_frames(classes(WEATHER), [], []) == [{}, {}, {}]
    assert on_frames(classes(), [placed("Weather", 0, 0)], []) == [{}, {}, {}]
    assert on_frames(classes(WEATHER), [placed("Weather", 7, 8)], []) == [{}, {}, {}]
    assert on_frames(classes(WEATHER), [placed("Weather", 0, 0)], [], []) == []


def test_classifications_stand_on_their_frames_inclusive() -> None:
    answers = [framed("radio Weather", "Sun", "o Sun", owner_hash="k Weather")]

    found = on_frames(classes(WEATHER), [placed("Weather", 1, 2)], answers)

    assert found == [{}, {"Weather": "Sun"}, {"Weather": "Sun"}]


def test_a_placement_without_a_range_stands_on_every_frame_of_its_file() -> None:
    images = [image(0), image(5), image(5, "d2"), image(5, "d", "l2")]

    found = on_frames(classes(WEATHER), [placed("Weather")], [], images)

    assert found == [{"Weather": None}, {"Weather": None}, {}, {}]


def test_placed_but_unanswered_is_null_or_false_for_every_option() -> None:
    placements = [placed("Weather", 0, 0), placed("Quality", 0, 0)]

    found = on_frames(classes(WEATHER, QUALITY), placements, [])

    assert found[0] == {"Weather": None, "Dark": False, "Noisy": False}


def test_classifications_follow_ontology_order_whatever_the_order_of_placements() -> None:
    placements = [placed("Quality", 0, 0), placed("Weather", 0, 0)]

    (found, *_) = on_frames(classes(WEATHER, QUALITY), placements, [])

    assert list(found) == ["Weather", "Dark", "Noisy"]


def test_nested_answers_of_a_classification_follow_its_root() -> None:
    answers = [
        framed("text How", "hard", owner_hash="k Weather"),
        framed("radio Weather", "Rain", "o Rain", owner_hash="k Weather"),
    ]

    (found, *_) = on_frames(classes(WEATHER), [placed("Weather", 0, 0)], answers)

    assert list(found.items()) == [("Weather", "Rain"), ("How", "hard")]


def test_the_later_of_two_on_a_frame_holds() -> None:
    placements = [
        placed("Weather", 0, 2, classification_hash="k1", precedence=1),
        placed("Weather", 1, 1, classification_hash="k2", precedence=2),
        placed("Weather", classification_hash="k3", precedence=0),
    ]
    answers = [
        framed("radio Weather", label, f"o {label}", owner_hash=owner)
        for owner, label in (("k1", "Sun"), ("k2", "Rain"), ("k3", "Rain"))
    ]

    found = on_frames(classes(WEATHER), placements, answers, [image(n) for n in range(4)])

    assert [entry["Weather"] for entry in found] == ["Sun", "Rain", "Sun", "Rain"]


def test_the_winner_hides_answers_of_the_loser() -> None:
    placements = [
        placed("Weather", 0, 0, classification_hash="k1", precedence=0),
        placed("Weather", 0, 0, classification_hash="k2", precedence=1),
    ]
    answers = [framed("radio Weather", "Sun", "o Sun", owner_hash="k1")]

    assert on_frames(classes(WEATHER), placements, answers)[0] == {"Weather": None}


def test_keys_of_different_classifications_collide() -> None:
    known = classes(
        attribute("radio", "Dark", option("Yes")),
        QUALITY,
    )

    found = on_frames(known, [placed("Quality", 0, 0)], [])

    assert found[0] == {"Quality/Dark": False, "Noisy": False}


def test_an_archived_classification_is_listed_only_where_answered() -> None:
    known = classes(attribute("text", "Old", archived=True))
    answers = [framed("text Old", "x", owner_hash="k Old")]

    assert on_frames(known, [placed("Old")], []) == [{}, {}, {}]
    assert on_frames(known, [placed("Old", 1, 1)], answers) == [{}, {"Old": "x"}, {}]


def test_frames_keep_the_nested_style() -> None:
    known = classes(WEATHER, QUALITY, style="nested")
    answers = [
        framed("radio Weather", "Rain", "o Rain", owner_hash="k Weather"),
        framed("text How", "hard", owner_hash="k Weather"),
        framed("checklist Quality", chosen="o Noisy", owner_hash="k Quality"),
    ]

    found = on_frames(known, [placed("Weather", 0, 0), placed("Quality", 0, 1)], answers)

    assert found[:2] == [
        {"Weather": {"answer": "Rain", "attributes": {"How": "hard"}}, "Quality": ["Noisy"]},
        {"Quality": ["Noisy"]},
    ]


def test_many_placements_on_a_long_video_stay_ranges() -> None:
    images = [image(frame) for frame in range(0, 2_000)]
    placements = [
        placed("Weather", classification_hash=f"k{number}", precedence=number)
        for number in range(2_000)
    ]
    answers = [framed("radio Weather", "Sun", "o Sun", owner_hash="k1999")]

    found = on_frames(classes(WEATHER), placements, answers, images)

    assert found == [{"Weather": "Sun"}] * 2_000


# Relations.


def relation(target: str, index: int = 0, name: str = "#relation", **more: Any) -> Row:
    own = {"label_hash": "l", "from_object_hash": "o", "attribute_name": name}
    return own | {"relation_index": index, "to_hash": target} | more


def related(rows: Iterable[Row], *annotations: Row) -> list[str]:
    drawn = table(ANNOTATIONS, annotations or [annotation()])
    return relations(drawn, table(RELATIONS, rows)).to_list()


def test_objects_without_relations_have_no_text() -> None:
    assert related([]) == [""]
    assert related([relation("x", from_object_hash="p"), relation("x", label_hash="l2")]) == [""]
    assert relations(table(ANNOTATIONS, []), table(RELATIONS, [relation("x")])).to_list() == []


def test_one_target_is_a_text_and_several_are_a_list_in_their_order() -> None:
    assert related([relation('é"x')]) == [',"#relation":"é\\"x"']
    assert related([relation("b", 1), relation("c", 0)]) == [',"#relation":["c","b"]']


def test_kinds_of_relations_are_ordered_by_name() -> None:
    rows = [relation("x", name="#z"), relation("y", name="#a"), relation("w", 1, name="#a")]

    assert related(rows) == [',"#a":["y","w"],"#z":"x"']


def test_relations_hold_on_their_frames_and_files() -> None:
    rows = [
        relation("x", **on(1, 2)),
        relation("y", **on(2, 3)),
        relation("z", data_hash="d2", **on(0, 9)),
    ]
    drawn = [annotation(frame) for frame in (3, 0, 1, 2)] + [annotation(0, data_hash="d2")]

    assert related(rows, *drawn) == [
        ',"#relation":"y"',
        "",
        ',"#relation":"x"',
        ',"#relation":["x","y"]',
        ',"#relation":"z"',
    ]


def test_a_target_is_named_once() -> None:
    assert related([relation("x", **on(0, 5)), relation("x", **on(0, 0))]) == [',"#relation":"x"']
