"""Files of label rows and their frames, whatever the modality."""

import json
from typing import Any

import pytest

from coco_dagster.encord.label_row import Note
from coco_dagster.encord.label_row_reader import LabelRowReader
from coco_dagster.encord.media import LabelledUnit, labelled_units, public_link
from tests.label_rows import (
    JSON,
    as_json,
    dicom_unit,
    flat,
    image_unit,
    keyed,
    label_row,
    video_unit,
)
from tests.objects import box


def read(row: JSON) -> tuple[list[LabelledUnit], list[Note]]:
    label_row_read, notes = LabelRowReader().read(as_json(row).encode())
    units, more = labelled_units(label_row_read)
    return units, [*notes, *more]


def units_of(row: JSON) -> list[LabelledUnit]:
    return read(row)[0]


def unit_of(row: JSON) -> LabelledUnit:
    (unit,) = units_of(row)
    return unit


def space_row(**spaces: Any) -> JSON:
    group = {"data_type": "group", "data_title": "", "labels": {}}
    return label_row({"group": group}, "group", data_title="Row", spaces=spaces)


def space_of(row: JSON) -> LabelledUnit:
    return units_of(row)[1]


def images(unit: LabelledUnit) -> list[int | None]:
    return [entry.number for entry in unit.frames if entry.is_image]


@pytest.mark.parametrize(
    ("data_type", "mime", "media"),
    [
        ("image", "image/png", "image"),
        ("IMAGE", "image/png", "image"),
        ("img_group", "image/png", "image"),
        ("video", "video/mp4", "video"),
        ("dicom", "application/dicom", "dicom"),
        ("nifti", "application/nifti1", "nifti"),
        ("audio", "audio/mpeg", None),
        ("pdf", "application/pdf", None),
        ("plain_text", "text/plain", None),
        ("scene", "scene", None),
        ("group", "group", None),
        ("time_series", "text/csv", None),
        ("what_comes_next", "image/png", None),
        (None, "image/png", "image"),
        (None, "video/mp4", "video"),
        ("", "application/dicom", "dicom"),
        (None, None, None),
        (5, "application/nifti2", "nifti"),
    ],
)
def test_media_is_that_of_the_row_or_of_the_mime_type(
    data_type: Any, mime: Any, media: str | None
) -> None:
    assert unit_of(label_row({"f": image_unit(data_type=mime)}, data_type)).media == media


@pytest.mark.parametrize(
    ("labels", "media"), [({}, "image"), (flat([box()]), "image"), (keyed({0: [box()]}), "video")]
)
def test_deleted_data_is_known_by_its_labels(labels: JSON, media: str) -> None:
    assert unit_of(label_row({"f": {"labels": labels}}, "deleted")).media == media


def test_units_stand_by_sequence_then_in_file_order() -> None:
    units = {
        "none": image_unit(data_sequence=None),
        "ten": image_unit(data_sequence="10"),
        "two": image_unit(data_sequence=2),
        "also": image_unit(data_sequence=2.0),
        "text": image_unit(data_sequence="x"),
    }
    found = units_of(label_row(units, "img_group"))
    assert [unit.data_hash for unit in found] == ["two", "also", "ten", "none", "text"]
    assert [entry.number for unit in found for entry in unit.frames] == [2, 2, 10, 3, 4]


@pytest.mark.parametrize(
    ("value", "pixels"),
    [
        (200, 200),
        ("200", 200),
        (200.0, 200),
        *((value, None) for value in (0, "0", "", -5, 1.5, "2e2", 10**30, None, True)),
    ],
)
def test_sizes_are_read_in_every_form(value: Any, pixels: int | None) -> None:
    assert unit_of(label_row({"f": image_unit(width=value)})).width == pixels


@pytest.mark.parametrize(
    ("duration", "rate", "frames"),
    [
        (2, 25, 50),
        (2.019, 25, 50),
        (2.021, 25, 51),
        (0.001, 1, 1),
        (None, 25, None),
        (2, None, None),
        (0, 25, None),
        (-2, 25, None),
        (1e308, 1e308, None),
    ],
)
def test_the_length_of_a_video_is_its_duration_in_frames(
    duration: Any, rate: Any, frames: int | None
) -> None:
    unit = video_unit({}, data_duration=duration, data_fps=rate)
    assert unit_of(label_row({"v": unit}, "video")).number_of_frames == frames


def test_an_image_is_one_frame_labelled_or_not() -> None:
    assert images(unit_of(label_row({"f": image_unit()}))) == [0]
    assert images(unit_of(label_row({"f": image_unit(labels=None)}))) == [0]


@pytest.mark.parametrize("key", ["0", "3"])
def test_an_image_may_be_keyed_by_its_frame(key: str) -> None:
    unit = image_unit(labels=keyed({key: [box()]}), data_sequence=3)
    (entry,) = unit_of(label_row({"f": unit}, "img_group")).frames
    assert (entry.number, len(entry.labels.objects)) == (3, 1)
    assert entry.path.endswith(f'["{key}"]')


def test_labels_of_an_image_under_another_frame_have_no_place() -> None:
    unit = image_unit(labels=keyed({0: [box()], 7: [box("b")]}))
    frames = unit_of(label_row({"f": unit})).frames
    assert [(entry.number, len(entry.labels.objects)) for entry in frames] == [(0, 1), (None, 1)]


def test_frames_of_a_video_are_those_with_something_on_them_by_number() -> None:
    frames = {"10": [box()], "9": flat(), "2": flat([], [{"classificationHash": "c"}]), "1": {}}
    assert images(unit_of(label_row({"v": video_unit(frames)}, "video"))) == [2, 10]


@pytest.mark.parametrize(
    "key",
    ["01", "1.5", "-1", "", " 1", "1 ", "+1", "x", "12345678901", "1e3", "\u0661", "0x1", "00"],
)
def test_a_key_that_is_no_canonical_number_is_no_frame(key: str) -> None:
    unit = unit_of(label_row({"v": video_unit({key: [box()]})}, "video"))
    assert [(entry.number, entry.is_image) for entry in unit.frames] == [(None, False)]


@pytest.mark.parametrize("key", ["0", "1", "9999999999"])
def test_a_canonical_number_of_ten_digits_is_a_frame(key: str) -> None:
    assert images(unit_of(label_row({"v": video_unit({key: [box()]})}, "video"))) == [int(key)]


def test_flat_labels_of_a_video_have_no_frame() -> None:
    (entry,) = unit_of(label_row({"v": video_unit({}, labels=flat([box()]))}, "video")).frames
    assert entry.number is None


def test_every_listed_slice_is_an_image() -> None:
    metadata = {
        "dicom_instance_uid": "1.2",
        "multiframe_frame_number": 4,
        "file_uri": "https://host/x.dcm?Signature=SECRET",
        "width": "64",
        "height": 32.0,
    }
    unit = dicom_unit({"1": {"metadata": metadata}, "0": {}, "2": flat()})
    found = unit_of(label_row({"d": unit}, "dicom"))
    assert images(found) == [0, 1, 2]
    entry = found.frames[1]
    assert (entry.dicom_instance_uid, entry.multiframe_frame_number) == ("1.2", 4)
    assert (entry.width, entry.height, entry.file_uri) == (64, 32, "https://host/x.dcm")


def test_unlabelled_slices_of_nifti_are_no_images() -> None:
    unit = dicom_unit({"0": flat(), "1": [box()]}, data_type="application/nifti1")
    assert images(unit_of(label_row({"n": unit}, "nifti"))) == [1]


@pytest.mark.parametrize(
    ("link", "public"),
    [
        ("https://host/a.png?X-Amz-Signature=SECRET&x=1", "https://host/a.png"),
        ("https://host/a.png#token=SECRET", "https://host/a.png"),
        ("https://user:SECRET@host/a.png", "https://host/a.png"),
        ("https://user:SEC@RET@host/a.png?x", "https://host/a.png"),
        ("s3://bucket/a@b.png", "s3://bucket/a@b.png"),
        ("bucket/a.png?sig=SECRET", "bucket/a.png"),
        ("", None),
        (None, None),
        ("?sig=SECRET", None),
    ],
)
def test_a_public_link_has_no_secrets(link: str | None, public: str | None) -> None:
    assert public_link(link) == public


def test_spaces_come_after_the_units_in_json_order() -> None:
    row = space_row(b={"space_type": "image"}, a={"space_type": "video"}, root={"space_type": "x"})
    assert [unit.data_hash for unit in units_of(row)] == ["group", "b", "a", "group"]
    assert [unit.space for unit in units_of(row)] == [None, "b", "a", "root"]


@pytest.mark.parametrize(
    ("space_type", "media"),
    [
        ("image", "image"),
        ("image_sequence", "image"),
        ("video", "video"),
        ("medical_file", "dicom"),
        ("medical_stack", "dicom"),
        ("pdf", None),
        ("audio", None),
        ("text", None),
        ("html", None),
        ("point_cloud", None),
        ("scene_image", None),
        (None, None),
        (5, None),
    ],
)
def test_media_of_a_space_is_that_of_its_type(space_type: Any, media: str | None) -> None:
    space = space_of(space_row(s={"space_type": space_type, "labels": {}}))
    assert space.media == media
    assert space.data_type == (space_type if isinstance(space_type, str) else None)


@pytest.mark.parametrize("space", [None, 5, [], "x"])
def test_a_space_that_is_no_object_is_left_out_with_a_note(space: Any) -> None:
    units, notes = read(space_row(s=space))
    assert [unit.media for unit in units] == [None, None]
    assert [(note.code, note.path) for note in notes] == [("malformed_space", "$.spaces.s")]


@pytest.mark.parametrize("labels", ["missing", None, {}])
def test_a_space_needs_no_labels(labels: Any) -> None:
    space = {"space_type": "image"} | ({} if labels == "missing" else {"labels": labels})
    units, notes = read(space_row(s=space))
    assert images(units[1]) == [0]
    assert notes == []


@pytest.mark.parametrize(
    ("key", "value"), [("width", []), ("child_info", 5), ("frames", 5), ("number_of_frames", {})]
)
def test_a_fact_of_a_space_of_a_wrong_type_costs_only_itself(key: str, value: Any) -> None:
    space = {"space_type": "video", "labels": keyed({3: [box()]}), key: value}
    units, notes = read(space_row(s=space))
    assert images(units[1]) == [3]
    assert [(note.code, note.path) for note in notes] == [("malformed_field", f"$.spaces.s.{key}")]


@pytest.mark.parametrize(
    ("space", "title"),
    [
        ({"child_info": {"file_name": "child.png"}, "root_info": {"file_name": "r"}}, "child.png"),
        ({"root_info": {"file_name": "root.png"}}, "root.png"),
        ({"child_info": {"file_name": None}}, "Row"),
        ({}, "Row"),
    ],
)
def test_the_title_of_a_space_is_its_child_s_or_the_next_best(space: JSON, title: str) -> None:
    assert space_of(space_row(s={"space_type": "image"} | space)).title == title


def test_every_frame_of_an_image_sequence_is_an_image_with_its_own_file() -> None:
    frames = [
        {"data_uuid": "u0", "data_title": "a.png", "data_type": "image/png"},
        {"data_uuid": "u1", "data_link": "https://host/b.png?sig=SECRET", "data_title": "b.png"},
    ]
    labels = keyed({1: [box()], 5: [box()]})
    space = {"space_type": "image_sequence", "labels": labels, "frames": frames}
    found = space_of(space_row(s=space | {"width": 20, "height": 10}))
    assert images(found) == [0, 1, 5]
    assert [entry.member_hash for entry in found.frames] == ["u0", "u1", None]
    assert [entry.title for entry in found.frames] == ["a.png", "b.png", None]
    assert found.frames[1].file_uri == "https://host/b.png"
    assert found.number_of_frames == 2


def test_frames_of_a_medical_stack_have_their_own_sizes() -> None:
    frames = [
        {"width": 10, "height": 20, "instance_uid": "1.1", "file_name": "a.dcm"},
        {"width": "30", "height": 40.0, "instance_uid": "1.2"},
        {"width": None, "height": 0},
    ]
    space = {"space_type": "medical_stack", "labels": keyed({1: [box()]}), "frames": frames}
    found = space_of(space_row(s=space))
    assert [(entry.width, entry.height) for entry in found.frames] == [
        (10, 20),
        (30, 40),
        (None, None),
    ]
    assert [entry.dicom_instance_uid for entry in found.frames] == ["1.1", "1.2", None]
    assert images(found) == [0, 1, 2]


@pytest.mark.parametrize("key", ["a b", 'q"uote', "ümlaut", "file:///x.bin", "back\\slash"])
def test_paths_name_odd_keys_as_json_does(key: str) -> None:
    row = space_row(**{key: {"space_type": "video", "labels": {key: flat([box()])}}})
    (entry,) = space_of(row).frames
    quoted = json.dumps(key, ensure_ascii=False)
    assert entry.path == f"$.spaces[{quoted}].labels[{quoted}]"
