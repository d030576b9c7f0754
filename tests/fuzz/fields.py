"""Single keys of label rows and ontologies, and what each is expected to hold."""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any, Final, NamedTuple

from tests.fuzz.places import put
from tests.fuzz.values import Change, wrong_values


class Mutation(NamedTuple):
    """A way of spoiling.

    Attributes:
        name: says where and how.
        kind: kind of place, see `places.places`.
        change: what becomes of the value at a place of that kind; `GONE`: it is left out.
    """

    name: str
    kind: str
    change: Change


OF_ROWS: Final[Mapping[str, Mapping[str, str]]] = {
    "row": {
        "label_hash": "hash",
        "data_hash": "hash",
        "branch_name": "text",
        "created_at": "date",
        "last_edited_at": "date",
        "data_title": "text",
        "dataset_hash": "hash",
        "dataset_title": "text",
        "data_type": "text",
        "label_status": "text",
        "data_units": "container",
        "object_answers": "container",
        "object_actions": "container",
        "classification_answers": "container",
        "spaces": "container",
    },
    "unit": {
        "data_title": "text",
        "data_type": "text",
        "data_link": "hash",
        "data_sequence": "number",
        "width": "number",
        "height": "number",
        "data_fps": "number",
        "data_duration": "number",
        "labels": "container",
    },
    "space": {
        "space_type": "text",
        "labels": "container",
        "width": "number",
        "height": "number",
        "number_of_frames": "number",
        "frames": "container",
        "child_info": "container",
        "data_link": "hash",
    },
    "frame": {"objects": "container", "classifications": "container", "metadata": "container"},
    "metadata": {
        "dicom_instance_uid": "hash",
        "multiframe_frame_number": "number",
        "file_uri": "hash",
        "width": "number",
        "height": "number",
    },
    "object": {
        "objectHash": "hash",
        "featureHash": "hash",
        "shape": "text",
        "name": "text",
        "confidence": "number",
        "manualAnnotation": "flag",
        "isDeleted": "flag",
        "createdAt": "date",
        "createdBy": "text",
        "lastEditedAt": "date",
        "lastEditedBy": "text",
    },
    "bounding_box": {"boundingBox": "container", "boundingBox.x": "number"}
    | {"boundingBox.w": "number", "boundingBox.h": "number"},
    "rotatable_bounding_box": {"rotatableBoundingBox": "container"}
    | {"rotatableBoundingBox.y": "number", "rotatableBoundingBox.theta": "number"},
    "polygon": {"polygon": "container", "polygons": "container", "polygon.0": "container"}
    | {"polygon.1.x": "number"},
    "polyline": {"polyline": "container", "polyline.0.x": "number"},
    "point": {"point": "container", "point.0": "container", "point.0.y": "number"},
    "skeleton": {
        "skeleton": "container",
        "skeleton.0": "container",
        "skeleton.0.x": "number",
        "skeleton.0.name": "text",
        "skeleton.0.visibility": "text",
        "skeleton.0.featureHash": "hash",
    },
    "bitmask": {
        "bitmask": "container",
        "bitmask.rleString": "text",
        "bitmask.top": "number",
        "bitmask.left": "number",
        "bitmask.width": "number",
        "bitmask.height": "number",
    },
    "circle": {"circle": "container", "circle.r": "number", "circle.stretch": "number"}
    | {"circle.theta": "number"},
    "ellipse": {"ellipse": "container", "ellipse.rx": "number", "ellipse.theta": "number"},
    "cuboid_2d": {"cuboid_2d": "container", "cuboid_2d.front": "container"}
    | {"cuboid_2d.offset": "container", "cuboid_2d.offset.x": "number"},
    "placement": {"classificationHash": "hash", "featureHash": "hash"},
    "object answer": {"classifications": "container", "shape": "text", "featureHash": "hash"},
    "object action": {"actions": "container"},
    "classification answer": {
        "classifications": "container",
        "featureHash": "hash",
        "range": "range",
        "spaces": "container",
    },
    "answer": {
        "featureHash": "hash",
        "name": "text",
        "answers": "text",
        "range": "range",
        "spaceId": "hash",
    },
    "option": {"featureHash": "hash", "name": "text", "objectHash": "hash", "value": "text"},
}

OF_NODES: Final[Mapping[str, Mapping[str, str]]] = {
    "ontology": {"objects": "container", "classifications": "container"}
    | {"skeleton_templates": "container"},
    "class": {
        "name": "text",
        "shape": "text",
        "featureNodeHash": "hash",
        "color": "text",
        "archived": "flag",
        "attributes": "container",
    },
    "classification": {"featureNodeHash": "hash", "attributes": "container", "level": "text"},
    "attribute": {
        "name": "text",
        "type": "text",
        "featureNodeHash": "hash",
        "dynamic": "flag",
        "archived": "flag",
        "options": "container",
    },
    "choice": {
        "label": "text",
        "value": "text",
        "featureNodeHash": "hash",
        "options": "container",
    },
    "template": {
        "template": "container",
        "template.name": "text",
        "template.feature_node_hash": "hash",
        "template.skeleton": "container",
        "template.skeleton.0": "container",
        "template.skeleton.0.name": "text",
        "template.skeletonEdges": "container",
        "template.skeletonEdges.0": "container",
    },
}


def field_mutations(fields: Mapping[str, Mapping[str, str]]) -> Iterator[Mutation]:
    """Every key with every value that is wrong there."""
    for kind, keys in fields.items():
        for key, expected in keys.items():
            for name, value in wrong_values(expected).items():
                yield Mutation(f"{kind}: {key} is {name}", kind, with_value(key, value))


def with_value(key: str, value: Any) -> Change:
    """A change of one key, whose path has dots."""
    place = tuple(key.split("."))
    outer = place[:-1]

    def change(holder: Any, _: Random) -> Any:
        inner = holder
        for step in outer:
            inner = inner.get(step) if isinstance(inner, dict) else None
        return put(holder, place, value) if isinstance(inner, dict) else holder

    return change
