"""A published export as its readers find it: a folder with a manifest."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast

import msgspec
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from coco_dagster.coco.published import CocoBlock, CocoHead, read_blocks, read_head
from coco_dagster.errors import StorageError
from coco_dagster.lineage.manifest import (
    FINDINGS_FILE,
    LINEAGE_FILE,
    MANIFEST_FILE,
    check_format,
)
from coco_dagster.tables.findings import without_queries
from coco_dagster.tables.locations import inner_path, location, read_file

if TYPE_CHECKING:
    from coco_dagster.tables.locations import Location

_ARCHIVE_SUFFIX: Final = ".zip"
_LINEAGE_ROWS: Final = 1 << 19
_FINDING_ROWS: Final = 1 << 15


class PublishedFile(Struct, frozen=True):
    """A file of an export, as the manifest states it; `images` is None where it is not COCO."""

    path: str
    bytes: int
    sha256: str
    images: int | None = None
    annotations: int | None = None
    annotations_per_category: dict[str, int] = {}

    def __post_init__(self) -> None:
        """Raises a ValueError where the path leads out of the export."""
        inner_path(self.path)

    @property
    def is_archive(self) -> bool:
        """Whether it is a zip of COCO files."""
        return self.path.endswith(_ARCHIVE_SUFFIX)


class OntologyObject(Struct, frozen=True):
    """A class of objects, with its colour in the ontology (`#RRGGBB`)."""

    feature_hash: str
    name: str
    shape: str | None = None
    color: str | None = None


class _OntologyFacts(Struct, frozen=True):
    objects: tuple[OntologyObject, ...] = ()


class _Inputs(Struct, frozen=True):
    ontology: _OntologyFacts


class ManifestFacts(Struct, frozen=True):
    """What is read of every manifest; its label rows are many and read apart."""

    export_id: str
    profile: str
    settings: dict[str, Any]
    inputs: _Inputs
    files: tuple[PublishedFile, ...]
    counts: dict[str, int]
    findings: dict[str, int]
    run: dict[str, Any] = {}


class LabelRowEntry(Struct, frozen=True):
    """A label row that went into an export."""

    sha256: str
    label_hash: str | None = None
    data_title: str | None = None
    objects: int = 0


class _LabelRows(Struct, frozen=True):
    label_rows: tuple[LabelRowEntry, ...] = ()


class _ManifestRows(Struct, frozen=True):
    inputs: _LabelRows


def is_export(url: str) -> bool:
    """Whether there is an export in a folder, a path or an fsspec URL."""
    try:
        return (location(url) / MANIFEST_FILE).exists()
    except (OSError, ValueError, ImportError):
        return False


class PublishedExport:
    """An export that was published.

    Args:
        url: its folder, a path or an fsspec URL.

    Raises:
        StorageError: there is no export, or its manifest is damaged.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/") or "/"
        self.folder: Location = location(self.url)
        self._manifest = self._read_manifest()
        self.facts: ManifestFacts = self._decoded(ManifestFacts)

    @property
    def coco_files(self) -> tuple[PublishedFile, ...]:
        """Its COCO files, in the manifest's order."""
        return tuple(file for file in self.facts.files if file.images is not None)

    @property
    def ontology(self) -> tuple[OntologyObject, ...]:
        """Classes of objects of its ontology."""
        return self.facts.inputs.ontology.objects

    def label_rows(self) -> tuple[LabelRowEntry, ...]:
        """The label rows that went into it, in their order."""
        rows: _ManifestRows = self._decoded(_ManifestRows)
        return rows.inputs.label_rows

    def head(self, file: PublishedFile) -> CocoHead:
        """Info and categories of a COCO file."""
        with self._open(file.path) as stream:
            return read_head(stream, is_archive=file.is_archive)

    def blocks(self, file: PublishedFile) -> Iterator[CocoBlock]:
        """Images and annotations of a COCO file, block by block."""
        with self._open(file.path) as stream:
            yield from read_blocks(stream, is_archive=file.is_archive)

    def lineage(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Columns of `lineage.parquet` in batches, at least one."""
        return self._batches(LINEAGE_FILE, columns, _LINEAGE_ROWS)

    def findings(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Columns of `findings.parquet` in batches, at least one."""
        return self._batches(FINDINGS_FILE, columns, _FINDING_ROWS)

    def _batches(self, name: str, columns: Sequence[str], rows: int) -> Iterator[pl.DataFrame]:
        with self._open(name) as stream:
            if isinstance(self.folder, Path):
                yield from _local_batches(self.folder / name, columns, rows)
                return
            with pq.ParquetFile(stream) as file:
                none = file.schema_arrow.empty_table()
                yield cast(pl.DataFrame, pl.from_arrow(none)).select(columns)
                for batch in file.iter_batches(batch_size=rows, columns=list(columns)):
                    table = pa.Table.from_batches([batch])
                    yield cast(pl.DataFrame, pl.from_arrow(table)).select(columns)

    @contextmanager
    def _open(self, name: str) -> Iterator[IO[bytes]]:
        path = self.folder
        for part in name.split("/"):
            path = path / part
        try:
            with path.open("rb") as stream:
                yield cast(IO[bytes], stream)
        except FileNotFoundError:
            raise StorageError(
                f"The export in {without_queries(self.url)} lacks its file {name}; export it again."
            ) from None

    def _read_manifest(self) -> bytes:
        place = without_queries(self.url)
        try:
            manifest = read_file(self.folder / MANIFEST_FILE)
        except FileNotFoundError:
            raise StorageError(
                f"There is no export in {place}: it has no {MANIFEST_FILE}. Name the folder that "
                "an export was written to."
            ) from None
        check_format(manifest, place)
        return manifest

    def _decoded(self, kind: type[Any]) -> Any:
        try:
            return msgspec.json.decode(self._manifest, type=kind)
        except msgspec.MsgspecError as error:
            raise StorageError(
                f"The {MANIFEST_FILE} in {without_queries(self.url)} is damaged ({error}); export "
                "it again."
            ) from None


def _local_batches(path: Path, columns: Sequence[str], rows: int) -> Iterator[pl.DataFrame]:
    """Batches of a local file, at least one; polars decodes strings faster than pyarrow does."""
    file = pl.scan_parquet(path, glob=False)
    total = file.select(pl.len()).collect().item()
    for start in range(0, max(total, 1), rows):
        yield file.slice(start, rows).select(columns).collect()
