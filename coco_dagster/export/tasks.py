"""Work on single parts, as messages that a worker process can carry out.

A task names files; what it reads and writes are Arrow IPC and Parquet files, never messages.
Ontology tables and renderings are the same for all parts and kept between tasks.
"""

from array import array
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec
import polars as pl
import pyarrow as pa
from msgspec import Struct

from coco_dagster import errors
from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.coco.writer import (
    FirstIds,
    RenderedPart,
    Rendering,
    annotation_lines,
    image_lines,
    render_part,
    text_buffer,
)
from coco_dagster.encord.source_chunks import SourceChunk, SourceRow
from coco_dagster.errors import CocoDagsterError
from coco_dagster.lineage.provenance import origin_table
from coco_dagster.tables.findings import sort_findings
from coco_dagster.tables.locations import location
from coco_dagster.tables.normalise import normalise_rows
from coco_dagster.tables.ontology_index import OntologyIndex
from coco_dagster.tables.parts import (
    Format,
    PartInfo,
    part_path,
    read_part,
    read_part_table,
    write_atomically,
    write_part,
)
from coco_dagster.tables.raw_labels import raw_label_table
from coco_dagster.tables.schemas import LABEL_TABLES, ONTOLOGY_TABLES
from coco_dagster.tables.superseded import CODE as SUPERSEDED
from coco_dagster.tables.superseded import without_label_rows

if TYPE_CHECKING:
    from coco_dagster.tables.locations import Location


class TableFolder(Struct, frozen=True):
    """A folder of parts."""

    url: str
    form: Format

    @property
    def path(self) -> "Location":
        """The folder."""
        return location(self.url)


class NormalisedPart(Struct, frozen=True, tag=True):
    """Report on a part that became tables."""

    tables: dict[str, PartInfo]
    row_digests: list[str]
    skeleton_points: dict[str, list[str]]


class NormaliseChunk(Struct, frozen=True, tag=True):
    """Turn a chunk of a source into the tables of one part."""

    chunk: SourceChunk
    ontology: TableFolder
    out: TableFolder

    def run(self) -> NormalisedPart:
        """Carry it out."""
        rows = self.chunk.read_rows()
        self.chunk.discard()
        return _normalise(rows, self.ontology, self.out, self.chunk.index)


class SnapshotPart(Struct, frozen=True, tag=True):
    """Report on a part that was kept as it is."""

    tables: dict[str, PartInfo]
    row_digests: list[str]


class SnapshotChunk(Struct, frozen=True, tag=True):
    """Keep a chunk of a source as one part of the table `raw_labels`."""

    chunk: SourceChunk
    out: TableFolder

    def run(self) -> SnapshotPart:
        """Carry it out."""
        table, digests = raw_label_table(self.chunk.read_rows())
        self.chunk.discard()
        info = write_part(self.out.path, self.chunk.index, {"raw_labels": table}, self.out.form)
        return SnapshotPart(info, digests)


class NormaliseRawLabels(Struct, frozen=True, tag=True):
    """Turn one part of `raw_labels` into the tables of one part."""

    raw_labels: TableFolder
    part: int
    ontology: TableFolder
    out: TableFolder

    def run(self) -> NormalisedPart:
        """Carry it out."""
        path = part_path(self.raw_labels.path, "raw_labels", self.part, self.raw_labels.form)
        raw = read_part_table(path, self.raw_labels.form, ["source_file", "source_index", "json"])
        raw = raw.sort_by([("source_file", "ascending"), ("source_index", "ascending")])
        columns = (raw[name].to_pylist() for name in raw.column_names)
        rows = [SourceRow(*values) for values in zip(*columns, strict=True)]
        return _normalise(rows, self.ontology, self.out, self.part)


def _normalise(
    rows: list[SourceRow], ontology: TableFolder, out: TableFolder, part: int
) -> NormalisedPart:
    normalised = normalise_rows(rows, _ontology_index(ontology))
    return NormalisedPart(
        write_part(out.path, part, normalised.tables, out.form),
        normalised.row_digests,
        normalised.skeleton_points,
    )


class DropLabelRows(Struct, frozen=True, tag=True):
    """Take superseded label rows out of the tables of one part."""

    tables: TableFolder
    part: int
    label_hashes: list[str]

    def run(self) -> NormalisedPart:
        """Carry it out."""
        folder, form = self.tables.path, self.tables.form
        tables = without_label_rows(
            read_part(folder, self.part, LABEL_TABLES, form), self.label_hashes
        )
        return NormalisedPart(write_part(folder, self.part, tables, form), [], {})


class RenderedCounts(Struct, frozen=True, tag=True):
    """Report on a group of parts that was rendered."""

    images: int
    annotations: int
    tracks: int
    per_category: dict[int, int]
    outcomes: dict[str, int]
    codes: dict[str, int]
    superseded_objects: int


class RenderGroup(Struct, frozen=True, tag=True):
    """Render some consecutive parts, without ids yet.

    The process keeps what it rendered for the task that numbers it, which follows as soon as the
    groups before it are counted.
    """

    tables: TableFolder
    first_part: int
    last_part: int
    ontology: TableFolder
    settings: ExportSettings
    out: TableFolder
    group: int

    def run(self) -> RenderedCounts:
        """Carry it out."""
        parts = [
            read_part(self.tables.path, part, LABEL_TABLES, self.tables.form)
            for part in range(self.first_part, self.last_part + 1)
        ]
        tables = {
            name: pa.concat_tables([part[name] for part in parts])
            if len(parts) > 1
            else parts[0][name]
            for name in LABEL_TABLES
        }
        rendered = render_part(tables, _rendering(self.ontology, self.settings))
        _rendered_groups[self.out.url, self.group] = rendered
        file_names = rendered.images.select("file_name").to_arrow()
        _write_arrow(part_path(self.out.path, "file_names", self.group, "arrow"), file_names)
        sorted_findings = sort_findings(rendered.findings)
        _write_arrow(part_path(self.out.path, "findings", self.group, "arrow"), sorted_findings)
        findings = pl.DataFrame(pl.from_arrow(rendered.findings))
        return RenderedCounts(
            images=rendered.images.height,
            annotations=rendered.annotations.height,
            tracks=rendered.tracks,
            per_category=_counts(rendered.annotations["category_id"]),
            outcomes=_counts(findings["outcome"]),
            codes=_counts(findings["code"]),
            superseded_objects=findings.filter(
                (pl.col("code") == SUPERSEDED) & (pl.col("outcome") == "skipped")
            ).height,
        )


class NumberGroup(Struct, frozen=True, tag=True):
    """Give ids to the group that this process has rendered; write its lines and its lineage."""

    rendered: TableFolder
    group: int
    first: FirstIds
    file: str

    def run(self) -> None:
        """Carry it out."""
        folder = self.rendered.path
        part = _rendered_groups.pop((self.rendered.url, self.group))
        images = text_buffer(image_lines(part, self.first))
        write_atomically(lines_path(folder, "images", self.group), images)
        annotations = text_buffer(annotation_lines(part, self.first))
        write_atomically(lines_path(folder, "annotations", self.group), annotations)
        lineage = origin_table(part, self.first, self.file)
        _write_arrow(part_path(folder, "lineage", self.group, "arrow"), lineage)


def lines_path(folder: "Location", kind: str, group: int) -> "Location":
    """Where the lines of JSON of a group lie; `kind` is images or annotations."""
    return folder / "lines" / f"{kind}-{group:05d}.json"


_rendered_groups: Final[dict[tuple[str, int], RenderedPart]] = {}


def _counts(values: pl.Series) -> dict[Any, int]:
    return dict(values.value_counts(sort=False).iter_rows())


def _write_arrow(path: "Location", table: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


@lru_cache(maxsize=2)
def _ontology_tables(folder: TableFolder) -> dict[str, pa.Table]:
    return read_part(folder.path, 0, ONTOLOGY_TABLES, folder.form)


@lru_cache(maxsize=2)
def _ontology_index(folder: TableFolder) -> OntologyIndex:
    return OntologyIndex.from_tables(_ontology_tables(folder))


@lru_cache(maxsize=2)
def _rendering(folder: TableFolder, settings: ExportSettings) -> Rendering:
    return Rendering.of(_ontology_tables(folder), settings)


Task = (
    SnapshotChunk | NormaliseChunk | NormaliseRawLabels | DropLabelRows | RenderGroup | NumberGroup
)


class Failure(Struct, frozen=True):
    """A task that raised: the name of the error's class and its message."""

    error: str
    message: str

    def as_error(self) -> CocoDagsterError:
        """The error as the task raised it."""
        kind = getattr(errors, self.error, errors.WorkerError)
        error: CocoDagsterError = kind(self.message)
        return error


class Outcome(Struct, frozen=True):
    """What came of a task."""

    report: SnapshotPart | NormalisedPart | RenderedCounts | None = None
    failure: Failure | None = None


def _encode_array(value: Any) -> Any:
    if isinstance(value, array):
        return [value.typecode, value.tobytes()]
    raise TypeError(f"{type(value).__name__} cannot be part of a task")


def _decode_array(kind: type, value: Any) -> Any:
    if kind is not array:
        raise TypeError(f"{kind} cannot be part of a task")
    decoded = array(value[0])
    decoded.frombytes(value[1])
    return decoded


TASK_ENCODER: Final = msgspec.msgpack.Encoder(enc_hook=_encode_array)
TASK_DECODER: Final = msgspec.msgpack.Decoder(Task, dec_hook=_decode_array)
