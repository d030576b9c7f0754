"""Compares an export with the slow reference, key by key."""

import pytest
import shapely
from pycocotools import mask as coco_mask

from tests.exports import Export
from tests.integration.reference import Reference
from tests.integration.reference_shapes import is_ring_on_curve
from tests.integration.reference_training import CURVES, TrainingReference
from tests.label_rows import JSON

GEOMETRY = ("bbox", "area", "segmentation", "region")
TURNED = ("rotatable_bounding_box", "circle", "ellipse", "cuboid_2d")
"""Shapes whose coordinates take more than one multiplication: equal up to rounding."""


def check_against_reference(exported: Export, rows: list[JSON], ontology: JSON) -> None:
    """Every image and every annotation is what the reference makes of the label rows."""
    reference = Reference(rows, ontology)
    shapes = {entry["id"]: entry["supercategory"] for entry in exported.categories}
    assert exported.categories == reference.categories()
    expected_images = reference.images()
    assert exported.images == expected_images
    for ours, theirs in zip(exported.images, expected_images, strict=True):
        assert list(ours["encord"]["classifications"]) == list(theirs["encord"]["classifications"])
    expected = reference.annotations()
    assert len(exported.annotations) == len(expected)
    for ours, theirs in zip(exported.annotations, expected, strict=True):
        check_annotation(ours, theirs, shapes[ours["category_id"]])


def check_annotation(ours: JSON, expected: JSON, shape: str) -> None:
    """An annotation equals its reference: exactly, where one multiplication makes a pixel."""
    assert without_geometry(ours) == without_geometry(expected)
    answers = [entry["attributes"]["classifications"] for entry in (ours, expected)]
    assert list(answers[0]) == list(answers[1])
    if shape not in TURNED:
        assert ours["bbox"] == expected["bbox"]
        assert ours["segmentation"] == expected["segmentation"]
        assert ours["area"] == pytest.approx(expected["area"], rel=1e-9, abs=1e-9)
        return
    assert ours["bbox"] == pytest.approx(expected["bbox"], abs=1e-9)
    assert ours["area"] == pytest.approx(expected["area"], rel=1e-9)
    (ring,) = ours["segmentation"]
    if shape in ("circle", "ellipse"):
        assert is_ring_on_curve(ring, expected["segmentation"])
    elif shape == "cuboid_2d":
        assert _polygon(ring).symmetric_difference(_polygon(*expected["segmentation"])).area < 1e-6
    else:
        assert ring == pytest.approx(expected["segmentation"][0], abs=1e-9)


def check_training_against_reference(exported: Export, rows: list[JSON], ontology: JSON) -> None:
    """Both files of an export in `training` hold what the reference makes of the label rows."""
    reference = TrainingReference(rows, ontology)
    shown = (("polygon", reference.areas), ("point", reference.keypoints))
    for (coco,), (shape, expected) in zip(exported.files.values(), shown, strict=True):
        assert coco["images"] == reference.images()
        assert coco["categories"] == reference.categories(shape)
        assert len(coco["annotations"]) == len(expected)
        shapes = {entry["id"]: entry["supercategory"] for entry in coco["categories"]}
        sizes = {image["id"]: (image["width"], image["height"]) for image in coco["images"]}
        for ours, theirs in zip(coco["annotations"], expected, strict=True):
            size = sizes[ours["image_id"]]
            check_trained(ours, theirs, shapes[ours["category_id"]] in CURVES, size)
    assert len(exported.skipped) == reference.left_out


def check_trained(ours: JSON, expected: JSON, is_curve: bool, size: tuple[int, int]) -> None:
    """An annotation of `training` covers what its reference covers; a curve nearly so."""
    assert without_geometry(ours) == without_geometry(expected)
    # A ring leaves its curve by a quarter of a pixel at most, which is more along the edge.
    assert ours["bbox"] == pytest.approx(expected["bbox"], abs=1 if is_curve else 1e-6)
    segmentation, region = ours["segmentation"], expected.get("region", shapely.Polygon())
    slack = 0.26 * region.length if is_curve else 1e-6
    assert ours["area"] == pytest.approx(expected["area"], rel=1e-6, abs=slack)
    if region.is_empty:
        assert segmentation == expected["segmentation"]
    elif isinstance(segmentation, dict):
        assert segmentation["size"] == [size[1], size[0]]
        pixels = int(coco_mask.area(segmentation))
        assert abs(pixels - region.area) <= region.length + 4
    else:
        parts = [shapely.make_valid(_polygon(ring)) for ring in segmentation]
        missed = shapely.union_all(parts).symmetric_difference(region).area
        assert missed <= max(slack, 1e-6 * region.area)


def without_geometry(annotation: JSON) -> JSON:
    """The other members of an annotation."""
    return {key: value for key, value in annotation.items() if key not in GEOMETRY}


def _polygon(ring: list[float]) -> shapely.Polygon:
    return shapely.Polygon(list(zip(ring[::2], ring[1::2], strict=True)))
