"""Defects of ids, categories, images and the file as a whole."""

from tests.consumers.clean import Json
from tests.consumers.defects.registry import defect, lacking, renumbered, setting

HUGE = 2**60
"""An id that a double does not hold."""

# Ids


@defect("the first annotation id is 0")
def annotation_id_0(coco: Json) -> None:
    renumbered(coco, "annotations", "", lambda n: n - 1)


@defect("the first image id is 0")
def image_id_0(coco: Json) -> None:
    renumbered(coco, "images", "image_id", lambda n: n - 1)


@defect("the first category id is 0")
def category_id_0(coco: Json) -> None:
    renumbered(coco, "categories", "category_id", lambda n: n - 1)


@defect("category ids have gaps")
def category_id_gaps(coco: Json) -> None:
    renumbered(coco, "categories", "category_id", lambda n: 10 * n)


@defect("an annotation id twice")
def annotation_id_twice(coco: Json) -> None:
    coco["annotations"][-1]["id"] = coco["annotations"][0]["id"]


def with_another_image(coco: Json) -> None:
    """No defect, but what one of them means."""
    coco["images"].append(coco["images"][0] | {"id": 4, "file_name": "again.jpg"})


@defect("an image id twice", meant=with_another_image)
def image_id_twice(coco: Json) -> None:
    with_another_image(coco)
    coco["images"][-1]["id"] = coco["images"][0]["id"]


@defect("ids are text")
def ids_text(coco: Json) -> None:
    renumbered(coco, "images", "image_id", lambda n: f"image {n}")
    renumbered(coco, "annotations", "", lambda n: f"annotation {n}")


@defect("category ids are text")
def category_ids_text(coco: Json) -> None:
    renumbered(coco, "categories", "category_id", lambda n: f"category {n}")


@defect("ids about 2^60")
def ids_huge(coco: Json) -> None:
    renumbered(coco, "images", "image_id", lambda n: HUGE + n)
    renumbered(coco, "annotations", "", lambda n: HUGE + n)


@defect("ids are negative")
def ids_negative(coco: Json) -> None:
    renumbered(coco, "images", "image_id", lambda n: -n)
    renumbered(coco, "annotations", "", lambda n: -n)


setting("image_unknown", "an annotation of an image that is not there", "annotations", image_id=99)
setting("category_unknown", "an annotation of an unknown category", "annotations", category_id=99)

# Categories


def of_one_name(coco: Json) -> None:
    """What this defect says is what it means."""
    coco["categories"][1]["name"] = coco["categories"][0]["name"]


@defect("two categories of one name", meant=of_one_name)
def category_name_twice(coco: Json) -> None:
    of_one_name(coco)


lacking("category_name_missing", "a category without `name`", "categories", "name")
lacking("supercategory_missing", "no `supercategory`", "categories", "supercategory")


def with_supercategory(coco: Json) -> None:
    """What this defect says is what it means, too."""
    coco["categories"].append({"id": 4, "name": "animal", "supercategory": "none"})


@defect(
    "a category that is not used is named like the supercategory of another",
    meant=with_supercategory,
)
def supercategory_is_category(coco: Json) -> None:
    with_supercategory(coco)


# Images

lacking("size_missing", "an image without `width` and `height`", "images", "width", "height")
setting("size_null", "`width` and `height` of an image are null", "images", width=None, height=None)
lacking("file_name_missing", "an image without `file_name`", "images", "file_name")


@defect("two images of one `file_name`")
def file_name_twice(coco: Json) -> None:
    coco["images"][1]["file_name"] = coco["images"][0]["file_name"]


@defect("two images whose names differ in their suffix alone")
def file_name_stem_twice(coco: Json) -> None:
    coco["images"][1]["file_name"] = "picture_1.png"


@defect("two images whose names differ in their case alone")
def file_name_case(coco: Json) -> None:
    coco["images"][1]["file_name"] = "PICTURE_1.jpg"


@defect("an image without suffix")
def file_name_without_suffix(coco: Json) -> None:
    coco["images"][0]["file_name"] = "picture_1"


@defect("names of files that begin with `images/`")
def file_name_in_images(coco: Json) -> None:
    for image in coco["images"]:
        image["file_name"] = f"images/{image['file_name']}"


@defect("an image in a subfolder")
def file_name_in_folder(coco: Json) -> None:
    coco["images"][0]["file_name"] = "folder/picture_1.jpg"


setting("license_text", '`license` of an image is `"CC"`', "images", license="CC")
setting("date_captured_0", "`date_captured` of an image is 0", "images", date_captured=0)

# The file


@defect("`info.year` is text")
def year_text(coco: Json) -> None:
    coco["info"]["year"] = ""


@defect("no `info`")
def info_missing(coco: Json) -> None:
    del coco["info"]


@defect("no `licenses`")
def licenses_missing(coco: Json) -> None:
    del coco["licenses"]


def without_annotations(coco: Json) -> None:
    """No defect, but what two of them mean."""
    coco["annotations"] = []


def without_annotations_of_an_image(coco: Json) -> None:
    """No defect either."""
    coco["annotations"] = [entry for entry in coco["annotations"] if entry["image_id"] != 2]


@defect("`annotations` is `[]`", meant=without_annotations)
def annotations_empty(coco: Json) -> None:
    without_annotations(coco)


@defect("no `annotations`", meant=without_annotations)
def annotations_missing(coco: Json) -> None:
    del coco["annotations"]


@defect("an image without annotations", meant=without_annotations_of_an_image)
def image_empty(coco: Json) -> None:
    without_annotations_of_an_image(coco)


@defect("a key that COCO does not know, beside the others")
def section_unknown(coco: Json) -> None:
    coco["more"] = {"anything": 1}


@defect("`attributes` with names that COCO uses")
def attributes_core_names(coco: Json) -> None:
    coco["annotations"][0]["attributes"] = {"id": "x", "label": "x", "bbox": "x", "mask": "x"}
