"""Validates COCO files, wherever they lie."""

import io
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import BinaryIO, cast

from coco_dagster.coco.validation.findings import Place
from coco_dagster.coco.validation.report import (
    Affected,
    FileReport,
    Finding,
    finding_of,
    in_order,
)
from coco_dagster.coco.validation.stream_checks import Read, StreamReport, check_stream
from coco_dagster.coco.validation.walk import NotCocoError
from coco_dagster.encord.json_structure import JsonSyntaxError
from coco_dagster.encord.source_files import Listing, SourceFile, list_files, locate
from coco_dagster.encord.source_streams import Explained, SourceStream
from coco_dagster.errors import SourceError


def validate_file(location: str, consumers: Sequence[str], max_affected: int) -> FileReport:
    """Validates a COCO file, a list of COCO objects, or a zip archive of such files.

    Args:
        location: path or fsspec URL; what it holds may be compressed with gzip or zstd.
        consumers: the consumers that matter.
        max_affected: entries that a finding names.

    Raises:
        SourceError: it cannot be read, is not JSON, or is not COCO.
    """
    found = locate(location)
    if isinstance(found, Listing):
        raise SourceError(f"{found.place} is a folder: name the COCO files in it.")
    with list_files(location) as listing:
        if not listing.files:
            raise SourceError(f"{listing.place} holds no JSON file: give an archive of COCO files.")
        reports = {
            file.name if listing.is_collection else None: _check(file, max_affected)
            for file in listing.files
        }
    return FileReport(
        path=listing.place,
        coco_objects=sum(report.coco_objects for report in reports.values()),
        images=sum(report.images for report in reports.values()),
        annotations=sum(report.annotations for report in reports.values()),
        categories=sum(report.categories for report in reports.values()),
        findings=in_order(_findings(reports, consumers, max_affected)),
    )


def _check(file: SourceFile, max_affected: int) -> StreamReport:
    with _rereadable(file) as source:

        @contextmanager
        def open_stream() -> Iterator[Read]:
            with SourceStream(source.open, source.place) as stream:
                yield stream.readinto

        try:
            return check_stream(open_stream, max_affected)
        except JsonSyntaxError as error:
            raise SourceError(
                f"{file.place} is not JSON: at byte {error.offset:,}, {error.cause}; repair the "
                "file or write it again."
            ) from None
        except NotCocoError as error:
            raise SourceError(f"{file.place} is not a COCO file: {error}.") from None


@contextmanager
def _rereadable(file: SourceFile) -> Iterator[SourceFile]:
    """The file itself, or a copy of what a pipe holds."""
    if file.is_stored:
        yield file
        return
    with tempfile.TemporaryFile() as copy:
        with Explained(file.place), file.open() as pipe:
            shutil.copyfileobj(pipe, copy)

        def reopen() -> BinaryIO:
            copy.seek(0)
            return cast(BinaryIO, io.FileIO(os.dup(copy.fileno())))

        yield file._replace(open=reopen)


def _findings(
    reports: Mapping[str | None, StreamReport], consumers: Sequence[str], max_affected: int
) -> Iterator[Finding]:
    codes = dict.fromkeys(code for report in reports.values() for code in report.findings.by_code)
    for code in codes:
        count = 0
        affected: list[Affected] = []
        for name, report in reports.items():
            found = report.findings.by_code.get(code)
            if found:
                count += found.count
                affected += [_affected(place, name, report.is_list) for place in found.first]
        finding = finding_of(code, count, affected[:max_affected], consumers)
        if finding:
            yield finding


def _affected(place: Place, name: str | None, is_list: bool) -> Affected:
    unit = f"{name or ''}[{place.unit}]" if is_list else name
    return Affected(place.kind, place.id, place.index, unit)
