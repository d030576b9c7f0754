import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coco_dagster.encord.ontology import Ontology, parse_ontology
from coco_dagster.encord.ontology_deriver import OntologyDeriver, derive_ontology
from tests import label_rows
from tests.label_rows import (
    JSON,
    as_json,
    group_row,
    image_unit,
    label_row,
    space,
    video_unit,
)
from tests.objects import drawn

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "encord"


def label(feature: str, object_hash: str = "o1", shape: str = "polygon", **more: Any) -> JSON:
    facts = {"featureHash": feature, "name": feature.upper()}
    return drawn(shape, shape, {}, object_hash, **facts | more)


def row(units: dict[str, Any], data_type: str = "image", **more: Any) -> bytes:
    return as_json(label_row(units, data_type, **more)).encode()


def image_row(*objects: Any, **more: Any) -> bytes:
    return row({"d1": image_unit(objects)}, **more)


def answer(attribute: str, answers: Any, **more: Any) -> JSON:
    return label_rows.answer(attribute, answers, **{"name": attribute.upper()} | more)


def chosen(*options: str, **more: Any) -> list[JSON]:
    return [{"featureHash": o, "name": o.upper(), "value": f"{o}_value"} | more for o in options]


def answered(*answers: JSON) -> bytes:
    given_answers = {"o1": {"objectHash": "o1", "classifications": answers}}
    return image_row(label("f1"), object_answers=given_answers)


def acted(*actions: JSON) -> bytes:
    return image_row(label("f1"), object_actions={"o1": {"objectHash": "o1", "actions": actions}})


def names(ontology: Ontology) -> list[tuple[str, str, str]]:
    return [(node.feature_hash, node.name, node.shape) for node in ontology.objects]


def types(ontology: Ontology) -> list[tuple[str, str, bool]]:
    attributes = ontology.objects[0].attributes
    return [(entry.name, entry.type, entry.dynamic) for entry in attributes]


def test_objects_come_in_the_order_of_first_sight_with_their_first_name_and_shape() -> None:
    rows = [
        image_row(label("f2"), label("f1", "o2")),
        image_row(label("f3"), label("f2", "o2", "bounding_box", name="Later")),
    ]

    assert names(derive_ontology(rows)) == [
        ("f2", "F2", "polygon"),
        ("f1", "F1", "polygon"),
        ("f3", "F3", "polygon"),
    ]


def test_frames_count_by_number_and_units_by_sequence() -> None:
    frames = video_unit({"10": [label("f3")], "9": [label("f2")], "0": [label("f1")]})
    group = {
        "b": image_unit([label("f5")], data_sequence="1"),
        "a": image_unit([label("f4")], data_sequence="0"),
    }

    ontology = derive_ontology([row({"d1": frames}, "video"), row(group, "img_group")])

    assert [feature for feature, _, _ in names(ontology)] == ["f1", "f2", "f3", "f4", "f5"]


def test_objects_of_spaces_are_seen() -> None:
    spaces = {"s1": space("image", {0: [label("f1")]})}

    ontology = derive_ontology([as_json(group_row(spaces)).encode()])

    assert names(ontology) == [("f1", "F1", "polygon")]


def test_objects_that_lie_in_the_answers_alone_are_seen() -> None:
    answers = {"o1": {"featureHash": "f1", "shape": "audio", "classifications": []}}

    ontology = derive_ontology([row({}, "audio", object_answers=answers)])

    assert [(node.feature_hash, node.shape) for node in ontology.objects] == [("f1", "audio")]


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ("", "text"),
        ("AB 12", "text"),
        (0, "numeric"),
        (-2.5, "numeric"),
        ([], "radio"),
        (chosen("x"), "radio"),
        (chosen("x", "y"), "checklist"),
        (None, "text"),
    ],
)
def test_the_form_of_an_answer_tells_the_type(answers: Any, kind: str) -> None:
    assert types(derive_ontology([answered(answer("a1", answers))])) == [("A1", kind, False)]


def test_options_are_gathered_with_label_and_value() -> None:
    ontology = derive_ontology(
        [answered(answer("a1", chosen("y"))), answered(answer("a1", chosen("x")))]
    )

    (attribute,) = ontology.objects[0].attributes
    assert [(entry.feature_hash, entry.label, entry.value) for entry in attribute.options] == [
        ("y", "Y", "y_value"),
        ("x", "X", "x_value"),
    ]


def test_an_option_that_carries_the_attributes_name_is_named_by_its_value() -> None:
    stale = answer("a1", chosen("x", name="A1"))

    (attribute,) = derive_ontology([answered(stale)]).objects[0].attributes

    assert attribute.options[0].label == "x_value"


def test_a_true_label_replaces_the_attributes_name() -> None:
    rows = [answered(answer("a1", chosen("x", name="A1"))), answered(answer("a1", chosen("x")))]

    (attribute,) = derive_ontology(rows).objects[0].attributes

    assert attribute.options[0].label == "X"


def test_actions_make_an_attribute_dynamic() -> None:
    ontology = derive_ontology([acted(answer("a1", 5, range=[[0, 3]]))])

    assert types(ontology) == [("A1", "numeric", True)]


@pytest.mark.parametrize(
    ("ranges", "kind"),
    [
        (([[0, 4]], [[4, 9]]), "checklist"),
        (([[0, 9], [20, 29]], [[22, 23]]), "checklist"),
        (([[0, 3]], [[4, 9]]), "radio"),
    ],
)
def test_options_that_hold_on_one_frame_make_a_checklist(ranges: Any, kind: str) -> None:
    actions = [
        answer("a1", chosen(option), range=own)
        for option, own in zip(("x", "y"), ranges, strict=True)
    ]

    assert types(derive_ontology([acted(*actions)])) == [("A1", kind, True)]


def test_the_same_option_twice_on_a_frame_stays_a_radio() -> None:
    actions = [answer("a1", chosen("x"), range=[[0, 9]])] * 2

    assert types(derive_ontology([acted(*actions)])) == [("A1", "radio", True)]


def test_frames_of_different_spaces_do_not_meet() -> None:
    actions = [
        answer("a1", chosen(option), range=[[0, 9]], spaceId=space)
        for option, space in (("x", "s1"), ("y", "s2"))
    ]

    assert types(derive_ontology([acted(*actions)])) == [("A1", "radio", True)]


@pytest.mark.parametrize("answers", ["o2", ["o2", "o3"], [{"featureHash": "o2"}]])
def test_relations_are_texts_whatever_their_form(answers: Any) -> None:
    relation = answer("a1", answers, name="#relation")

    (attribute,) = derive_ontology([answered(relation)]).objects[0].attributes

    assert (attribute.name, attribute.type, attribute.options) == ("#relation", "text", ())


def test_classifications_come_from_frames_and_from_answers() -> None:
    placements = [{"classificationHash": "k1", "featureHash": "c1"}]
    answers = {
        "k3": {"featureHash": "c3", "classifications": [answer("a3", "x")], "range": [[7, 9]]},
        "k2": {"featureHash": "c2", "classifications": [answer("a2", 1)], "range": [[3, 3]]},
        "k1": {"classifications": [answer("a0", "nested"), answer("a1", chosen("x"))]},
    }

    ontology = derive_ontology(
        [row({"d1": image_unit([], placements)}, classification_answers=answers)]
    )

    assert [(node.feature_hash, node.name) for node in ontology.classifications] == [
        ("c1", "A1"),
        ("c2", "A2"),
        ("c3", "A3"),
    ]
    assert [node.name for node in ontology.classifications[0].attributes] == ["A1", "A0"]


def test_an_attribute_belongs_to_the_first_node_that_has_it() -> None:
    answers = {h: {"classifications": [answer("a1", "x")]} for h in ("o1", "o2")}

    ontology = derive_ontology([image_row(label("f1"), label("f2", "o2"), object_answers=answers)])

    assert [len(node.attributes) for node in ontology.objects] == [1, 0]
    assert [note.code for note in ontology.notes] == ["ontology_repeated_hash"]


def skeleton(*points: str) -> JSON:
    places = {str(9 + n): {"x": 0.1, "y": 0.1, "name": name} for n, name in enumerate(points)}
    return label("s1", shape="skeleton", skeleton=dict(reversed(places.items())))


def test_points_are_the_union_over_all_labels_by_first_sight() -> None:
    ontology = derive_ontology(
        [image_row(skeleton("nose", "eye")), image_row(skeleton("ear", "nose", "hip"))]
    )

    found = ontology.objects[0].skeleton
    assert found is not None
    assert [point.name for point in found.points] == ["nose", "eye", "ear", "hip"]
    assert found.edges == ()
    assert [note.code for note in ontology.notes] == ["skeleton_without_template"]


def test_points_complete_an_ontology_without_a_template() -> None:
    nodes = [{"name": "Face", "shape": "skeleton", "featureNodeHash": "s1"}]
    ontology = parse_ontology(json.dumps({"objects": nodes}).encode(), "x")
    deriver = OntologyDeriver()
    deriver.add([image_row(skeleton("nose", "eye"))])

    assert deriver.skeleton_points() == {"s1": ("nose", "eye")}
    found = ontology.with_skeleton_points(deriver.skeleton_points()).objects[0].skeleton
    assert found is not None
    assert [point.name for point in found.points] == ["nose", "eye"]


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"[]",
        b"not json",
        b'{"data_units": 5}',
        row({"d1": 7}),
        row({"d1": {"labels": []}}),
        image_row(7, {}, label("", "x"), {"objectHash": "x", "featureHash": "y"}),
        image_row(object_answers=[], object_actions={"o1": None}, classification_answers=3),
        image_row(label("f1", name=5), object_answers={"o1": {"classifications": [{}, 3]}}),
        b'{"data_units": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)
def test_what_is_malformed_costs_nothing_else(bad: bytes) -> None:
    ontology = derive_ontology([image_row(label("f1")), bad, image_row(label("f2"))])

    assert [feature for feature, _, _ in names(ontology)] == ["f1", "f2"]


def test_no_rows_give_an_empty_ontology() -> None:
    assert derive_ontology([]) == Ontology.of([], [])


FEATURES = st.sampled_from(["f1", "f2", "f3"])
ANSWERS = st.sampled_from(["", 3, [], chosen("x"), chosen("y"), chosen("x", "y")])
ROWS = st.builds(
    lambda features, answers, points: image_row(
        *(label(feature, f"o{n}") for n, feature in enumerate(features)),
        *([skeleton(*points)] if points else []),
        object_answers={
            f"o{n}": {"classifications": [answer(f"a-{features[n]}-{n % 2}", given_answer)]}
            for n, given_answer in enumerate(answers[: len(features)])
        },
    ),
    st.lists(FEATURES, max_size=4),
    st.lists(ANSWERS, max_size=4),
    st.lists(st.sampled_from(["nose", "eye", "ear"]), unique=True),
)


@given(st.lists(ROWS, max_size=6), st.integers(0, 6))
def test_merged_chunks_give_the_same_as_one_pass(rows: list[bytes], cut: int) -> None:
    first, second = OntologyDeriver(), OntologyDeriver()
    first.add(rows[:cut])
    second.add(rows[cut:])
    first.merge(pickle.loads(pickle.dumps(second)))

    assert first.ontology() == derive_ontology(rows)


@pytest.mark.shared_data
@pytest.mark.skipif(not SHARED.exists(), reason="../shared is absent")
def test_shapes_in_labels_of_the_sdk_are_those_of_their_ontology() -> None:
    for path in sorted(SHARED.glob("*/labels.json")):
        rows = json.loads(path.read_bytes())
        derived = derive_ontology([json.dumps(entry).encode() for entry in rows])
        given_one = parse_ontology(path.with_name("ontology.json").read_bytes(), path.name)
        known = {node.feature_hash: node.shape for node in given_one.objects}

        for node in derived.objects:
            assert known.get(node.feature_hash, node.shape) == node.shape, path
