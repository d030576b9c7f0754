"""Exports of label rows, read back."""

import json
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.encord.sources import LabelSource
from coco_dagster.export import export_coco, source_order
from coco_dagster.export.result import ExportResult
from tests.label_rows import JSON, as_json
from tests.ontologies import ontology


@dataclass(frozen=True)
class Export:
    """A published export, read back.

    Attributes:
        folder: where its files lie.
        result: what the job told of it.
        coco: `annotations.json`, in layouts that have one COCO object of this name; else empty.
        manifest: `manifest.json`.
        findings: rows of `findings.parquet`.
        lineage: rows of `lineage.parquet`.
    """

    folder: Path
    result: ExportResult
    coco: JSON
    manifest: JSON
    findings: list[JSON]
    lineage: list[JSON]

    @property
    def files(self) -> dict[str, list[JSON]]:
        """The COCO objects of each COCO file, by its path."""
        paths = [file["path"] for file in self.manifest["files"] if "annotations" in file]
        return {path: read_coco_objects(self.folder / path) for path in paths}

    @property
    def images(self) -> list[JSON]:
        return list(self.coco["images"])

    @property
    def annotations(self) -> list[JSON]:
        return list(self.coco["annotations"])

    @property
    def categories(self) -> list[JSON]:
        return list(self.coco["categories"])

    @property
    def attributes(self) -> list[JSON]:
        return [annotation["attributes"] for annotation in self.annotations]

    @property
    def object_hashes(self) -> list[str]:
        """The object of each annotation."""
        return [attributes["encord_track_uuid"] for attributes in self.attributes]

    def image(self, frame: int, data_hash: str | None = None) -> JSON:
        """The only image of a frame, in the only file unless one is named."""
        (found,) = (
            image
            for image in self.images
            if image["encord"]["frame"] == frame
            and data_hash in (None, image["encord"]["data_hash"])
        )
        return found

    def image_of(self, annotation: JSON) -> JSON:
        (found,) = (image for image in self.images if image["id"] == annotation["image_id"])
        return found

    def annotation(self, object_hash: str, frame: int | None = None) -> JSON:
        """The only annotation of an object, or its only one on a frame."""
        (found,) = (
            entry
            for entry in self.annotations
            if entry["attributes"]["encord_track_uuid"] == object_hash
            and frame in (None, self.image_of(entry)["encord"]["frame"])
        )
        return found

    def classifications(self, object_hash: str, frame: int | None = None) -> JSON:
        """What an annotation says of the attributes of its object."""
        return dict(self.annotation(object_hash, frame)["attributes"]["classifications"])

    def mask(self, object_hash: str) -> NDArray[np.bool_]:
        """Pixels of a run-length encoded annotation, of shape (height, width)."""
        given = self.annotation(object_hash)["segmentation"]
        mask: NDArray[np.bool_] = coco_mask.decode(given).astype(bool)
        return mask

    def codes(self) -> Counter[str]:
        """How many findings there are of each code."""
        return Counter(row["code"] for row in self.findings)

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
    labels, nodes_file = folder / "labels.json", folder / "ontology.json"
    labels.write_text(as_json(rows), encoding="utf-8")
    nodes_file.write_text(json.dumps(ontology() if nodes is None else nodes), encoding="utf-8")
    given = None if derive else nodes_file
    return export_files(labels, given, folder / "out", settings, workers=workers)


def export_files(
    labels: Path,
    nodes: Path | None,
    out: Path,
    settings: ExportSettings | None = None,
    *,
    workers: int = 1,
) -> Export:
    """Export label rows that lie in files, and read what was published."""
    return read_export(out, export_coco(labels, nodes, out, settings, workers=workers))


def read_export(folder: Path, result: ExportResult) -> Export:
    """Read the files of an export; JSON strictly."""
    coco = folder / "annotations.json"
    objects = read_coco_objects(coco) if coco.exists() else []
    return Export(
        folder,
        result,
        objects[0] if len(objects) == 1 else {},
        _read_json(folder / "manifest.json"),
        pq.read_table(folder / "findings.parquet").to_pylist(),
        pq.read_table(folder / "lineage.parquet").to_pylist(),
    )


def read_coco_objects(path: Path) -> list[JSON]:
    """The COCO objects of a file: one, a list of them, or those of an archive."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            return [_as_json(archive.read(name)) for name in archive.namelist()]
    found = _read_json(path)
    return found if isinstance(found, list) else [found]


def _read_json(path: Path) -> Any:
    return _as_json(path.read_bytes())


def _as_json(text: bytes) -> Any:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


def divide_into(monkeypatch: pytest.MonkeyPatch, chunk_bytes: int) -> None:
    """Let sources be divided into chunks of some bytes, and what is made of them not be joined."""
    chunks = LabelSource.chunks
    monkeypatch.setattr(LabelSource, "chunks", lambda source, _: chunks(source, chunk_bytes))
    weigh_windows(monkeypatch, 1)


def weigh_windows(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Let windows of labels have some weight at most."""
    cutting = replace(source_order.LABELS, window_weight=most)
    monkeypatch.setattr(source_order, "LABELS", cutting)
