"""Normalised tables to a published export, from one set of tables or from those of all partitions.

An export over partitions is the export of the undivided source: the same id, order and bytes.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
from msgspec import Struct

from coco_dagster.coco.layouts import export_plan
from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.coco.writer import categories_of_contents
from coco_dagster.encord.label_row import Note
from coco_dagster.errors import StorageError
from coco_dagster.export.chunks import workers_for
from coco_dagster.export.exported_files import is_whole
from coco_dagster.export.findings import file_findings
from coco_dagster.export.label_tables import without_superseded_rows
from coco_dagster.export.latest import point_at_export
from coco_dagster.export.places import PartPlace, PartSlice, TableFolder
from coco_dagster.export.planning import checked_settings
from coco_dagster.export.pool import WorkerPool, worker_pool
from coco_dagster.export.progress import Progress, Stopwatch, silent
from coco_dagster.export.publishing import export_draft, publish_folder
from coco_dagster.export.rendering import ExportInput, per_category_name, render_export
from coco_dagster.export.result import ExportFile, ExportResult
from coco_dagster.export.source_order import part_weight
from coco_dagster.export.stages import ontology_folder, places_of
from coco_dagster.export.work_folder import work_folder
from coco_dagster.lineage.manifest import MANIFEST_FILE, export_id
from coco_dagster.tables.locations import location, read_file
from coco_dagster.tables.parts import PartInfo, row_counts
from coco_dagster.tables.schemas import LABEL_TABLES, ONTOLOGY_TABLES
from coco_dagster.tables.skeletons import SkeletonPoints, first_sights
from coco_dagster.tables.store import TableSet


def export_tables(
    labels: TableSet | Sequence[TableSet],
    ontology: TableSet,
    root: str,
    settings: ExportSettings,
    run: Mapping[str, Any],
    workers: int | None = None,
    progress: Progress = silent,
) -> ExportResult:
    """Render the tables as COCO and publish the export under its id.

    An export that is already there is not rendered again.

    Args:
        labels: the normalised tables; those of several partitions make one export.
        ontology: the ontology that they were made with.
        root: folder or fsspec URL of the exports; each has a folder named by its id, and
            `latest.json` names the newest one.
        settings: profile, layout and branches.
        run: what the manifest shall say of the run.
        workers: processes to use; by default one for each core, if there is enough to do.
        progress: told of every part that is done.

    Raises:
        ExportError: the export would break its contract.
        StorageError: the export cannot be written, or tables were made with another ontology.
    """
    watch = Stopwatch()
    settings = checked_settings(settings)
    sets = [labels] if isinstance(labels, TableSet) else list(labels)
    _check_ontology(sets, ontology)
    rows_sha256 = _rows_sha256(sets)
    name = export_id(settings, ontology.facts["ontology_sha256"], rows_sha256)
    out = f"{root.rstrip('/')}/{name}"
    existing = _published(out, ontology, settings)
    if existing is not None:
        point_at_export(root, name)
        return existing
    with work_folder() as work:
        several = sum(len(tables.parts) for tables in sets) > 1
        with export_draft(out, work) as draft:
            with worker_pool(workers_for(workers, several)) as pool:
                given = _export_input(pool, sets, ontology, rows_sha256, name, work)
                result = render_export(pool, given, settings, work, draft, run, progress, watch)
            publish_folder(draft, out)
    point_at_export(root, name)
    return msgspec.structs.replace(result, url=out, seconds=watch.seconds)


def _export_input(
    pool: WorkerPool,
    sets: Sequence[TableSet],
    ontology: TableSet,
    rows_sha256: str,
    name: str,
    work: Path,
) -> ExportInput:
    stored = [part for tables in sets for part in tables.parts]
    infos: list[Mapping[str, PartInfo]] = [part.tables for part in stored]
    places = [place for tables in sets for place in _weighed_places(tables)]
    if len(sets) > 1:
        places, changed = without_superseded_rows(
            pool, places, TableFolder(str(work / "resolved"), "arrow")
        )
        for number, tables in changed.items():
            infos[number] = tables
    rows = row_counts(infos)
    points = (msgspec.convert(part.facts["skeleton_points"], SkeletonPoints) for part in stored)
    return ExportInput(
        parts=places,
        ontology=ontology_folder(ontology, work),
        skeleton_points=first_sights(points),
        table_rows={table: rows.get(table, 0) for table in LABEL_TABLES},
        rows_sha256=rows_sha256,
        ontology_sha256=ontology.facts["ontology_sha256"],
        findings=file_findings([*_notes(sets), *_notes([ontology])]),
        export_id=name,
        is_last_reader=False,
    )


def _weighed_places(tables: TableSet) -> list[PartPlace]:
    """Where the parts of normalised tables lie, with their weights."""
    return [
        msgspec.structs.replace(place, weight=part_weight(part.tables))
        for place, part in zip(places_of(tables), tables.parts, strict=True)
    ]


def _check_ontology(sets: Iterable[TableSet], ontology: TableSet) -> None:
    for tables in sets:
        if tables.facts["ontology"] != ontology.version:
            raise StorageError(
                f"The tables in {tables.url} were made with another version of the ontology; "
                "materialise them anew."
            )


def _rows_sha256(sets: Sequence[TableSet]) -> str:
    """Digest over the digests of all label rows, in source order."""
    if len(sets) == 1:
        return str(sets[0].facts["rows_sha256"])
    rows = [
        pl.DataFrame(pl.from_arrow(PartSlice(place.folder, place.part).read("row_digests")))
        for tables in sets
        for place in places_of(tables)
    ]
    digest = sha256()
    if rows:
        ordered = pl.concat(rows).sort("source_file", "source_index", "row_sha256")
        for row_sha256 in ordered["row_sha256"]:
            digest.update(row_sha256.encode())
    return digest.hexdigest()


def _notes(sets: Sequence[TableSet]) -> list[Note]:
    """Notes on the files of a source, which every partition that saw them repeats."""
    notes = [msgspec.convert(tables.facts["notes"], list[Note]) for tables in sets]
    return notes[0] if len(notes) == 1 else list(dict.fromkeys(chain.from_iterable(notes)))


def _published(out: str, ontology: TableSet, settings: ExportSettings) -> ExportResult | None:
    """The result of an export that is already there as a whole."""
    folder = location(out)
    manifest = folder / MANIFEST_FILE
    try:
        data = read_file(manifest)
        facts = msgspec.json.decode(data, type=_PublishedManifest)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise StorageError(
            f"{manifest} is damaged ({error}); remove its folder and run again."
        ) from None
    if not is_whole(folder, facts.files):
        return None
    tables = {name: ontology.read(name) for name in ONTOLOGY_TABLES}
    return ExportResult(
        export_id=facts.export_id,
        url=out,
        per_category=per_category_name(
            facts.files, export_plan(settings), categories_of_contents(tables, settings)
        ),
        findings=facts.findings,
        files=[*facts.files, ExportFile(MANIFEST_FILE, len(data), sha256(data).hexdigest())],
        reused=True,
        images=facts.counts["images"],
        annotations=facts.counts["annotations"],
        skipped=facts.counts["skipped"],
        rejected=facts.counts["rejected"],
        objects=facts.counts["objects"],
        categories=facts.counts["categories"],
    )


class _PublishedManifest(Struct, frozen=True):
    export_id: str
    files: list[ExportFile]
    counts: dict[str, int]
    findings: dict[str, int]
