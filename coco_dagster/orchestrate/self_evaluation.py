"""pycocotools on a sample of an export: does it load, and does it find what is there?

A file that is scored against itself gets an average precision of 1.0; whatever is less points at
annotations that evaluation would pass over.
"""

from contextlib import redirect_stdout
from io import StringIO
from typing import Any, Final, NamedTuple

import numpy as np
from pycocotools import mask as masks
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from coco_dagster.orchestrate.coco_sample import Sample

_PERFECT: Final = 1.0 - 1e-9


class Precision(NamedTuple):
    """Average precision of a sample scored against itself.

    Attributes:
        kind: `bbox`, `segm` or `keypoints`.
        precision: 1.0 where everything is found again; None where there is nothing to find.
        annotations: annotations with an area, or with keypoints, which are those to be scored.
        passed_over: those of them that the evaluation did not look at.
        left_out: annotations without an area, which no evaluation can score.
    """

    kind: str
    precision: float | None
    annotations: int
    passed_over: int
    left_out: int

    @property
    def is_perfect(self) -> bool:
        """Whether everything was scored and found."""
        found = self.precision is None or self.precision >= _PERFECT
        return found and not self.passed_over

    def described(self) -> str:
        """What is wrong, in a sentence."""
        precision = "none" if self.precision is None else f"{self.precision:.4f}"
        return (
            f"scored against itself, its {self.kind} has an average precision of {precision}, and "
            f"{self.passed_over} of {self.annotations} annotations are passed over."
        )


def complaints_of_pycocotools(sample: Sample) -> list[str]:
    """What keeps pycocotools from reading a sample, with all its images and annotations.

    Args:
        sample: a COCO object.
    """
    try:
        coco = _loaded(sample)
        for entry in coco.loadAnns(coco.getAnnIds()):
            # Points and lines have no mask, and no program asks for one.
            if entry["area"] > 0 and "height" in coco.imgs[entry["image_id"]]:
                coco.annToRLE(entry)
    except Exception as error:  # whatever it raises, somebody's training would stop
        return [f"{type(error).__name__}: {error}."]
    found = (len(coco.getImgIds()), len(coco.getAnnIds()), len(coco.getCatIds()))
    due = tuple(len(sample[kind]) for kind in ("images", "annotations", "categories"))
    if found == due:
        return []
    return [f"of {due} images, annotations and categories it finds {found}."]


def _loaded(sample: Sample) -> COCO:
    coco = COCO()
    coco.dataset = sample
    with redirect_stdout(StringIO()):
        coco.createIndex()
    return coco


def evaluated(sample: Sample) -> list[Precision]:
    """Score a sample against itself, for boxes, for masks, and for keypoints where it has any.

    Args:
        sample: a COCO object whose annotation ids start at 1: pycocotools takes 0 for "no match".
    """
    annotations = sample["annotations"]
    with_keypoints = [entry for entry in annotations if entry.get("num_keypoints")]
    results = [
        _scored(sample, "bbox", [entry for entry in annotations if _box_area(entry) > 0]),
        _scored(sample, "segm", _maskable(sample)),
    ]
    if with_keypoints:
        results.append(_keypoints_scored(sample, with_keypoints))
    return results


def _scored(sample: Sample, kind: str, chosen: list[dict[str, Any]]) -> Precision:
    truth = [_plain(entry) for entry in chosen]
    precision, scored = _precision(sample, kind, truth, None)
    left_out = len(sample["annotations"]) - len(truth)
    return Precision(kind, precision, len(truth), len(truth) - scored, left_out)


def _keypoints_scored(sample: Sample, chosen: list[dict[str, Any]]) -> Precision:
    """Keypoints of each category for itself, since a score takes one number of points."""
    truth = [_plain(entry) for entry in chosen]
    of_category: dict[int, list[dict[str, Any]]] = {}
    for entry in truth:
        of_category.setdefault(entry["category_id"], []).append(entry)
    results = [
        _precision(sample, "keypoints", entries, len(entries[0]["keypoints"]) // 3)
        for entries in of_category.values()
    ]
    known = [precision for precision, _ in results if precision is not None]
    scored = sum(number for _, number in results)
    lowest = min(known) if known else None
    return Precision("keypoints", lowest, len(truth), len(truth) - scored, 0)


def _plain(entry: dict[str, Any]) -> dict[str, Any]:
    """An annotation as evaluation takes it: what its file calls a crowd would be ignored."""
    return {**entry, "iscrowd": 0, "area": max(entry["area"], 1.0)}


def _precision(
    sample: Sample, kind: str, truth: list[dict[str, Any]], points: int | None
) -> tuple[float | None, int]:
    """Average precision, and how many annotations were scored."""
    if not truth:
        return None, 0
    given = _loaded({**sample, "annotations": truth})
    found = _loaded({**sample, "annotations": [{**entry, "score": 1.0} for entry in truth]})
    # pycocotools looks at every pair of a category and an image, of which most hold nothing.
    images: dict[int, set[int]] = {}
    for entry in truth:
        if entry["category_id"] in given.cats and entry["image_id"] in given.imgs:
            images.setdefault(entry["category_id"], set()).add(entry["image_id"])
    found_again = [
        _of_category(COCOeval(given, found, kind), category, sorted(of_category), points)
        for category, of_category in images.items()
    ]
    precisions = [precision for precision, _ in found_again if precision is not None]
    scored = sum(number for _, number in found_again)
    return (float(np.mean(precisions)) if precisions else None), scored


def _of_category(
    evaluation: COCOeval, category: int, images: list[int], points: int | None
) -> tuple[float | None, int]:
    """Average precision of a category on some images, and how many annotations were scored."""
    parameters = evaluation.params
    parameters.catIds, parameters.imgIds = [category], images
    parameters.maxDets = [len(evaluation.cocoGt.anns)]
    parameters.areaRng, parameters.areaRngLbl = [[0, 1e10]], ["all"]
    if points is not None:
        parameters.kpt_oks_sigmas = np.full(points, 0.1)
    with redirect_stdout(StringIO()):
        evaluation.evaluate()
        evaluation.accumulate()
    scored = sum(len(image["gtIds"]) for image in evaluation.evalImgs if image)
    precision = evaluation.eval["precision"]
    valid = precision[precision > -1]
    return (float(valid.mean()) if valid.size else None), scored


def _box_area(entry: dict[str, Any]) -> float:
    return float(entry["bbox"][2] * entry["bbox"][3])


def _maskable(sample: Sample) -> list[dict[str, Any]]:
    """Annotations whose segmentation covers at least one pixel."""
    sizes = {
        image["id"]: (image["height"], image["width"])
        for image in sample["images"]
        if "height" in image
    }
    return [
        entry
        for entry in sample["annotations"]
        if entry["image_id"] in sizes and _pixels(entry, *sizes[entry["image_id"]]) > 0
    ]


def _pixels(entry: dict[str, Any], height: int, width: int) -> int:
    segmentation = entry["segmentation"]
    if not segmentation or entry["area"] <= 0:
        return 0
    if isinstance(segmentation, list):
        segmentation = masks.merge(masks.frPyObjects(segmentation, height, width))
    return int(masks.area(segmentation))
