"""The job in stages that publish what they make, for orchestrators that run them one by one.

Each stage reads what the stage before it published and publishes a set of tables under a name made
from its content: running a stage again on the same input finds it there, and where only some label
rows changed, only the parts that hold them are computed. `snapshots` is the first stage and
`table_exports` the last.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from coco_dagster.export import source_order
from coco_dagster.export.chunks import workers_for
from coco_dagster.export.label_tables import superseded_rows
from coco_dagster.export.ontologies import read_ontology
from coco_dagster.export.places import PartPlace, TableFolder, read_slices
from coco_dagster.export.pool import WorkerPool, worker_pool
from coco_dagster.export.progress import Progress, silent
from coco_dagster.export.stored_tasks import NAME_DIGITS, DropStoredRows, NormaliseStored
from coco_dagster.export.work_folder import work_folder
from coco_dagster.tables.ontology_tables import ontology_tables
from coco_dagster.tables.part_store import StoredPart, find_part, parts_url, store_part
from coco_dagster.tables.parts import write_part
from coco_dagster.tables.schemas import (
    LABEL_TABLES,
    NORMALISATION_VERSION,
    ONTOLOGY_TABLES,
    RAW_LABELS,
    SCHEMA_VERSION,
)
from coco_dagster.tables.store import (
    TableSet,
    combined_digest,
    made_from,
    note_made_from,
    point_at,
    publish_table_set,
    root_of,
    usable_table_set,
    version_of,
)


def build_ontology(
    ontology: str | None, raw_labels: TableSet | Sequence[TableSet] | None, root: str
) -> TableSet:
    """Turn an ontology into tables.

    Args:
        ontology: path or fsspec URL; None derives the ontology from the labels.
        raw_labels: the label rows, or those of all partitions; needed only where there is no file.
        root: folder or fsspec URL under which the tables are published.

    Raises:
        OntologyError: the file is not an ontology.
        SourceError: the file cannot be read.
    """
    sets = [raw_labels] if isinstance(raw_labels, TableSet) else list(raw_labels or ())
    source = version_of(SCHEMA_VERSION, *(tables.version for tables in sets))
    known = made_from(root, source) if ontology is None else None
    if known is not None:
        return known
    given = read_ontology(ontology, _raw_rows(sets))
    tables = ontology_tables(given)
    notes = msgspec.to_builtins([msgspec.structs.replace(note, raw=b"") for note in given.notes])
    version = version_of(SCHEMA_VERSION, given.digest, *(note["path"] for note in notes))
    part = find_part(root, version) or store_part(root, version, tables)
    facts = {"ontology_sha256": given.digest, "notes": notes}
    published = publish_table_set(root, version, [part], facts, tuple(tables), computed_parts=1)
    if ontology is None:
        note_made_from(root, source, version)
    return published


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
    existing = usable_table_set(root, version)
    if existing is not None:
        point_at(root, version)
        return existing
    with work_folder() as work:
        nodes = ontology_folder(ontology, work)
        names = [_part_name(part.name, ontology.version) for part in raw_labels.parts]
        raw_root = root_of(raw_labels)
        found: dict[str, StoredPart | None] = {name: find_part(root, name) for name in names}
        tasks = [
            NormaliseStored(raw_root, raw.name, nodes, root, name)
            for raw, name in zip(raw_labels.parts, names, strict=True)
            if found[name] is None
        ]
        with worker_pool(workers_for(workers, len(tasks) > 1)) as pool:
            for task, made in zip(tasks, pool.run(tasks, StoredPart), strict=True):
                found[task.name] = made
                progress("labels", sum(part is not None for part in found.values()), len(names))
            parts = [part for name in names if (part := found[name]) is not None]
            parts, dropped = _newest_editions(pool, root, parts)
    facts = {
        "rows_sha256": raw_labels.facts["rows_sha256"],
        "raw_labels": raw_labels.version,
        "ontology": ontology.version,
        "notes": raw_labels.facts["notes"],
    }
    computed = len(tasks) + dropped
    return publish_table_set(root, version, parts, facts, tuple(LABEL_TABLES), computed)


def ontology_folder(ontology: TableSet, work: Path) -> TableFolder:
    """The tables of an ontology where every task finds them.

    Args:
        ontology: the ontology.
        work: folder for what passes between the stages.
    """
    folder = TableFolder(str(work / "ontology"), "arrow")
    tables = {table: ontology.read(table) for table in ONTOLOGY_TABLES}
    write_part(folder.path, 0, tables, folder.form)
    return folder


def places_of(tables: TableSet) -> list[PartPlace]:
    """Where the parts of a set lie, and which stretch of the source each comes from."""
    folder = TableFolder(parts_url(root_of(tables)), "parquet")
    return [PartPlace(folder, part.name, part.span) for part in tables.parts]


def _part_name(raw_part: str, ontology: str) -> str:
    digests = (SCHEMA_VERSION, NORMALISATION_VERSION, raw_part, ontology)
    return combined_digest(digests)[:NAME_DIGITS]


def _newest_editions(
    pool: WorkerPool, root: str, parts: list[StoredPart]
) -> tuple[list[StoredPart], int]:
    """Parts without label rows that another one supersedes, and how many had to be made."""
    folder = TableFolder(parts_url(root), "parquet")
    resolved = list(parts)
    tasks: list[tuple[int, DropStoredRows]] = []
    for number, hashes in superseded_rows([PartPlace(folder, part.name) for part in parts]).items():
        name = combined_digest([parts[number].name, *sorted(hashes)])[:NAME_DIGITS]
        known = find_part(root, name)
        if known is None:
            tasks.append((number, DropStoredRows(root, parts[number], hashes, name)))
        else:
            resolved[number] = known
    made = pool.run([task for _, task in tasks], StoredPart)
    for (number, _), dropped in zip(tasks, made, strict=True):
        resolved[number] = dropped
    return resolved, len(tasks)


def _raw_rows(raw_labels: Sequence[TableSet]) -> Iterator[list[bytes]]:
    """JSON of the label rows in source order, some at a time."""
    places = _raw_label_places(raw_labels)
    with work_folder() as work, worker_pool(1) as pool:
        for window in source_order.windows_of(pool, places, work, source_order.RAW_LABELS):
            rows = read_slices(window, {"raw_labels": RAW_LABELS.names})["raw_labels"]
            order = [("source_file", "ascending"), ("source_index", "ascending")]
            yield rows.sort_by(order)["json"].to_pylist()


def _raw_label_places(raw_labels: Sequence[TableSet]) -> list[PartPlace]:
    """Where the parts of `raw_labels` of all partitions lie."""
    return [place for tables in raw_labels for place in places_of(tables)]
