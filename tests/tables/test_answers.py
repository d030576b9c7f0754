"""Answers in force, from what label rows list."""

from collections.abc import Iterable
from typing import Any

import pytest

from tests.label_rows import (
    JSON,
    action,
    answer,
    chosen,
    classified,
    group_row,
    image_unit,
    label_row,
    object_actions,
    object_answers,
    placed,
    space,
    video_row,
)
from tests.normalised import normalised
from tests.objects import box
from tests.ontologies import (
    checklist,
    classification_node,
    numeric,
    object_node,
    ontology,
    option,
    radio,
    text,
)

MAKE_NODE = radio("make", option("good", numeric("year")), "bad")
NODES = ontology(
    object_node(
        "bounding_box",
        radio("colour", "red", "blue"),
        checklist("flags", "old", "wet"),
        text("note"),
        numeric("size"),
        radio("speed", "fast", "slow", dynamic=True),
        checklist("lamps", "left", "right", dynamic=True),
        numeric("depth", dynamic=True),
        radio("kind", option("car", MAKE_NODE), "bike"),
        text("rel", name="#relation"),
    ),
    object_node("polygon", text("other")),
    classifications=[
        classification_node("weather", radio("sky", "sun", "rain")),
        classification_node("tag", text("hash", name="#tag")),
    ],
)

KIND = answer("kind", chosen("car"))

Tables = dict[str, list[JSON]]


def static(*given: JSON, objects: Iterable[JSON] | None = None) -> Tables:
    row = label_row(objects or [box("o")], object_answers=object_answers({"o": given}))
    return normalised(row, nodes=NODES)


def dynamic(*given: JSON, answers: Iterable[JSON] = ()) -> Tables:
    row = video_row(
        {0: [box("o")], 9: [box("o")]},
        object_actions=object_actions({"o": given}),
        object_answers=object_answers({"o": answers}),
    )
    return normalised(row, nodes=NODES)


def given(tables: Tables) -> dict[str, Any]:
    """Static answers by attribute; options of checklists in a list."""
    found: dict[str, Any] = {}
    for row in tables["answers"]:
        if row["value_json"] is None:
            found.setdefault(row["attribute_hash"], []).append(row["option_hash"])
        else:
            found[row["attribute_hash"]] = row["value_json"]
    return found


def spans(tables: Tables) -> list[tuple[Any, ...]]:
    found = [
        (row["option_hash"] or row["value_json"], row["frame_from"], row["frame_to"])
        for row in tables["answers"]
    ]
    return sorted(found, key=lambda span: (span[0] or "", span[1] or 0))


def notes(tables: Tables) -> list[str]:
    return [row["code"] for row in tables["findings"]]


@pytest.mark.parametrize(
    ("attribute_hash", "answers", "expected"),
    [
        ("colour", chosen("red"), '"red"'),
        ("note", "", '""'),
        ("note", 'a "quoted"\nline', '"a \\"quoted\\"\\nline"'),
        ("size", 5, "5"),
        ("size", 5.5, "5.5"),
        ("size", -0.0, "-0.0"),
        ("size", 10**30, str(10**30)),
        ("flags", chosen("wet", "old"), ["wet", "old"]),
        ("flags", chosen("old", "wet"), ["old", "wet"]),
    ],
)
def test_an_answer_of_each_type(attribute_hash: str, answers: Any, expected: Any) -> None:
    tables = static(answer(attribute_hash, answers))
    assert given(tables) == {attribute_hash: expected}
    assert notes(tables) == []


@pytest.mark.parametrize(
    ("attribute_hash", "answers"),
    [("colour", []), ("colour", None), ("flags", []), ("note", None), ("size", None), ("size", [])],
)
def test_no_answer_is_none(attribute_hash: str, answers: Any) -> None:
    tables = static(answer(attribute_hash, answers))
    assert (given(tables), notes(tables)) == ({}, [])


@pytest.mark.parametrize(
    ("attribute_hash", "answers"),
    [
        ("colour", "red"),
        ("colour", 5),
        ("flags", "wet"),
        ("flags", 1),
        ("note", 5),
        ("note", chosen("red")),
        ("size", "5"),
        ("size", chosen("red")),
        ("size", 10**400),
        ("size", True),
        ("note", {"a": 1}),
        ("colour", [None]),
        ("colour", [5]),
    ],
)
def test_an_answer_of_another_type_is_left_out_with_a_note(
    attribute_hash: str, answers: Any
) -> None:
    tables = static(answer(attribute_hash, answers), KIND)
    assert given(tables) == {"kind": '"car"'}
    assert notes(tables) == ["malformed_answer"]
    assert len(tables["annotations"]) == 1


def test_options_are_known_by_their_hash_whatever_they_are_called() -> None:
    stale = [{"name": "blue", "value": "blue", "featureHash": "red"}]
    assert given(static(answer("colour", stale))) == {"colour": '"red"'}


@pytest.mark.parametrize(
    ("name", "expected"), [("purple", {"colour": '"purple"'}), ("colour", {}), (None, {})]
)
def test_an_unknown_option_has_the_label_s_name_unless_it_is_the_attribute_s(
    name: Any, expected: JSON
) -> None:
    tables = static(answer("colour", [{"name": name, "featureHash": "gone"}]))
    assert (given(tables), notes(tables)) == (expected, ["unknown_option"])


def test_an_unknown_option_of_a_checklist_is_dropped_with_a_note() -> None:
    tables = static(answer("flags", [*chosen("wet", "gone"), "old"]))
    assert (given(tables), notes(tables)) == ({"flags": ["wet"]}, ["unknown_option"] * 2)


def test_several_answers_to_a_radio_are_noted() -> None:
    tables = static(answer("colour", chosen("red", "blue")))
    assert (given(tables), notes(tables)) == ({"colour": '"red"'}, ["several_answers"])


def test_of_two_answers_the_later_holds_and_checklists_are_united() -> None:
    tables = static(
        answer("colour", chosen("red")),
        answer("colour", chosen("blue")),
        answer("flags", chosen("old")),
        answer("flags", chosen("wet")),
    )
    assert given(tables) == {"colour": '"blue"', "flags": ["old", "wet"]}


@pytest.mark.parametrize("name", ["gone", "other"])
def test_an_answer_to_no_attribute_of_the_object_is_noted(name: str) -> None:
    tables = static(answer(name, "x"))
    assert (given(tables), notes(tables)) == ({}, ["unknown_attribute"])


def test_answers_of_no_object_are_nobody_s() -> None:
    row = label_row([box("o")], object_answers=object_answers({"p": [answer("note", "x")]}))
    tables = normalised(row, nodes=NODES)
    assert (tables["answers"], notes(tables)) == ([], [])


MAKE = answer("make", chosen("good"))
YEAR = answer("year", 1999)


@pytest.mark.parametrize(
    ("answers", "expected", "lost"),
    [
        ([KIND, MAKE, YEAR], {"kind": '"car"', "make": '"good"', "year": "1999"}, 0),
        ([YEAR, MAKE, KIND], {"kind": '"car"', "make": '"good"', "year": "1999"}, 0),
        ([answer("kind", chosen("bike")), MAKE, YEAR], {"kind": '"bike"'}, 2),
        ([KIND, answer("make", chosen("bad")), YEAR], {"kind": '"car"', "make": '"bad"'}, 1),
        ([KIND, YEAR], {"kind": '"car"'}, 1),
        ([MAKE, YEAR], {}, 2),
        ([answer("kind", []), MAKE], {}, 1),
        ([KIND, answer("kind", chosen("bike")), MAKE], {"kind": '"bike"'}, 1),
    ],
)
def test_nested_answers_hold_where_all_options_above_are_chosen(
    answers: list[JSON], expected: JSON, lost: int
) -> None:
    tables = static(*answers)
    assert given(tables) == expected
    assert notes(tables) == ["parent_not_chosen"] * lost


def test_ranges_of_actions_are_inclusive_and_the_later_one_wins() -> None:
    tables = dynamic(
        action("speed", chosen("fast"), (0, 9)),
        action("speed", chosen("slow"), (3, 5), (8, 12)),
        action("depth", 1, (0, 0)),
        action("depth", None, (0, 20)),
    )
    assert spans(tables) == [("fast", 0, 2), ("fast", 6, 7), ("slow", 3, 5), ("slow", 8, 12)]


def test_actions_of_a_checklist_are_united() -> None:
    tables = dynamic(
        action("lamps", chosen("left"), (0, 5)),
        action("lamps", chosen("right"), (3, 9)),
        action("lamps", chosen("left"), (6, 7), (20, 21)),
    )
    assert spans(tables) == [("left", 0, 7), ("left", 20, 21), ("right", 3, 9)]


def test_actions_win_over_their_mirror_among_the_static_answers() -> None:
    tables = dynamic(
        action("speed", chosen("fast"), (0, 4)), answers=[answer("speed", chosen("slow"))]
    )
    assert spans(tables) == [("fast", 0, 4)]


def test_a_dynamic_attribute_with_a_static_answer_has_it_on_all_frames() -> None:
    ((value, first, last),) = spans(dynamic(answers=[answer("speed", chosen("slow"))]))
    assert (value, first) == ("slow", 0)
    assert last >= 10**9


def test_a_static_attribute_with_actions_keeps_their_ranges() -> None:
    tables = dynamic(action("note", "a", (0, 4)), action("note", "b", (5, 9)))
    assert spans(tables) == [('"a"', 0, 4), ('"b"', 5, 9)]


@pytest.mark.parametrize(
    "span", [(5, 3), (-9, -1), (10**30, 10**30), (10_000_000_000, 10_000_000_001)]
)
def test_a_range_of_no_frames_is_left_out_with_a_note(span: tuple[int, int]) -> None:
    tables = dynamic(action("speed", chosen("fast"), span, (7, 7)))
    assert (spans(tables), notes(tables)) == ([("fast", 7, 7)], ["malformed_range"])


@pytest.mark.parametrize("ranges", [None, []])
def test_an_action_without_a_range_is_left_out_with_a_note(ranges: Any) -> None:
    tables = dynamic(answer("speed", chosen("fast"), range=ranges))
    assert (spans(tables), notes(tables)) == ([], ["malformed_range"])


def test_huge_ranges_stay_ranges() -> None:
    tables = dynamic(action("speed", chosen("fast"), (0, 10**9)), action("depth", 1, (5, 10**12)))
    assert sorted(spans(tables)) == [("1", 5, 9_999_999_999), ("fast", 0, 10**9)]


def group(*actions: JSON) -> JSON:
    spaces = dict.fromkeys("st", space("image", {0: [box("o")]}))
    return group_row(spaces, object_actions=object_actions({"o": actions}))


def test_actions_of_one_object_in_two_spaces_are_told_apart() -> None:
    row = group(
        action("speed", chosen("fast"), (0, 0), spaceId="s"),
        action("speed", chosen("fast"), (0, 0), spaceId="t"),
    )
    answers = normalised(row, nodes=NODES)["answers"]
    assert [found["data_hash"] for found in answers] == ["s", "t"]


def test_an_action_in_an_unknown_space_is_left_out_with_a_note() -> None:
    tables = normalised(group(action("depth", 1, (0, 0), spaceId="x")), nodes=NODES)
    assert (tables["answers"], notes(tables)) == ([], ["unknown_space"])


@pytest.mark.parametrize(
    ("answers", "targets"),
    [
        ("p", ["p"]),
        ("", []),
        (None, []),
        ([], []),
        (["p", "q"], ["p", "q"]),
        (["p", ""], ["p"]),
        ([{"objectHash": "p", "featureHash": "x", "value": "y"}], ["p"]),
        ([{"featureHash": "p", "value": "y"}], ["p"]),
        ([{"value": "p"}], ["p"]),
        ([{"name": "p"}], []),
        ([{"objectHash": "", "featureHash": "p"}], ["p"]),
    ],
)
def test_relations_in_every_form(answers: Any, targets: list[str]) -> None:
    tables = static(answer("rel", answers), objects=[box("o"), box("p"), box("q")])
    found = tables["relations"]
    assert [row["to_hash"] for row in found] == targets
    assert {row["attribute_name"] for row in found} <= {"#relation"}
    assert {row["resolved_as"] for row in found} <= {"object"}
    assert (tables["answers"], notes(tables)) == ([], [])


def test_a_relation_may_point_to_a_class_or_nowhere() -> None:
    tables = static(answer("rel", ["polygon", "gone"]))
    assert [(row["to_hash"], row["resolved_as"]) for row in tables["relations"]] == [
        ("polygon", "feature"),
        ("gone", None),
    ]
    assert notes(tables) == ["unresolved_relation"]


def test_a_relation_that_the_ontology_lacks_keeps_the_label_s_name() -> None:
    tables = static(answer("gone", "o", name="#behind"))
    assert [row["attribute_name"] for row in tables["relations"]] == ["#behind"]


def test_two_answers_to_one_relation_are_told_apart() -> None:
    tables = static(answer("rel", "o"), answer("rel", "polygon"))
    assert [(row["relation_index"], row["to_hash"]) for row in tables["relations"]] == [
        (0, "o"),
        (1, "polygon"),
    ]


def test_dynamic_relations_keep_their_ranges() -> None:
    tables = dynamic(action("rel", "o", (0, 4), (6, 7)))
    assert [(row["frame_from"], row["frame_to"]) for row in tables["relations"]] == [
        (0, 4),
        (6, 7),
    ]
    assert len({row["relation_index"] for row in tables["relations"]}) == 2


def test_a_classification_has_no_relations() -> None:
    answers = classified("c", [answer("hash", "x", name="#tag")], feature_hash="tag")
    unit = image_unit([], [placed("c", "tag")])
    tables = normalised(label_row({"f": unit}, classification_answers=answers), nodes=NODES)
    assert given(tables) == {"hash": '"x"'}
    assert tables["relations"] == []


def test_paths_of_notes_name_odd_hashes_as_json_does() -> None:
    row = label_row([box("a/b")], object_answers=object_answers({"a/b": [answer("gone", "x")]}))
    (finding,) = normalised(row, nodes=NODES)["findings"]
    assert finding["path"] == '$.object_answers["a/b"]'
    assert finding["object_hash"] == "a/b"
