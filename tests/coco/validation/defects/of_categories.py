"""Defects of categories."""

from tests.coco.validation.coco_files import (
    added,
    category,
    category_without,
    ids,
    keypoints,
    section,
)
from tests.coco.validation.defects.defect import Defect

DEFECTS = [
    Defect(
        "keypoints of a category a text",
        category(keypoints="keypoint"),
        "category_keypoints_not_list",
        "HA",
        ("", "", "all ValueError"),
    ),
    Defect(
        "no skeleton",
        category_without("skeleton"),
        "category_skeleton_missing",
        "A",
        base=keypoints,
    ),
    Defect(
        "skeleton a text",
        category(skeleton="x"),
        "category_skeleton_malformed",
        "HA",
        ("", "", "all ValueError"),
        base=keypoints,
    ),
    Defect(
        "skeleton from 0",
        category(skeleton=[[0, 1], [1, 2]]),
        "",
        "",
        warnings="skeleton_edge_out_of_range",
        base=keypoints,
    ),
    Defect("category id 0", ids(lambda number: number - 1, "category"), "category_id_zero", "UAN"),
    Defect(
        "gap in category ids",
        ids(lambda number: 2 * number - 1, "category"),
        "category_id_gap",
        "U",
    ),
    Defect(
        "many categories",
        section(
            "categories", [{"id": n, "name": str(n), "supercategory": "x"} for n in range(1, 13)]
        ),
        "",
        "",
        warnings="category_id_above_11",
    ),
    Defect(
        "no category has an id",
        category_without("id"),
        "category_without_id category_id_gap orphan_category_id",
        "PFHTDMURAOSL",
        ("all KeyError", "all KeyError", "all ValueError"),
    ),
    Defect(
        "same category id",
        category(id=2),
        "duplicate_category_id category_id_gap orphan_category_id",
        "PFHTDMURAOSL",
        ("all 0.5", "all 0.5", "all 0.5"),
    ),
    Defect("no category name", category_without("name"), "category_without_name", "DMRAOSL"),
    Defect(
        "category name null",
        category(name=None),
        "category_name_not_text",
        "HA",
        ("", "", "all ValueError"),
    ),
    Defect("same category name", category(name="dog"), "duplicate_category_name", "AS"),
    Defect(
        "named like a supercategory",
        added("categories", {"id": 3, "name": "animal", "supercategory": "none"}),
        "category_name_is_supercategory",
        "R",
    ),
    Defect(
        "supercategory a number",
        category(supercategory=1),
        "supercategory_not_text",
        "H",
        ("", "", "all ValueError"),
    ),
]
