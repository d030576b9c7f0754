"""File names are safe paths, unique, and made from hashes rather than titles."""

from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coco_dagster.coco.file_name_templates import nested_names, safe_component
from coco_dagster.coco.profiles import ENCORD, ExportSettings, Layout
from coco_dagster.errors import ExportError, SettingsError
from tests.exports import export_rows
from tests.label_rows import (
    JSON,
    dicom_unit,
    group_row,
    image_unit,
    label_row,
    nifti_unit,
    space,
    video_unit,
)
from tests.objects import box


def names(tmp_path: Path, *rows: JSON, settings: ExportSettings | None = None) -> list[str]:
    export = export_rows(tmp_path, list(rows), settings=settings)
    return [image["file_name"] for image in export.images]


def templated(template: str) -> ExportSettings:
    return ExportSettings(profile=msgspec.structs.replace(ENCORD, file_name_template=template))


EXTENSIONS: list[tuple[Any, Any, str]] = [
    ("photo.jpg", "image/png", ".jpg"),
    ("photo.JPEG", "image/png", ".JPEG"),
    ("a.b.c.tiff", None, ".tiff"),
    ("photo.x1", None, ".x1"),
    ("photo", "image/jpeg", ".jpg"),
    ("photo.", "image/png", ".png"),
    ("photo.toolong", "image/tiff", ".tif"),
    ("photo.j-g", "image/webp", ".webp"),
    (".png", "image/bmp", ".bmp"),
    ("folder/.png", "image/gif", ".gif"),
    ("folder.d/photo", "image/gif", ".gif"),
    ("photo.jpg\n", "image/png", ".png"),
    ("photo", "image/heic", ""),
    ("photo", None, ""),
    (None, "image/png", ".png"),
]


def test_the_extension_is_the_title_s_or_the_mime_type_s(tmp_path: Path) -> None:
    rows = [
        label_row(
            {f"f{number}": image_unit(data_title=title, data_type=mime)},
            label_hash=f"{number}",
            data_title=None,
        )
        for number, (title, mime, _) in enumerate(EXTENSIONS)
    ]
    assert names(tmp_path, *rows) == [
        f"images/f{number}{extension}" for number, (*_, extension) in enumerate(EXTENSIONS)
    ]


COMPONENTS = {
    "a-b_c.9": "a-b_c.9",
    "P/9LI504+": "P%2F9LI504%2B",
    "../../etc": "%2E.%2F..%2Fetc",
    ".hidden": "%2Ehidden",
    "..": "%2E.",
    "a b~": "a%20b%7E",
    "ü": "%C3%BC",
    "back\\slash": "back%5Cslash",
    "100%": "100%25",
    "a\nb\x00": "a%0Ab%00",
}


@pytest.mark.parametrize("data_hash", COMPONENTS)
def test_hashes_are_percent_encoded(data_hash: str) -> None:
    assert safe_component(data_hash) == COMPONENTS[data_hash]


def test_the_hash_of_a_file_is_a_component_of_its_name(tmp_path: Path) -> None:
    row = label_row({data_hash: image_unit() for data_hash in COMPONENTS}, "img_group")
    assert names(tmp_path, row) == [f"images/{name}.jpg" for name in COMPONENTS.values()]


@given(st.text(min_size=1))
def test_no_hash_leaves_its_folder(text: str) -> None:
    component = safe_component(text)
    assert component.isascii()
    assert "/" not in component
    assert PurePosixPath("images", component).parent == PurePosixPath("images")


def test_different_hashes_have_different_components() -> None:
    assert safe_component("a/b") != safe_component("a%2Fb")


def test_frames_of_videos(tmp_path: Path) -> None:
    unit = video_unit({0: [box()], 12: [box()]}, data_title="clip.webm")
    assert names(tmp_path, label_row({"v/1": unit}, "video")) == [
        "videos/v%2F1/0.jpg",
        "videos/v%2F1/12.jpg",
    ]


def test_slices_of_dicom(tmp_path: Path) -> None:
    slices = {
        "0": {"metadata": {"dicom_instance_uid": "1.2.3"}},
        "1": {"metadata": {"dicom_instance_uid": "1.2.4", "multiframe_frame_number": 0}},
        "2": {"metadata": {"dicom_instance_uid": "1.2.4", "multiframe_frame_number": 7}},
        "3": {"metadata": {"dicom_instance_uid": None, "multiframe_frame_number": 7}},
        "4": {},
        "5": {"metadata": {"dicom_instance_uid": "../x"}},
    }
    assert names(tmp_path, label_row({"d": dicom_unit(slices)}, "dicom")) == [
        "dicom/d/1.2.3",
        "dicom/d/1.2.4/0",
        "dicom/d/1.2.4/7",
        "dicom/d/3",
        "dicom/d/4",
        "dicom/d/%2E.%2Fx",
    ]


def test_slices_of_nifti(tmp_path: Path) -> None:
    row = label_row({"n": nifti_unit({5: [box()]})}, "nifti")
    assert names(tmp_path, row) == ["nifti/n/5"]


def test_files_of_spaces(tmp_path: Path) -> None:
    frames = [
        {"data_uuid": "u0", "data_title": "a.png"},
        {"data_uuid": "u1"},
        {"data_title": "x.gif"},
    ]
    size = {"width": 9, "height": 9}
    spaces = {
        "s1": space("image", {}, child_info={"file_name": "a.png"}),
        "s2": space("video", {3: [box()]}),
        "s3": space("image_sequence", {}, frames=frames),
        "s4": space("medical_stack", {}, frames=[{"instance_uid": "1.2"} | size, size]),
        "s5": space("medical_file", {7: {}}),
        "s6": space("image_sequence", {2: [box()], 4: [box()]}),
        "root": space("image", {}),
    }
    assert names(tmp_path, group_row(spaces, data_title="g.tif")) == [
        "images/s1.png",
        "videos/s2/3.jpg",
        "images/u0.png",
        "images/u1.tif",
        "images/s3/2.gif",
        "dicom/s4/1.2",
        "dicom/s4/1",
        "dicom/s5/7",
        "images/s6/2.tif",
        "images/s6/4.tif",
        "images/group.tif",
    ]


def rows_of_all_kinds() -> list[JSON]:
    slices = {
        "0": {"metadata": {"dicom_instance_uid": "1.2.3"}},
        "1": {"metadata": {"dicom_instance_uid": "1.2.4", "multiframe_frame_number": 7}},
        "2": {},
    }
    titles = {"a": "a.JPG", "b": "b", "c": "c.gif", "d": "d.webp", "e/f": "e.tiff"}
    sequence = space("image_sequence", {2: [box()], 4: [box()]})
    return [
        label_row({name: image_unit(data_title=title) for name, title in titles.items()}),
        label_row({"v/1": video_unit({12: [box()]})}, "video", "video"),
        label_row({"d1": dicom_unit(slices, data_title="scan.dcm")}, "dicom", "dicom"),
        label_row({"n": nifti_unit({5: [box()]})}, "nifti", "nifti"),
        group_row({"s": sequence}, "group", data_title="g.png"),
    ]


FLAT_NAMES = [
    "a.JPG",
    "b.jpg",
    "c.gif.png",
    "d.webp",
    "e%2Ff.tiff",
    "v%2F1_12.jpg",
    "d1_1.2.3.png",
    "d1_1.2.4_7.png",
    "d1_2.png",
    "n_5.png",
    "s_2.png",
    "s_4.png",
]


@pytest.mark.parametrize(
    ("layout", "template"),
    [("coco", None), ("roboflow", None), ("dataset", "{flat}"), ("coco", "{flat:s}")],
)
def test_trees_of_trainers_have_flat_names_of_pictures(
    tmp_path: Path, layout: Layout, template: str | None
) -> None:
    profile = msgspec.structs.replace(ENCORD, file_name_template=template)
    settings = ExportSettings(profile=profile, layout=layout)
    ((coco,),) = export_rows(tmp_path, rows_of_all_kinds(), settings=settings).files.values()
    assert [image["file_name"] for image in coco["images"]] == FLAT_NAMES


@pytest.mark.parametrize("layout", ["coco", "roboflow"])
def test_a_template_says_more_than_the_layout(tmp_path: Path, layout: Layout) -> None:
    settings = msgspec.structs.replace(templated("{default}"), layout=layout)
    row = label_row({"v": video_unit({12: [box()]})}, "video")
    ((coco,),) = export_rows(tmp_path, [row], settings=settings).files.values()
    assert [image["file_name"] for image in coco["images"]] == ["videos/v/12.jpg"]


def test_a_flat_name_leads_to_the_names_that_it_may_stand_for(tmp_path: Path) -> None:
    rows = rows_of_all_kinds()
    images = export_rows(tmp_path, rows).images
    for image, flat in zip(images, FLAT_NAMES, strict=True):
        assert image["file_name"] in nested_names(flat, image["encord"]["data_hash"])


def test_two_images_of_one_name_fail_the_export(tmp_path: Path) -> None:
    slices = {str(n): {"metadata": {"dicom_instance_uid": "1.2"}} for n in range(2)}
    with pytest.raises(ExportError, match=r"dicom/d/1\.2"):
        names(tmp_path, label_row({"d": dicom_unit(slices)}, "dicom"))
    assert not (tmp_path / "out").exists()


def test_names_may_be_made_from_a_template(tmp_path: Path) -> None:
    unit = image_unit(data_title="../my photo.png")
    settings = templated("{dataset_title}/{data_hash}-{frame:03d}{extension}")
    row = label_row({"f/1": unit}, dataset_title="My set")
    assert names(tmp_path, row, settings=settings) == ["My%20set/f%2F1-000.png"]


@pytest.mark.parametrize(
    "template",
    ["{nothing}", "{", "{0}", "{data_hash.x}", "{frame:q}", "/abs/{data_hash}", "../x", ""],
)
def test_a_template_that_cannot_be_filled_is_named(tmp_path: Path, template: str) -> None:
    with pytest.raises(SettingsError, match="template"):
        names(tmp_path, label_row([]), settings=templated(template))
