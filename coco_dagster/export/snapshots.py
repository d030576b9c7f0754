"""Label rows of a source as they are: the table `raw_labels`, of the source or of its partitions.

Every part is named by its content: of a source that changed, only those parts are written that
hold a label row that did. A source whose files are untouched is not even read.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from coco_dagster.encord.label_row import Note
from coco_dagster.encord.sources import LabelSource
from coco_dagster.export.chunks import (
    chunks_of_partitions,
    counted,
    label_chunks,
    passed_over_notes,
    stable_label_chunks,
    workers_for,
)
from coco_dagster.export.partition_keys import shard_key
from coco_dagster.export.pool import WorkerPool, worker_pool
from coco_dagster.export.progress import Progress, silent
from coco_dagster.export.source_state import SourceState
from coco_dagster.export.stable_chunks import StableChunk
from coco_dagster.export.stored_tasks import (
    DatasetsOfRows,
    FindDatasets,
    SnapshotPart,
    SnapshotRows,
)
from coco_dagster.export.work_folder import work_folder
from coco_dagster.tables.part_store import StoredPart
from coco_dagster.tables.schemas import SCHEMA_VERSION
from coco_dagster.tables.store import TableSet, publish_table_set, version_of

Division = Literal["dataset", "shard"]
"""What partitions of a source are: datasets, or files and folders at its top."""


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
    return _snapshot(SourceState.of(labels), None, root, workers, progress)


def snapshot_partitions(
    labels: str,
    roots: Mapping[str, str],
    division: Division,
    *,
    workers: int | None = None,
    progress: Progress = silent,
) -> dict[str, TableSet]:
    """Keep the label rows of some partitions of a source, each as a table of its own.

    Args:
        labels: the source.
        roots: where snapshots of each partition are published, by its key.
        division: what the partitions are.
        workers: as in `snapshot_raw_labels`.
        progress: likewise.

    Returns:
        The snapshots by key, without those of partitions that the source does not have.

    Raises:
        SourceError: a file of the source cannot be read.
    """
    state = SourceState.of(labels)
    if division == "dataset":
        return _snapshot_datasets(state, roots, workers, progress)
    with work_folder() as work:
        files = set(LabelSource(labels, work).label_files())
    present = {shard_key(name) for name in files}.intersection(roots)
    return {
        key: _snapshot_shard(state, key, files, roots[key], workers, progress)
        for key in sorted(present)
    }


def find_partitions(labels: str, division: Division, *, workers: int | None = None) -> list[str]:
    """Keys of the partitions that a source has, sorted.

    Datasets are found by reading the source, shards by its names and the start of each file.

    Args:
        labels: the source.
        division: what the partitions are.
        workers: as in `snapshot_raw_labels`.

    Raises:
        SourceError: a file of the source cannot be read.
    """
    with work_folder() as work:
        source = LabelSource(labels, work / "spool")
        if division == "shard":
            return sorted({shard_key(name) for name in source.label_files()})
        found: set[str] = set()
        chunks, several = counted(label_chunks(source))
        with worker_pool(workers_for(workers, several)) as pool:
            for report in pool.run((FindDatasets(chunk) for chunk in chunks), DatasetsOfRows):
                found.update(report.keys)
        return sorted(found)


def _snapshot_shard(
    state: SourceState,
    key: str,
    label_files: Collection[str],
    root: str,
    workers: int | None,
    progress: Progress,
) -> TableSet:
    def is_own(name: str) -> bool:
        # Files that hold no label rows are passed over, and noted, by every partition.
        return shard_key(name) == key or name not in label_files

    return _snapshot(state.only(is_own), is_own, root, workers, progress)


def _snapshot(
    state: SourceState,
    only: Callable[[str], bool] | None,
    root: str,
    workers: int | None,
    progress: Progress,
) -> TableSet:
    known = state.snapshot(root)
    if known is not None:
        return known
    with work_folder() as work:
        source = LabelSource(state.labels, work / "spool", only)
        chunks, several = counted(label_chunks(source))
        with worker_pool(workers_for(workers, several)) as pool:
            stored = _store(pool, stable_label_chunks(chunks), root, progress)
    return state.keep(root, _publish(root, stored, passed_over_notes(source)))


def _snapshot_datasets(
    state: SourceState, roots: Mapping[str, str], workers: int | None, progress: Progress
) -> dict[str, TableSet]:
    known = {key: state.snapshot(root) for key, root in roots.items()}
    untouched = {key: snapshot for key, snapshot in known.items() if snapshot is not None}
    if len(untouched) == len(roots):
        return untouched
    with work_folder() as work:
        source = LabelSource(state.labels, work / "spool")
        divided, several = counted(label_chunks(source))
        with worker_pool(workers_for(workers, several)) as pool:
            chunks = list(divided)
            keys = pool.run((FindDatasets(chunk) for chunk in chunks), DatasetsOfRows)
            keyed = [(chunk, report.keys) for chunk, report in zip(chunks, keys, strict=True)]
            stored = {
                key: _store(pool, map(StableChunk, own), roots[key], progress)
                for key, own in chunks_of_partitions(keyed, roots).items()
                if own
            }
    notes = passed_over_notes(source)
    return {
        key: state.keep(roots[key], _publish(roots[key], rows, notes))
        for key, rows in stored.items()
    }


class _StoredRows(Struct, frozen=True):
    """Parts of a snapshot, with the digest over their rows and how many had to be written."""

    parts: list[StoredPart]
    rows_sha256: str
    written: int


def _store(
    pool: WorkerPool, chunks: Iterable[StableChunk], root: str, progress: Progress
) -> _StoredRows:
    digest = sha256()
    parts: list[StoredPart] = []
    written = 0
    read_out: list[tuple[str, ...]] = []

    def tasks() -> Iterator[SnapshotRows]:
        for stable in chunks:
            read_out.append(stable.read_out)
            yield SnapshotRows(stable.chunk, root)

    for report in pool.run(tasks(), SnapshotPart):
        for row_digest in report.row_digests:
            digest.update(row_digest.encode())
        for file in read_out[len(parts)]:
            Path(file).unlink(missing_ok=True)
        parts.append(report.part)
        written += report.is_new
        progress("labels", len(parts), None)
    return _StoredRows(parts, digest.hexdigest(), written)


def _publish(root: str, stored: _StoredRows, notes: Sequence[Note]) -> TableSet:
    names = [part.name for part in stored.parts]
    version = version_of(SCHEMA_VERSION, *names, *(note.path for note in notes))
    facts = {"rows_sha256": stored.rows_sha256, "notes": msgspec.to_builtins(notes)}
    return publish_table_set(root, version, stored.parts, facts, ("raw_labels",), stored.written)
