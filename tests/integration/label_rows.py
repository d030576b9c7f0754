"""Encord label rows in the few words that a test needs.

Everything has a default, so that a test names only what it is about. Coordinates are fractions of
the frame, as Encord writes them; frames are 100 by 50 pixels.

    row = image_row("a", box("car", 0.1, 0.2, 0.3, 0.4))
    exported = export_rows([row], ontology(category("bounding_box")), tmp_path)
    exported.annotation("car")["bbox"]
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

Json: TypeAlias = dict[str, Any]
Point: TypeAlias = tuple[float, float]
Ring: TypeAlias = Sequence[float]

CREATED_AT = "Fri, 01 Dec 2023 10:30:02 GMT"


def labelled(object_hash: str, shape: str, geometry: Json, **more: Any) -> Json:
    """An object on a frame, of the category that is called like its shape."""
    facts: Json = {"objectHash": object_hash, "featureHash": shape, "shape": shape, "name": shape}
    facts |= {"value": shape, "color": "#D33115", "createdAt": CREATED_AT, "confidence": 1}
    return facts | {"manualAnnotation": True} | geometry | more


def box(
    object_hash: str, x: float = 0.1, y: float = 0.2, w: float = 0.3, h: float = 0.4, **more: Any
) -> Json:
    """A box; `x`, `y` is its top left corner."""
    geometry = {"boundingBox": {"x": x, "y": y, "w": w, "h": h}}
    return labelled(object_hash, "bounding_box", geometry, **more)


def rotatable_box(
    object_hash: str, x: float, y: float, w: float, h: float, theta: float, **more: Any
) -> Json:
    """A box, turned by `theta` degrees clockwise about its centre."""
    geometry = {"rotatableBoundingBox": {"x": x, "y": y, "w": w, "h": h, "theta": theta}}
    return labelled(object_hash, "rotatable_bounding_box", geometry, **more)


def polygon(object_hash: str, *polygons: Sequence[Ring], **more: Any) -> Json:
    """Polygons of rings `[x1, y1, x2, y2, …]`, of which the first is the outer one."""
    outer = polygons[0][0]
    points = {str(n): {"x": x, "y": y} for n, (x, y) in enumerate(_pairs(outer))}
    geometry = {"polygon": points, "polygons": [[list(ring) for ring in p] for p in polygons]}
    return labelled(object_hash, "polygon", geometry, **more)


def rectangle(x: float, y: float, w: float, h: float) -> list[float]:
    """A ring around a rectangle."""
    return [x, y, x + w, y, x + w, y + h, x, y + h]


def polyline(object_hash: str, *points: Point, **more: Any) -> Json:
    """An open line."""
    geometry = {"polyline": {str(n): {"x": x, "y": y} for n, (x, y) in enumerate(points)}}
    return labelled(object_hash, "polyline", geometry, **more)


def point(object_hash: str, x: float, y: float, **more: Any) -> Json:
    """One point."""
    return labelled(object_hash, "point", {"point": {"0": {"x": x, "y": y}}}, **more)


def skeleton(object_hash: str, points: Mapping[str, Point | Json], **more: Any) -> Json:
    """Points by name; one that is given as an object may hold flags such as `visibility`."""
    made: Json = {}
    for n, (name, place) in enumerate(points.items()):
        given = place if isinstance(place, dict) else {"x": place[0], "y": place[1]}
        facts = {"name": name, "color": "#000000", "value": name, "featureHash": name}
        made[str(n)] = facts | given
    return labelled(object_hash, "skeleton", {"skeleton": made}, **more)


def bitmask(object_hash: str, mask: NDArray[np.bool_], **more: Any) -> Json:
    """A mask of shape (height, width), encoded row by row as Encord does it."""
    height, width = mask.shape
    grid = {"top": 0, "left": 0, "width": width, "height": height}
    geometry = {"bitmask": {"rleString": row_major_counts(mask)} | grid}
    return labelled(object_hash, "bitmask", geometry, **more)


def row_major_counts(mask: NDArray[np.bool_]) -> str:
    """Run lengths of a mask row by row, compressed like COCO's."""
    encoded = coco_mask.encode(np.asfortranarray(mask.T.astype(np.uint8)))
    counts: bytes = encoded["counts"]
    return counts.decode()


def circle(object_hash: str, x: float, y: float, r: float, **more: Any) -> Json:
    """A circle; `r` is a fraction of the width."""
    return labelled(object_hash, "circle", {"circle": {"x": x, "y": y, "r": r}}, **more)


def ellipse(
    object_hash: str, x: float, y: float, rx: float, ry: float, theta: float = 0, **more: Any
) -> Json:
    """An ellipse, turned by `theta` degrees clockwise."""
    geometry = {"ellipse": {"x": x, "y": y, "rx": rx, "ry": ry, "theta": theta}}
    return labelled(object_hash, "ellipse", geometry, **more)


def cuboid_2d(object_hash: str, front: Ring, offset: Point, **more: Any) -> Json:
    """A front face and how far the back face is away from it."""
    moved = {"x": offset[0], "y": offset[1]}
    geometry = {"cuboid_2d": {"front": list(front), "offset": moved}}
    return labelled(object_hash, "cuboid_2d", geometry, **more)


def _pairs(ring: Ring) -> Iterable[Point]:
    return zip(ring[::2], ring[1::2], strict=True)


def answered(node: Json, value: Any, **more: Any) -> Json:
    """The answer to an attribute: the label of an option, a list of them, a text or a number.

    Args:
        node: the attribute, as `radio` and its like make it.
        value: None leaves a radio without an answer.
        more: further or other keys.
    """
    answers = value
    if node["type"] == "radio":
        answers = [] if value is None else [_chosen(node, value)]
    elif node["type"] == "checklist":
        answers = [_chosen(node, label) for label in value]
    facts = {"name": node["name"], "value": node["name"].lower(), "answers": answers}
    return facts | {"featureHash": node["featureNodeHash"], "manualAnnotation": True} | more


def action(node: Json, value: Any, *ranges: tuple[int, int], **more: Any) -> Json:
    """The answer to a dynamic attribute on ranges of frames, inclusive."""
    spans = {"range": [list(span) for span in ranges], "dynamic": True}
    return answered(node, value, **spans, shouldPropagate=False, trackHash="", **more)


def _chosen(node: Json, label: str) -> Json:
    (found,) = (given for given in node["options"] if given["label"] == label)
    return {
        "name": found["label"],
        "value": found["value"],
        "featureHash": found["featureNodeHash"],
    }


def classified(classification_hash: str, node: Json, **more: Any) -> Json:
    """A classification where it stands on a frame."""
    root = node["attributes"][0]
    facts = {"classificationHash": classification_hash, "featureHash": node["featureNodeHash"]}
    facts |= {"name": root["name"], "value": root["name"].lower(), "createdAt": CREATED_AT}
    return facts | {"confidence": 1, "manualAnnotation": True} | more


def classification_answer(node: Json, *answers: Json, **more: Any) -> Json:
    """Answers to a classification, with the keys that tell where it stands, if `more` has them."""
    facts = {"featureHash": node["featureNodeHash"], "classifications": list(answers)}
    return facts | more


def image_unit(data_hash: str, *objects: Json, **more: Any) -> Json:
    """One image; `classifications` and all other facts of it through `more`."""
    labels = {"objects": list(objects), "classifications": list(more.pop("classifications", ()))}
    return _unit(data_hash, "image/jpeg", "jpg", labels) | more


def video_unit(data_hash: str, frames: Mapping[int, Sequence[Json]], **more: Any) -> Json:
    """A video of 100 frames with objects on some of them."""
    facts = {"data_fps": 10.0, "data_duration": 10.0}
    return _unit(data_hash, "video/mp4", "mp4", frame_labels(frames)) | facts | more


def dicom_unit(data_hash: str, frames: Mapping[int, Sequence[Json]], **more: Any) -> Json:
    """A DICOM series; its slices have no metadata."""
    return _unit(data_hash, "application/dicom", "dcm", frame_labels(frames)) | more


def nifti_unit(data_hash: str, frames: Mapping[int, Sequence[Json]], **more: Any) -> Json:
    """A NIfTI volume."""
    return _unit(data_hash, "application/nifti1", "nii.gz", frame_labels(frames)) | more


def frame_labels(frames: Mapping[int, Sequence[Json]]) -> Json:
    """Labels keyed by frame, in the order given."""
    return {
        str(number): {"objects": list(objects), "classifications": []}
        for number, objects in frames.items()
    }


def _unit(data_hash: str, mime_type: str, suffix: str, labels: Json) -> Json:
    title = f"{data_hash}.{suffix}"
    facts: Json = {"data_hash": data_hash, "data_title": title, "data_link": ""}
    facts |= {"data_type": mime_type, "width": 100, "height": 50}
    return facts | {"labels": labels}


_DATA_TYPES = {"image": "image", "video": "video", "dicom": "dicom", "nifti1": "nifti"}


def label_row(
    *units: Json,
    object_answers: Mapping[str, Sequence[Json]] | None = None,
    object_actions: Mapping[str, Sequence[Json]] | None = None,
    classification_answers: Mapping[str, Json] | None = None,
    **more: Any,
) -> Json:
    """A label row of these data units.

    Args:
        units: its files; several images make an image group, numbered in the order given.
        object_answers: static answers by object hash; objects that it lacks have an empty entry.
        object_actions: dynamic answers by object hash.
        classification_answers: answers to classifications by their hash.
        more: further or other keys of the row, such as `branch_name` or `spaces`.
    """
    first = units[0]
    row = {
        "label_hash": f"row-{first['data_hash']}",
        "branch_name": "main",
        "created_at": "2025-01-07 16:12:23",
        "last_edited_at": "2025-02-07 16:12:23",
        "data_hash": first["data_hash"],
        "data_title": first["data_title"],
        "data_type": _data_type(units),
        "dataset_hash": "dataset",
        "dataset_title": "Harbour",
        "label_status": "LABELLED",
        "data_units": {
            unit["data_hash"]: {"data_sequence": number} | unit for number, unit in enumerate(units)
        },
    } | more
    static: dict[str, Sequence[Json]] = {entry["objectHash"]: () for entry in objects_of(row)}
    row["object_answers"] = {
        name: {"objectHash": name, "classifications": list(answers)}
        for name, answers in (static | dict(object_answers or {})).items()
    }
    row["object_actions"] = {
        name: {"objectHash": name, "actions": list(actions)}
        for name, actions in (object_actions or {}).items()
    }
    row["classification_answers"] = {
        name: {"classificationHash": name} | answer
        for name, answer in (classification_answers or {}).items()
    }
    return row


def image_row(data_hash: str, *objects: Json, **more: Any) -> Json:
    """A label row of one image; `more` are keys of the row."""
    return label_row(image_unit(data_hash, *objects), **more)


def video_row(data_hash: str, frames: Mapping[int, Sequence[Json]], **more: Any) -> Json:
    """A label row of one video; `more` are keys of the row."""
    return label_row(video_unit(data_hash, frames), **more)


def group_row(data_hash: str, spaces: Mapping[str, Json], **more: Any) -> Json:
    """A data group with its spaces."""
    labels: Json = {"objects": [], "classifications": []}
    unit = {"data_hash": data_hash, "data_title": "", "data_type": "group"}
    return label_row(unit | {"labels": labels}, data_type="group", spaces=dict(spaces), **more)


def image_space(*objects: Json, **more: Any) -> Json:
    """A space of a data group that is one image."""
    facts = {"space_type": "image", "width": 100, "height": 50}
    return facts | {"labels": frame_labels({0: objects})} | more


def video_space(frames: Mapping[int, Sequence[Json]], **more: Any) -> Json:
    """A space of a data group that is a video of 100 frames."""
    facts = {"space_type": "video", "width": 100, "height": 50, "number_of_frames": 100}
    return facts | {"labels": frame_labels(frames)} | more


def _data_type(units: Sequence[Json]) -> str:
    kind, _, subtype = units[0]["data_type"].partition("/")
    if len(units) > 1:
        return "img_group"
    return _DATA_TYPES.get(kind) or _DATA_TYPES.get(subtype, kind)


def labels_of(row: Json) -> list[Json]:
    """Every `{objects, classifications}` of a row, of data units and spaces alike."""
    holders = [*row["data_units"].values(), *(row.get("spaces") or {}).values()]
    bodies = [holder.get("labels") or {} for holder in holders]
    return list(chain.from_iterable(_by_frame(body) for body in bodies))


def _by_frame(labels: Json) -> list[Json]:
    is_flat = "objects" in labels or "classifications" in labels
    return [labels] if is_flat else list(labels.values())


def objects_of(row: Json) -> list[Json]:
    """Every object of every frame of a row."""
    return [entry for labels in labels_of(row) for entry in labels.get("objects") or ()]
