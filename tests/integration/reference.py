"""A slow and plain rendering of label rows, one object at a time and straight from the contract.

It knows well-formed rows only, and shares no code with the package: what it expects is compared
with what an export holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.integration.reference_answers import Answers
from tests.integration.reference_shapes import DRAWN, in_order

Json = dict[str, Any]


@dataclass
class Frame:
    """A frame of a label row: where it stands, its size in pixels, and its labels."""

    row: Json
    data_hash: str
    number: int
    size: tuple[int, int]
    unit: Json
    labels: Json = field(default_factory=dict)
    space: str | None = None

    @property
    def objects(self) -> list[Json]:
        return self.labels.get("objects") or []

    @property
    def names(self) -> Json:
        """The file name and the titles."""
        files = [self.unit.get(key) or {} for key in ("child_info", "root_info")]
        titles = [file.get("file_name") for file in files]
        titles += [self.unit.get("data_title"), self.row["data_title"]]
        title = next(title for title in titles if title)
        kind = self.unit.get("space_type", self.row["data_type"])
        if kind == "video":
            name = f"videos/{self.data_hash}/{self.number}.jpg"
            return {"file_name": name, "image_title": title, "video_title": title}
        if kind == "dicom":
            metadata = self.labels.get("metadata") or {"dicom_instance_uid": str(self.number)}
            parts = [self.data_hash, metadata["dicom_instance_uid"]]
            if metadata.get("multiframe_frame_number") is not None:
                parts.append(str(metadata["multiframe_frame_number"]))
            return {"file_name": f"dicom/{'/'.join(parts)}", "image_title": title}
        if kind == "nifti":
            return {"file_name": f"nifti/{self.data_hash}/{self.number}", "image_title": title}
        _, dot, suffix = title.rpartition(".")
        name = f"images/{self.data_hash}{dot}{suffix if dot else ''}"
        return {"file_name": name, "image_title": title}


def frames_of(row: Json, answers: Answers) -> list[Frame]:
    """Frames of a row that are images, in export order."""
    frames: list[Frame] = []
    units = row["data_units"].values()
    if row["data_type"] in ("image", "img_group"):
        for unit in sorted(units, key=lambda unit: int(unit["data_sequence"])):
            number, size = int(unit["data_sequence"]), (unit["width"], unit["height"])
            frames.append(Frame(row, unit["data_hash"], number, size, unit, unit["labels"]))
    elif row["data_type"] in ("video", "dicom", "nifti"):
        for unit in units:
            listed = row["data_type"] == "dicom"
            frames += _numbered(row, unit, unit["data_hash"], None, listed, answers)
    for name, space in (row.get("spaces") or {}).items():
        data_hash = row["data_hash"] if name == "root" else name
        if space["space_type"] == "image":
            labels = space["labels"].get("0", {})
            size = (space["width"], space["height"])
            frames.append(Frame(row, data_hash, 0, size, space, labels, name))
        elif space["space_type"] == "video":
            frames += _numbered(row, space, data_hash, name, False, answers)
    return frames


def _numbered(
    row: Json, unit: Json, data_hash: str, space: str | None, listed: bool, answers: Answers
) -> Iterator[Frame]:
    labels = {int(key): value for key, value in unit["labels"].items()}
    numbers = {
        number
        for number, body in labels.items()
        if listed or body.get("objects") or body.get("classifications")
    }
    numbers |= answers.frames_with_ranges(row, space)
    for number in sorted(numbers):
        body = labels.get(number, {})
        own = body.get("metadata") or unit
        size = (own["width"], own["height"])
        yield Frame(row, data_hash, number, size, unit, body, space)


class Reference:
    """What an export of label rows has to hold."""

    def __init__(self, rows: list[Json], ontology: Json) -> None:
        self._answers = Answers(ontology)
        self._templates = _templates(ontology, rows)
        self._edges = _edges(ontology)
        self.shown = [node for node in ontology["objects"] if node["shape"] in DRAWN]
        self._ids = {node["featureNodeHash"]: n for n, node in enumerate(self.shown, 1)}
        self._frames = [frame for row in rows for frame in frames_of(row, self._answers)]

    def shown_objects(self) -> Iterator[tuple[Frame, Json]]:
        """Every object that is an annotation, with its frame."""
        for frame in self._frames:
            for entry in frame.objects:
                if entry["featureHash"] in self._ids:
                    yield frame, entry

    def categories(self) -> list[Json]:
        """Every category."""
        return [self._category(node) for node in self.shown]

    def _category(self, node: Json) -> Json:
        feature, shape = node["featureNodeHash"], node["shape"]
        entry = {"id": self._ids[feature], "name": node["name"], "supercategory": shape}
        if shape == "point":
            return entry | {"keypoints": ["keypoint"], "skeleton": []}
        if shape == "skeleton":
            points, edges = self._templates.get(feature, []), self._edges.get(feature, [])
            return entry | {"keypoints": points, "skeleton": edges}
        return entry

    def images(self) -> list[Json]:
        """Every image."""
        return [
            {
                "id": number,
                "width": frame.size[0],
                "height": frame.size[1],
                **frame.names,
                "coco_url": "",
                "encord": {
                    "label_hash": frame.row["label_hash"],
                    "data_hash": frame.data_hash,
                    "frame": frame.number,
                    "data_type": frame.unit.get("space_type", frame.row["data_type"]),
                    "dataset_title": frame.row["dataset_title"],
                    "classifications": self._answers.of_frame(frame.row, frame.number, frame),
                },
            }
            for number, frame in enumerate(self._frames)
        ]

    def annotations(self) -> list[Json]:
        """Every annotation, with the keys of COCO."""
        found: list[Json] = []
        tracks: dict[tuple[str, str], int] = {}
        image_ids = {id(frame): number for number, frame in enumerate(self._frames)}
        for frame, entry in self.shown_objects():
            owner = (frame.row["label_hash"], entry["objectHash"])
            attributes = {
                "track_id": tracks.setdefault(owner, len(tracks) + 1),
                "encord_track_uuid": entry["objectHash"],
                "manual_annotation": entry["manualAnnotation"],
            }
            if entry["shape"] == "rotatable_bounding_box":
                attributes["rotation"] = entry["rotatableBoundingBox"]["theta"]
            attributes |= self._answers.of_object(frame.row, frame.number, frame.space, entry)
            keys = {"id": len(found), "image_id": image_ids[id(frame)]}
            keys["category_id"] = self._ids[entry["featureHash"]]
            drawn = DRAWN[entry["shape"]](entry, frame.size, self._templates)
            found.append(keys | _with_defaults(drawn) | {"attributes": attributes})
        return found


def _with_defaults(drawn: Json) -> Json:
    return {"iscrowd": 0, "num_keypoints": 0} | drawn


def _templates(ontology: Json, rows: list[Json]) -> dict[str, list[str]]:
    """Point names of skeletons: of their template, else by first sight over all labels."""
    names: dict[str, list[str]] = {}
    for wrapped in ontology.get("skeleton_templates") or []:
        points = sorted(wrapped["template"]["skeleton"].items(), key=lambda item: int(item[0]))
        names[wrapped["template"]["feature_node_hash"]] = [point["name"] for _, point in points]
    known = set(names)
    for row in rows:
        for frame in frames_of(row, Answers(ontology)):
            for entry in frame.objects:
                feature = entry["featureHash"]
                if entry["shape"] == "skeleton" and feature not in known:
                    seen = names.setdefault(feature, [])
                    points = [point["name"] for point in in_order(entry["skeleton"])]
                    seen += [name for name in points if name not in seen]
    return names


def _edges(ontology: Json) -> dict[str, list[list[int]]]:
    """Edges of skeletons by position in their templates, from 1."""
    edges: dict[str, list[list[int]]] = {}
    for wrapped in ontology.get("skeleton_templates") or []:
        given = wrapped["template"]
        place = {key: n for n, key in enumerate(sorted(given["skeleton"], key=int), 1)}
        edges[given["feature_node_hash"]] = sorted(
            [place[start], place[end]]
            for start, ends in (given.get("skeletonEdges") or {}).items()
            for end in ends
        )
    return edges
