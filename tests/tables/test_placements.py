"""Frame classifications stand where frames, ranges and spaces say, all of them together."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from coco_dagster.tables.placements import MAX_ADDED_IMAGES
from tests.label_rows import (
    JSON,
    classified,
    dicom_unit,
    flat,
    group_row,
    image_unit,
    label_row,
    placed,
    space,
    video_unit,
)
from tests.normalised import normalised
from tests.objects import box
from tests.ontologies import classification_node, ontology, radio, text

NODES = ontology(
    classifications=[
        classification_node("weather", radio("sky", "sun", "rain")),
        classification_node("site", text("where"), level="global"),
    ]
)


def tables_of(row: JSON) -> dict[str, list[JSON]]:
    return normalised(row, nodes=NODES)


def spans(row: JSON) -> list[tuple[Any, ...]]:
    return [
        (found["data_hash"], found["frame_from"], found["frame_to"])
        for found in tables_of(row)["classifications"]
    ]


def frames(row: JSON) -> list[int]:
    return [found["frame"] for found in tables_of(row)["frames"]]


def notes(row: JSON) -> list[str]:
    return [found["code"] for found in tables_of(row)["findings"]]


def video(*ranges: Any, labels: Mapping[int, Any] | None = None, **fields: Any) -> JSON:
    answers = classified("c", range=[list(span) for span in ranges])
    unit = video_unit(labels or {}, **fields)
    return label_row({"v": unit}, "video", classification_answers=answers)


def test_ranges_are_inclusive_and_their_frames_become_images() -> None:
    row = video((0, 0), (4, 6))
    assert spans(row) == [("v", 0, 0), ("v", 4, 6)]
    assert frames(row) == [0, 4, 5, 6]


def test_ranges_that_touch_or_overlap_are_one() -> None:
    assert spans(video((5, 9), (0, 4), (2, 7))) == [("v", 0, 9)]


def test_an_entry_on_a_frame_makes_it_an_image() -> None:
    row = label_row({"v": video_unit({3: flat([], [placed("c")])})}, "video")
    assert spans(row) == [("v", 3, 3)]
    assert frames(row) == [3]


def test_the_placement_is_the_union_of_all_ways_to_write_it() -> None:
    row = video((5, 6), labels={5: flat([], [placed("c")]), 9: flat([], [placed("c")])})
    assert sorted(spans(row)) == [("v", 5, 5), ("v", 5, 6), ("v", 9, 9)]
    assert frames(row) == [5, 6, 9]


def test_an_entry_on_a_frame_beats_a_range_and_the_later_entry_the_earlier() -> None:
    entries = [placed("c"), placed("d")]
    row = video((0, 5), labels={3: flat([], entries)})
    found = tables_of(row)["classifications"]
    order = sorted(found, key=lambda entry: int(entry["precedence"]))
    assert [entry["classification_hash"] for entry in order] == ["c", "c", "d"]


@pytest.mark.parametrize(
    ("ranges", "images"),
    [
        ([(-5, 1)], [0, 1]),
        ([(8, 10**30)], [8, 9]),
        ([(-(10**30), 10**30)], list(range(10))),
        ([(10, 20)], []),
        ([(10**30, 10**31)], []),
        ([(-5, -1)], []),
    ],
)
def test_ranges_are_clipped_to_the_length_of_the_video(
    ranges: list[tuple[int, int]], images: list[int]
) -> None:
    row = video(*ranges, data_duration=0.4, data_fps=25)
    assert frames(row) == images
    assert notes(row) == ([] if images else ["classification_not_placed"])


def test_a_range_that_ends_before_it_starts_is_left_out_with_a_note() -> None:
    row = video((5, 3), (7, 7))
    assert frames(row) == [7]
    assert notes(row) == ["malformed_range"]


def test_a_classification_that_would_add_too_many_images_adds_none() -> None:
    row = video((0, 10**9), labels={7: [box()]})
    assert spans(row) == [("v", 0, 10**9)]
    assert frames(row) == [7]
    assert notes(row) == ["too_many_frames"]


def test_the_images_of_all_its_ranges_count_together() -> None:
    half = MAX_ADDED_IMAGES // 2
    row = video((0, half), (10 * half, 11 * half))
    assert frames(row) == []
    assert notes(row) == ["too_many_frames"]


def test_frames_that_are_images_already_do_not_count() -> None:
    row = video((0, MAX_ADDED_IMAGES), labels={3: [box()]})
    tables = tables_of(row)
    assert (len(tables["frames"]), tables["findings"]) == (MAX_ADDED_IMAGES + 1, [])


def test_many_classifications_take_no_time() -> None:
    answers: JSON = {}
    for frame in range(8000):
        answers |= classified(f"c{frame}", range=[[frame, frame]])
    unit = video_unit({frame: [box()] for frame in range(8000)})
    row = label_row({"v": unit}, "video", classification_answers=answers)
    start = time.perf_counter()
    assert len(spans(row)) == 8000
    assert time.perf_counter() - start < 5


def test_a_global_classification_stands_on_the_whole_unit_and_adds_no_images() -> None:
    answers = classified("g", feature_hash="site", range=[])
    unit = video_unit({2: [box()]})
    row = label_row({"v": unit}, "video", classification_answers=answers)
    assert spans(row) == [("v", None, None)]
    assert frames(row) == [2]


def test_a_global_classification_stands_on_the_whole_group() -> None:
    answers = classified("g", feature_hash="site", range=[], spaces={})
    spaces = {"a": space("image", {}), "b": space("video", {}), "c": space("pdf", {})}
    row = group_row(spaces, classification_answers=answers)
    assert spans(row) == [("a", None, None), ("b", None, None)]


@pytest.mark.parametrize("where", ["range", "spaces", "frame"])
def test_a_classification_of_a_space(where: str) -> None:
    labels = {1: flat([], [placed("c")])} if where == "frame" else {}
    placement = {"s": {"type": "frame", "range": [[1, 2]]}} if where == "spaces" else {}
    answers = classified("c", range=[[1, 2]] if where == "range" else [], spaces=placement)
    row = group_row({"s": space("video", labels)}, classification_answers=answers)
    wanted = {"range": [], "spaces": [("s", 1, 2)], "frame": [("s", 1, 1)]}[where]
    assert spans(row) == wanted


def test_an_empty_range_of_a_space_is_the_whole_space() -> None:
    answers = classified("c", range=[], spaces={"s": {"type": "frame", "range": []}})
    row = group_row({"s": space("video", {4: [box()]})}, classification_answers=answers)
    assert spans(row) == [("s", None, None)]
    assert frames(row) == [4]


def test_places_in_a_text_are_no_frames_and_need_no_note() -> None:
    ends = [{"xpath": "/p", "offset": 0}, {"xpath": "/p", "offset": 5}]
    html = {"type": "html", "range": [ends]}
    answers = classified("c", range=[], spaces={"t": html, "s": {"range": [[0, 0]]}})
    answers |= classified("d", range=[], spaces={"s": html})
    spaces = {"s": space("image", {}), "t": {"space_type": "html"}}
    row = group_row(spaces, classification_answers=answers)
    assert spans(row) == [("s", 0, 0)]
    assert notes(row) == ["classification_not_placed"]


def test_a_classification_of_the_root_space() -> None:
    answers = classified("c", range=[[0, 0]])
    row = group_row({"root": space("image", {})}, classification_answers=answers)
    assert spans(row) == [("group", 0, 0)]


def test_a_file_that_is_unit_and_space_has_the_classification_once() -> None:
    answers, spaces = classified("c", range=[[0, 0]]), {"root": space("image", {})}
    row = label_row([box()], spaces=spaces, classification_answers=answers)
    assert spans(row) == [("file-row", 0, 0)]


def test_an_image_of_a_group_has_the_ranges_that_hold_its_own_frame() -> None:
    units = {f"f{n}": image_unit(data_sequence=str(n)) for n in range(4)}
    answers = classified("c", range=[[0, 0], [2, 7]])
    row = label_row(units, "img_group", classification_answers=answers)
    assert [span[0] for span in spans(row)] == ["f0", "f2", "f3"]
    assert frames(row) == [0, 1, 2, 3]


def test_a_slice_that_is_not_listed_becomes_an_image() -> None:
    answers = classified("c", range=[[1, 3]])
    unit = dicom_unit({"0": {}, "2": {"metadata": {"dicom_instance_uid": "1.2"}}})
    row = label_row({"d": unit}, "dicom", classification_answers=answers)
    assert frames(row) == [0, 1, 2, 3]
    assert [found["dicom_instance_uid"] for found in tables_of(row)["frames"]][2] == "1.2"


@pytest.mark.parametrize("level", ["weather", "unknown"])
@pytest.mark.parametrize("on_answer", ["weather", None, "unknown"])
def test_the_class_is_named_by_either_side(level: str, on_answer: Any) -> None:
    answers = classified("c", feature_hash=on_answer)
    unit = image_unit([], [placed("c", level)])
    row = label_row({"f": unit}, classification_answers=answers)
    is_known = "weather" in (level, on_answer)
    assert notes(row) == ([] if is_known else ["unknown_classification"])
    assert len(spans(row)) == is_known


def test_the_class_may_follow_from_an_attribute() -> None:
    given = [{"featureHash": "sky", "answers": []}]
    answers = classified("c", given, feature_hash=None)
    unit = image_unit([], [placed("c", None)])
    row = label_row({"f": unit}, classification_answers=answers)
    (found,) = tables_of(row)["classifications"]
    assert found["feature_hash"] == "weather"


def test_a_classification_without_a_place_is_noted() -> None:
    row = label_row([box()], classification_answers=classified("a/b"))
    (finding,) = tables_of(row)["findings"]
    assert (finding["code"], finding["path"]) == (
        "classification_not_placed",
        '$.classification_answers["a/b"]',
    )


def test_a_classification_under_a_key_that_is_no_frame_is_noted() -> None:
    row = label_row({"v": video_unit({"01": flat([], [placed("c")])})}, "video")
    (finding,) = tables_of(row)["findings"]
    assert (finding["code"], finding["path"]) == (
        "bad_frame_key",
        '$.data_units["v"].labels["01"].classifications[0]',
    )


def test_no_two_placements_have_one_key() -> None:
    entries = [placed("c"), placed("c"), placed("d")]
    answers = classified("c", range=[[3, 4]]) | classified("d", range=[[3, 3]])
    unit = video_unit({3: flat([], entries)})
    found = tables_of(label_row({"v": unit}, "video", classification_answers=answers))
    keys = [
        (row["classification_hash"], row["frame_from"], row["precedence"])
        for row in found["classifications"]
    ]
    assert len(set(keys)) == len(keys) == 5
