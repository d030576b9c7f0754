import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coco_dagster.encord.ontology import (
    Attribute,
    Ontology,
    OntologyObject,
    Option,
    SkeletonEdge,
    SkeletonPoint,
    parse_ontology,
    walk_attributes,
)
from coco_dagster.encord.ontology_reader import MAX_NESTING
from coco_dagster.errors import OntologyError

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "encord"
Node = dict[str, Any]


def box(feature_hash: str = "h1", **more: Any) -> Node:
    return {"name": "Box", "shape": "bounding_box", "featureNodeHash": feature_hash} | more


def radio(feature_hash: str = "r1", *options: Node, **more: Any) -> Node:
    own = {"name": "Kind", "type": "radio", "featureNodeHash": feature_hash}
    return own | {"options": list(options)} | more


def option(feature_hash: str, **more: Any) -> Node:
    return {"label": feature_hash.upper(), "value": "v", "featureNodeHash": feature_hash} | more


def skeleton(feature_hash: str = "s1", name: str = "Face") -> Node:
    return {"name": name, "shape": "skeleton", "featureNodeHash": feature_hash}


def template(**more: Any) -> Node:
    points = {str(n): {"name": f"p{n}", "featureHash": f"f{n}", "x": n, "y": 0.5} for n in (10, 2)}
    edges = {"10": {"2": {"color": "#00FF00"}}}
    return {"template": {"name": "Face", "skeleton": points, "skeletonEdges": edges} | more}


def parse(*objects: Any, classifications: Any = (), templates: Any = (), **more: Any) -> Ontology:
    structure = {"objects": objects, "classifications": classifications}
    return parse_ontology(
        json.dumps(structure | {"skeleton_templates": templates} | more).encode(), "ontology.json"
    )


def codes(ontology: Ontology) -> list[tuple[str, str]]:
    return [(note.code, note.path) for note in ontology.notes]


def test_all_facts_of_an_object_are_read() -> None:
    nested = {"name": "Doors", "type": "numeric", "featureNodeHash": "d1"}
    ontology = parse(
        box(
            color="#D33115",
            archived=True,
            required=True,
            attributes=[
                radio(
                    "r1",
                    option("o1", archived=True),
                    option("o2", options=[nested]),
                    dynamic=True,
                    required=True,
                    archived=True,
                )
            ],
        )
    )

    (node,) = ontology.objects
    assert node == OntologyObject(
        "h1",
        "Box",
        "bounding_box",
        "#D33115",
        archived=True,
        attributes=(
            Attribute(
                "r1",
                "Kind",
                "radio",
                dynamic=True,
                archived=True,
                required=True,
                options=(
                    Option("o1", "O1", "v", archived=True),
                    Option("o2", "O2", "v", attributes=(Attribute("d1", "Doors", "numeric"),)),
                ),
            ),
        ),
    )
    assert ontology.notes == ()


def test_a_classification_is_named_by_its_root_attribute() -> None:
    ontology = parse(
        classifications=[{"featureNodeHash": "c1", "level": "global", "attributes": [radio()]}]
    )

    (node,) = ontology.classifications
    assert (node.feature_hash, node.name, node.level) == ("c1", "Kind", "global")


@pytest.mark.parametrize("wrapper", ["bare", "editor", "byte order mark"])
def test_wrappers_make_no_difference(wrapper: str) -> None:
    structure: Node = {"objects": [box()], "classifications": []}
    if wrapper == "editor":
        structure = {"ontology_hash": "x", "title": "My ontology", "editor": structure}
    data = json.dumps(structure).encode()
    if wrapper == "byte order mark":
        data = b"\xef\xbb\xbf" + data

    assert parse_ontology(data, "ontology.json") == parse(box())


@pytest.mark.parametrize(
    "data",
    [
        b'{"objects": []}',
        b'{"objects": null, "classifications": []}',
        b'{"editor": {"objects": []}}',
    ],
)
def test_an_ontology_may_be_empty(data: bytes) -> None:
    ontology = parse_ontology(data, "ontology.json")

    assert (ontology.objects, ontology.classifications, ontology.notes) == ((), (), ())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b'"objects"',
        b'{"objects": {}}',
        b'{"objects": null}',
        b'{"editor": []}',
        b'{"label_hash": "x", "data_units": {}}',
        b'{"objects": [',
        b'{"objects": [{"x": NaN}]}',
        b'{"objects": []} x',
        b'{"objects": ' + b"[" * 5000,
        '{"objects": []}'.encode("utf-16"),
        b"\xff\xfe",
    ],
)
def test_other_files_are_an_error_that_names_the_file_and_says_what_to_give(data: bytes) -> None:
    with pytest.raises(OntologyError, match=r"^my\.json .*; give the ontology's own JSON") as error:
        parse_ontology(data, "my.json")

    assert str(error.value).count(". ") == 0


def test_messages_leave_out_the_secrets_of_a_url() -> None:
    with pytest.raises(OntologyError, match=r"^https://host/o\.json is not") as error:
        parse_ontology(b"{}", "https://me:pass@host/o.json?signature=abc")

    assert "pass" not in str(error.value)
    assert "abc" not in str(error.value)


@given(st.binary(max_size=40))
def test_any_bytes_give_an_ontology_or_an_ontology_error(data: bytes) -> None:
    try:
        parse_ontology(data, "x")
    except OntologyError:
        return


KEYS = (
    *("name", "shape", "featureNodeHash", "attributes", "options", "type", "label", "dynamic"),
    *("0", "skeleton", "skeletonEdges", "template", "feature_node_hash"),
)
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3).filter(lambda text: text.isascii()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.lists(JSON_VALUES), st.lists(JSON_VALUES), st.lists(JSON_VALUES))
def test_any_nodes_are_read_or_noted(objects: Any, classifications: Any, templates: Any) -> None:
    ontology = parse(*objects, classifications=classifications, templates=templates)

    assert len(ontology.objects) <= len(objects)
    assert len(ontology.objects) == len(objects) or ontology.notes


@pytest.mark.parametrize(
    ("node", "code", "path"),
    [
        (7, "ontology_malformed", "$.objects[1]"),
        ({"name": "A", "shape": "polygon"}, "ontology_missing_hash", "$.objects[1]"),
        (box(""), "ontology_missing_hash", "$.objects[1]"),
        (box() | {"featureNodeHash": ["h2"]}, "ontology_missing_hash", "$.objects[1]"),
        (box("h2", shape=None), "ontology_missing_shape", "$.objects[1]"),
        (box("h1", name="Second"), "ontology_repeated_hash", "$.objects[1]"),
    ],
)
def test_an_unusable_object_is_left_out_alone(node: Any, code: str, path: str) -> None:
    ontology = parse(box("h1"), node, box("h3"))

    assert [(entry.feature_hash, entry.name) for entry in ontology.objects] == [
        ("h1", "Box"),
        ("h3", "Box"),
    ]
    assert codes(ontology) == [(code, path)]


def test_numbers_beyond_a_double_cost_only_their_node() -> None:
    data = b'{"objects": [{"x": 1e400}, {"name": "B", "shape": "point", "featureNodeHash": "b"}]}'

    assert [node.name for node in parse_ontology(data, "x").objects] == ["B"]


def test_a_hash_is_unique_over_objects_and_classifications() -> None:
    ontology = parse(box("h1"), classifications=[{"featureNodeHash": "h1", "attributes": []}])

    assert ontology.classifications == ()
    assert codes(ontology) == [("ontology_repeated_hash", "$.classifications[0]")]


def test_the_first_of_two_attributes_with_one_hash_counts() -> None:
    first = box("h1", attributes=[radio("r1")])
    second = box("h2", attributes=[radio("r1"), radio("r2")])
    ontology = parse(first, second)

    assert [node.feature_hash for node in ontology.objects[1].attributes] == ["r2"]
    assert codes(ontology) == [("ontology_repeated_hash", "$.objects[1].attributes[0]")]


def test_options_of_two_attributes_may_share_a_hash() -> None:
    ontology = parse(box(attributes=[radio("r1", option("o1")), radio("r2", option("o1"))]))

    assert [len(node.options) for node in ontology.objects[0].attributes] == [1, 1]
    assert ontology.notes == ()


@pytest.mark.parametrize(
    ("node", "name"), [({"value": "box"}, "box"), ({"name": 5}, "h1"), ({"name": None}, "h1")]
)
def test_a_missing_name_is_replaced(node: Node, name: str) -> None:
    ontology = parse({"featureNodeHash": "h1", "shape": "polygon"} | node)

    assert ontology.objects[0].name == name
    assert codes(ontology) == [("ontology_missing_name", "$.objects[0]")]


def test_an_option_without_a_label_is_named_by_its_value() -> None:
    ontology = parse(box(attributes=[radio("r1", {"featureNodeHash": "o1", "value": "wet"})]))

    assert ontology.objects[0].attributes[0].options[0].label == "wet"
    assert codes(ontology) == [("ontology_missing_name", "$.objects[0].attributes[0].options[0]")]


@pytest.mark.parametrize(("options", "kind"), [([], "text"), ([option("o1")], "radio")])
def test_a_missing_type_follows_from_the_options(options: list[Node], kind: str) -> None:
    ontology = parse(box(attributes=[radio("r1", *options, type=None)]))

    assert ontology.objects[0].attributes[0].type == kind
    assert codes(ontology) == [("ontology_missing_type", "$.objects[0].attributes[0]")]


def test_null_instead_of_a_list_is_nothing() -> None:
    ontology = parse(box(attributes=None), box("h2", attributes=[radio(options=None)]))

    assert ontology.notes == ()


@pytest.mark.parametrize("key", ["attributes", "archived"])
def test_a_wrong_type_inside_a_node_is_passed_over_with_a_note(key: str) -> None:
    ontology = parse(box(**{key: "yes"}))

    assert ontology.objects == parse(box()).objects
    assert codes(ontology) == [("ontology_malformed", f"$.objects[0].{key}")]


def test_what_no_reader_follows_costs_only_itself() -> None:
    deep = "[" * 5000 + "]" * 5000
    text = json.dumps({"objects": [box("a", name="deep"), box("b")]}).replace('"deep"', deep)
    ontology = parse_ontology(text.encode(), "my.json")
    assert [node.feature_hash for node in ontology.objects] == ["a", "b"]
    assert ("ontology_nested_too_deeply", "$") in codes(ontology)


def test_half_a_surrogate_pair_before_what_no_reader_follows_costs_only_itself() -> None:
    deep = "[" * 5000 + "]" * 5000
    text = json.dumps({"objects": [box("a", name="half \ud800"), box("b", name="deep"), box("c")]})
    ontology = parse_ontology(text.replace('"deep"', deep).encode(), "my.json")
    assert [node.feature_hash for node in ontology.objects] == ["a", "b", "c"]


def test_half_a_surrogate_pair_is_replaced() -> None:
    text = json.dumps({"objects": [box("a", name="half \ud800"), box("b", name="\U0001f6a2")]})
    ontology = parse_ontology(text.encode(), "my.json")
    assert [node.name for node in ontology.objects] == ["half \ufffd", "\U0001f6a2"]
    assert codes(ontology) == [("ontology_lone_surrogate", "$")]


def test_attributes_nested_too_deeply_are_left_out() -> None:
    node = radio("r0")
    for depth in range(1, MAX_NESTING + 10):
        node = radio(f"r{depth}", option("o1", options=[node]))
    ontology = parse(box(attributes=[node]))

    assert len(list(walk_attributes(ontology.objects[0].attributes))) == MAX_NESTING
    assert [code for code, _ in codes(ontology)] == ["ontology_nested_too_deeply"]


@pytest.mark.parametrize("count", [0, 2])
def test_a_classification_with_other_than_one_root_is_noted(count: int) -> None:
    roots = [radio(f"r{number}", name=f"Root {number}") for number in range(count)]
    ontology = parse(classifications=[{"featureNodeHash": "c1", "attributes": roots}])

    assert ontology.classifications[0].name == ("Root 0" if count else "c1")
    assert codes(ontology) == [("ontology_root_attributes", "$.classifications[0]")]


def test_points_are_ordered_by_number_and_edges_by_their_points() -> None:
    ontology = parse(skeleton(), templates=[template(feature_node_hash="s1")])

    found = ontology.objects[0].skeleton
    assert found is not None
    assert found.points == (
        SkeletonPoint("p2", "f2", 2.0, 0.5),
        SkeletonPoint("p10", "f10", 10.0, 0.5),
    )
    assert found.edges == (SkeletonEdge(1, 0, "#00FF00"),)


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"feature_node_hash": "s1", "name": "Other"}, True),
        ({}, True),
        ({"feature_node_hash": "gone"}, True),
        ({"name": "Other"}, False),
        ({"feature_node_hash": "s2"}, False),
    ],
    ids=["by hash", "by name", "by name for an unknown hash", "other name", "other object"],
)
def test_a_template_is_found_by_hash_else_by_name(facts: Node, found: bool) -> None:
    ontology = parse(skeleton("s1"), skeleton("s2", "Hand"), templates=[template(**facts)])

    assert (ontology.objects[0].skeleton is not None) is found


def test_a_template_serves_skeletons_alone() -> None:
    ontology = parse(box("s1", name="Face"), templates=[template(feature_node_hash="s1")])

    assert ontology.objects[0].skeleton is None


def test_malformed_points_and_edges_are_left_out() -> None:
    points = {"0": {"name": "a", "x": True}, "1": 5, "2": {}}
    edges = {"0": {"1": {}, "2": None, "9": {}}, "x": 3}
    ontology = parse(skeleton(), templates=[template(skeleton=points, skeletonEdges=edges)])

    found = ontology.objects[0].skeleton
    assert found is not None
    assert [point.name for point in found.points] == ["a", "point_2"]
    assert found.edges == (SkeletonEdge(0, 1),)
    assert [code for code, _ in codes(ontology)] == [
        "ontology_malformed",
        "ontology_missing_name",
        "ontology_malformed",
        "ontology_malformed",
    ]


def test_points_from_labels_stand_in_for_a_missing_template() -> None:
    ontology = parse(skeleton(), box())
    assert ontology.lacks_skeleton_points

    mended = ontology.with_skeleton_points({"s1": ["nose", "eye"], "h1": ["x"]})

    found = mended.objects[0].skeleton
    assert found is not None
    assert ([point.name for point in found.points], found.edges) == (["nose", "eye"], ())
    assert found.from_labels
    assert mended.objects[1] == ontology.objects[1]
    assert codes(mended) == [("skeleton_without_template", "$.objects[0]")]
    assert mended.digest != ontology.digest
    assert not mended.lacks_skeleton_points


def test_points_from_labels_never_replace_a_template() -> None:
    ontology = parse(skeleton(), templates=[template()])

    assert ontology.with_skeleton_points({"s1": ["nose"]}) == ontology


def shuffled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(list(value))}
    return [shuffled(entry) for entry in value] if isinstance(value, list) else value


def test_the_digest_depends_on_what_is_used_alone() -> None:
    structure = {
        "objects": [box(attributes=[radio("r1", option("o1"), option("o2"))]), skeleton()],
        "skeleton_templates": [template()],
    }
    plain = parse_ontology(json.dumps(structure).encode(), "a.json")
    spaced = json.dumps(shuffled(structure) | {"title": "T"}, indent=3).encode()

    assert parse_ontology(spaced, "b.json").digest == plain.digest
    assert len(plain.digest) == 64


@pytest.mark.parametrize(
    "other",
    [box(name="box"), box(shape="polygon"), box("h2"), box(color="#FFFFFF"), box(archived=True)],
)
def test_the_digest_changes_with_every_fact(other: Node) -> None:
    assert parse(box()).digest != parse(other).digest


@pytest.mark.shared_data
@pytest.mark.skipif(not SHARED.exists(), reason="../shared is absent")
def test_ontologies_of_the_sdk_are_read_without_loss() -> None:
    for path in sorted(SHARED.glob("*/ontology.json")):
        structure = json.loads(path.read_bytes())
        ontology = parse_ontology(path.read_bytes(), path.name)

        assert len(ontology.objects) == len(structure["objects"]), path
        assert len(ontology.classifications) == len(structure["classifications"]), path
        assert {note.code for note in ontology.notes} <= {"ontology_repeated_hash"}, path
