"""Our own exports have the findings that their profile stands for, and no others."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import pytest
import shapely

from coco_dagster.coco.profiles import ENCORD, TRAINING, ExportSettings, Layout, Profile
from coco_dagster.coco.validation import CONSUMERS, validate_coco
from coco_dagster.coco.validation.of_profiles import broken_on_purpose
from tests.exports import Export, export_rows
from tests.integration.random_rows import RowMaker
from tests.label_rows import JSON

ROWS = 20
SEEDS = range(3)
FOND_OF_POLYGONS = {"labelformat", "transformers"}
"""Consumers that cannot read run-length encodings of what is no crowd."""
PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp")
BARELY_KEPT = {"bbox_below_one_pixel"}
"""What keypoints at the very edge of an image are left with."""


def exported(folder: Path, seed: int, profile: Profile, layout: Layout = "dataset") -> Export:
    maker = RowMaker(seed)
    rows = json.dumps(maker.rows(ROWS), ensure_ascii=False)
    return export_rows(folder, rows, maker.ontology, ExportSettings(profile=profile, layout=layout))


def expected_of(coco: JSON) -> Counter[str]:
    """What is wrong with a file, found plainly."""
    images = {image["id"]: image for image in coco["images"]}
    have_keypoints = any("keypoints" in entry for entry in coco["annotations"])
    codes: Counter[str] = Counter()
    for entry in coco["annotations"]:
        codes.update(_box_codes(entry, images[entry["image_id"]]))
        codes.update(_segmentation_codes(entry))
        codes["annotation_id_zero"] += entry["id"] == 0
        codes["area_zero"] += entry["area"] == 0
        codes["keypoints_missing"] += have_keypoints and "keypoints" not in entry
    if have_keypoints:
        lists = ["keypoints" in category for category in coco["categories"]]
        codes["category_without_keypoints"] = lists.count(False)
    for image in coco["images"]:
        crowds = [e["iscrowd"] for e in coco["annotations"] if e["image_id"] == image["id"]]
        codes["image_only_crowd"] += bool(crowds) and all(crowds)
        codes["file_name_in_images_folder"] += image["file_name"].startswith("images/")
        codes["file_name_without_suffix"] += not image["file_name"].endswith(PICTURES)
    return Counter({code: count for code, count in codes.items() if count})


def _box_codes(entry: JSON, image: JSON) -> Iterator[str]:
    x, y, width, height = entry["bbox"]
    right, bottom = x + width, y + height
    if not (width and height):
        yield "bbox_zero_side"
        return
    if min(width, height) < 1:
        yield "bbox_below_one_pixel"
    if "width" not in image:
        return
    if x >= image["width"] or y >= image["height"] or right <= 0 or bottom <= 0:
        yield "bbox_outside_image"
    elif min(x, y) < -1 or right > image["width"] + 1 or bottom > image["height"] + 1:
        yield "bbox_beyond_image"


def _segmentation_codes(entry: JSON) -> Iterator[str]:
    segmentation = entry["segmentation"]
    if isinstance(segmentation, dict):
        yield from ("rle_compressed", f"rle_iscrowd_{entry['iscrowd']}")
        return
    if not segmentation:
        yield "segmentation_empty"
    elif len(segmentation[0]) == 2:
        yield "polygon_point"
    elif not entry["area"]:
        yield "polygon_without_area"
    if len(segmentation) > 1:
        yield "polygon_multi_part"
        rings = [shapely.Polygon(list(zip(r[::2], r[1::2], strict=True))) for r in segmentation]
        if any(shapely.contains_properly(*pair) for pair in permutations(rings, 2)):
            yield "ring_inside_ring"


@pytest.mark.parametrize("profile", [ENCORD, TRAINING], ids=lambda profile: profile.name)
@pytest.mark.parametrize("seed", SEEDS)
def test_exports_have_the_findings_that_are_seen_plainly(
    seed: int, profile: Profile, tmp_path: Path
) -> None:
    export = exported(tmp_path, seed, profile)
    for path, (coco,) in export.files.items():
        (report,) = validate_coco(export.folder / path).files
        assert {found.code: found.count for found in report.findings} == expected_of(coco)
        assert (report.images, report.annotations) == (
            len(coco["images"]),
            len(coco["annotations"]),
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_training_export_suits_all_who_read_masks(seed: int, tmp_path: Path) -> None:
    export = exported(tmp_path, seed, TRAINING, "coco")
    consumers = [name for name in CONSUMERS if name not in FOND_OF_POLYGONS]
    report = validate_coco([export.folder / path for path in export.files], consumers)
    errors = {found.code for found in report.findings if found.severity == "error"}
    assert errors <= BARELY_KEPT


@pytest.mark.parametrize("seed", SEEDS)
def test_the_errors_of_an_encord_export_follow_from_its_settings(seed: int, tmp_path: Path) -> None:
    export = exported(tmp_path, seed, ENCORD)
    report = validate_coco(export.folder / "annotations.json", ["pycocotools"])
    errors = {found.code for found in report.findings if found.severity == "error"}
    assert errors
    assert errors <= set(broken_on_purpose(ENCORD))


def test_training_breaks_no_rule_on_purpose() -> None:
    assert broken_on_purpose(TRAINING) == {}


def test_an_encord_export_says_whom_its_ids_and_masks_hurt(tmp_path: Path) -> None:
    export = exported(tmp_path, 0, ENCORD)
    (report,) = validate_coco(export.folder / "annotations.json").files
    found = {finding.code: finding for finding in report.findings}
    assert found["annotation_id_zero"].consumers["pycocotools"] == "error"
    assert [place.id for place in found["annotation_id_zero"].affected] == [0]
    assert found["rle_iscrowd_1"].consumers["pycocotools"] == "warning"
    assert "hotcoco" not in found["annotation_id_zero"].consumers
