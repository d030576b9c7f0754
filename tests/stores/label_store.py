"""Label rows in a bucket, and exports from and to it."""

import gzip
import json
from pathlib import Path
from typing import Any

import s3fs

from coco_dagster.export import export_coco
from coco_dagster.export.result import ExportResult
from tests.label_rows import JSON, as_json, label_row
from tests.objects import every_shape
from tests.ontologies import ontology

ROWS = [
    label_row(every_shape(), label_hash=f"row-{number}", data_hash=f"image-{number}")
    for number in range(4)
]
FILES = ["annotations.json", "findings.parquet", "lineage.parquet", "manifest.json"]


def as_files(rows: list[JSON]) -> dict[str, bytes]:
    """Label rows as a folder of two files, one of them compressed, with their ontology beside."""
    half = len(rows) // 2
    lines = b"\n".join(json.dumps(row).encode() for row in rows[half:])
    return {
        "labels/a.json": as_json(rows[:half]).encode(),
        "labels/b.jsonl.gz": gzip.compress(lines, mtime=0),
        "ontology.json": json.dumps(ontology()).encode(),
    }


def put_rows(bucket: str, rows: list[JSON] = ROWS) -> None:
    """Put label rows into a bucket."""
    store = s3fs.S3FileSystem()
    for name, data in as_files(rows).items():
        store.pipe_file(f"{bucket}/{name}", data)


def write_rows(folder: Path, rows: list[JSON] = ROWS) -> None:
    """Write label rows to a local folder."""
    for name, data in as_files(rows).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def export_from(place: str, out: str, **options: Any) -> ExportResult:
    """Export the label rows of a folder or bucket."""
    given = {"workers": 1} | options
    return export_coco(f"{place}/labels", f"{place}/ontology.json", out, **given)


def without_run(manifest: bytes) -> JSON:
    """A manifest without what runs differ in."""
    return {key: value for key, value in json.loads(manifest).items() if key != "run"}


def same_files(found: dict[str, bytes], due: dict[str, bytes]) -> bool:
    """Whether two exports hold the same."""
    plain = [
        {name: without_run(data) if name == "manifest.json" else data for name, data in one.items()}
        for one in (found, due)
    ]
    return plain[0] == plain[1]
