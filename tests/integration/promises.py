"""What every export promises, checked from outside: by its files, the raw JSON and pycocotools."""

import contextlib
import hashlib
import io
import math
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from tests.exports import Export
from tests.label_rows import JSON, objects_of

RANGE_SHAPES = ("audio", "text", "time_range")
SHAPES_WITHOUT_MASK = ("polyline", "point", "skeleton")
FAR = 100
"""Frames away from the origin."""


def input_objects(rows: Iterable[JSON]) -> int:
    """Objects of label rows: entries of frames, and those that exist as ranges alone."""
    return sum(len(objects_of(row)) + len(range_objects(row)) for row in rows)


def range_objects(row: JSON) -> list[JSON]:
    """Objects that have a range in the answers and no place on a frame."""
    answers = (row.get("object_answers") or {}).values()
    return [answer for answer in answers if answer.get("shape") in RANGE_SHAPES]


def check_counts(exported: Export) -> None:
    """Objects = annotations + skipped + rejected, of which each is a finding."""
    outcomes = Counter(finding["outcome"] for finding in exported.findings)
    counts = exported.manifest["counts"]
    assert counts == {
        "images": len(exported.images),
        "objects": counts["objects"],
        "annotations": len(exported.annotations),
        "skipped": outcomes["skipped"],
        "rejected": outcomes["rejected"],
        "categories": len(exported.categories),
    }
    ended = counts["annotations"] + counts["skipped"] + counts["rejected"]
    assert counts["objects"] == ended


def check_ids(exported: Export) -> None:
    """Ids are consecutive, and every reference leads somewhere."""
    assert _ids(exported.images) == list(range(len(exported.images)))
    assert _ids(exported.annotations) == list(range(len(exported.annotations)))
    assert _ids(exported.categories) == list(range(1, len(exported.categories) + 1))
    assert {entry["image_id"] for entry in exported.annotations} <= set(_ids(exported.images))
    categories = set(_ids(exported.categories))
    assert {entry["category_id"] for entry in exported.annotations} <= categories
    order = [entry["image_id"] for entry in exported.annotations]
    assert order == sorted(order)
    tracks = [entry["attributes"]["track_id"] for entry in exported.annotations]
    assert list(dict.fromkeys(tracks)) == list(range(1, len(set(tracks)) + 1))
    names = [image["file_name"] for image in exported.images]
    assert len(set(names)) == len(names)


def check_manifest(exported: Export, labels: Path) -> None:
    """Every number of the manifest is true of the files beside it and of the label rows."""
    manifest = exported.manifest
    entries = {entry["path"]: entry for entry in manifest["files"]}
    assert set(entries) == {path.name for path in exported.folder.iterdir()} - {"manifest.json"}
    for name, entry in entries.items():
        data = (exported.folder / name).read_bytes()
        assert (entry["bytes"], entry["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    coco = entries["annotations.json"]
    assert (coco["images"], coco["annotations"]) == (
        len(exported.images),
        len(exported.annotations),
    )
    counts = Counter(str(entry["category_id"]) for entry in exported.annotations)
    assert coco["annotations_per_category"] == {
        str(number): counts[str(number)] for number in _ids(exported.categories)
    }
    assert manifest["findings"] == exported.codes()
    assert manifest["export_id"] == exported.coco["info"]["version"]
    digests = [hashlib.sha256(row).hexdigest() for row in raw_rows(labels)]
    inputs = manifest["inputs"]["label_rows"]
    assert [row["sha256"] for row in inputs] == digests
    assert sum(row["objects"] for row in inputs) == manifest["counts"]["objects"]


def check_lineage(exported: Export) -> None:
    """Every annotation has its origin, which agrees with what the annotation says."""
    images = {image["id"]: image for image in exported.images}
    for origin, annotation in zip(exported.lineage, exported.annotations, strict=True):
        image = images[annotation["image_id"]]
        assert origin["file"] == "annotations.json"
        assert origin["annotation_id"] == annotation["id"]
        assert origin["image_id"] == annotation["image_id"]
        assert origin["category_id"] == annotation["category_id"]
        assert origin["object_hash"] == annotation["attributes"]["encord_track_uuid"]
        assert origin["data_hash"] == image["encord"]["data_hash"]
        assert origin["frame"] == image["encord"]["frame"]


def check_origins(exported: Export, labels: Path) -> None:
    """Every annotation comes from an object of the label row that is named."""
    sources = {hashlib.sha256(row).hexdigest(): row for row in raw_rows(labels)}
    for origin in exported.lineage:
        row = msgspec.json.decode(sources[origin["row_sha256"]])
        assert origin["label_hash"] == row.get("label_hash")
        features = {entry["objectHash"]: entry["featureHash"] for entry in objects_of(row)}
        assert origin["feature_hash"] == features[origin["object_hash"]]


def check_loads_in_pycocotools(exported: Export) -> None:
    """The file loads, and where a mask is due its pixels agree with area and bbox."""
    loaded = load_coco(exported.folder / "annotations.json")
    assert sorted(loaded.imgs) == sorted(_ids(exported.images))
    assert sorted(loaded.anns) == sorted(_ids(exported.annotations))
    shapes = {entry["id"]: entry["supercategory"] for entry in exported.categories}
    for annotation in exported.annotations:
        image = loaded.imgs[annotation["image_id"]]
        if shapes[annotation["category_id"]] in SHAPES_WITHOUT_MASK:
            continue
        # It walks along every pixel of an outline, and nothing clips what lies far outside.
        if max(map(abs, annotation["bbox"])) > FAR * max(image["width"], image["height"]):
            continue
        mask = loaded.annToMask(annotation).astype(bool)
        assert mask.shape == (image["height"], image["width"])
        if shapes[annotation["category_id"]] == "bitmask":
            assert annotation["area"] == mask.sum()
            assert annotation["bbox"] == list(coco_mask.toBbox(annotation["segmentation"]))
        elif _is_within(annotation["bbox"], image):
            check_mask(annotation, mask)


def check_mask(annotation: JSON, mask: NDArray[np.bool_]) -> None:
    """Area and bbox of an outline agree with its pixels, up to those that it crosses."""
    x, y, w, h = annotation["bbox"]
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    assert rows.size == 0 or (y - 1 <= rows[0] and rows[-1] <= y + h)
    assert columns.size == 0 or (x - 1 <= columns[0] and columns[-1] <= x + w)
    assert abs(annotation["area"] - int(mask.sum())) <= outline_pixels(mask) + 4


def outline_pixels(mask: NDArray[np.bool_]) -> int:
    """Pixels of a mask that have a neighbour outside of it."""
    padded = np.pad(mask, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return int((mask & ~inner).sum())


def load_coco(path: Path) -> COCO:
    """A file as pycocotools reads it, without what it prints."""
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def raw_rows(labels: Path) -> list[bytes]:
    """Label rows of a JSON array, byte for byte."""
    pieces = msgspec.json.decode(labels.read_bytes(), type=list[msgspec.Raw])
    return [bytes(piece) for piece in pieces]


def check_numbers(value: Any) -> None:
    """No number of a JSON value is infinite or not a number, and no value is null."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key != "classifications":
                check_numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            check_numbers(inner)
    else:
        assert value is not None
        assert not isinstance(value, float) or math.isfinite(value)


def check_files(exported: Export, labels: Path) -> None:
    """What holds of the files of an export whatever the label rows are, malformed ones too."""
    check_counts(exported)
    check_ids(exported)
    check_manifest(exported, labels)
    check_lineage(exported)
    check_numbers(exported.coco)


def check_promises(exported: Export, rows: list[JSON], labels: Path) -> None:
    """All of the above, of well-formed label rows."""
    check_files(exported, labels)
    check_origins(exported, labels)
    assert exported.manifest["counts"]["objects"] == input_objects(rows)
    check_loads_in_pycocotools(exported)


def _ids(entries: Iterable[JSON]) -> list[int]:
    return [entry["id"] for entry in entries]


def _is_within(bbox: list[float], image: JSON) -> bool:
    x, y, w, h = bbox
    return x >= 0 and y >= 0 and x + w <= image["width"] and y + h <= image["height"]
