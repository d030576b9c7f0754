"""Images: one for each frame, in order, with what is known of it."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from coco_dagster.coco.profiles import ENCORD, ExportSettings
from coco_dagster.export import export_coco
from tests.exports import Export, export_rows, read_export
from tests.label_rows import (
    JSON,
    answer,
    as_json,
    chosen,
    classified,
    dicom_unit,
    group_row,
    image_group_row,
    image_unit,
    label_row,
    placed,
    space,
    video_row,
)
from tests.objects import box, point
from tests.ontologies import checklist, classification_node, ontology, radio, text

LINKED = ExportSettings(profile=msgspec.structs.replace(ENCORD, coco_url="link"))


def export(tmp_path: Path, *rows: Any, **options: Any) -> Export:
    return export_rows(tmp_path, list(rows), **options)


def image(tmp_path: Path, row: JSON, **options: Any) -> JSON:
    (found,) = export(tmp_path, row, **options).images
    return dict(found)


def places(found: Export) -> list[tuple[str, int]]:
    return [(entry["encord"]["data_hash"], entry["encord"]["frame"]) for entry in found.images]


def test_an_image_has_these_keys_in_this_order(tmp_path: Path) -> None:
    found = image(tmp_path, label_row([box()]))
    assert found == {
        "id": 0,
        "width": 200,
        "height": 100,
        "file_name": "images/file-row.jpg",
        "image_title": "photo.jpg",
        "coco_url": "",
        "encord": {
            "label_hash": "row",
            "data_hash": "file-row",
            "frame": 0,
            "data_type": "image",
            "dataset_title": "Harbour",
            "classifications": {},
        },
    }
    assert list(found) == [
        "id", "width", "height", "file_name", "image_title", "coco_url", "encord",
    ]  # fmt: skip


def test_a_frame_of_a_video_has_the_title_of_the_video_too(tmp_path: Path) -> None:
    found = image(tmp_path, video_row({3: [box()]}))
    assert (found["image_title"], found["video_title"]) == ("clip.mp4", "clip.mp4")
    assert (found["encord"]["frame"], found["encord"]["data_type"]) == (3, "video")


MISSING = ("label_hash", "data_title", "dataset_title", "data_type", "branch_name", "data_hash")


@pytest.fixture(scope="module", params=["null", "missing"])
def without_facts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Export:
    """A row without each fact; its image is called like the fact."""
    rows = []
    for missing in MISSING:
        unit = image_unit([box()], data_title=None)
        row = label_row({missing: unit}, label_hash=missing) | {missing: None}
        if request.param == "missing":
            del row[missing]
        rows.append(row)
    return export(tmp_path_factory.mktemp("without_facts"), *rows)


@pytest.mark.parametrize("missing", MISSING)
def test_what_is_not_known_is_left_out(without_facts: Export, missing: str) -> None:
    found = without_facts.image(0, missing)
    assert None not in [*found.values(), *found["encord"].values()]
    assert ("label_hash" in found["encord"]) == (missing != "label_hash")
    assert ("image_title" in found) == (missing != "data_title")
    assert "unnamed" not in str(found)


def test_without_both_sides_there_is_no_size(tmp_path: Path) -> None:
    sizes: list[JSON] = [{"width": None}, {"height": 0}, {"width": -1, "height": "x"}]
    units = {f"f{n}": image_unit([box()], **size) for n, size in enumerate(sizes)}
    found = export(tmp_path, label_row(units, "img_group"))
    assert [{"width", "height"} & image.keys() for image in found.images] == [set()] * 3
    assert (found.annotations, found.rejected) == ([], ["unknown_frame_size"] * 3)


def test_rows_come_in_source_order_and_units_by_sequence(tmp_path: Path) -> None:
    group = {f"g{n}": image_unit(data_sequence=str(n)) for n in (2, 10, 1)}
    found = export(
        tmp_path,
        label_row({"z": image_unit()}, label_hash="z"),
        label_row(group | {"last": image_unit(data_sequence=None)}, "img_group", "m"),
        label_row({"a": image_unit()}, label_hash="a"),
    )
    assert places(found) == [("z", 0), ("g1", 1), ("g2", 2), ("g10", 10), ("last", 3), ("a", 0)]
    assert [entry["id"] for entry in found.images] == list(range(6))


def test_files_come_sorted_by_path(tmp_path: Path) -> None:
    folder = tmp_path / "labels"
    for name in ("b.json", "a/z.json", "B.json", "a-b.json", "a.json"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        row = label_row({name: image_unit()}, label_hash=name)
        path.write_text(as_json([row]))
    result = export_coco(folder, None, tmp_path / "out", workers=1)
    found = read_export(tmp_path / "out", result)
    assert [place[0] for place in places(found)] == sorted(
        ["b.json", "a/z.json", "B.json", "a-b.json", "a.json"]
    )


def test_frames_come_by_number(tmp_path: Path) -> None:
    frames = {"10": [box()], "9": [box()], "0": [box()], "100": [box()]}
    assert [place[1] for place in places(export(tmp_path, video_row(frames)))] == [0, 9, 10, 100]


def test_images_are_there_labelled_or_not_and_frames_if_something_is_on_them(
    tmp_path: Path,
) -> None:
    empty: JSON = {"objects": [], "classifications": []}
    found = export(
        tmp_path,
        label_row({"i": image_unit(labels={})}, label_hash="1"),
        video_row({0: [], 1: empty, 2: [box()], 3: empty | {"classifications": [placed("c")]}}),
        label_row({"d": dicom_unit({0: [], 1: {}, 2: [box()]})}, "dicom", "3"),
        label_row({"n": dicom_unit({0: [], 2: [box()]})}, "nifti", "4"),
    )
    assert places(found) == [
        ("i", 0),
        ("clip", 2),
        ("clip", 3),
        ("d", 0),
        ("d", 1),
        ("d", 2),
        ("n", 2),
    ]


def test_a_frame_whose_objects_are_all_lost_is_an_image(tmp_path: Path) -> None:
    lost = [box(isDeleted=True), box(shape="x"), box(featureHash="x"), box(boundingBox=5), None]
    found = export(tmp_path, video_row({number: [entry] for number, entry in enumerate(lost)}))
    assert (places(found), found.annotations) == ([("clip", number) for number in range(5)], [])


def test_files_without_pixels_have_no_images(tmp_path: Path) -> None:
    kinds = ("pdf", "audio", "plain_text", "scene")
    found = export(
        tmp_path, *(label_row({kind: image_unit([box()])}, kind, kind) for kind in kinds)
    )
    assert (found.images, found.skipped) == ([], ["media_without_pixels"] * 4)


def test_a_space_has_its_own_hash_and_type_and_the_group_s_title(tmp_path: Path) -> None:
    spaces = {
        "s": space("image", {0: [box()]}, width=9, height=8),
        "root": space("image", {}, root_info={"file_name": "r.png"}),
    }
    first, second = export(tmp_path, group_row(spaces)).images
    assert [entry["encord"]["data_hash"] for entry in (first, second)] == ["s", "group"]
    assert [entry["encord"]["data_type"] for entry in (first, second)] == ["image", "image"]
    assert [entry["image_title"] for entry in (first, second)] == ["photo.jpg", "r.png"]
    assert (first["width"], first["height"]) == (9, 8)


def test_one_frame_of_two_rows_is_one_image_with_the_facts_of_the_first(tmp_path: Path) -> None:
    found = export(
        tmp_path,
        label_row({"f": image_unit([box("a")])}, label_hash="1", dataset_title="First"),
        label_row({"x": image_unit()}, label_hash="2"),
        label_row({"f": image_unit([box("b")], width=999, data_title="z")}, label_hash="3"),
    )
    assert places(found) == [("f", 0), ("x", 0)]
    first = found.images[0]
    assert (first["encord"]["label_hash"], first["width"]) == ("1", 200)
    assert first["encord"]["dataset_title"] == "First"
    assert [
        (entry["image_id"], entry["attributes"]["encord_track_uuid"]) for entry in found.annotations
    ] == [
        (0, "a"),
        (0, "b"),
    ]
    assert found.notes == ["shared_data_hash"]


def test_frames_that_rows_share_are_one_image_each_and_the_others_are_added(
    tmp_path: Path,
) -> None:
    found = export(
        tmp_path,
        video_row({0: [box("a")], 2: [box("a")]}, "1"),
        video_row({1: [box("b")], 2: [box("b")]}, "2"),
    )
    assert places(found) == [("clip", 0), ("clip", 2), ("clip", 1)]
    assert len(found.annotations) == 4
    assert [entry["track_id"] for entry in found.attributes] == [1, 1, 2, 2]


def test_a_size_that_the_first_row_lacks_is_that_of_the_next(tmp_path: Path) -> None:
    found = export(
        tmp_path,
        label_row({"f": image_unit([box("a")], width=None)}, label_hash="1"),
        label_row({"f": image_unit([box("b"), point("c")])}, label_hash="2"),
    )
    assert (found.images[0]["width"], found.images[0]["height"]) == (200, 100)
    assert [entry["bbox"] for entry in found.annotations] == [[20, 20, 60, 40], [100, 50, 0, 0]]
    assert found.rejected == ["unknown_frame_size"]


LINKS = {
    "https://user:SECRET@host/a.jpg?sig=SECRET#SECRET": "https://host/a.jpg",
    "bucket/a.jpg": "bucket/a.jpg",
    "": "",
    None: "",
}


@pytest.mark.parametrize("settings", [None, LINKED], ids=["not asked for", "asked for"])
def test_the_link_is_written_only_if_asked_for_and_never_its_query(
    tmp_path: Path, settings: ExportSettings | None
) -> None:
    units = {f"f{n}": image_unit(data_link=link) for n, link in enumerate(LINKS)}
    found = export(tmp_path, label_row(units, "img_group"), settings=settings)
    expected = list(LINKS.values()) if settings else [""] * len(LINKS)
    assert [entry["coco_url"] for entry in found.images] == expected


def test_the_link_of_a_slice_is_its_own(tmp_path: Path) -> None:
    metadata = {"file_uri": "https://host/1.dcm?sig=SECRET", "dicom_instance_uid": "1"}
    row = label_row({"d": dicom_unit({0: {"metadata": metadata}})}, "dicom")
    assert image(tmp_path, row, settings=LINKED)["coco_url"] == "https://host/1.dcm"


NASTY = 'a"b\\c\nd\te\x01\u2028é😀/</script>\x7f,"x":null'


def test_titles_and_hashes_of_all_kinds_are_json(tmp_path: Path) -> None:
    unit = image_unit([box(NASTY)], data_title=NASTY)
    row = label_row({NASTY: unit}, label_hash=NASTY, dataset_title=NASTY)
    found = export(tmp_path, row)
    (entry,) = found.images
    assert entry["image_title"] == NASTY
    assert entry["encord"]["data_hash"] == entry["encord"]["label_hash"] == NASTY
    assert entry["encord"]["dataset_title"] == NASTY
    assert found.attributes[0]["encord_track_uuid"] == NASTY
    assert found.coco["info"]["description"] == NASTY
    assert (found.lineage[0]["label_hash"], found.lineage[0]["object_hash"]) == (NASTY, NASTY)
    assert len((tmp_path / "out" / "annotations.json").read_bytes().split(b"\n")) > 5


WEATHER = ontology(
    classifications=[
        classification_node("weather", radio("sky", "sun", "rain", name="Sky")),
        classification_node("things", checklist("seen", "dog", "cat")),
        classification_node("site", text("where", name="Where"), level="global"),
    ]
)


def sky(option_hash: str) -> JSON:
    return answer("sky", chosen(option_hash))


def skies(found: Export) -> list[Any]:
    return [entry["encord"]["classifications"] for entry in found.images]


def test_classifications_stand_on_their_frames(tmp_path: Path) -> None:
    answers = classified("c", [sky("sun")], range=[[1, 2]]) | classified("d", [sky("rain")])
    frames = {
        0: [box()],
        2: {"classifications": [placed("d")]},
        5: {"classifications": [placed("e")]},
    }
    found = export(tmp_path, video_row(frames, classification_answers=answers), nodes=WEATHER)
    assert [place[1] for place in places(found)] == [0, 1, 2, 5]
    assert skies(found) == [{}, {"Sky": "sun"}, {"Sky": "rain"}, {"Sky": None}]


def test_a_global_classification_stands_on_every_image(tmp_path: Path) -> None:
    answers = classified("g", [answer("where", "north")], "site", range=[])
    row = image_group_row([[], []], classification_answers=answers)
    assert skies(export(tmp_path, row, nodes=WEATHER)) == [{"Where": "north"}] * 2


def test_an_unanswered_checklist_has_every_option_false(tmp_path: Path) -> None:
    unit = image_unit([], [placed("c", "things")])
    row = label_row({"f": unit})
    assert skies(export(tmp_path, row, nodes=WEATHER)) == [{"dog": False, "cat": False}]


def test_of_two_of_one_kind_on_a_frame_the_later_holds(tmp_path: Path) -> None:
    answers = (
        classified("c", [sky("sun")], range=[[0, 9]])
        | classified("d", [sky("rain")], range=[[3, 4]])
        | classified("e", [sky("sun")])
        | classified("f", [sky("rain")])
    )
    frames = {4: {"classifications": [placed("f"), placed("e")]}}
    row = video_row(frames, classification_answers=answers)
    found = skies(export(tmp_path, row, nodes=WEATHER))
    assert found == [{"Sky": {3: "rain"}.get(frame, "sun")} for frame in range(10)]


def test_a_shared_image_has_the_classifications_of_the_first_row(tmp_path: Path) -> None:
    rows = [
        label_row(
            {"f": image_unit([], [placed("c")])},
            label_hash=name,
            classification_answers=classified("c", [sky(name)]),
        )
        for name in ("sun", "rain")
    ]
    assert skies(export(tmp_path, *rows, nodes=WEATHER)) == [{"Sky": "sun"}]
