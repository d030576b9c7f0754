"""Label rows in the few words that a test needs; `tests.objects` draws what is on them.

Everything has a default, so that a test names only what it is about, and takes further or other
keys, so that it can be malformed. Frames are 200 by 100 pixels.

    label_row(
        [box("car")],
        object_answers=object_answers({"car": [answer("colour", chosen("red"))]}),
    )
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

JSON: TypeAlias = dict[str, Any]

WIDTH, HEIGHT = 200, 100


# Frames, data units and spaces


def placed(classification_hash: str, feature_hash: Any = "weather", **fields: Any) -> JSON:
    """A frame classification where it stands."""
    return {
        "classificationHash": classification_hash,
        "featureHash": feature_hash,
        "name": feature_hash,
        "confidence": 1,
        "manualAnnotation": True,
    } | fields


def flat(objects: Iterable[Any] = (), classifications: Iterable[Any] = ()) -> JSON:
    """Labels of one frame."""
    return {"objects": list(objects), "classifications": list(classifications)}


def keyed(frames: Mapping[Any, Any]) -> JSON:
    """Labels keyed by frame; a list is that of the frame's objects."""
    return {
        str(number): flat(frame) if isinstance(frame, list) else frame
        for number, frame in frames.items()
    }


def image_unit(
    objects: Iterable[Any] = (), classifications: Iterable[Any] = (), **fields: Any
) -> JSON:
    """An image."""
    return _unit("image/jpeg", "photo.jpg", flat(objects, classifications), fields)


def video_unit(frames: Mapping[Any, Any], **fields: Any) -> JSON:
    """A video; frames are lists of objects or whole frames."""
    return _unit("video/mp4", "clip.mp4", keyed(frames), fields)


def dicom_unit(slices: Mapping[Any, Any], **fields: Any) -> JSON:
    """A DICOM series."""
    return _unit("application/dicom", "series", keyed(slices), fields)


def nifti_unit(slices: Mapping[Any, Any], **fields: Any) -> JSON:
    """A NIfTI volume."""
    return _unit("application/nifti1", "scan.nii.gz", keyed(slices), fields)


def space(space_type: Any, labels: Mapping[Any, Any], /, **fields: Any) -> JSON:
    """A space of a data group,; an image is frame 0."""
    size = {"width": WIDTH, "height": HEIGHT}
    return {"space_type": space_type, "labels": keyed(labels)} | size | fields


def _unit(mime: str, title: str, labels: Any, fields: Mapping[str, Any]) -> JSON:
    return {
        "data_title": title,
        "data_type": mime,
        "data_link": "",
        "data_sequence": 0,
        "width": WIDTH,
        "height": HEIGHT,
        "labels": labels,
    } | dict(fields)


# Label rows


def label_row(
    units: Mapping[str, Any] | Iterable[Any] = (),
    data_type: Any = "image",
    label_hash: Any = "row",
    **fields: Any,
) -> JSON:
    """A label row; given a list of objects, of one image with the hash `file-<label hash>`."""
    if not isinstance(units, Mapping):
        units = {f"file-{label_hash}": image_unit(units)}
    row = {
        "label_hash": label_hash,
        "branch_name": "main",
        "created_at": "2025-01-07 16:12:23",
        "last_edited_at": "2025-02-07 16:12:23",
        "data_hash": next(iter(units), "file"),
        "data_title": "photo.jpg",
        "data_type": data_type,
        "dataset_hash": "dataset",
        "dataset_title": "Harbour",
        "label_status": "LABELLED",
        "data_units": {
            data_hash: {"data_hash": data_hash} | unit if isinstance(unit, dict) else unit
            for data_hash, unit in units.items()
        },
        "object_answers": {},
        "classification_answers": {},
        "object_actions": {},
    }
    return row | fields


def video_row(frames: Mapping[Any, Any], label_hash: Any = "row", **fields: Any) -> JSON:
    """A label row of one video with the hash `clip`."""
    return label_row({"clip": video_unit(frames)}, "video", label_hash, **fields)


def image_group_row(images: Iterable[Iterable[Any]], **fields: Any) -> JSON:
    """A label row of images with the hashes `f0`, `f1`, …; each is a list of objects."""
    units = {f"f{n}": image_unit(objects, data_sequence=n) for n, objects in enumerate(images)}
    return label_row(units, "img_group", **fields)


def group_row(spaces: Mapping[str, Any], label_hash: Any = "row", **fields: Any) -> JSON:
    """A label row of a data group with the hash `group`."""
    unit = {"data_type": "group", "data_title": "", "labels": {}}
    return label_row({"group": unit}, "group", label_hash, spaces=dict(spaces), **fields)


def labels_of(row: JSON) -> Iterator[JSON]:
    """Labels of every frame of a well-formed row, of data units and spaces alike."""
    for holder in (*row["data_units"].values(), *(row.get("spaces") or {}).values()):
        labels = holder.get("labels") or {}
        is_flat = "objects" in labels or "classifications" in labels
        yield from [labels] if is_flat else labels.values()


def objects_of(row: JSON) -> list[JSON]:
    """Every object of every frame of a well-formed row."""
    return [entry for labels in labels_of(row) for entry in labels.get("objects") or ()]


# Answers


def answer(feature_hash: str, answers: Any, **fields: Any) -> JSON:
    """The answer to an attribute."""
    return {
        "name": feature_hash,
        "value": feature_hash,
        "answers": answers,
        "featureHash": feature_hash,
        "manualAnnotation": True,
    } | fields


def chosen(*options: str) -> list[JSON]:
    """Options as answers name them."""
    return [{"name": name, "value": name, "featureHash": name} for name in options]


def action(feature_hash: str, answers: Any, *ranges: tuple[Any, Any], **fields: Any) -> JSON:
    """The answer to a dynamic attribute on ranges of frames, inclusive."""
    spans = [list(span) for span in ranges]
    return answer(feature_hash, answers, range=spans, dynamic=True, **fields)


def object_answers(answers: Mapping[str, Iterable[JSON]]) -> JSON:
    """Static answers by object hash."""
    return {
        name: {"objectHash": name, "classifications": list(given)}
        for name, given in answers.items()
    }


def object_actions(actions: Mapping[str, Iterable[JSON]]) -> JSON:
    """Dynamic answers by object hash."""
    return {name: {"objectHash": name, "actions": list(given)} for name, given in actions.items()}


def classified(
    classification_hash: str,
    answers: Iterable[JSON] = (),
    feature_hash: str | None = "weather",
    **fields: Any,
) -> JSON:
    """An entry of `classification_answers`."""
    entry: JSON = {
        "classificationHash": classification_hash,
        "featureHash": feature_hash,
        "classifications": list(answers),
    }
    return {classification_hash: entry | fields}


def as_json(value: Any) -> str:
    """JSON text; strings pass for what is no JSON in Python."""
    return value if isinstance(value, str) else json.dumps(value)
