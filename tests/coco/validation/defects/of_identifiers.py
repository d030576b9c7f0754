"""Defects of ids and links."""

from tests.coco.validation.coco_files import (
    annotation,
    annotation_without,
    ids,
)
from tests.coco.validation.defects.defect import Defect

DEFECTS = [
    Defect(
        "annotation id 0",
        annotation(id=0),
        "annotation_id_zero",
        "PFDMR",
        ("all 0.626", "all 0.626", ""),
    ),
    Defect(
        "no annotation id",
        annotation_without("id"),
        "annotation_without_id",
        "PFTDMRA",
        ("all KeyError", "all KeyError", ""),
    ),
    Defect(
        "annotation id null",
        annotation(id=None),
        "id_not_int",
        "FHTUXRAS",
        ("", "all TypeError", "all ValueError"),
    ),
    Defect(
        "same annotation id",
        annotation(id=1),
        "duplicate_annotation_id",
        "PFHTDMXR",
        ("all 0.665", "all 0.665", "all 0.721"),
    ),
    Defect(
        "annotation ids are texts",
        ids("a{}".format, "annotation"),
        "annotation_id_text id_not_int",
        "PFHTMUXRAS",
        ("all ValueError", "all TypeError", "all ValueError"),
    ),
    Defect(
        "image ids are texts",
        ids("a{}".format, "image"),
        "id_not_int",
        "FHTUXRAS",
        ("", "all ValueError", "all ValueError"),
    ),
    Defect(
        "category ids are texts",
        ids("a{}".format, "category"),
        "id_not_int",
        "FHTUXRAS",
        ("", "all TypeError", "all ValueError"),
    ),
    Defect("ids are floats", ids(float), "id_float", "FUA", ("", "all TypeError", "")),
    Defect(
        "negative ids",
        ids(lambda number: -number),
        "id_negative",
        "FHR",
        ("", "bbox 0.0, segm TypeError", "all ValueError"),
    ),
    Defect(
        "ids around 2^60",
        ids(lambda number: 2**60 + number, "annotation", "image"),
        "id_beyond_float",
        "FR",
        ("", "all RuntimeError", ""),
        warnings="image_id_beyond_int32",
    ),
    Defect(
        "ids around 2^31",
        ids(lambda number: 2**31 + number, "image"),
        "",
        "",
        warnings="image_id_beyond_int32",
    ),
    Defect(
        "ids beyond 64 bits",
        ids(lambda number: 2**64 + number, "annotation", "image"),
        "id_beyond_float id_beyond_int64",
        "FHXRAS",
        ("", "bbox RuntimeError, segm TypeError", "all ValueError"),
    ),
    Defect(
        "no image id",
        annotation_without("image_id"),
        "annotation_without_image_id",
        "PFHTDMURAOSL",
        ("all KeyError", "all KeyError", "all ValueError"),
    ),
    Defect(
        "no category id",
        annotation_without("category_id"),
        "annotation_without_category_id",
        "PFHTDMUXRAOSL",
        ("all KeyError", "all KeyError", "all ValueError"),
    ),
    Defect(
        "unknown image",
        annotation(image_id=99),
        "orphan_image_id",
        "PFHTDMUXRAOSL",
        ("all 0.75", "all 0.75", "all 0.75"),
    ),
    Defect(
        "unknown category",
        annotation(category_id=99),
        "orphan_category_id",
        "PFHTDMURAOSL",
        ("all 0.75", "all 0.75", "all 0.75"),
    ),
]
