"""Work on single parts, as messages that a worker process can carry out.

A task names files; what it reads and writes are Arrow IPC and Parquet files, never messages.
Ontology tables and renderings are the same for all parts and kept between tasks.
"""

from array import array
from functools import lru_cache, partial
from typing import Any, Final

import msgspec
import polars as pl
import pyarrow as pa
from msgspec import Struct

from coco_dagster import errors
from coco_dagster.coco.input_columns import INPUT_COLUMNS, INPUT_SCHEMAS
from coco_dagster.coco.polars_pool import within_pool
from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.coco.writer import (
    FirstIds,
    RenderedPart,
    Rendering,
    render_part,
)
from coco_dagster.encord.source_chunks import SourceChunk
from coco_dagster.errors import CocoDagsterError
from coco_dagster.export.check_tasks import (
    FindDrift,
    FoundDrift,
    ValidatedFiles,
    ValidateFiles,
)
from coco_dagster.export.group_files import write_numbered, write_rendered
from coco_dagster.export.losses import Loss, first_losses
from coco_dagster.export.ontology_cache import ontology_of, ontology_tables_of
from coco_dagster.export.places import PartSlice, TableFolder, read_slices
from coco_dagster.export.row_facts import RowFacts, row_facts
from coco_dagster.export.stored_tasks import (
    DatasetsOfRows,
    DropStoredRows,
    FindDatasets,
    NormaliseStored,
    SlicedPart,
    SlicePart,
    SnapshotPart,
    SnapshotRows,
    TakeRowsOut,
)
from coco_dagster.export.table_files import TableFiles, WriteTableFiles
from coco_dagster.tables.normalise import normalise_rows
from coco_dagster.tables.part_store import StoredPart
from coco_dagster.tables.parts import (
    PartInfo,
    read_part,
    write_part,
)
from coco_dagster.tables.schemas import LABEL_TABLES
from coco_dagster.tables.skeletons import SkeletonPoints
from coco_dagster.tables.superseded import CODE as SUPERSEDED
from coco_dagster.tables.superseded import without_label_rows


class NormalisedPart(Struct, frozen=True, tag=True):
    """Report on a part that became tables."""

    tables: dict[str, PartInfo]
    row_digests: list[str]
    skeleton_points: SkeletonPoints


class NormaliseChunk(Struct, frozen=True, tag=True):
    """Turn a chunk of a source into the tables of one part.

    Attributes:
        chunk: the chunk.
        ontology: tables of the ontology.
        out: folder of the parts.
        all_columns: whether anybody but rendering reads the tables.
    """

    chunk: SourceChunk
    ontology: TableFolder
    out: TableFolder
    all_columns: bool

    def run(self) -> NormalisedPart:
        """Carry it out."""
        rows = self.chunk.read_rows()
        self.chunk.discard()
        schemas = LABEL_TABLES if self.all_columns else INPUT_SCHEMAS
        normalised = normalise_rows(rows, *ontology_of(self.ontology), schemas)
        return NormalisedPart(
            write_part(self.out.path, self.chunk.index, normalised.tables, self.out.form),
            normalised.row_digests,
            normalised.skeleton_points,
        )


class DropLabelRows(Struct, frozen=True, tag=True):
    """Take superseded label rows out of the tables of one part."""

    folder: TableFolder
    part: int | str
    label_hashes: list[str]
    out: TableFolder
    out_part: int

    def run(self) -> NormalisedPart:
        """Carry it out."""
        tables = read_part(self.folder.path, self.part, LABEL_TABLES, self.folder.form)
        kept = without_label_rows(tables, self.label_hashes)
        return NormalisedPart(write_part(self.out.path, self.out_part, kept, self.out.form), [], {})


class FileCounts(Struct, frozen=True):
    """What a COCO file gets from a group."""

    images: int
    annotations: int
    per_category: dict[int, int]


class RenderedCounts(Struct, frozen=True, tag=True):
    """Report on a group of label rows that was rendered.

    Attributes:
        images: number of images; annotations, tracks and videos likewise.
        files: what each file of the plan gets.
        outcomes: number of findings by outcome; codes: by code.
        superseded_objects: objects of label rows that a later edit supersedes.
        losses: objects that the settings want, where their lack makes the export fail.
        first_losses: the first of them.
        rows: what its label rows come to.
    """

    images: int
    annotations: int
    tracks: int
    videos: int
    files: list[FileCounts]
    outcomes: dict[str, int]
    codes: dict[str, int]
    superseded_objects: int
    losses: int
    first_losses: list[Loss]
    rows: RowFacts


class RenderGroup(Struct, frozen=True, tag=True):
    """Render some consecutive label rows, without ids yet.

    The process keeps what it rendered for the task that numbers it, which follows as soon as the
    groups before it are counted.

    Attributes:
        slices: the label rows.
        ontology: tables of the ontology.
        settings: what to render.
        out: folder of what is rendered.
        group: number of the group.
        is_last_reader: whether the tables go when they are read, but for `label_rows`.
    """

    slices: list[PartSlice]
    ontology: TableFolder
    settings: ExportSettings
    out: TableFolder
    group: int
    is_last_reader: bool

    def run(self) -> RenderedCounts:
        """Carry it out."""
        return within_pool(self._render)

    def _render(self) -> RenderedCounts:
        tables = read_slices(self.slices, INPUT_COLUMNS)
        if self.is_last_reader:
            for part in self.slices:
                part.discard(LABEL_TABLES.keys() - {"label_rows"})
        rendered = render_part(tables, _rendering(self.ontology, self.settings))
        _rendered_groups[self.out.url, self.group] = rendered
        write_rendered(self.out.path, self.group, rendered)
        findings = pl.DataFrame(pl.from_arrow(rendered.findings))
        return RenderedCounts(
            images=rendered.images.height,
            annotations=rendered.annotations.height,
            tracks=rendered.tracks,
            videos=rendered.videos,
            files=_file_counts(rendered),
            outcomes=_counts(findings["outcome"]),
            codes=_counts(findings["code"]),
            superseded_objects=findings.filter(
                (pl.col("code") == SUPERSEDED) & (pl.col("outcome") == "skipped")
            ).height,
            losses=rendered.losses.height,
            first_losses=first_losses(rendered.losses),
            rows=row_facts(tables["label_rows"], self.settings.branches),
        )


class NumberGroup(Struct, frozen=True, tag=True):
    """Give ids to the group that this process has rendered; write its lines and its lineage."""

    rendered: TableFolder
    group: int
    first: FirstIds

    def run(self) -> None:
        """Carry it out."""
        part = _rendered_groups.pop((self.rendered.url, self.group))
        within_pool(partial(write_numbered, self.rendered.path, self.group, part, self.first))


_rendered_groups: Final[dict[tuple[str, int], RenderedPart]] = {}


def _file_counts(part: RenderedPart) -> list[FileCounts]:
    images = _counts(part.images["split"])
    annotations = part.annotations.group_by("file", "category_id").len().rows()
    return [
        FileCounts(
            images.get(file.split, 0),
            sum(count for at, _, count in annotations if at == number),
            {category: count for at, category, count in annotations if at == number},
        )
        for number, file in enumerate(part.plan.files)
    ]


def _counts(values: pl.Series) -> dict[Any, int]:
    return dict(values.value_counts(sort=False).iter_rows())


@lru_cache(maxsize=2)
def _rendering(folder: TableFolder, settings: ExportSettings) -> Rendering:
    # Once an export: what reading label rows has freed is not needed again.
    pa.default_memory_pool().release_unused()
    return Rendering.of(ontology_tables_of(folder), settings)


Task = (
    NormaliseChunk
    | DropLabelRows
    | RenderGroup
    | NumberGroup
    | SnapshotRows
    | FindDatasets
    | NormaliseStored
    | DropStoredRows
    | SlicePart
    | TakeRowsOut
    | WriteTableFiles
    | ValidateFiles
    | FindDrift
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

    report: (
        NormalisedPart
        | RenderedCounts
        | StoredPart
        | SnapshotPart
        | DatasetsOfRows
        | SlicedPart
        | TableFiles
        | ValidatedFiles
        | FoundDrift
        | None
    ) = None
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
