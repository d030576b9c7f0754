"""Source to COCO in one go, as the command line does it."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.encord.label_row import RowText
from coco_dagster.encord.sources import LabelSource
from coco_dagster.export.chunks import (
    counted,
    even_chunk_bytes,
    label_chunks,
    passed_over_notes,
    workers_for,
)
from coco_dagster.export.findings import file_findings
from coco_dagster.export.label_tables import normalise_parts
from coco_dagster.export.ontologies import read_ontology
from coco_dagster.export.places import PartPlace, TableFolder
from coco_dagster.export.planning import checked_settings
from coco_dagster.export.pool import WorkerPool, worker_pool
from coco_dagster.export.processes import WorkerProcesses, available_cores
from coco_dagster.export.progress import Progress, Stopwatch, silent
from coco_dagster.export.publishing import check_destination, export_draft, publish_folder
from coco_dagster.export.rendering import ExportInput, render_export
from coco_dagster.export.result import ExportResult
from coco_dagster.export.source_order import part_weight
from coco_dagster.export.tasks import NormaliseChunk
from coco_dagster.export.work_folder import work_folder
from coco_dagster.lineage.manifest import export_id
from coco_dagster.tables.ontology_tables import ontology_tables
from coco_dagster.tables.parts import part_path, row_counts, write_part
from coco_dagster.tables.schemas import TABLES

Inspect = Callable[[ExportResult, Callable[[str], pl.LazyFrame]], None]
"""Takes a published export, and what opens the tables that it was made from by their names."""


def export_coco(
    labels: str | os.PathLike[str],
    ontology: str | os.PathLike[str] | None,
    out: str | os.PathLike[str],
    settings: ExportSettings | None = None,
    *,
    workers: int | None = None,
    progress: Progress = silent,
    run: Mapping[str, Any] | None = None,
    processes: WorkerProcesses | None = None,
    inspect: Inspect | None = None,
) -> ExportResult:
    """Export label rows as COCO.

    Args:
        labels: path or fsspec URL of a file of label rows, a folder or a zip of such files.
        ontology: path or fsspec URL of the ontology; None derives it from the labels.
        out: folder of the export; readers see the whole export in it or none.
        settings: profile, layout and branches; by default those of the profile `encord`.
        workers: processes to use; by default one for each core, if there is enough to do.
        progress: told of every part that is done.
        run: what the manifest shall say of the run.
        processes: worker processes that were started ahead, in place of `workers`.
        inspect: called with the published export while the tables that it was made from are there.

    Raises:
        SettingsError: a setting has a value that it cannot have.
        SourceError: a file of the source cannot be read.
        OntologyError: the ontology cannot be read.
        ExportError: the export would break its contract.
        StorageError: the export cannot be written.
        WorkerError: a worker process ended.
    """
    watch = Stopwatch()
    place = os.fspath(out)
    chosen = checked_settings(settings or ExportSettings())
    check_destination(place)
    with work_folder() as work:
        source = LabelSource(labels, work / "spool")
        with watch.stage("ontology"):
            given = read_ontology(
                None if ontology is None else os.fspath(ontology), _row_texts(source)
            )
            ontology_folder = TableFolder(str(work / "ontology"), "arrow")
            write_part(ontology_folder.path, 0, ontology_tables(given), "arrow")
        tables = TableFolder(str(work / "tables"), "arrow")
        wanted = workers or available_cores()
        chunks = label_chunks(source, even_chunk_bytes(labels, wanted))
        several = processes is not None
        if processes is None:
            # Whoever starts processes ahead knows that there is enough to do for them.
            chunks, several = counted(chunks)
        with worker_pool(workers_for(workers, several), processes) as pool:
            is_inspected = inspect is not None
            tasks = (
                NormaliseChunk(chunk, ontology_folder, tables, all_columns=is_inspected)
                for chunk in chunks
            )
            with watch.stage("labels"):
                parts = normalise_parts(pool, tasks, tables, progress, None)
            export = ExportInput(
                parts=[
                    PartPlace(tables, part, weight=part_weight(infos))
                    for part, infos in enumerate(parts.infos)
                ],
                ontology=ontology_folder,
                skeleton_points=parts.skeleton_points,
                table_rows=row_counts(parts.infos),
                rows_sha256=parts.rows_sha256,
                ontology_sha256=given.digest,
                findings=file_findings([*passed_over_notes(source), *given.notes]),
                export_id=export_id(chosen, given.digest, parts.rows_sha256),
                is_last_reader=not is_inspected,
            )
            result = _publish(pool, export, chosen, work, place, run or {}, progress, watch)
        if inspect is not None:
            inspect(result, partial(_scan, tables, len(parts.infos)))
        return result


def _scan(tables: TableFolder, parts: int, table: str) -> pl.LazyFrame:
    """One of the tables of a job that is not over yet."""
    if not parts:
        return pl.LazyFrame(pl.from_arrow(TABLES[table].empty_table()))
    return pl.scan_ipc(
        [str(part_path(tables.path, table, part, tables.form)) for part in range(parts)]
    )


def _publish(
    pool: WorkerPool,
    export: ExportInput,
    settings: ExportSettings,
    work: Path,
    out: str,
    run: Mapping[str, Any],
    progress: Progress,
    watch: Stopwatch,
) -> ExportResult:
    """Render into a draft and publish it; a draft that fails leaves nothing."""
    # The draft outlives the pool: it cannot be removed while another process writes into it.
    with export_draft(out, work) as draft, closing(pool):
        result = render_export(pool, export, settings, work, draft, run, progress, watch)
        publish_folder(draft, out)
    return msgspec.structs.replace(result, url=out, seconds=watch.seconds)


def _row_texts(source: LabelSource) -> Iterator[list[RowText]]:
    for chunk in label_chunks(source):
        rows = [row.json for row in chunk.read_rows()]
        chunk.discard()
        yield rows
