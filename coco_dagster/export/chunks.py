"""Chunks of a source as the unit of parallel work."""

from collections.abc import Iterator
from itertools import chain, islice

from coco_dagster.encord.label_row import Note
from coco_dagster.encord.source_chunks import SourceChunk
from coco_dagster.encord.sources import LabelSource
from coco_dagster.export.processes import CHUNK_BYTES, available_cores


def label_chunks(source: LabelSource) -> Iterator[SourceChunk]:
    """The chunks of a source, in its order."""
    return source.chunks(CHUNK_BYTES)


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
