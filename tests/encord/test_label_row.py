"""Label rows are read piece by piece where they are malformed: a fault costs only itself."""

import json
from typing import Any

import pytest
from msgspec import UnsetType

from coco_dagster.encord.json_paths import Fragments, json_key
from coco_dagster.encord.label_row import (
    DataUnit,
    FrameLabels,
    LabelRow,
    Labels,
    Malformed,
    Note,
    RowError,
)
from coco_dagster.encord.label_row_reader import LabelRowReader
from coco_dagster.encord.media import labelled_units
from coco_dagster.encord.object_label import ObjectLabel
from tests.label_rows import (
    JSON,
    as_json,
    classified,
    flat,
    image_unit,
    label_row,
    placed,
    video_row,
)
from tests.objects import BOX, box

UNIT = "file-row"
OBJECTS = f'$.data_units["{UNIT}"].labels.objects'


def read(row: Any) -> tuple[LabelRow[Labels], list[Note]]:
    return LabelRowReader().read(as_json(row).encode())


def unit_of(row: LabelRow[Labels]) -> DataUnit[Labels]:
    return next(iter(row.data_units.values()))


def frame_of(row: LabelRow[Labels]) -> FrameLabels:
    """Labels of the first unit, which is an image."""
    labels = unit_of(row).labels
    assert not isinstance(labels, dict | UnsetType)
    return FrameLabels() if labels is None else labels


def labels_by_frame(row: LabelRow[Labels]) -> dict[str, FrameLabels]:
    labels = unit_of(row).labels
    assert isinstance(labels, dict)
    return labels


def objects_of(row: Any) -> list[ObjectLabel | Malformed]:
    return frame_of(read(row)[0]).objects


def codes(notes: list[Note]) -> list[str]:
    return [note.code for note in notes]


MALFORMED = box("bad") | {"boundingBox": 5}
"""Makes the row it stands in be read piece by piece."""


@pytest.mark.parametrize("broken", [[], [MALFORMED]], ids=["whole", "piece by piece"])
def test_reads_every_fact_of_a_row_either_way(broken: list[JSON]) -> None:
    unit = image_unit([*broken, box()], [placed("c")], width="200", data_fps=25)
    row, notes = read(label_row({UNIT: unit}, branch_name=None))
    assert (row.label_hash, row.branch_name, row.dataset_title) == ("row", None, "Harbour")
    assert (unit_of(row).width, unit_of(row).height, unit_of(row).data_fps) == ("200", 100, 25.0)
    assert frame_of(row).objects[-1].object_hash == "object"
    assert [entry.classification_hash for entry in frame_of(row).classifications] == ["c"]
    assert notes == []


@pytest.mark.parametrize("text", ["5", "[]", "null", '"x"', "", "{", '{"a":', "\x00"])
def test_a_row_that_is_no_object_is_unreadable(text: str) -> None:
    with pytest.raises(RowError):
        read(text)


@pytest.mark.parametrize("units", [None, [], 5, "x"])
def test_a_row_without_usable_data_units_is_unreadable(units: Any) -> None:
    with pytest.raises(RowError, match="data_units"):
        read(label_row() | {"data_units": units})


def test_a_row_with_spaces_alone_is_readable() -> None:
    row, _ = read({"label_hash": "row", "spaces": {"s": {"space_type": "image"}}})
    assert list(row.spaces or {}) == ["s"]


def test_what_is_nested_too_deeply_costs_only_itself() -> None:
    deep = "[" * 5000 + "]" * 5000
    text = as_json(label_row([box("a"), box("b")])).replace('"Harbour"', deep)
    row, notes = read(text.replace('"boundingBox": {', f'"boundingBox": {deep}, "x": {{', 1))
    assert row.dataset_title is None
    assert [type(label) for label in frame_of(row).objects] == [Malformed, ObjectLabel]
    assert {note.code for note in notes} == {"nested_too_deeply", "malformed_field"}


@pytest.mark.parametrize(
    "key",
    [
        "label_hash",
        "branch_name",
        "created_at",
        "last_edited_at",
        "data_hash",
        "data_title",
        "dataset_hash",
        "dataset_title",
        "data_type",
        "label_status",
        "annotation_task_status",
    ],
)
@pytest.mark.parametrize("value", [5, True, [], {}, 1.5])
def test_a_fact_of_a_wrong_type_is_left_out_with_a_note(key: str, value: Any) -> None:
    row, notes = read(label_row([box()]) | {key: value})
    assert getattr(row, key) is None
    assert [(note.code, note.path) for note in notes] == [("malformed_field", f"$.{key}")]
    assert len(frame_of(row).objects) == 1


@pytest.mark.parametrize(
    "key",
    ["label_hash", "branch_name", "data_hash", "data_title", "dataset_title", "last_edited_at"],
)
def test_a_fact_that_is_null_or_missing_needs_no_note(key: str) -> None:
    row = label_row([box()])
    assert read(row | {key: None})[1] == []
    del row[key]
    assert read(row)[1] == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("data_title", 5),
        ("data_type", []),
        ("data_link", {}),
        ("data_sequence", [0]),
        ("width", True),
        ("height", {}),
        ("data_fps", "25"),
        ("data_duration", "12"),
    ],
)
def test_a_fact_of_a_unit_of_a_wrong_type_costs_only_itself(key: str, value: Any) -> None:
    row, notes = read(label_row({UNIT: image_unit([box()], **{key: value})}))
    assert getattr(unit_of(row), key) is None
    assert len(frame_of(row).objects) == 1
    assert codes(notes) == ["malformed_field"]


@pytest.mark.parametrize("unit", [None, 5, "x", []])
def test_a_unit_that_is_no_object_is_left_out_with_a_note(unit: Any) -> None:
    row, notes = read(label_row({"bad": unit, UNIT: image_unit([box()])}))
    assert list(row.data_units) == [UNIT]
    assert [(note.code, note.path) for note in notes] == [("malformed_unit", "$.data_units.bad")]


@pytest.mark.parametrize("labels", [5, "x", []])
def test_labels_that_are_no_object_are_left_out_with_a_note(labels: Any) -> None:
    row, notes = read(label_row({UNIT: image_unit(labels=labels)}))
    assert frame_of(row).objects == []
    assert codes(notes) == ["malformed_labels"]


@pytest.mark.parametrize("labels", [None, {}, {"objects": []}, {"classifications": []}])
def test_labels_may_be_empty_in_every_way(labels: Any) -> None:
    row, notes = read(label_row({UNIT: image_unit(labels=labels)}))
    assert frame_of(row).objects == []
    assert notes == []


@pytest.mark.parametrize("key", ["objects", "classifications"])
@pytest.mark.parametrize("value", [5, {}, "x"])
def test_a_list_of_labels_of_a_wrong_type_is_noted(key: str, value: Any) -> None:
    labels = {"objects": [box()], "classifications": []} | {key: value}
    _, notes = read(label_row({UNIT: image_unit(labels=labels)}))
    assert codes(notes) == ["malformed_field"]


def test_the_other_labels_may_be_null() -> None:
    row, notes = read(label_row({UNIT: image_unit(labels={"objects": None})}))
    assert (frame_of(row).objects, notes) == ([], [])


@pytest.mark.parametrize("frame", [5, True, "x"])
def test_a_frame_that_is_no_object_is_left_out_with_a_note(frame: Any) -> None:
    row, notes = read(video_row({0: frame, 1: [box()]}))
    labels = unit_of(row).labels
    assert isinstance(labels, dict)
    assert [len(entry.objects) for entry in labels.values()] == [0, 1]
    assert codes(notes) == ["malformed_field"]


@pytest.mark.parametrize("entry", [None, 5, "x", [], True])
def test_an_entry_that_is_no_object_is_malformed(entry: Any) -> None:
    bad, good = objects_of(label_row([entry, box()]))
    assert isinstance(bad, Malformed)
    assert (bad.code, bad.path, bad.object_hash) == ("malformed_object", "", None)
    assert isinstance(good, ObjectLabel)


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("objectHash", "missing_object_hash"),
        ("featureHash", "missing_feature_hash"),
        ("shape", "missing_shape"),
    ],
)
@pytest.mark.parametrize("value", [None, "", 5, [], "missing"])
def test_an_object_needs_its_hashes_and_its_shape(key: str, code: str, value: Any) -> None:
    entry = box("bad") | {key: value}
    if value == "missing":
        del entry[key]
    bad, good = objects_of(label_row([entry, box()]))
    assert isinstance(bad, Malformed)
    assert (bad.code, bad.path) == (code, f".{key}")
    assert bad.object_hash == (None if key == "objectHash" else "bad")
    assert isinstance(good, ObjectLabel)


def test_an_empty_hash_is_judged_alike_however_the_rest_of_the_row_is() -> None:
    alone = objects_of(label_row([box("")]))
    beside = objects_of(label_row([box(""), MALFORMED]))
    assert alone[0] == beside[0]


@pytest.mark.parametrize(
    "geometry",
    [
        5,
        "x",
        [],
        {},
        {"x": 0, "y": 0, "w": 1},
        {"x": None, "y": 0, "w": 1, "h": 1},
        {"x": "0", "y": 0, "w": 1, "h": 1},
        {"x": True, "y": 0, "w": 1, "h": 1},
        {"x": [0], "y": 0, "w": 1, "h": 1},
    ],
)
def test_geometry_that_cannot_be_read_costs_only_its_object(geometry: Any) -> None:
    bad, good = objects_of(label_row([box("bad", geometry), box()]))
    assert isinstance(bad, Malformed)
    assert bad.code == "malformed_geometry"
    assert bad.path.startswith(".boundingBox")
    assert json.loads(bad.raw)["objectHash"] == "bad"
    assert isinstance(good, ObjectLabel)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" * 400])
def test_a_number_beyond_doubles_costs_only_its_object(number: str) -> None:
    text = as_json(label_row([box("bad", BOX | {"x": 7777}), box()])).replace("7777", number)
    bad, good = objects_of(text)
    assert isinstance(bad, Malformed)
    assert bad.path == ".boundingBox.x"
    assert isinstance(good, ObjectLabel)


def test_the_geometry_of_another_shape_may_be_anything() -> None:
    (label,) = objects_of(label_row([box() | {"polyline": 5, "bitmask": "x"}]))
    assert isinstance(label, ObjectLabel)


@pytest.mark.parametrize(
    ("key", "name", "default"),
    [
        ("name", "name", None),
        ("confidence", "confidence", None),
        ("createdAt", "created_at", None),
        ("createdBy", "created_by", None),
        ("lastEditedAt", "last_edited_at", None),
        ("lastEditedBy", "last_edited_by", None),
        ("isDeleted", "is_deleted", None),
    ],
)
def test_an_optional_fact_of_a_wrong_type_is_noted(key: str, name: str, default: Any) -> None:
    row, notes = read(label_row([box() | {key: {"a": 1}}]))
    label = frame_of(row).objects[0]
    assert getattr(label, name) is default
    assert [note.code for note in notes] == ["malformed_field"]
    assert notes[0].path.endswith(f".objects[0].{key}")


@pytest.mark.parametrize("value", [None, "true", 1, [], {}])
def test_manual_annotation_that_is_no_bool_is_noted(value: Any) -> None:
    row, notes = read(label_row([box(manualAnnotation=value)]))
    (label,) = frame_of(row).objects
    assert isinstance(label, ObjectLabel)
    assert label.manual_annotation is not False
    assert codes(notes) == ["malformed_field"]


def test_a_missing_manual_annotation_needs_no_note() -> None:
    entry = box()
    del entry["manualAnnotation"]
    assert read(label_row([entry]))[1] == []


@pytest.mark.parametrize("fault", [{"boundingBox": 5}, {"shape": None}, {"featureHash": 1}])
def test_a_malformed_object_may_be_deleted(fault: JSON) -> None:
    (bad,) = objects_of(as_json(label_row([box(isDeleted=True) | fault])).replace("true", " true "))
    assert isinstance(bad, Malformed)
    assert bad.is_deleted


@pytest.mark.parametrize("key", ["object_answers", "object_actions", "classification_answers"])
@pytest.mark.parametrize("value", [5, [], "x", {"o": None}, {"o": 5}])
def test_answers_of_a_wrong_type_cost_only_themselves(key: str, value: Any) -> None:
    row, notes = read(label_row([box()]) | {key: value})
    assert not getattr(row, key)
    assert len(frame_of(row).objects) == 1
    assert codes(notes) == ([] if value == {"o": None} else ["malformed_field"])


@pytest.mark.parametrize("entry", [None, 5, {}, {"featureHash": None}, {"featureHash": 5}])
def test_an_unreadable_action_costs_only_itself(entry: Any) -> None:
    given = {"o": {"actions": [entry, {"featureHash": "a", "answers": "yes", "range": [[0, 1]]}]}}
    row, notes = read(label_row([box()], object_actions=given))
    assert row.object_actions
    assert [action.feature_hash for action in row.object_actions["o"].actions] == ["a"]
    assert [(note.code, note.path) for note in notes] == [
        ("malformed_answer", "$.object_actions.o.actions[0]")
    ]


@pytest.mark.parametrize(
    "value", [5, "x", [5], [[1]], [[1, 2, 3]], [["1", "2"]], [[1.5, 2]], [[None, 1]], {"a": 1}]
)
def test_ranges_of_a_wrong_type_are_left_out(value: Any) -> None:
    row, notes = read(label_row([box()], classification_answers=classified("c", range=value)))
    assert row.classification_answers
    assert row.classification_answers["c"].range is None
    assert codes(notes) == ["malformed_field"]


@pytest.mark.parametrize("entry", [None, 5, {}, {"classificationHash": 5}])
def test_an_unreadable_frame_classification_is_noted(entry: Any) -> None:
    row, notes = read(label_row({UNIT: image_unit([], [entry, placed("c")])}))
    assert [label.classification_hash for label in frame_of(row).classifications] == ["c"]
    assert codes(notes) == ["malformed_answer"]


@pytest.mark.parametrize("metadata", [5, "x", [], {"width": True}, {"dicom_instance_uid": 5}])
def test_metadata_of_a_slice_costs_only_itself(metadata: Any) -> None:
    row, notes = read(
        video_row({0: {"objects": [box()], "classifications": [], "metadata": metadata}})
    )
    labels = unit_of(row).labels
    assert isinstance(labels, dict)
    assert len(labels["0"].objects) == 1
    assert codes(notes) == ["malformed_field"]


def test_text_that_is_no_utf8_costs_only_itself() -> None:
    raw = as_json(label_row([box("a", name="NAME"), box("b")], data_title="TITLE")).encode()
    raw = raw.replace(b"NAME", b"\xff").replace(b"TITLE", b"\xfe")
    row, notes = LabelRowReader().read(raw)
    assert row.data_title is None
    assert [label.object_hash for label in frame_of(row).objects] == ["a", "b"]
    assert codes(notes) == ["malformed_field", "malformed_field"]


def test_half_a_surrogate_pair_before_what_is_nested_too_deeply_costs_only_itself() -> None:
    text = as_json(label_row([box("a", name="HALF"), box("b")]))
    deep = '{"deep": ' + "[" * 5000 + "]" * 5000 + "}"
    row, notes = read(text.replace("HALF", r"\ud83d")[:-1] + f', "more": {deep}' + "}")
    assert [label.object_hash for label in frame_of(row).objects] == ["a", "b"]
    assert codes(notes) == ["lone_surrogate", "nested_too_deeply"]


def test_half_a_surrogate_pair_is_replaced() -> None:
    row, notes = read(
        as_json(label_row([box("a", name="NAME"), box("b")])).replace("NAME", r"\ud83d!")
    )
    first, second = frame_of(row).objects
    assert isinstance(first, ObjectLabel)
    assert (first.name, second.object_hash) == ("\ufffd!", "b")
    assert codes(notes) == ["lone_surrogate"]


@pytest.mark.parametrize("text", [r"\ud83d\ude00", r"\\ud83d", r"\\\\ud83d!"])
def test_whole_characters_are_kept_beside_halves(text: str) -> None:
    raw = as_json(label_row([box("a", name="NAME"), box("b", name=r"HALF")]))
    row, _ = read(raw.replace("NAME", text).replace("HALF", r"\ude00"))
    first = frame_of(row).objects[0]
    assert isinstance(first, ObjectLabel)
    assert first.name == json.loads(f'"{text}"')


@pytest.mark.parametrize(
    "name", ["plain", "_x1", "P/9L+504", 'qu"ote', "back\\slash", "ümlaut", ""]
)
def test_a_step_of_a_path_leads_back_to_its_key(name: str) -> None:
    row = json.dumps({name: {"a": [1, 22]}}).encode()
    assert Fragments(row).at(f"${json_key(name)}.a[1]") == b"22"


@pytest.mark.parametrize("path", ["$.b", "$.a[7]", "$.a.b", "$[0]", "$.a[0].b"])
def test_a_path_that_leads_nowhere_is_empty(path: str) -> None:
    assert Fragments(b'{"a": [1]}').at(path) == b""


def test_a_reader_gives_the_same_whatever_it_read_before() -> None:
    rows = [
        label_row([box()]),
        video_row({0: [box()]}),
        label_row({UNIT: image_unit(labels={})}),
        label_row({UNIT: image_unit(labels={"metadata": {"objects": [box()]}})}),
        video_row({0: [MALFORMED]}),
    ]
    texts = [as_json(row).encode() for row in rows]
    alone = [LabelRowReader().read(text) for text in texts]
    reader = LabelRowReader()
    for text, expected in [*zip(texts, alone, strict=True), *zip(texts, alone, strict=True)]:
        row, notes = reader.read(text)
        found, wanted = unit_of(row).labels, unit_of(expected[0]).labels
        assert (isinstance(found, dict) and bool(found)) == (
            isinstance(wanted, dict) and bool(wanted)
        )
        assert notes == expected[1]


def test_labels_beside_frames_are_read_like_the_frames() -> None:
    frames = {"0": flat([box("a")]), "5": flat([box("b")])}
    row, notes = read(video_row({}) | {"data_units": {"v": {"labels": {"objects": None} | frames}}})
    assert list(labels_by_frame(row)) == ["0", "5"]
    assert notes == []
    labels = flat([box("c")]) | frames
    units, _ = labelled_units(read(label_row({"v": {"labels": labels}}, "video"))[0])
    found = [(frame.number, frame.path, frame.labels.objects[0]) for frame in units[0].frames]
    assert [(number, label.object_hash) for number, _, label in found] == [
        (0, "a"), (5, "b"), (None, "c"),
    ]  # fmt: skip
    assert found[-1][1] == '$.data_units["v"].labels'


def test_labels_of_an_image_beside_frames_are_those_of_the_image() -> None:
    labels = flat([box("own")]) | {"0": flat([box("other")])}
    (unit,), _ = labelled_units(read(label_row({"i": image_unit(labels=labels)}))[0])
    assert [(frame.number, frame.labels.objects[0].object_hash) for frame in unit.frames] == [
        (0, "own"), (None, "other"),
    ]  # fmt: skip


def test_labels_with_metadata_beside_objects_are_one_frame() -> None:
    row, notes = read(label_row({"i": image_unit(labels=flat([box()]) | {"metadata": {}})}))
    assert isinstance(unit_of(row).labels, FrameLabels)
    assert notes == []
