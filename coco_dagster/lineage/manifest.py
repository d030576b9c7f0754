"""The id of an export and the manifest that says what went into it and what came out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from typing import Any, Final

import msgspec
import pyarrow as pa
from msgspec import Struct

from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.errors import StorageError
from coco_dagster.tables.schemas import NORMALISATION_VERSION, SCHEMA_VERSION

FORMAT_VERSION: Final = "1"
MANIFEST_FILE: Final = "manifest.json"
LINEAGE_FILE: Final = "lineage.parquet"
FINDINGS_FILE: Final = "findings.parquet"
REPORT_FILE: Final = "report.html"
_LIBRARIES: Final = (
    "coco-dagster",
    "msgspec",
    "numpy",
    "polars",
    "pyarrow",
    "pycocotools",
    "shapely",
)

ENTRY_START: Final = "\n   "
"""What stands before each of the label rows: they are indented like everything else."""

_NO_LABEL_ROWS: Final = b'"label_rows": []'


class TableEntry(Struct, frozen=True):
    """A table that an export was made from; `sha256` is its `table_digest`."""

    rows: int
    sha256: str


class Manifest(Struct, frozen=True, kw_only=True):
    """Everything there is to know about an export.

    `run` holds what differs from run to run; it is part of no digest.
    """

    format_version: str = FORMAT_VERSION
    export_id: str
    profile: str
    settings: ExportSettings
    inputs: dict[str, Any]
    tables: dict[str, TableEntry]
    files: Sequence[Any]
    counts: dict[str, int]
    findings: dict[str, int]
    run: Mapping[str, Any]

    def blocks(self, label_rows: Iterable[bytes]) -> Iterator[bytes]:
        """The manifest as indented JSON, piece by piece.

        Args:
            label_rows: JSON text of the entries of `inputs.label_rows`, which is empty in
                `inputs`, in pieces: there may be millions of them. Each entry starts with
                `ENTRY_START`, and a comma stands before all but the first.
        """
        text = msgspec.json.format(msgspec.json.encode(self), indent=1)
        head, _, tail = text.partition(_NO_LABEL_ROWS)
        yield head + _NO_LABEL_ROWS[:-1]
        yield from label_rows
        yield b"]" + tail + b"\n"


class _Format(Struct, frozen=True):
    format_version: str


def check_format(manifest: bytes, place: str) -> None:
    """Make sure that a manifest is of a format that this release reads.

    Within a format, keys are only added: what is not known is passed over.

    Args:
        manifest: its text.
        place: where the export is, for the message.

    Raises:
        StorageError: it is of another format, or no manifest.
    """
    try:
        found = msgspec.json.decode(manifest, type=_Format).format_version
    except msgspec.MsgspecError as error:
        raise StorageError(
            f"The {MANIFEST_FILE} in {place} is damaged ({error}); export it again."
        ) from None
    if found != FORMAT_VERSION:
        raise StorageError(
            f"The export in {place} has a manifest of format {found}, this release reads format "
            f"{FORMAT_VERSION}; export it again, or use the release that wrote it."
        )


def ontology_entry(sha256: str, categories: pa.Table) -> dict[str, Any]:
    """What a manifest says of the ontology: its digest, and its classes of objects.

    Args:
        sha256: digest of the ontology.
        categories: the table `categories` of the ontology.
    """
    columns = ("feature_hash", "name", "shape", "color", "kind", "node_index")
    nodes = categories.select(columns).to_pylist()
    objects = sorted(
        (node for node in nodes if node["kind"] == "object"), key=lambda node: node["node_index"]
    )
    return {
        "sha256": sha256,
        "objects": [
            {name: node[name] for name in columns[:4] if node[name] is not None} for node in objects
        ],
    }


def settings_json(settings: ExportSettings) -> bytes:
    """Settings as canonical JSON, which is what goes into the export id."""
    return msgspec.json.encode(settings, order="deterministic")


def export_id(settings: ExportSettings, ontology_sha256: str, rows_sha256: str) -> str:
    """16 hex digits that name the content of an export.

    Args:
        settings: what was asked for.
        ontology_sha256: digest of the ontology.
        rows_sha256: digest over the digests of all label rows, in source order.
    """
    digest = sha256()
    for piece in (FORMAT_VERSION, settings_json(settings).decode(), ontology_sha256, rows_sha256):
        digest.update(piece.encode() + b"\n")
    return digest.hexdigest()[:16]


def table_digest(table: str, ontology_sha256: str, rows_sha256: str) -> str:
    """Hex SHA-256 that names what a normalised table holds, however it is divided into parts.

    Taken over what determines it: the versions of the schemas and of normalisation, the ontology
    and the label rows.

    Args:
        table: its name.
        ontology_sha256: digest of the ontology.
        rows_sha256: digest over the digests of all label rows, in source order.
    """
    pieces = (SCHEMA_VERSION, NORMALISATION_VERSION, table, ontology_sha256, rows_sha256)
    return sha256("\n".join(pieces).encode()).hexdigest()


@cache
def library_versions() -> Mapping[str, str]:
    """Versions of the libraries that shape an export."""
    return {name: version(name) for name in _LIBRARIES}
