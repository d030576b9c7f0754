"""Defects of images."""

from tests.coco.validation.coco_files import (
    added,
    all_of,
    image,
    image_of,
    image_without,
)
from tests.coco.validation.defects.defect import Defect

DEFECTS = [
    Defect(
        "image without id",
        image_without("id"),
        "image_without_id orphan_image_id",
        "PFHTDMUXRAOSL",
        ("all KeyError", "all KeyError", "all ValueError"),
    ),
    Defect(
        "same image id",
        added("images", image_of(1, "9.jpg")),
        "duplicate_image_id",
        "PFTDMUXRAOSL",
        unseen="PF",
    ),
    Defect(
        "no width",
        image_without("width"),
        "image_size_missing",
        "PFHDMUROSL",
        ("segm KeyError", "segm KeyError", "segm ValueError"),
    ),
    Defect(
        "width null",
        image(width=None),
        "image_size_null",
        "PFHMURAOSL",
        ("segm TypeError", "segm TypeError", "all ValueError"),
    ),
    Defect(
        "width a float", image(width=100.0), "image_size_float", "FAS", ("", "segm TypeError", "")
    ),
    Defect(
        "width 0",
        image(width=0),
        "image_size_zero",
        "FHMUO",
        ("", "segm ValueError", "segm ValueError"),
    ),
    Defect(
        "width negative",
        image(width=-100),
        "image_size_negative",
        "PFHMAS",
        ("segm OverflowError", "segm TypeError", "all ValueError"),
    ),
    Defect("no file name", image_without("file_name"), "file_name_missing", "TDMUXRAOSL"),
    Defect(
        "file name null",
        image(file_name=None),
        "file_name_unusable",
        "HTDMUXRAOS",
        ("", "", "all ValueError"),
    ),
    Defect("same file name", image(file_name="2.jpg"), "file_name_repeated", "TDMUXRAOS"),
    Defect("same stem", image(file_name="2.png"), "file_name_stem_repeated", "UA"),
    Defect(
        "same but for case",
        all_of(image(file_name="A.jpg"), added("images", image_of(4, "a.jpg"))),
        "",
        "",
        warnings="file_name_case_repeated",
    ),
    Defect("backslash", image(file_name="a\\1.jpg"), "", "", warnings="file_name_backslash"),
    Defect(
        "question mark", image(file_name="1?.jpg"), "", "", warnings="file_name_unsafe_characters"
    ),
    Defect("absolute path", image(file_name="/a/1.jpg"), "file_name_outside_folder", "UAS"),
    Defect("path upwards", image(file_name="../1.jpg"), "file_name_outside_folder", "UAS"),
    Defect("no suffix", image(file_name="1"), "file_name_without_suffix", "U"),
    Defect("another suffix", image(file_name="1.dcm"), "file_name_without_suffix", "U"),
    Defect("below images/", image(file_name="images/1.jpg"), "file_name_in_images_folder", "U"),
    Defect("in images/", image(file_name="a/images/1.jpg"), "file_name_in_images_folder", "U"),
    Defect(
        "date_captured 0",
        image(date_captured=0),
        "date_captured_not_text",
        "H",
        ("", "", "all ValueError"),
    ),
    Defect(
        "license a text", image(license="CC"), "license_not_int", "H", ("", "", "all ValueError")
    ),
]
