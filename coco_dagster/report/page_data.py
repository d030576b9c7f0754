"""What the page shows, as plain data: the page's script draws nothing but this.

Keys are short where they are written for every annotation. Coordinates are pixels of the image
with two decimals.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from coco_dagster.report.answers import AttributeAnswers
from coco_dagster.report.box_statistics import GRID, SIDE_EDGES, BoxStatistics
from coco_dagster.report.changes import Changes, RowChanges
from coco_dagster.report.coco_survey import ShownAnnotation, ShownImage
from coco_dagster.report.figures import Figure, figure_of
from coco_dagster.report.findings import ShownFindings
from coco_dagster.report.inspection import Inspection
from coco_dagster.report.origins import OriginKey

MOST_ANNOTATIONS: Final = 250
"""Annotations of an image that are shown; the manifest and the files hold all of them."""

MOST_BYTES: Final = 2_500_000
"""Bytes of geometry and attributes on the page; images beyond them are left out."""

_DECIMALS: Final = 2
_TRACK: Final = "track_id"
_OBJECT: Final = "encord_track_uuid"
_CLASSIFICATIONS: Final = "classifications"
_KNOWN_ATTRIBUTES: Final = (_TRACK, _OBJECT, "manual_annotation", "rotation", _CLASSIFICATIONS)


def page_data(inspection: Inspection, pictures: Mapping[int, str]) -> dict[str, Any]:
    """Everything that the page shows.

    Args:
        inspection: what was found in the export.
        pictures: URI of the picture of an image, by the position of the image.
    """
    facts = inspection.export.facts
    images = _images(inspection, pictures)
    return {
        "export": {
            "id": facts.export_id,
            "profile": facts.profile,
            "layout": facts.settings.get("layout", ""),
            "title": inspection.categories.info.get("description") or "COCO export",
            "date": inspection.categories.info.get("date_created"),
            "counts": facts.counts,
            "files": [
                {
                    "path": file.path,
                    "bytes": file.bytes,
                    "sha256": file.sha256,
                    "images": file.images,
                    "annotations": file.annotations,
                }
                for file in facts.files
            ],
        },
        "categories": _categories(inspection),
        "shown": {"images": len(images), "of": facts.counts["images"], "pictures": len(pictures)},
        "images": images,
        "findings": _findings(inspection.findings),
        "charts": _charts(inspection),
        "changes": None if inspection.changes is None else _changes(inspection.changes),
    }


def _categories(inspection: Inspection) -> list[dict[str, Any]]:
    lineage = inspection.lineage
    return [
        {
            "name": category.name,
            "shape": category.shape,
            "color": category.color,
            "annotations": lineage.annotations[position],
            "images": lineage.images[position],
        }
        | ({"points": category.keypoints} if category.keypoints else {})
        for position, category in enumerate(inspection.categories.entries)
    ]


def _images(inspection: Inspection, pictures: Mapping[int, str]) -> list[dict[str, Any]]:
    """The images that are shown, as many as the page has room for."""
    size = 0
    images: list[dict[str, Any]] = []
    for position, image in enumerate(inspection.images):
        entry = _image(inspection, image)
        size += len(msgspec.json.encode(entry))
        if images and size > MOST_BYTES:
            break
        if position in pictures:
            entry["picture"] = pictures[position]
        images.append(entry)
    return images


def _image(inspection: Inspection, image: ShownImage) -> dict[str, Any]:
    origin = image.coco.encord
    annotations = image.annotations[:MOST_ANNOTATIONS]
    codes = {
        row["code"]
        for row in inspection.findings.rows
        if (row["data_hash"], row["frame"]) == image.key
    }
    facts = {
        "id": image.coco.id,
        "file": image.file,
        "name": image.coco.file_name,
        "title": image.coco.image_title,
        "width": image.coco.width,
        "height": image.coco.height,
        "unit": origin.data_hash,
        "frame": origin.frame,
        "row": origin.label_hash,
        "type": origin.data_type,
        "dataset": origin.dataset_title,
        "split": inspection.split_of(image.file),
        "answers": origin.classifications or None,
        "codes": sorted(codes) or None,
        "change": _fate(inspection.changes, origin.label_hash),
        "more": len(image.annotations) - len(annotations) or None,
    }
    known = {name: value for name, value in facts.items() if value is not None}
    origins = inspection.origins
    return known | {
        "annotations": [
            _annotation(inspection, annotation, origins.get(_origin_key(image, annotation), {}))
            for annotation in annotations
        ]
    }


def _origin_key(image: ShownImage, annotation: ShownAnnotation) -> OriginKey:
    return annotation.file, image.coco.encord.data_hash, annotation.coco.id


def _annotation(
    inspection: Inspection, annotation: ShownAnnotation, origin: Mapping[str, Any]
) -> dict[str, Any]:
    coco = annotation.coco
    category = inspection.categories.entries[annotation.category]
    attributes = coco.attributes
    relations = {key: value for key, value in attributes.items() if key not in _KNOWN_ATTRIBUTES}
    facts = {
        "id": coco.id,
        "c": annotation.category,
        "box": _rounded(coco.bbox),
        "area": round(coco.area, _DECIMALS),
        "track": attributes.get(_TRACK),
        "object": attributes.get(_OBJECT),
        "manual": attributes.get("manual_annotation"),
        "rotation": attributes.get("rotation"),
        "answers": attributes.get(_CLASSIFICATIONS) or None,
        "relations": relations or None,
        "origin": {k: v for k, v in origin.items() if k not in ("object_hash",)} or None,
    }
    known = {name: value for name, value in facts.items() if value is not None}
    return known | _drawn(figure_of(coco, category))


def _drawn(figure: Figure) -> dict[str, Any]:
    """Geometry: `r` rings, `l` a line, `m` a mask, `p` points with `e` edges between them."""
    drawn: dict[str, Any] = {}
    if figure.rings:
        drawn["r"] = [_rounded(ring) for ring in figure.rings]
    if figure.path:
        drawn["l"] = _rounded(figure.path)
    if figure.mask is not None:
        drawn["m"] = [*figure.mask.size, figure.mask.counts]
    if figure.points:
        drawn["p"] = [
            [round(x, _DECIMALS), round(y, _DECIMALS), seen] for x, y, seen in figure.points
        ]
        drawn["e"] = figure.edges
    return drawn


def _rounded(values: Sequence[float]) -> list[float]:
    rounded: list[float] = np.round(values, _DECIMALS).tolist()
    return rounded


def _fate(changes: Changes | None, label_hash: str | None) -> str | None:
    if changes is None:
        return None
    fates = {"new": changes.added.label_hashes, "edited": changes.edited.label_hashes}
    return next((name for name, hashes in fates.items() if label_hash in hashes), None)


def _findings(findings: ShownFindings) -> dict[str, Any]:
    return {
        "codes": msgspec.to_builtins(findings.codes),
        "rows": [
            {name: value for name, value in row.items() if value is not None}
            for row in findings.rows
        ],
        "total": findings.total,
    }


def _charts(inspection: Inspection) -> dict[str, Any]:
    lineage, coco = inspection.lineage, inspection.coco
    total = inspection.export.facts.counts["images"]
    without = total - sum(lineage.objects_per_image.values())
    return {
        "objects_per_image": sorted(({0: without} | lineage.objects_per_image).items()),
        "track_lengths": sorted(lineage.track_lengths.items()),
        "side_edges": SIDE_EDGES,
        "grid": GRID,
        "boxes": _boxes(coco.boxes),
        "answers": [_answers(answers) for answers in coco.answers],
    }


def _boxes(boxes: BoxStatistics) -> list[dict[str, Any]]:
    """For each category the bars of sizes, and each cell that is not empty with its number."""
    entries = []
    for sides, centres in zip(boxes.sides, boxes.centres, strict=True):
        cells = centres.nonzero()[0]
        pairs = [int(value) for cell in cells for value in (cell, centres[cell])]
        entries.append({"sides": sides.tolist(), "centres": pairs})
    return entries


def _answers(answers: AttributeAnswers) -> dict[str, Any]:
    entry: dict[str, Any] = msgspec.to_builtins(answers)
    return {
        name: value for name, value in entry.items() if value not in ([], 0) or name == "category"
    }


def _changes(changes: Changes) -> dict[str, Any]:
    return {
        "since": changes.since,
        "counts": _pairs(changes.counts),
        "categories": [
            [name, shape, change.before, change.after]
            for (name, shape), change in changes.categories.items()
            if change.before != change.after
        ],
        "findings": _pairs(change for change in changes.findings if change.before != change.after),
        "settings": [[item.name, item.before, item.after] for item in changes.settings],
        "rows": {
            "added": _row_changes(changes.added),
            "removed": _row_changes(changes.removed),
            "edited": _row_changes(changes.edited),
        },
        "annotations_added": changes.annotations_added,
        "annotations_removed": changes.annotations_removed,
    }


def _pairs(changes: Any) -> list[list[Any]]:
    return [[change.name, change.before, change.after] for change in changes]


def _row_changes(rows: RowChanges) -> dict[str, Any]:
    return {"count": rows.count, "titles": rows.titles}
