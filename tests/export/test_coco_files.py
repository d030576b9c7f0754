"""Lines of all groups become COCO files: one object, a list of objects, or an archive of them."""

import hashlib
import json
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from coco_dagster.coco.categories import Categories, Category
from coco_dagster.coco.layouts import ExportPlan, export_plan
from coco_dagster.coco.profiles import ENCORD, TRAINING, ExportSettings, Layout, Profile, Split
from coco_dagster.export.coco_files import CocoHead, RenderedGroups, write_coco_file
from coco_dagster.export.group_files import ANNOTATIONS, IMAGES, VIDEOS, lines_path
from coco_dagster.export.places import TableFolder
from coco_dagster.tables.parts import write_part

POINT = Category(1, "a", "point", ("keypoint",), ())
HEAD = CocoHead({"a": 1}, Categories((POINT,), {"f": 1}, {}, {"f": "point"}))


def plan_of(layout: Layout, profile: Profile = ENCORD, *splits: str) -> ExportPlan:
    named = tuple(Split(name, 1 / len(splits)) for name in splits)
    return export_plan(ExportSettings(layout=layout, profile=profile, splits=named))


def groups_of(tmp_path: Path, plan: ExportPlan, groups: int) -> RenderedGroups:
    return RenderedGroups(TableFolder(str(tmp_path / "rendered"), "arrow"), groups, plan)


def write_lines(rendered: RenderedGroups, kind: str, number: int, group: int, text: str) -> None:
    path = lines_path(rendered.folder.path, kind, number, group)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def as_lines(values: list[Any]) -> str:
    return "".join(f",\n{json.dumps(value, ensure_ascii=False)}" for value in values)


def write_units(
    rendered: RenderedGroups, group: int, units: list[tuple[str, int, list[Any], list[Any]]]
) -> None:
    """Data units of a group: hash, split, images and annotations, for plans of one content."""
    columns: dict[str, Any] = {
        "data_hash": [data_hash for data_hash, *_ in units],
        "split": [split for _, split, *_ in units],
    }
    for split in range(len(rendered.plan.splits)):
        for kind, place in ((IMAGES, 2), (ANNOTATIONS, 3)):
            texts = [as_lines(unit[place]) if unit[1] == split else "" for unit in units]  # type: ignore[arg-type]
            write_lines(rendered, kind, split, group, "".join(texts))
            columns[f"{kind}-{split}"] = [len(text.encode()) for text in texts]
    write_part(rendered.folder.path, group, {"units": pa.table(columns)}, "arrow")


@pytest.mark.parametrize(
    ("groups", "images", "annotations"),
    [
        ([], [], []),
        ([([], [])], [], []),
        ([([1], [])], [1], []),
        ([([], []), ([1, 2], [3]), ([], [4]), ([5], [])], [1, 2, 5], [3, 4]),
    ],
)
def test_lines_of_all_groups_make_one_object(
    tmp_path: Path, groups: list[tuple[list[Any], list[Any]]], images: Any, annotations: Any
) -> None:
    rendered = groups_of(tmp_path, plan_of("dataset"), len(groups))
    for number, (of_images, of_annotations) in enumerate(groups):
        write_lines(rendered, IMAGES, 0, number, as_lines(of_images))
        write_lines(rendered, ANNOTATIONS, 0, number, as_lines(of_annotations))
    path = tmp_path / "annotations.json"
    size, digest = write_coco_file(path, rendered.plan.files[0], HEAD, rendered)
    found = json.loads(path.read_text())
    assert list(found) == ["info", "licenses", "categories", "images", "annotations"]
    assert (found["images"], found["annotations"], found["licenses"]) == (images, annotations, [])
    assert found["categories"] == [
        {"id": 1, "name": "a", "supercategory": "point", "keypoints": ["keypoint"], "skeleton": []}
    ]
    data = path.read_bytes()
    assert (size, digest) == (len(data), hashlib.sha256(data).hexdigest())


def test_videos_stand_before_the_images(tmp_path: Path) -> None:
    rendered = groups_of(tmp_path, plan_of("coco_vid"), 1)
    for kind, values in ((VIDEOS, [1]), (IMAGES, [2]), (ANNOTATIONS, [3])):
        write_lines(rendered, kind, 0, 0, as_lines(values))
    write_coco_file(tmp_path / "c.json", rendered.plan.files[0], HEAD, rendered)
    found = json.loads((tmp_path / "c.json").read_text())
    assert list(found) == ["info", "licenses", "categories", "videos", "images", "annotations"]
    assert (found["videos"], found["images"], found["annotations"]) == ([1], [2], [3])


@pytest.mark.parametrize("layout", ["dataset", "data_units", "archive"])
def test_lines_longer_than_a_block_are_copied_whole(tmp_path: Path, layout: Layout) -> None:
    long = "ü" * (3 << 20)
    rendered = groups_of(tmp_path, plan_of(layout), 1)
    write_units(rendered, 0, [("u", 0, [long], [1])])
    write_coco_file(tmp_path / "c", rendered.plan.files[0], HEAD, rendered)
    assert objects_in(tmp_path / "c")[0]["images"] == [long]


def objects_in(path: Path) -> list[Any]:
    """The COCO objects in a file, whichever way it holds them."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            return [json.loads(archive.read(name)) for name in archive.namelist()]
    found = json.loads(path.read_bytes())
    return found if isinstance(found, list) else [found]


UNITS = [
    [("a", 0, [1, 2], [10]), ("b", 1, [3], [])],
    [],
    [("c/d", 1, [4], [11, 12]), ("é", 0, [5], [])],
]


@pytest.mark.parametrize("layout", ["data_units", "archive"])
@pytest.mark.parametrize(
    ("split", "expected"),
    [
        (0, [([1, 2], [10]), ([5], [])]),
        (1, [([3], []), ([4], [11, 12])]),
    ],
)
def test_every_data_unit_of_a_split_is_an_object(
    tmp_path: Path, layout: Layout, split: int, expected: list[Any]
) -> None:
    rendered = groups_of(tmp_path, plan_of(layout, ENCORD, "train", "val"), len(UNITS))
    for group, units in enumerate(UNITS):
        write_units(rendered, group, units)
    path = tmp_path / "c"
    size, digest = write_coco_file(path, rendered.plan.files[split], HEAD, rendered)
    found = objects_in(path)
    assert [(entry["images"], entry["annotations"]) for entry in found] == expected
    for entry in found:
        assert list(entry) == ["info", "licenses", "categories", "images", "annotations"]
    data = path.read_bytes()
    assert (size, digest) == (len(data), hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize(("layout", "text"), [("data_units", b"[]\n"), ("archive", None)])
def test_no_data_units_make_an_empty_list(
    tmp_path: Path, layout: Layout, text: bytes | None
) -> None:
    rendered = groups_of(tmp_path, plan_of(layout), 0)
    write_coco_file(tmp_path / "c", rendered.plan.files[0], HEAD, rendered)
    assert objects_in(tmp_path / "c") == []
    assert text in (None, (tmp_path / "c").read_bytes())


def archive_of(tmp_path: Path) -> Path:
    plan = plan_of("archive")
    rendered = groups_of(tmp_path, plan, 1)
    write_units(rendered, 0, [("a", 0, [1], [2]), ("../x", 0, [3], []), (".h", 0, [4], [])])
    write_coco_file(tmp_path / "c.zip", plan.files[0], HEAD, rendered)
    return tmp_path / "c.zip"


def test_members_of_an_archive_are_named_safely_and_say_nothing_of_the_run(tmp_path: Path) -> None:
    with zipfile.ZipFile(archive_of(tmp_path)) as archive:
        members = archive.infolist()
    assert [member.filename for member in members] == ["a.json", "%2E.%2Fx.json", "%2Eh.json"]
    for member in members:
        assert member.date_time == (1980, 1, 1, 0, 0, 0)
        assert (member.create_system, member.external_attr) == (3, 0o100644 << 16)
        assert (member.compress_type, member.extra) == (zipfile.ZIP_STORED, b"")


def test_an_archive_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    first, second = archive_of(tmp_path / "1"), archive_of(tmp_path / "2")
    assert first.read_bytes() == second.read_bytes()


def test_an_archive_has_the_bytes_that_were_agreed_on(tmp_path: Path) -> None:
    data = archive_of(tmp_path).read_bytes()
    assert hashlib.sha256(data).hexdigest() == (
        "c3d5d49c5bb3cca4315df1e049797a05fbf4e3ea859a54828696d1f359eb59a7"
    )


def test_a_member_above_two_gigabytes_is_announced_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    archive = archive_of(tmp_path)
    with zipfile.ZipFile(archive) as found:
        assert all(member.extract_version == 45 for member in found.infolist())
        assert found.testzip() is None


@pytest.mark.skipif(shutil.which("7z") is None, reason="7-Zip is not installed")
def test_7_zip_finds_nothing_wrong_with_an_archive(tmp_path: Path) -> None:
    done = subprocess.run(
        ["7z", "t", str(archive_of(tmp_path))], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_a_split_has_its_two_files_in_training() -> None:
    plan = plan_of("dataset", TRAINING, "train", "val")
    assert [(file.path, file.content, file.split) for file in plan.files] == [
        ("train.json", 0, 0),
        ("train_keypoints.json", 1, 0),
        ("val.json", 0, 1),
        ("val_keypoints.json", 1, 1),
    ]
