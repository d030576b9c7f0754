"""Every profile in every layout: what is in the files, on the sample and on rows far apart."""

import contextlib
import io
import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from pycocotools.coco import COCO

from coco_dagster.coco.profiles import LAYOUTS, PROFILES, Layout
from coco_dagster.coco.settings import settings_from
from tests.exports import Export, divide_into, export_files, export_rows
from tests.integration.random_rows import RowMaker
from tests.label_rows import JSON, group_row, image_unit, label_row, space, video_unit
from tests.objects import box, point, polygons, polyline, rectangle
from tests.ontologies import ontology

SAMPLE = Path(__file__).parents[2] / "definitions" / "sample"
SPLITS = {"train": 0.6, "val": 0.4}
# What strict would fail on has a form, or is skipped all the same.
STRICT_ENOUGH = {"polyline_width": 2, "on_loss": "skip"}


def film(label_hash: str, frames: dict[int, list[JSON]]) -> JSON:
    return label_row({"film": video_unit(frames)}, "video", label_hash)


def rows_far_apart() -> list[JSON]:
    """Files of all kinds, of which two rows share one, and units that stand in no order."""
    hole = [rectangle(0.1, 0.1, 0.5, 0.5), rectangle(0.2, 0.2, 0.1, 0.1)]
    images = {f"p{n}": image_unit([box("car"), point("tip")], data_sequence=n) for n in range(3)}
    return [
        film("film", {0: [box("car")], 4: [box("car"), point("tip")]}),
        label_row(
            {"single": image_unit([polygons("hole", hole), polyline("line")])}, label_hash="s"
        ),
        label_row(images, "img_group", "pictures", data_hash="album"),
        label_row({"empty": image_unit([])}, label_hash="empty"),
        group_row({name: space("image", {0: [box("car")]}) for name in ("left", "right")}, "group"),
        film("again", {4: [box("van")], 2: [box("van"), box("gone", isDeleted=True)]}),
        label_row({"other": image_unit([box("car")])}, label_hash="t", dataset_title="Holdout"),
    ]


FAR_APART = rows_far_apart()


def export_of(folder: Path, layout: str, profile: str, splits: JSON, workers: int = 1) -> Export:
    changes = STRICT_ENOUGH if profile == "strict" else {}
    given = {"layout": layout, "profile": profile, "splits": splits} | changes
    return export_rows(folder, FAR_APART, ontology(), settings_from(given), workers=workers)


def load(coco: JSON) -> COCO:
    loaded = COCO()
    loaded.dataset = coco
    with contextlib.redirect_stdout(io.StringIO()):
        loaded.createIndex()
    return loaded


def check(found: Export, layout: str, first_id: int) -> None:
    """What holds of every export in any layout."""
    counts = found.manifest["counts"]
    assert counts["objects"] == counts["annotations"] + counts["skipped"] + counts["rejected"]
    assert len(found.lineage) == counts["annotations"]
    by_unit = layout in ("data_units", "archive")
    ids: dict[object, list[int]] = defaultdict(list)
    images: set[tuple[str, int]] = set()
    for entry in found.manifest["files"]:
        if "annotations" not in entry:
            continue
        objects = found.files[entry["path"]]
        assert sum(len(coco["images"]) for coco in objects) == entry["images"]
        assert sum(len(coco["annotations"]) for coco in objects) == entry["annotations"]
        per_category = Counter(e["category_id"] for coco in objects for e in coco["annotations"])
        stated = entry["annotations_per_category"]
        assert {int(number): count for number, count in stated.items() if count} == per_category
        for coco in objects:
            check_object(coco)
            units = {image["encord"]["data_hash"] for image in coco["images"]}
            assert len(units) == 1 or not by_unit
            scope = min(units) if by_unit else "all"
            ids[scope] += [annotation["id"] for annotation in coco["annotations"]]
            images |= {
                (image["encord"]["data_hash"], image["encord"]["frame"]) for image in coco["images"]
            }
    assert len(images) == counts["images"]
    for numbers in ids.values():
        assert sorted(numbers) == list(range(first_id, first_id + len(numbers)))
    check_origins(found)


def check_object(coco: JSON) -> None:
    """A COCO object that pycocotools loads, whose references lead somewhere."""
    keys = [key for key in coco if key != "videos"]
    assert keys == ["info", "licenses", "categories", "images", "annotations"]
    loaded = load(coco)
    assert len(loaded.anns) == len(coco["annotations"])
    assert len(loaded.imgs) == len(coco["images"])
    assert [category["id"] for category in coco["categories"]] == list(
        range(1, len(coco["categories"]) + 1)
    )
    for annotation in coco["annotations"]:
        assert annotation["image_id"] in loaded.imgs
        assert annotation["category_id"] in loaded.cats


def check_origins(found: Export) -> None:
    """Every row of the lineage names the annotation that it is about."""
    written = {}
    for path, objects in found.files.items():
        for coco in objects:
            places = {image["id"]: image["encord"] for image in coco["images"]}
            for entry in coco["annotations"]:
                place = places[entry["image_id"]]
                file = path
                if path.endswith(".zip"):
                    file = f"{path}/{place['data_hash']}.json"
                written[file, place["data_hash"], entry["id"]] = (place, entry)
    assert len(written) == len(found.lineage)
    for origin in found.lineage:
        place, entry = written[origin["file"], origin["data_hash"], origin["annotation_id"]]
        assert (origin["frame"], origin["image_id"]) == (place["frame"], entry["image_id"])
        assert origin["object_hash"] == entry["attributes"]["encord_track_uuid"]
        assert origin["category_id"] == entry["category_id"]


@pytest.mark.parametrize("splits", [{}, SPLITS], ids=["whole", "split"])
@pytest.mark.parametrize("profile", ["encord", "training"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_profile_in_every_layout(
    tmp_path: Path, layout: Layout, profile: str, splits: JSON
) -> None:
    found = export_of(tmp_path, layout, profile, splits)
    check(found, layout, PROFILES[profile].first_annotation_id)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_sample_in_every_layout(tmp_path: Path, layout: Layout) -> None:
    settings = settings_from({"layout": layout, "profile": "training", "holes": "keyhole"})
    found = export_files(SAMPLE / "labels.json", SAMPLE / "ontology.json", tmp_path, settings)
    check(found, layout, 1)


def test_strange_rows_in_every_setting_that_changes_geometry(tmp_path: Path) -> None:
    maker = RowMaker(5)
    rows = json.dumps(maker.rows(20), ensure_ascii=False)
    changed: list[JSON] = [
        {"holes": "keyhole", "polyline_width": 3.5},
        {"keypoints": "same_file", "coordinate_precision": 1},
        {"profile": "encord", "holes": "keyhole", "coordinates": "clipped"},
        {"profile": "encord", "min_side": 0, "classification_style": "nested"},
        {"coordinates": "as_drawn", "min_side": "none", "first_annotation_id": 7},
    ]
    for number, changes in enumerate(changed):
        settings = settings_from({"profile": "training", "layout": "coco"} | changes)
        found = export_rows(tmp_path / str(number), rows, maker.ontology, settings)
        check(found, "coco", settings.profile.first_annotation_id)


def content(found: Export) -> dict[str, bytes]:
    """Every file of an export but the manifest; that without what tells of the run."""
    manifest = {key: value for key, value in found.manifest.items() if key != "run"}
    paths = [path for path in found.folder.rglob("*") if path.is_file()]
    return {path.relative_to(found.folder).as_posix(): path.read_bytes() for path in paths} | {
        "manifest.json": json.dumps(manifest).encode()
    }


@pytest.mark.parametrize("layout", ["dataset", "archive", "coco_vid"])
def test_neither_parts_nor_workers_show(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = content(export_of(tmp_path / "whole", layout, "training", SPLITS))
    divide_into(monkeypatch, 1)
    assert content(export_of(tmp_path / "rows", layout, "training", SPLITS)) == whole
    assert content(export_of(tmp_path / "many", layout, "training", SPLITS, workers=2)) == whole


# What is said of single layouts


def test_every_data_unit_is_an_object_with_ids_of_its_own(tmp_path: Path) -> None:
    found = export_of(tmp_path, "data_units", "encord", {})
    objects = found.files["annotations.json"]
    units = [coco["images"][0]["encord"]["data_hash"] for coco in objects]
    assert units == ["film", "single", "p0", "p1", "p2", "empty", "left", "right", "other"]
    frames = [image["encord"]["frame"] for image in objects[0]["images"]]
    assert frames == [0, 4, 2]
    for coco in objects:
        assert [image["id"] for image in coco["images"]] == list(range(len(coco["images"])))
        entries = coco["annotations"]
        assert [entry["id"] for entry in entries] == list(range(len(entries)))
        tracks = [entry["attributes"]["track_id"] for entry in entries]
        assert list(dict.fromkeys(tracks)) == list(range(1, len(set(tracks)) + 1))


def test_both_lists_of_training_are_over_the_same_units(tmp_path: Path) -> None:
    areas, keypoints = export_of(tmp_path, "data_units", "training", {}).files.values()
    assert [coco["images"] for coco in areas] == [coco["images"] for coco in keypoints]


def test_an_archive_holds_what_the_list_holds(tmp_path: Path) -> None:
    archive = export_of(tmp_path / "a", "archive", "training", {}).files
    listed = export_of(tmp_path / "b", "data_units", "training", {}).files
    for ours, theirs in zip(archive.values(), listed.values(), strict=True):
        assert [without_info(coco) for coco in ours] == [without_info(coco) for coco in theirs]


def without_info(coco: JSON) -> JSON:
    """An object without the id of its export, which the settings are part of."""
    return {key: value for key, value in coco.items() if key != "info"}


def test_splits_take_whole_units_and_keep_ids(tmp_path: Path) -> None:
    whole = export_of(tmp_path / "whole", "dataset", "training", {}).files
    split = export_of(tmp_path / "split", "dataset", "training", SPLITS).files
    assert list(split) == ["train.json", "train_keypoints.json", "val.json", "val_keypoints.json"]
    units = []
    for role in range(2):
        parts = [objects[0] for objects in list(split.values())[role::2]]
        (one,) = list(whole.values())[role]
        for key in ("images", "annotations"):
            together = [entry for part in parts for entry in part[key]]
            assert sorted(together, key=lambda entry: entry["id"]) == one[key]
        units = [{image["encord"]["data_hash"] for image in part["images"]} for part in parts]
    assert all(units)
    assert not units[0] & units[1]
    # So do the spaces of a group.
    assert any({"left", "right"} <= part for part in units)


def test_a_dataset_can_be_a_split(tmp_path: Path) -> None:
    splits = {"train": 1, "test": ["Holdout"]}
    found = export_of(tmp_path, "coco", "encord", splits).files
    (test,) = found["annotations/instances_test.json"]
    assert [image["encord"]["data_hash"] for image in test["images"]] == ["other"]


def test_what_is_in_no_split_is_skipped(tmp_path: Path) -> None:
    found = export_of(tmp_path, "dataset", "strict", {"test": ["Holdout"]})
    assert list(found.files) == ["test.json", "test_keypoints.json"]
    counts = found.manifest["counts"]
    assert (counts["images"], counts["annotations"]) == (1, 1)
    assert set(found.skipped) == {"in_no_split", "deleted"}
    assert found.skipped.count("in_no_split") == counts["objects"] - 2
    check(found, "dataset", 1)


def test_videos_frames_and_instances(tmp_path: Path) -> None:
    (coco,) = export_of(tmp_path, "coco_vid", "encord", {}).files["annotations.json"]
    videos = {video["id"]: video["name"] for video in coco["videos"]}
    assert len(videos) == len(coco["videos"])
    frames = defaultdict(list)
    for image in coco["images"]:
        place = (image["frame_id"], image["encord"]["data_hash"], image["encord"]["frame"])
        frames[videos[image["video_id"]]].append(place)
    # Two rows show the film; its frames are in order and without gaps.
    assert frames["film"] == [(0, "film", 0), (1, "film", 2), (2, "film", 4)]
    assert frames["album"] == [(0, "p0", 0), (1, "p1", 1), (2, "p2", 2)]
    assert frames["left"] == [(0, "left", 0)]
    by_image = {image["id"]: image["video_id"] for image in coco["images"]}
    for entry in coco["annotations"]:
        assert entry["instance_id"] == entry["attributes"]["track_id"] >= 1
        assert entry["video_id"] == by_image[entry["image_id"]]
    # An object of an image group is one instance on all of its images.
    car = [e for e in coco["annotations"] if videos[e["video_id"]] == "album"]
    assert len({entry["instance_id"] for entry in car}) == 2


def test_videos_are_never_divided(tmp_path: Path) -> None:
    found = export_of(tmp_path, "coco_vid", "encord", SPLITS).files
    names = []
    for (coco,) in found.values():
        frames = defaultdict(list)
        for image in coco["images"]:
            frames[image["video_id"]].append(image["frame_id"])
        assert {video["id"] for video in coco["videos"]} == set(frames)
        assert all(numbers == list(range(len(numbers))) for numbers in frames.values())
        names += [video["name"] for video in coco["videos"]]
    assert len(names) == len(set(names)) == 7


def test_the_numbers_of_training_begin_at_1_in_a_video_too(tmp_path: Path) -> None:
    (coco,) = export_of(tmp_path, "coco_vid", "training", {}).files["annotations.json"]
    assert [video["id"] for video in coco["videos"]] == list(range(1, len(coco["videos"]) + 1))
    assert min(image["frame_id"] for image in coco["images"]) == 0
