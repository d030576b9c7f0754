"""Chunks of a source as the unit of parallel work."""

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final

from coco_dagster.encord.label_row import Note
from coco_dagster.encord.source_chunks import SourceChunk
from coco_dagster.encord.sources import LabelSource
from coco_dagster.export.processes import CHUNK_BYTES, available_cores
from coco_dagster.export.stable_chunks import StableChunk, chunks_of_keys, stable_chunks

_SLACK: Final = 1.01


def label_chunks(source: LabelSource, chunk_bytes: int = CHUNK_BYTES) -> Iterator[SourceChunk]:
    """The chunks of a source, in its order."""
    return source.chunks(chunk_bytes)


def even_chunk_bytes(labels: str | os.PathLike[str], workers: int) -> int:
    """Size of chunks that divides a local file evenly among workers, so that none ends alone.

    How a source is divided shows in no byte of an export.

    Args:
        labels: path of the label rows; of what is no local file, or too small to be divided,
            nothing is known.
        workers: workers that share the chunks.
    """
    size = os.path.getsize(labels) if os.path.isfile(labels) else 0
    if size <= CHUNK_BYTES:
        return CHUNK_BYTES
    rounds = math.ceil(size / (CHUNK_BYTES * workers))
    # Chunks end with a row, a little before their size is reached.
    return math.ceil(size / (rounds * workers) * _SLACK)


def stable_label_chunks(chunks: Iterable[SourceChunk]) -> Iterator[StableChunk]:
    """The same label rows, divided so that a changed row changes its own chunk alone."""
    return stable_chunks(chunks, CHUNK_BYTES)


def chunks_of_partitions(
    chunks: Sequence[tuple[SourceChunk, Sequence[str]]], keys: Iterable[str]
) -> dict[str, list[SourceChunk]]:
    """The label rows of each partition, divided likewise.

    Args:
        chunks: the source, with the key of the partition of each label row.
        keys: the partitions.
    """
    return chunks_of_keys(chunks, keys, CHUNK_BYTES)


def counted(chunks: Iterator[SourceChunk]) -> tuple[Iterator[SourceChunk], bool]:
    """The chunks, and whether there is more than one."""
    first = list(islice(chunks, 2))
    return chain(first, chunks), len(first) > 1


def workers_for(asked: int | None, several: bool) -> int:
    """Processes to use: those asked for, by default one a core; one where there is one part."""
    return (asked or available_cores()) if several else 1


def passed_over_notes(source: LabelSource) -> list[Note]:
    """A note for every file of the source that holds no label rows."""
    return [
        Note("file_passed_over", over.source_file, f"The file is passed over: {over.reason}.")
        for over in source.passed_over
    ]
