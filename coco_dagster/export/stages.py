"""The job in stages that publish what they make, for orchestrators that run them one by one.

Each stage reads what the stage before it published and publishes a set of tables, or an export,
under a name made from its content: running a stage again on the same input finds it there.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from coco_dagster.coco.layouts import export_plan
from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.coco.settings import checked
from coco_dagster.coco.writer import categories_of_contents
from coco_dagster.encord.label_row import Note
from coco_dagster.encord.sources import LabelSource
from coco_dagster.errors import StorageError
from coco_dagster.export.chunks import counted, label_chunks, passed_over_notes, workers_for
from coco_dagster.export.findings import file_findings
from coco_dagster.export.label_tables import normalise_parts
from coco_dagster.export.ontologies import read_ontology
from coco_dagster.export.places import PartPlace, TableFolder
from coco_dagster.export.pool import worker_pool
from coco_dagster.export.progress import Progress, Stopwatch, silent
from coco_dagster.export.publishing import draft_folder, publish_folder
from coco_dagster.export.rendering import ExportInput, per_category_name, render_export
from coco_dagster.export.result import ExportFile, ExportResult
from coco_dagster.export.tasks import NormaliseRawLabels, SnapshotChunk, SnapshotPart
from coco_dagster.lineage.manifest import MANIFEST_FILE, export_id
from coco_dagster.tables.locations import location
from coco_dagster.tables.ontology_tables import ontology_tables
from coco_dagster.tables.parts import PartInfo, write_atomically, write_part
from coco_dagster.tables.schemas import (
    LABEL_TABLES,
    NORMALISATION_VERSION,
    ONTOLOGY_TABLES,
    SCHEMA_VERSION,
)
from coco_dagster.tables.skeletons import SkeletonPoints
from coco_dagster.tables.store import (
    TableSet,
    TableSetDraft,
    find_table_set,
    point_at,
    version_of,
)

if TYPE_CHECKING:
    from coco_dagster.tables.locations import Location


def snapshot_raw_labels(
    labels: str, root: str, *, workers: int | None = None, progress: Progress = silent
) -> TableSet:
    """Keep the label rows of a source as they are, as the table `raw_labels`.

    Args:
        labels: path or fsspec URL of a file of label rows, a folder or a zip of such files.
        root: folder or fsspec URL under which snapshots are published.
        workers: processes to use; by default one for each core, if there is enough to do.
        progress: told of every part that is done.

    Raises:
        SourceError: a file of the source cannot be read.
    """
    with _work_folder() as work, _draft(root) as draft:
        source = LabelSource(labels, work / "spool")
        out = TableFolder(str(draft.folder), "parquet")
        digest = sha256()
        infos: list[dict[str, PartInfo]] = []
        chunks, several = counted(label_chunks(source))
        with worker_pool(workers_for(workers, several)) as pool:
            tasks = (SnapshotChunk(chunk, out) for chunk in chunks)
            for part in pool.run(tasks, SnapshotPart):
                infos.append(part.tables)
                progress("labels", len(infos), None)
                for row_digest in part.row_digests:
                    digest.update(row_digest.encode())
        notes = passed_over_notes(source)
        content = [info["raw_labels"].sha256 for info in infos]
        version = version_of(SCHEMA_VERSION, *content, *(note.path for note in notes))
        facts = {"rows_sha256": digest.hexdigest(), "notes": msgspec.to_builtins(notes)}
        return draft.publish(version, infos, facts, ("raw_labels",))


def build_ontology(ontology: str | None, raw_labels: TableSet | None, root: str) -> TableSet:
    """Turn an ontology into tables.

    Args:
        ontology: path or fsspec URL; None derives the ontology from the labels.
        raw_labels: the label rows; needed only where there is no file.
        root: folder or fsspec URL under which the tables are published.

    Raises:
        OntologyError: the file is not an ontology.
        SourceError: the file cannot be read.
    """
    given = read_ontology(ontology, () if raw_labels is None else _raw_rows(raw_labels))
    tables = ontology_tables(given)
    notes = msgspec.to_builtins([msgspec.structs.replace(note, raw=b"") for note in given.notes])
    with _draft(root) as draft:
        info = write_part(draft.folder, 0, tables, "parquet")
        version = version_of(SCHEMA_VERSION, given.digest, *(note["path"] for note in notes))
        facts = {"ontology_sha256": given.digest, "notes": notes}
        return draft.publish(version, [info], facts, tuple(tables))


def normalise_tables(
    raw_labels: TableSet,
    ontology: TableSet,
    root: str,
    workers: int | None = None,
    progress: Progress = silent,
) -> TableSet:
    """Turn label rows into the normalised tables.

    Args:
        raw_labels: the label rows.
        ontology: the ontology.
        root: folder or fsspec URL under which the tables are published.
        workers: processes to use; by default one for each core, if there is enough to do.
        progress: told of every part that is done.
    """
    version = version_of(
        SCHEMA_VERSION, NORMALISATION_VERSION, raw_labels.version, ontology.version
    )
    existing = find_table_set(root, version)
    if existing is not None:
        point_at(root, version)
        return existing
    with _draft(root) as draft:
        given, nodes = TableFolder(raw_labels.url, "parquet"), TableFolder(ontology.url, "parquet")
        out = TableFolder(str(draft.folder), "parquet")
        tasks = [NormaliseRawLabels(given, part, nodes, out) for part in range(raw_labels.parts)]
        with worker_pool(workers_for(workers, len(tasks) > 1)) as pool:
            parts = normalise_parts(pool, tasks, out, progress, len(tasks))
        facts = {
            "rows_sha256": parts.rows_sha256,
            "skeleton_points": parts.skeleton_points,
            "notes": [*raw_labels.facts["notes"], *ontology.facts["notes"]],
        }
        return draft.publish(version, parts.infos, facts, tuple(LABEL_TABLES))


def export_tables(
    labels: TableSet,
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
        labels: the normalised tables.
        ontology: the ontology.
        root: folder or fsspec URL of the exports; each has a folder named by its id, and
            `latest.json` names the newest one.
        settings: profile, layout and branches.
        run: what the manifest shall say of the run.
        workers: processes to use; by default one for each core, if there is enough to do.
        progress: told of every part that is done.

    Raises:
        ExportError: the export would break its contract.
        StorageError: it cannot be written.
    """
    watch = Stopwatch()
    settings = checked(settings)
    ontology_sha256 = ontology.facts["ontology_sha256"]
    name = export_id(settings, ontology_sha256, labels.facts["rows_sha256"])
    out = f"{root.rstrip('/')}/{name}"
    existing = location(out) / MANIFEST_FILE
    if existing.exists():
        result = _published(existing, out, ontology, settings)
        _point_at_export(root, name)
        return result
    with _work_folder() as work:
        folder = TableFolder(labels.url, "parquet")
        export = ExportInput(
            parts=[PartPlace(folder, part) for part in range(labels.parts)],
            ontology=TableFolder(ontology.url, "parquet"),
            skeleton_points=msgspec.convert(labels.facts["skeleton_points"], SkeletonPoints),
            table_rows={name: info.rows for name, info in labels.tables.items()},
            rows_sha256=labels.facts["rows_sha256"],
            ontology_sha256=ontology_sha256,
            findings=file_findings(msgspec.convert(labels.facts["notes"], list[Note])),
            export_id=name,
        )
        draft = draft_folder(out, work)
        try:
            with worker_pool(workers_for(workers, labels.parts > 1)) as pool:
                result = render_export(pool, export, settings, work, draft, run, progress, watch)
            publish_folder(draft, out)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    _point_at_export(root, name)
    return msgspec.structs.replace(result, url=out, seconds=watch.seconds)


def _published(
    manifest: "Location", out: str, ontology: TableSet, settings: ExportSettings
) -> ExportResult:
    """The result of an export that is already there."""
    data = manifest.read_bytes()
    try:
        facts = msgspec.json.decode(data, type=_PublishedManifest)
    except msgspec.MsgspecError as error:
        raise StorageError(
            f"{manifest} is damaged ({error}); remove its folder and run again."
        ) from None
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


def _point_at_export(root: str, name: str) -> None:
    latest = msgspec.json.encode({"export_id": name})
    write_atomically(location(root) / "latest.json", latest + b"\n")


def _raw_rows(raw_labels: TableSet) -> Iterator[list[bytes]]:
    """JSON of the label rows in source order, part by part."""
    for part in raw_labels.batches("raw_labels", ["source_file", "source_index", "json"]):
        order = [("source_file", "ascending"), ("source_index", "ascending")]
        yield part.sort_by(order)["json"].to_pylist()


@contextmanager
def _work_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="coco_dagster-") as folder:
        yield Path(folder)


@contextmanager
def _draft(root: str) -> Iterator[TableSetDraft]:
    """A draft that leaves nothing behind when its block fails."""
    draft = TableSetDraft(root)
    try:
        yield draft
    finally:
        draft.discard()
