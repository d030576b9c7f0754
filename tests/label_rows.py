"""Builders of label rows and ontologies, and an export of them in one call."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.encord.ontology import parse_ontology
from coco_dagster.encord.source_chunks import SourceRow
from coco_dagster.encord.sources import LabelSource
from coco_dagster.export import export_coco
from coco_dagster.export.result import ExportResult
from coco_dagster.tables.normalise import normalise_rows
from coco_dagster.tables.ontology_index import OntologyIndex
from coco_dagster.tables.ontology_tables import ontology_tables

JSON = dict[str, Any]

BOX = {"x": 0.1, "y": 0.2, "w": 0.3, "h": 0.4}
WIDTH, HEIGHT = 200, 100

SHAPES = (
    "bounding_box",
    "rotatable_bounding_box",
    "polygon",
    "polyline",
    "point",
    "skeleton",
    "bitmask",
    "circle",
    "ellipse",
    "cuboid_2d",
)


def drawn(
    shape: str, key: str, geometry: Any, object_hash: Any = "object", /, **fields: Any
) -> JSON:
    """An object whose geometry lies under a key; its feature hash is its shape's name."""
    return {
        "objectHash": object_hash,
        "featureHash": shape,
        "name": shape,
        "value": shape,
        "color": "#D33115",
        "shape": shape,
        "confidence": 1,
        "manualAnnotation": True,
        key: geometry,
    } | fields


def box(object_hash: Any = "object", geometry: Any = None, /, **fields: Any) -> JSON:
    """A bounding box."""
    geometry = BOX if geometry is None else geometry
    return drawn("bounding_box", "boundingBox", geometry, object_hash, **fields)


def polygon(object_hash: str = "object", points: Any = None, **fields: Any) -> JSON:
    """A polygon as older rows have it; a triangle by default."""
    points = ((0.1, 0.1), (0.5, 0.1), (0.1, 0.5)) if points is None else points
    ring = {str(number): {"x": x, "y": y} for number, (x, y) in enumerate(points)}
    return drawn("polygon", "polygon", ring, object_hash, **fields)


def point(object_hash: str = "object", x: Any = 0.5, y: Any = 0.5, **fields: Any) -> JSON:
    """A point."""
    return drawn("point", "point", {"0": {"x": x, "y": y}}, object_hash, **fields)


def skeleton(object_hash: str = "object", names: Iterable[str] = ("a", "b"), **fields: Any) -> JSON:
    """A skeleton whose points stand in a row."""
    points = {
        str(number): {"x": (number + 1) / 10, "y": 0.5, "name": name, "visibility": "visible"}
        for number, name in enumerate(names)
    }
    return drawn("skeleton", "skeleton", points, object_hash, **fields)


def bitmask(object_hash: str = "object", **fields: Any) -> JSON:
    """The 20 x 10 mask of rows 2 to 4 and columns 3 to 8."""
    mask = {"rleString": "[16>000Q3", "top": 0, "left": 0, "width": 20, "height": 10}
    return drawn("bitmask", "bitmask", mask | fields.pop("mask", {}), object_hash, **fields)


def placed(classification_hash: str, feature_hash: str = "weather", **fields: Any) -> JSON:
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


def image_unit(
    objects: Iterable[Any] = (), classifications: Iterable[Any] = (), **fields: Any
) -> JSON:
    """An image of 200 x 100 pixels."""
    return _unit("image/jpeg", "photo.jpg", flat(objects, classifications), fields)


def video_unit(frames: Mapping[Any, Any], **fields: Any) -> JSON:
    """A video of 200 x 100 pixels; frames are lists of objects or whole frames."""
    return _unit("video/mp4", "clip.mp4", keyed(frames), fields)


def dicom_unit(slices: Mapping[Any, Any], **fields: Any) -> JSON:
    """A DICOM series of 200 x 100 pixels."""
    return _unit("application/dicom", "series", keyed(slices), fields)


def keyed(frames: Mapping[Any, Any]) -> JSON:
    """Labels keyed by frame; a list is that of the frame's objects."""
    return {
        str(number): flat(frame) if isinstance(frame, list) else frame
        for number, frame in frames.items()
    }


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


def option(feature_hash: str, *nested: JSON, label: str | None = None) -> JSON:
    """An option of an attribute, with attributes nested below it."""
    node: JSON = {
        "id": "1.1.1",
        "label": label or feature_hash,
        "value": feature_hash,
        "featureNodeHash": feature_hash,
    }
    return node | ({"options": list(nested)} if nested else {})


def attribute(
    feature_hash: str, kind: str, *options: JSON, name: str | None = None, **fields: Any
) -> JSON:
    """An attribute of an object or classification."""
    node: JSON = {
        "id": "1.1",
        "name": name or feature_hash,
        "type": kind,
        "featureNodeHash": feature_hash,
        "required": False,
        "dynamic": False,
    }
    return node | ({"options": list(options)} if options else {}) | fields


def object_node(shape: str, *attributes: JSON, **fields: Any) -> JSON:
    """A class of objects; its feature hash is its shape's name."""
    return {
        "id": "1",
        "name": shape,
        "color": "#D33115",
        "shape": shape,
        "featureNodeHash": shape,
        "attributes": list(attributes),
    } | fields


def classification_node(feature_hash: str, root: JSON, **fields: Any) -> JSON:
    """A classification of frames."""
    return {"id": "2", "featureNodeHash": feature_hash, "attributes": [root]} | fields


def template(*names: str, edges: Mapping[str, Iterable[str]] | None = None) -> JSON:
    """The template of the skeleton."""
    points = {
        str(number): {"x": 0.5, "y": 0.5, "name": name, "featureHash": f"point-{name}"}
        for number, name in enumerate(names)
    }
    lines = {
        start: {end: {"color": "#000000"} for end in ends} for start, ends in (edges or {}).items()
    }
    node = {"name": "skeleton", "shape": "skeleton", "feature_node_hash": "skeleton"}
    return {"template": node | {"skeleton": points, "skeletonEdges": lines}}


def ontology(
    *objects: JSON, classifications: Iterable[JSON] = (), templates: Iterable[JSON] | None = None
) -> JSON:
    """An ontology; objects that are not given are those of all shapes, without attributes."""
    given = {node["shape"] for node in objects}
    others = [object_node(shape) for shape in SHAPES if shape not in given]
    return {
        "objects": [*objects, *others],
        "classifications": list(classifications),
        "skeleton_templates": [template("a", "b")] if templates is None else list(templates),
    }


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
    """The answer to a dynamic attribute on ranges of frames."""
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


def numbered(rows: Iterable[Any]) -> list[SourceRow]:
    """Label rows as they come from one file."""
    return [SourceRow("labels.json", n, as_json(row).encode()) for n, row in enumerate(rows)]


def ontology_index(nodes: JSON | None = None) -> OntologyIndex:
    """An ontology as label rows look it up."""
    return _index_of(json.dumps(ontology() if nodes is None else nodes))


@lru_cache
def _index_of(text: str) -> OntologyIndex:
    ontology = parse_ontology(text.encode(), "ontology.json")
    return OntologyIndex.from_tables(ontology_tables(ontology))


def normalised(*rows: Any, nodes: JSON | None = None) -> dict[str, list[JSON]]:
    """Rows of the tables that label rows become."""
    tables = normalise_rows(numbered(rows), ontology_index(nodes)).tables
    return {name: table.to_pylist() for name, table in tables.items()}


def divide_into(monkeypatch: pytest.MonkeyPatch, chunk_bytes: int) -> None:
    """Let sources be divided into chunks of some bytes."""
    chunks = LabelSource.chunks
    monkeypatch.setattr(LabelSource, "chunks", lambda source, _: chunks(source, chunk_bytes))


def as_json(value: Any) -> str:
    """JSON text; strings pass for what is no JSON in Python."""
    return value if isinstance(value, str) else json.dumps(value)


@dataclass(frozen=True)
class Export:
    """A published export, read back."""

    folder: Path
    result: ExportResult
    coco: JSON
    manifest: JSON
    findings: list[JSON]
    lineage: list[JSON]

    @property
    def images(self) -> list[JSON]:
        return list(self.coco["images"])

    @property
    def annotations(self) -> list[JSON]:
        return list(self.coco["annotations"])

    @property
    def attributes(self) -> list[JSON]:
        return [annotation["attributes"] for annotation in self.annotations]

    def ends(self, outcome: str) -> list[str]:
        """Codes of the findings with an outcome."""
        return sorted(row["code"] for row in self.findings if row["outcome"] == outcome)

    @property
    def notes(self) -> list[str]:
        return self.ends("note")

    @property
    def rejected(self) -> list[str]:
        return self.ends("rejected")

    @property
    def skipped(self) -> list[str]:
        return self.ends("skipped")


def read_export(folder: Path, result: ExportResult) -> Export:
    """Read the files of an export; JSON strictly."""
    return Export(
        folder,
        result,
        _read_json(folder / "annotations.json"),
        _read_json(folder / "manifest.json"),
        pq.read_table(folder / "findings.parquet").to_pylist(),
        pq.read_table(folder / "lineage.parquet").to_pylist(),
    )


def _read_json(path: Path) -> Any:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(path.read_bytes(), parse_constant=refuse)


def export_rows(
    folder: Path,
    rows: Any,
    nodes: JSON | None = None,
    settings: ExportSettings | None = None,
    *,
    derive: bool = False,
    workers: int = 1,
) -> Export:
    """Export label rows and read what was published.

    Args:
        folder: for the input and the export.
        rows: label rows, or the text of the file that holds them.
        nodes: the ontology; by default one object of every shape, named like it.
        settings: of the export.
        derive: whether the ontology is derived from the labels.
        workers: processes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    labels, nodes_file, out = folder / "labels.json", folder / "ontology.json", folder / "out"
    labels.write_text(as_json(rows), encoding="utf-8")
    nodes_file.write_text(json.dumps(ontology() if nodes is None else nodes), encoding="utf-8")
    given = None if derive else nodes_file
    return read_export(out, export_coco(labels, given, out, settings, workers=workers))
