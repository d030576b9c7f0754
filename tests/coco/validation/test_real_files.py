"""What is found in real COCO files."""

import pytest

from coco_dagster.coco.validation import validate_coco
from tests.integration.shared_data import SHARED, WHY_SKIPPED

FOLDER = SHARED / "data" / "coco"
CROWDS = {"rle_iscrowd_1", "ring_inside_ring", "polygon_multi_part"}

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not FOLDER.is_dir(), reason=WHY_SKIPPED),
]


@pytest.mark.parametrize(
    ("name", "images", "annotations", "codes"),
    [
        ("coco_tiny_val2017.json", 80, 815, CROWDS | {"info_missing", "licenses_missing"}),
        ("coco_val2014_100.json", 100, 839, CROWDS),
        ("mmpose_coco_keypoints.json", 4, 14, {"polygon_multi_part"}),
    ],
)
def test_a_real_file_has_few_findings(
    name: str, images: int, annotations: int, codes: set[str]
) -> None:
    (report,) = validate_coco(FOLDER / name).files
    assert (report.images, report.annotations) == (images, annotations)
    assert {found.code for found in report.findings} == codes


def test_real_files_have_no_errors_for_evaluators() -> None:
    evaluators = ["pycocotools", "faster-coco-eval", "hotcoco"]
    assert validate_coco(sorted(FOLDER.glob("*.json")), evaluators).passed
