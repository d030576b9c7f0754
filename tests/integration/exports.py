"""Exports of label rows, read back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.export import export_coco

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Exported:
    """The files of an export, read back.

    Attributes:
        folder: where they lie.
        coco: `annotations.json`.
        manifest: `manifest.json`.
        findings: rows of `findings.parquet`.
        lineage: rows of `lineage.parquet`.
    """

    folder: Path
    coco: Json
    manifest: Json
    findings: list[Json]
    lineage: list[Json]

    @property
    def images(self) -> list[Json]:
        """The images."""
        images: list[Json] = self.coco["images"]
        return images

    @property
    def annotations(self) -> list[Json]:
        """The annotations."""
        annotations: list[Json] = self.coco["annotations"]
        return annotations

    @property
    def categories(self) -> list[Json]:
        """The categories."""
        categories: list[Json] = self.coco["categories"]
        return categories

    @property
    def object_hashes(self) -> list[str]:
        """The object of each annotation."""
        return [entry["attributes"]["encord_track_uuid"] for entry in self.annotations]

    def image(self, frame: int, data_hash: str | None = None) -> Json:
        """The only image of a frame, in the only file unless one is named."""
        (found,) = (
            image
            for image in self.images
            if image["encord"]["frame"] == frame
            and data_hash in (None, image["encord"]["data_hash"])
        )
        return found

    def image_of(self, annotation: Json) -> Json:
        """The image of an annotation."""
        (found,) = (image for image in self.images if image["id"] == annotation["image_id"])
        return found

    def annotation(self, object_hash: str, frame: int | None = None) -> Json:
        """The only annotation of an object, or its only one on a frame."""
        (found,) = (
            entry
            for entry in self.annotations
            if entry["attributes"]["encord_track_uuid"] == object_hash
            and frame in (None, self.image_of(entry)["encord"]["frame"])
        )
        return found

    def classifications(self, object_hash: str, frame: int | None = None) -> Json:
        """What the annotation says of the attributes of its object."""
        given: Json = self.annotation(object_hash, frame)["attributes"]["classifications"]
        return given

    def mask(self, object_hash: str, frame: int | None = None) -> NDArray[np.bool_]:
        """Pixels of a run-length encoded annotation, of shape (height, width)."""
        given = self.annotation(object_hash, frame)["segmentation"]
        mask: NDArray[np.bool_] = coco_mask.decode(given).astype(bool)
        return mask

    def codes(self, outcome: str | None = None) -> list[str]:
        """Codes of the findings, or of those with one outcome."""
        found = self.findings
        return [row["code"] for row in found if outcome in (None, row["outcome"])]


def export_rows(
    rows: Sequence[Json], ontology: Json | None, folder: Path, workers: int = 1, **settings: Any
) -> Exported:
    """Export label rows from a file of them.

    Args:
        rows: label rows.
        ontology: their ontology; None derives it from the labels.
        folder: where label rows, ontology and export are written, over earlier ones.
        workers: processes.
        settings: fields of `ExportSettings`.
    """
    labels = folder / "labels.json"
    labels.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    given = None
    if ontology is not None:
        given = folder / "ontology.json"
        given.write_text(json.dumps(ontology, ensure_ascii=False), encoding="utf-8")
    return export_files(labels, given, folder / "export", workers, **settings)


def export_files(
    labels: Path, ontology: Path | None, out: Path, workers: int = 1, **settings: Any
) -> Exported:
    """Export label rows that lie in files."""
    export_coco(labels, ontology, out, ExportSettings(**settings), workers=workers)
    return read_export(out)


def read_export(folder: Path) -> Exported:
    """Read the files of an export."""
    return Exported(
        folder=folder,
        coco=json.loads((folder / "annotations.json").read_bytes()),
        manifest=json.loads((folder / "manifest.json").read_bytes()),
        findings=pq.read_table(folder / "findings.parquet").to_pylist(),
        lineage=pq.read_table(folder / "lineage.parquet").to_pylist(),
    )
