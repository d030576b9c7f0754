"""The sample holds what it promises, judged by its files alone."""

import json
import re
import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

SAMPLE = Path(__file__).parents[2] / "definitions" / "sample"
SIZE_LIMIT = 1_500_000

Json = dict[str, Any]


class Picture(NamedTuple):
    """An image of the sample and what is labelled on it."""

    path: str
    size: tuple[int, int]
    row: Json
    frame: int
    objects: list[Json]


def load(name: str) -> Any:
    return json.loads((SAMPLE / name).read_text(encoding="utf-8"))


def pictures(row: Json) -> Iterator[Picture]:
    for space_id, space in row["spaces"].items():
        objects = space["labels"].get("0", {}).get("objects", [])
        size = (space["width"], space["height"])
        yield Picture(f"images/{space_id}.jpg", size, row, 0, objects)
    for data_hash, unit in row["data_units"].items():
        labels = unit["labels"]
        match row["data_type"]:
            case "image" | "img_group":
                size = (unit["width"], unit["height"])
                frame = int(unit["data_sequence"])
                yield Picture(f"images/{data_hash}.jpg", size, row, frame, labels["objects"])
            case "video":
                size = (unit["width"], unit["height"])
                for frame, blob in labels.items():
                    path = f"videos/{data_hash}/{frame}.jpg"
                    yield Picture(path, size, row, int(frame), blob["objects"])
            case "dicom":
                for frame, blob in labels.items():
                    facts = blob["metadata"]
                    size = (facts["width"], facts["height"])
                    path = f"dicom/{data_hash}/{facts['dicom_instance_uid']}"
                    yield Picture(path, size, row, int(frame), blob["objects"])


ROWS: list[Json] = load("labels.json")
ONTOLOGY: Json = load("ontology.json")
PICTURES = [picture for row in ROWS for picture in pictures(row)]
OBJECTS = [entry for picture in PICTURES for entry in picture.objects]
VIDEO = next(row for row in ROWS if row["data_type"] == "video")


def nodes(tree: Any, *, level: int = 0) -> Iterator[tuple[Json, int]]:
    """Attributes below an ontology node, each with the number of options it is nested in."""
    for attribute in tree.get("attributes", []):
        yield attribute, level
        yield from nested(attribute, level)


def nested(attribute: Json, level: int) -> Iterator[tuple[Json, int]]:
    for option in attribute.get("options", []):
        for inner in option.get("options", []):
            yield inner, level + 1
            yield from nested(inner, level + 1)


FEATURES = {node["featureNodeHash"]: node for node in ONTOLOGY["objects"]}
CLASSIFICATIONS = {node["featureNodeHash"]: node for node in ONTOLOGY["classifications"]}
ATTRIBUTES = {
    attribute["featureNodeHash"]: (attribute, level)
    for node in ONTOLOGY["objects"] + ONTOLOGY["classifications"]
    for attribute, level in nodes(node)
}


def object_answers(row: Json) -> list[Json]:
    return [a for owner in row["object_answers"].values() for a in owner["classifications"]]


def actions(row: Json) -> list[Json]:
    return [a for owner in row["object_actions"].values() for a in owner["actions"]]


def frame_answers(row: Json) -> list[Json]:
    owners = row["classification_answers"].values()
    return [answer for owner in owners for answer in owner["classifications"]]


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height in the start-of-frame segment of a JPEG file."""
    place = 2
    while data[place + 1] not in (0xC0, 0xC1, 0xC2):
        place += 2 + struct.unpack(">H", data[place + 2 : place + 4])[0]
    height, width = struct.unpack(">HH", data[place + 5 : place + 9])
    return width, height


def dicom_number(data: bytes, group: int, element: int) -> int:
    """Value of the first unsigned short of a DICOM file with explicit representations."""
    tag = struct.pack("<HH2sH", group, element, b"US", 2)
    return int(struct.unpack_from("<H", data, data.index(tag) + len(tag))[0])


def rings(entry: Json) -> list[list[float]]:
    return [ring for polygon in entry["polygons"] for ring in polygon]


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.path[:24])
def test_every_picture_has_the_size_that_its_label_row_tells(picture: Picture) -> None:
    data = (SAMPLE / picture.path).read_bytes()
    if picture.path.startswith("dicom/"):
        assert data[128:132] == b"DICM"
        size = (dicom_number(data, 0x28, 0x11), dicom_number(data, 0x28, 0x10))
        bits = (dicom_number(data, 0x28, 0x100), dicom_number(data, 0x28, 0x101))
        assert bits == (16, 12)
    else:
        size = jpeg_size(data)
    assert size == picture.size


def test_no_picture_is_without_a_label_row() -> None:
    folders = ("images", "videos", "dicom")
    files = [p for folder in folders for p in (SAMPLE / folder).rglob("*") if p.is_file()]
    assert {p.relative_to(SAMPLE).as_posix() for p in files} == {p.path for p in PICTURES}


def test_the_sample_is_small() -> None:
    files = [p for p in SAMPLE.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert sum(p.stat().st_size for p in files) < SIZE_LIMIT


def test_the_kinds_of_data() -> None:
    kinds = Counter(row["data_type"] for row in ROWS)
    assert kinds == {"image": 5, "img_group": 1, "video": 1, "dicom": 1, "group": 1}


def test_the_numbers_of_the_readme() -> None:
    readme = (SAMPLE / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(.+?)` \| [\w ]+ \| (\d+) \| (\d+) \|", readme, re.M)
    told = {title: (int(images), int(objects)) for title, images, objects in rows}
    found = {}
    for row in ROWS:
        own = [p for p in PICTURES if p.row is row]
        found[row["data_title"]] = (len(own), sum(len(p.objects) for p in own))
    assert told == found
    total = re.search(r"(\d+) images and (\d+) objects: (\d+) annotations and (\d+)", readme)
    assert total is not None
    rejected = len([e for e in OBJECTS if is_malformed(e)])
    numbers = (len(PICTURES), len(OBJECTS), len(OBJECTS) - rejected, rejected)
    assert tuple(map(int, total.groups())) == numbers


@pytest.mark.parametrize(
    "shape",
    [
        "bounding_box",
        "rotatable_bounding_box",
        "polygon",
        "polyline",
        "point",
        "skeleton",
        "bitmask",
        "circle",
        "ellipse",
        "cuboid_2d",
    ],
)
def test_every_shape_is_labelled(shape: str) -> None:
    assert shape in {entry["shape"] for entry in OBJECTS}


@pytest.mark.parametrize(
    ("parts", "rings_of_a_part"), [(1, 1), (2, 1), (1, 2)], ids=["plain", "two parts", "hole"]
)
def test_every_form_of_a_polygon_is_labelled(parts: int, rings_of_a_part: int) -> None:
    polygons = [entry["polygons"] for entry in OBJECTS if entry["shape"] == "polygon"]
    assert any([len(p) for p in polygon] == [rings_of_a_part] * parts for polygon in polygons)


@pytest.mark.parametrize("key", ["offset", "vanishingPoint"])
def test_every_form_of_a_cuboid_is_labelled(key: str) -> None:
    assert any(key in entry["cuboid_2d"] for entry in OBJECTS if entry["shape"] == "cuboid_2d")


def test_the_skeleton_has_hidden_points_and_those_of_its_template() -> None:
    (template,) = [wrapped["template"] for wrapped in ONTOLOGY["skeleton_templates"]]
    (entry,) = [entry for entry in OBJECTS if entry["shape"] == "skeleton"]
    assert entry["featureHash"] == template["feature_node_hash"]
    points = {key: point["name"] for key, point in entry["skeleton"].items()}
    assert points == {key: point["name"] for key, point in template["skeleton"].items()}
    ends = {end for ends in template["skeletonEdges"].values() for end in ends}
    assert ends | set(template["skeletonEdges"]) == set(points)
    flags = Counter(point["visibility"] for point in entry["skeleton"].values())
    assert flags == {"visible": len(points) - 2, "occluded": 1, "invisible": 1}


def is_malformed(entry: Json) -> bool:
    return entry["shape"] == "polygon" and any(len(ring) < 6 for ring in rings(entry))


def test_exactly_one_label_is_malformed() -> None:
    (entry,) = [entry for entry in OBJECTS if is_malformed(entry)]
    assert len(entry["polygon"]) == 2


def test_exactly_one_label_was_drawn_by_a_detector() -> None:
    found = [e["confidence"] for e in OBJECTS if not e["manualAnnotation"]]
    assert found == [0.83]
    assert {e["confidence"] for e in OBJECTS if e["manualAnnotation"]} == {1.0}


def test_one_image_is_reviewed_and_empty() -> None:
    (row,) = [r for r in ROWS if not r["object_answers"] and not r["classification_answers"]]
    assert row["label_status"] == "REVIEWED"
    assert [p.objects for p in PICTURES if p.row is row] == [[]]


def test_labels_refer_to_the_ontology() -> None:
    for entry in OBJECTS:
        node = FEATURES[entry["featureHash"]]
        assert (entry["name"], entry["shape"]) == (node["name"], node["shape"])
    for row in ROWS:
        for owner in row["classification_answers"].values():
            assert owner["featureHash"] in CLASSIFICATIONS


def test_every_category_is_labelled() -> None:
    assert {entry["featureHash"] for entry in OBJECTS} == set(FEATURES)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["data_title"])
def test_answers_refer_to_the_ontology(row: Json) -> None:
    static = object_answers(row) + frame_answers(row)
    for answer in static + actions(row):
        attribute, _ = ATTRIBUTES[answer["featureHash"]]
        assert answer["name"] == attribute["name"]
        assert attribute.get("dynamic", False) is answer.get("dynamic", False)
        if isinstance(answer["answers"], list):
            options = {option["featureNodeHash"] for option in attribute["options"]}
            assert {chosen["featureHash"] for chosen in answer["answers"]} <= options


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["data_title"])
def test_every_object_has_an_answer_record(row: Json) -> None:
    drawn = {entry["objectHash"] for p in PICTURES if p.row is row for entry in p.objects}
    assert set(row["object_answers"]) == drawn
    assert set(row["object_actions"]) <= drawn


@pytest.mark.parametrize("kind", ["radio", "checklist", "text", "numeric"])
@pytest.mark.parametrize("dynamic", [False, True], ids=["static", "dynamic"])
def test_every_kind_of_attribute_is_answered(kind: str, dynamic: bool) -> None:
    answers = [a for row in ROWS for a in (actions(row) if dynamic else object_answers(row))]
    assert kind in {ATTRIBUTES[answer["featureHash"]][0]["type"] for answer in answers}


@pytest.mark.parametrize("kind", ["radio", "checklist", "text", "numeric"])
def test_answers_of_every_kind_change_over_the_frames(kind: str) -> None:
    changing = Counter(
        (owner, action["featureHash"])
        for row in ROWS
        for owner, answers in row["object_actions"].items()
        for action in answers["actions"]
        if ATTRIBUTES[action["featureHash"]][0]["type"] == kind
    )
    assert max(changing.values()) > 1


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("answers", [object_answers, frame_answers], ids=["object", "frame"])
def test_nested_attributes_are_answered(answers: Any, level: int) -> None:
    levels = {ATTRIBUTES[a["featureHash"]][1] for row in ROWS for a in answers(row)}
    assert level in levels


def test_relations_lead_to_another_object_of_the_row() -> None:
    relations = [
        (row, owner, answer["answers"])
        for row in ROWS
        for owner, answers in row["object_answers"].items()
        for answer in answers["classifications"]
        if answer["name"] == "#relation"
    ]
    assert relations
    for row, owner, target in relations:
        assert target in row["object_answers"]
        assert target != owner


@pytest.mark.parametrize("kind", ["radio", "checklist", "text"])
def test_frames_are_classified_by_every_kind_of_answer(kind: str) -> None:
    answers = [answer for row in ROWS for answer in frame_answers(row)]
    assert kind in {ATTRIBUTES[answer["featureHash"]][0]["type"] for answer in answers}


def test_classifications_of_the_video_stand_on_some_frames_or_on_the_file() -> None:
    owners = list(VIDEO["classification_answers"].values())
    ranges = [tuple(span) for owner in owners for span in owner["range"]]
    last = max(p.frame for p in PICTURES if p.row is VIDEO)
    assert (0, last) in ranges
    assert any(first < until < last for first, until in ranges)
    (whole,) = [owner for owner in owners if not owner["range"]]
    assert CLASSIFICATIONS[whole["featureHash"]]["level"] == "global"


def test_a_track_of_the_video_has_a_gap() -> None:
    frames: dict[str, list[int]] = {}
    for picture in (p for p in PICTURES if p.row is VIDEO):
        for entry in picture.objects:
            frames.setdefault(entry["objectHash"], []).append(picture.frame)
    spans = {owner: max(seen) - min(seen) + 1 for owner, seen in frames.items()}
    assert [owner for owner, seen in frames.items() if len(seen) < spans[owner]]


def test_slices_are_listed_with_and_without_labels() -> None:
    slices = [p for p in PICTURES if p.row["data_type"] == "dicom"]
    assert {bool(p.objects) for p in slices} == {True, False}
    (unit,) = slices[0].row["data_units"].values()
    assert len(unit["data_links"]) == len(slices)


def test_images_of_the_group_differ_in_size() -> None:
    sizes = {p.size for p in PICTURES if p.row["data_type"] == "img_group"}
    assert len(sizes) == 3


@pytest.mark.parametrize("name", ["labels.json", "ontology.json"])
def test_every_address_is_invented(name: str) -> None:
    addresses = re.findall(r"[\w.+-]+@[\w.-]+", (SAMPLE / name).read_text(encoding="utf-8"))
    assert {address.split("@")[1] for address in addresses} <= {"example.com"}


def test_people_are_named_by_address() -> None:
    assert {"ann@example.com", "ben@example.com"} <= {entry["createdBy"] for entry in OBJECTS}
