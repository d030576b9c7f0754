"""Files of every form: in pieces, in any order, in lists, compressed, in archives."""

import gzip
import io
import json
import os
import random
import threading
import tracemalloc
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from coco_dagster.coco.validation import CONSUMERS, FileReport, Finding, validate_coco
from coco_dagster.coco.validation.stream_checks import Read, StreamReport, check_stream
from coco_dagster.errors import SettingsError, SourceError
from tests.coco.validation.coco_files import THE_ONE, Json, instances, text_of
from tests.coco.validation.defects import DEFECTS, Defect

PLAIN = [defect for defect in DEFECTS if defect.text is json.dumps]
OF_THE_FILE = {"annotations_empty", "all_annotations_crowd", "byte_order_mark", "nan_literal"}
"""Rules that a file breaks as a whole, whatever its COCO objects break."""


def write(folder: Path, text: str, name: str = "coco.json") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    return path


def validated(path: Path, **options: Any) -> FileReport:
    (report,) = validate_coco(path, **options).files
    return report


def counts(findings: tuple[Finding, ...]) -> dict[str, int]:
    return {found.code: found.count for found in findings}


def checked(text: str, chunk_bytes: int) -> StreamReport:
    """Checks a text in pieces of a size."""

    @contextmanager
    def open_stream() -> Iterator[Read]:
        yield io.BytesIO(text.encode("utf-8", "surrogatepass")).readinto

    return check_stream(open_stream, 3, chunk_bytes)


def is_of_one_annotation(defect: Defect) -> bool:
    coco, valid = defect.coco(), instances()
    if not isinstance(coco.get("annotations"), list) or not coco["annotations"]:
        return False
    coco["annotations"][THE_ONE] = valid["annotations"][THE_ONE] = None
    return text_of(coco) == text_of(valid)


def all_in_one_file() -> tuple[Json, Counter[str]]:
    """A file with an image for each defect of an annotation, and what is wrong with it."""
    coco = instances()
    coco["images"], coco["annotations"] = [], []
    expected: Counter[str] = Counter()
    valid = instances()["annotations"][THE_ONE]
    defects = [defect for defect in PLAIN if is_of_one_annotation(defect)]
    assert len(defects) > 50
    for number, defect in enumerate(defects, 1):
        good, bad = dict(valid), defect.coco()["annotations"][THE_ONE]
        good |= {"id": 2 * number, "image_id": number}
        for key, value in (("id", 2 * number + 1), ("image_id", number)):
            if bad.get(key) == valid[key]:
                bad[key] = value
        if bad.get("id") == 1:
            bad["id"] = 2
        coco["images"].append(
            instances()["images"][0] | {"id": number, "file_name": f"{number}.jpg"}
        )
        coco["annotations"] += [good, bad]
        expected.update((*defect.errors.split(), *defect.warnings.split()))
    return coco, expected


@pytest.mark.parametrize("chunk_bytes", [500, 5000, 1 << 21])
@pytest.mark.parametrize("last", ["annotations", "images", "categories"])
def test_many_defects_are_counted_whatever_the_order_and_the_pieces(
    last: str, chunk_bytes: int
) -> None:
    coco, expected = all_in_one_file()
    coco[last] = coco.pop(last)
    found = checked(text_of(coco), chunk_bytes).findings.by_code
    assert {code: each.count for code, each in found.items()} == expected


def peak_of_many(annotations: int) -> int:
    """Bytes that are taken at most for a file of many annotations on one image."""
    coco = instances()
    coco["annotations"] = [coco["annotations"][0] | {"id": n + 1} for n in range(annotations)]
    text = text_of(coco)
    tracemalloc.start()
    checked(text, 50_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak - len(text)


def test_memory_grows_by_a_few_bytes_for_each_annotation() -> None:
    # What is imported and kept once is none of it.
    peak_of_many(500)
    assert peak_of_many(8000) - peak_of_many(2000) < 6000 * 80


def test_texts_that_are_keys_but_for_their_numbers_are_no_keys(tmp_path: Path) -> None:
    coco = instances()
    for annotation in coco["annotations"]:
        annotation["attributes"] = {"note": "i1d", "other": "area 2", "score-1": 0.5}
    assert "duplicate_key" not in counts(validated(write(tmp_path, text_of(coco))).findings)


def test_the_first_places_do_not_depend_on_the_pieces() -> None:
    coco, _ = all_in_one_file()
    random.Random(1).shuffle(coco["annotations"])
    whole, pieces = (checked(text_of(coco), size).findings.by_code for size in (1 << 21, 700))
    assert {code: each.first for code, each in whole.items()} == {
        code: each.first for code, each in pieces.items()
    }


def test_a_list_of_coco_objects_breaks_what_each_of_them_breaks(tmp_path: Path) -> None:
    units = [defect.coco() for defect in PLAIN]
    expected: Counter[str] = Counter()
    for unit in units:
        expected.update(counts(validated(write(tmp_path, text_of(unit))).findings))
    report = validated(write(tmp_path, json.dumps(units)))
    assert report.coco_objects == len(units)
    found = counts(report.findings)
    assert {code: found[code] for code in found if code not in OF_THE_FILE} == {
        code: expected[code] for code in expected if code not in OF_THE_FILE
    }


def test_an_archive_breaks_what_each_of_its_files_breaks(tmp_path: Path) -> None:
    archive = tmp_path / "coco.zip"
    expected: Counter[str] = Counter()
    with zipfile.ZipFile(archive, "w") as packed:
        for number, defect in enumerate(DEFECTS):
            path = write(tmp_path, defect.text(defect.coco()))
            expected.update(counts(validated(path).findings))
            packed.write(path, f"{number:03}.json")
    report = validated(archive)
    assert report.coco_objects == len(DEFECTS)
    assert counts(report.findings) == expected


def test_ids_start_afresh_in_each_coco_object(tmp_path: Path) -> None:
    assert validated(write(tmp_path, json.dumps([instances()] * 3))).findings == ()


def test_a_finding_names_the_first_ones_in_the_order_of_the_file(tmp_path: Path) -> None:
    coco = instances()
    for annotation in coco["annotations"]:
        annotation["area"] = 0
    coco["annotations"][2]["id"] = "x"
    report = validated(write(tmp_path, text_of(coco)), consumers=["mmdet"], max_affected=4)
    (found,) = (finding for finding in report.findings if finding.code == "area_zero")
    assert found.count == 5
    assert [str(place) for place in found.affected] == [
        "annotation 1",
        "annotation 2",
        "annotation x",
        "annotation 4",
    ]
    assert [place.index for place in found.affected] == [0, 1, 2, 3]


def test_what_has_no_id_is_named_by_its_position(tmp_path: Path) -> None:
    coco = instances()
    del coco["annotations"][3]["id"]
    (found,) = validated(write(tmp_path, text_of(coco)), consumers=["pycocotools"]).findings
    assert [str(place) for place in found.affected] == ["annotation[3]"]


def test_places_in_lists_and_archives_name_the_coco_object(tmp_path: Path) -> None:
    bad = instances()
    bad["annotations"][0]["area"] = 0
    bad["annotations"][4]["id"] = 1
    listed = write(tmp_path, json.dumps([instances(), bad]), "list.json")
    with zipfile.ZipFile(tmp_path / "coco.zip", "w") as packed:
        packed.writestr("a.json", text_of(bad))
        packed.write(listed, "b.json")
    of_list = validated(listed, consumers=["mmdet"]).findings
    assert [str(f.affected[0]) for f in of_list] == ["annotation 1 of [1]"] * 2
    of_archive = validated(tmp_path / "coco.zip", consumers=["mmdet"]).findings
    names = [[str(place) for place in found.affected] for found in of_archive]
    assert names == [["annotation 1 of a.json", "annotation 1 of b.json[1]"]] * 2


def test_only_what_the_consumers_mind_is_reported(tmp_path: Path) -> None:
    coco = instances()
    coco["annotations"][0] |= {"id": 0, "area": 0}
    path = write(tmp_path, text_of(coco))
    found = {name: counts(validated(path, consumers=[name]).findings) for name in CONSUMERS}
    assert found["pycocotools"] == {"annotation_id_zero": 1}
    assert found["mmdet"] == {"annotation_id_zero": 1, "area_zero": 1}
    assert found["hotcoco"] == {}


def test_a_message_speaks_of_the_consumers_that_were_asked_for(tmp_path: Path) -> None:
    coco = instances()
    coco["annotations"][0]["id"] = 0
    path = write(tmp_path, text_of(coco))
    (found,) = validated(path, consumers=["torchvision", "mmdet"]).findings
    assert dict(found.consumers) == {"torchvision": "warning", "mmdet": "error"}
    assert found.severity == "error"
    assert "mmdet: " in found.message
    assert "pycocotools: " not in found.message


def test_entries_are_counted(tmp_path: Path) -> None:
    report = validated(write(tmp_path, json.dumps([instances(), instances()])))
    assert (report.images, report.annotations, report.categories) == (6, 10, 4)
    assert report.coco_objects == 2


@pytest.mark.parametrize("indent", [None, 0, 1, "\t"])
def test_white_space_does_not_matter(tmp_path: Path, indent: int | str | None) -> None:
    assert validated(write(tmp_path, json.dumps(instances(), indent=indent))).findings == ()


def test_a_compressed_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "coco.json.gz"
    path.write_bytes(gzip.compress(text_of(instances()).encode()))
    assert validated(path).images == 3


def test_a_url_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, text_of(instances()))
    (report,) = validate_coco(path.as_uri()).files
    assert report.annotations == 5


def test_a_pipe_is_read_even_where_it_takes_two_walks(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    coco = instances()
    coco["images"] = coco.pop("images")
    writer = threading.Thread(target=pipe.write_text, args=(text_of(coco),))
    writer.start()
    assert validated(pipe).findings == ()
    writer.join()


def test_several_files_are_reported_in_order(tmp_path: Path) -> None:
    bad = instances()
    bad["annotations"][0]["id"] = 0
    paths = [
        write(tmp_path, text_of(coco), f"{n}.json") for n, coco in enumerate((bad, instances()))
    ]
    report = validate_coco(paths)
    assert [file.path for file in report.files] == [str(path) for path in paths]
    assert (report.passed, report.errors, report.warnings) == (False, 1, 0)
    assert len(report.findings) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON: at byte 0"),
        ('{"images": [', "is not JSON: at byte 12"),
        ('{"images": [{"a": nan}]}', "is not JSON"),
        ('{"images": [NaN}', "is not JSON: at byte 15"),
        ("[1, 2]", "is not a COCO file"),
        ("{}", "is not a COCO file"),
        ('{"type": "FeatureCollection"}', "is not a COCO file"),
        ('[{"image_id": 1, "category_id": 1, "bbox": [], "score": 1}]', "a list of detections"),
    ],
)
def test_what_is_not_coco_is_an_error_that_names_the_file(
    tmp_path: Path, text: str, message: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SourceError, match=message) as caught:
        validate_coco(path)
    assert str(path) in str(caught.value)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="folder"):
        validate_coco(tmp_path)


def test_an_archive_without_json_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("readme.txt", "")
    with pytest.raises(SourceError, match="holds no JSON file"):
        validate_coco(tmp_path / "a.zip")


def test_an_unknown_consumer_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, text_of(instances()))
    with pytest.raises(SettingsError, match="'yolo' is not known"):
        validate_coco(path, ["yolo"])


def test_an_empty_list_has_nothing_wrong(tmp_path: Path) -> None:
    assert validated(write(tmp_path, "[]")) == FileReport(
        str(tmp_path / "coco.json"), 0, 0, 0, 0, ()
    )


def test_coco_s_own_category_ids_are_no_gap(tmp_path: Path) -> None:
    coco = instances()
    gaps = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}
    coco["categories"] = [
        {"id": number, "name": str(number), "supercategory": "x"}
        for number in range(1, 91)
        if number not in gaps
    ]
    assert validated(write(tmp_path, text_of(coco))).findings == ()
