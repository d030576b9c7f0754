"""Defects of files as a whole, and of what annotations carry besides."""

import json

from tests.coco.validation.coco_files import (
    added,
    annotation,
    info,
    section,
    section_without,
)
from tests.coco.validation.defects.defect import Defect, unchanged, with_text

DEFECTS = [
    Defect(
        "byte order mark",
        unchanged,
        "byte_order_mark",
        "PFHTDMURASL",
        ("all JSONDecodeError", "all JSONDecodeError", "all ValueError"),
        text=lambda coco: "\ufeff" + json.dumps(coco),
    ),
    Defect(
        "lone surrogate",
        annotation(note="\ud800"),
        "text_not_unicode",
        "HA",
        ("", "", "all ValueError"),
    ),
    Defect(
        "thousands of brackets",
        annotation(note="DEEP"),
        "nested_too_deep",
        "PFHTDMURASL",
        ("all RecursionError", "all RecursionError", "all ValueError"),
        text=with_text('"DEEP"', "[" * 5000 + "]" * 5000),
    ),
    Defect(
        "same key twice",
        unchanged,
        "duplicate_key",
        "H",
        ("", "", "all ValueError"),
        text=with_text('"area": 900', '"area": 900, "area": 900'),
    ),
    Defect(
        "same section twice",
        unchanged,
        "section_repeated",
        "PFHTDMURASL",
        ("all -1.0", "all -1.0", "all -1.0"),
        text=lambda coco: json.dumps(coco)[:-1] + ', "annotations": []}',
    ),
    Defect(
        "annotations null",
        section("annotations", None),
        "section_not_a_list",
        "PFHTDMURASL",
        ("all TypeError", "all TypeError", "all ValueError"),
    ),
    Defect(
        "annotations an object",
        section("annotations", {}),
        "section_not_a_list",
        "PFHTDMURASL",
        ("all -1.0", "all -1.0", "all ValueError"),
    ),
    Defect(
        "an annotation null",
        added("annotations", None),
        "entry_not_an_object",
        "PFHTDMURASL",
        ("all TypeError", "all TypeError", "all ValueError"),
    ),
    Defect(
        "an image a text",
        added("images", "x"),
        "entry_not_an_object",
        "PFHTDMURASL",
        ("all TypeError", "all TypeError", "all ValueError"),
    ),
    Defect(
        "no images",
        section_without("images"),
        "images_missing orphan_image_id",
        "PFHTDMUXRAOSL",
        ("all KeyError", "all KeyError", "all -1.0"),
    ),
    Defect(
        "no annotations",
        section_without("annotations"),
        "annotations_missing",
        "PFUASL",
        ("all -1.0", "all -1.0", "all -1.0"),
    ),
    Defect(
        "annotations empty",
        section("annotations", []),
        "",
        "",
        ("all -1.0", "all -1.0", "all -1.0"),
        warnings="annotations_empty",
    ),
    Defect(
        "no categories",
        section_without("categories"),
        "categories_missing orphan_category_id",
        "PFHTDMURAOSL",
        ("all KeyError", "all KeyError", "all -1.0"),
    ),
    Defect("no info", section_without("info"), "info_missing", "A"),
    Defect("no licenses", section_without("licenses"), "licenses_missing", "A"),
    Defect("info a list", section("info", []), "info_not_an_object", "O"),
    Defect("year empty", info(year=""), "info_year_not_int", "H", ("", "", "all ValueError")),
    Defect(
        "version a number", info(version=1), "info_value_not_text", "H", ("", "", "all ValueError")
    ),
    Defect(
        "licenses null",
        section("licenses", None),
        "licenses_not_a_list",
        "H",
        ("", "", "all ValueError"),
    ),
    Defect(
        "license without an int",
        section("licenses", [{"id": "a", "name": "x"}]),
        "license_malformed",
        "H",
        ("", "", "all ValueError"),
    ),
    Defect(
        "attribute named id", annotation(attributes={"id": 7}), "attribute_overrides_core_key", "O"
    ),
    Defect("attributes null", annotation(attributes=None), "attributes_not_an_object", "AO"),
    Defect("iscrowd a float", annotation(iscrowd=0.0), "iscrowd_float", "A"),
    Defect("score null", annotation(score=None), "score_null", "AL"),
    Defect(
        "score a text",
        annotation(score="0.5"),
        "score_not_number",
        "HA",
        ("", "", "all ValueError"),
    ),
]
