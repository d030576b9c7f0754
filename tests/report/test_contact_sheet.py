"""The sheet of annotated images for the event log."""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from coco_dagster.report.contact_sheet import (
    MOST_BYTES,
    MOST_TILES,
    contact_sheet,
    named_annotations,
    telling_images,
)
from coco_dagster.report.embedded_pictures import embed_pictures
from coco_dagster.report.inspection import Inspection, inspect_export
from coco_dagster.report.pictures.finding import PictureFolder
from coco_dagster.report.published_export import PublishedExport
from tests.exports import export_rows
from tests.label_rows import JSON, label_row
from tests.objects import box, circle, every_shape, polygon
from tests.report.conftest import SAMPLE, Reported


def inspected(folder: Path, rows: list[JSON]) -> Inspection:
    export = export_rows(folder, rows)
    return inspect_export(PublishedExport(str(export.folder)), 50)


def test_a_few_images_show_every_shape(sample_report: Reported) -> None:
    found = inspect_export(PublishedExport(str(sample_report.folder)), 200)
    chosen = telling_images(found.images, found.categories, set())
    assert len(chosen) <= MOST_TILES
    entries = found.categories.entries
    shown = {entries[a.category].shape for at in chosen for a in found.images[at].annotations}
    assert shown == {entry.shape for entry in entries}


def test_images_with_a_picture_are_preferred(tmp_path: Path) -> None:
    rows = [label_row([box("o")], label_hash=f"row {number}") for number in range(20)]
    found = inspected(tmp_path, rows)
    assert {11, 17} < set(telling_images(found.images, found.categories, {11, 17}))


def test_a_category_is_named_once_with_its_number(tmp_path: Path) -> None:
    small = {"x": 0, "y": 0, "w": 0.1, "h": 0.1}
    found = inspected(tmp_path, [label_row([box("a", small), box("b"), polygon("c")])])
    names = [one.name for one in named_annotations(found.images[0].annotations, found.categories)]
    assert names == ["polygon", "bounding_box (2)", ""]


def test_the_sheet_is_small_and_legible(sample_report: Reported) -> None:
    found = inspect_export(PublishedExport(str(sample_report.folder)), 200)
    images = [image.coco for image in found.images]
    pictures = embed_pictures(PictureFolder(str(SAMPLE)), images)
    sheet = contact_sheet(found.images, found.categories, pictures)
    assert sheet is not None
    assert 10_000 < len(sheet) <= MOST_BYTES
    assert Image.open(BytesIO(sheet)).width > 700


def test_noise_is_small_too(tmp_path: Path) -> None:
    rows = [label_row([*every_shape()], label_hash=f"row {number}") for number in range(12)]
    found = inspected(tmp_path, rows)
    pixels = np.random.default_rng(1).integers(0, 256, (300, 600, 3), np.uint8)
    for image in found.images:
        path = tmp_path / "pictures" / image.coco.file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    folder = PictureFolder(str(tmp_path / "pictures"))
    pictures = embed_pictures(folder, [image.coco for image in found.images])
    sheet = contact_sheet(found.images, found.categories, pictures)
    assert sheet is not None
    assert len(sheet) <= MOST_BYTES


def test_nothing_to_show_makes_no_sheet(tmp_path: Path) -> None:
    found = inspected(tmp_path, [label_row([])])
    assert contact_sheet(found.images, found.categories, None) is None


def test_the_same_export_makes_the_same_sheet(tmp_path: Path) -> None:
    found = inspected(tmp_path, [label_row([circle("o"), box("p")])])
    again = inspect_export(PublishedExport(str(tmp_path / "out")), 50)
    assert contact_sheet(found.images, found.categories, None) == contact_sheet(
        again.images, again.categories, None
    )
