"""Single images and annotations as pictures."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from coco_dagster.coco.settings import settings_from
from coco_dagster.errors import SettingsError
from coco_dagster.export import export_coco
from coco_dagster.report.drawing import Look, draw_annotations
from coco_dagster.report.preview import Preview, preview_annotation, preview_image
from coco_dagster.report.published_export import PublishedExport
from tests.exports import export_rows
from tests.label_rows import image_unit, label_row
from tests.objects import box, every_shape
from tests.report.conftest import SAMPLE, Reported

Draw = Callable[[PublishedExport, int, str | None, str | None, int], Preview]


def open_report(sample_report: Reported) -> PublishedExport:
    return PublishedExport(str(sample_report.folder))


def test_an_image_with_its_picture_and_all_annotations(sample_report: Reported) -> None:
    drawn = preview_image(open_report(sample_report), 1, None, str(SAMPLE), 960)
    assert (drawn.image.image_title, drawn.annotations) == ("espresso.jpg", 4)
    assert (drawn.picture.size, drawn.without_picture) == ((960, 640), None)


def test_an_annotation_is_drawn_without_the_others(sample_report: Reported) -> None:
    export = open_report(sample_report)
    drawn = preview_annotation(export, 7, None, str(SAMPLE), 480)
    photo = Image.open(SAMPLE / drawn.image.file_name)
    plain = draw_annotations(photo, (480, 320), (480, 320), [], Look())
    changed = (np.asarray(drawn.picture) != np.asarray(plain)).any(axis=2)
    x, y, width, height = 138, 14, 190, 152  # the annotation's box
    outside = changed.copy()
    outside[: y + height + 6, x - 6 : x + width + 6] = False
    assert drawn.annotations == 1
    assert changed.any()
    assert not outside.any()


def test_without_a_picture_it_is_drawn_on_a_plain_sheet(sample_report: Reported) -> None:
    export = open_report(sample_report)
    assert preview_image(export, 1, None, None, 100).without_picture
    unrelated = str(SAMPLE / "maker")
    assert "none that can be told" in str(
        preview_image(export, 1, None, unrelated, 100).without_picture
    )


def test_small_images_are_enlarged_up_to_four_times(sample_report: Reported) -> None:
    drawn = preview_image(open_report(sample_report), 17, None, None, 4000)
    assert drawn.picture.size == (512, 512)


@pytest.mark.parametrize(
    ("draw", "message"),
    [(preview_image, "no image 999"), (preview_annotation, "no annotation 999")],
)
def test_what_there_is_none_of_is_told(sample_report: Reported, draw: Draw, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        draw(open_report(sample_report), 999, None, None, 100)


@pytest.mark.parametrize("layout", ["data_units", "archive"])
@pytest.mark.parametrize("draw", [preview_image, preview_annotation])
def test_ids_that_start_afresh_need_their_data_unit(
    tmp_path: Path, layout: str, draw: Draw
) -> None:
    out = tmp_path / "out"
    settings = settings_from({"layout": layout})
    export_coco(SAMPLE / "labels.json", SAMPLE / "ontology.json", out, settings, workers=1)
    export = PublishedExport(str(out))
    with pytest.raises(SettingsError, match="more than one"):
        draw(export, 0, None, None, 100)
    unit = "3698b763-fd4f-4132-8b9c-b14be9751046"
    assert draw(export, 0, unit, None, 100).image.image_title == "espresso.jpg"


def test_annotations_of_both_files_of_a_profile_are_drawn(tmp_path: Path) -> None:
    rows = [label_row({"file": image_unit(every_shape())})]
    export = export_rows(tmp_path, rows, settings=settings_from({"profile": "training"}))
    published = PublishedExport(str(export.folder))
    drawn = preview_image(published, 1, None, None, 400)
    assert drawn.annotations == len(export.lineage)


def test_an_image_of_unknown_size_has_room_for_a_sheet(tmp_path: Path) -> None:
    export = export_rows(tmp_path, [label_row({"file": image_unit([box()], width=None)})])
    drawn = preview_image(PublishedExport(str(export.folder)), 0, None, None, 100)
    assert drawn.picture.size == (100, 100)
