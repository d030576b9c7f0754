"""What must hold of a published export: its numbers and its files."""

import re
from contextlib import suppress
from typing import IO, Final

import fsspec
import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec import Struct

from coco_dagster.errors import StorageError
from coco_dagster.export.latest import latest_export_url
from coco_dagster.export.result import ExportFile
from coco_dagster.lineage.manifest import FINDINGS_FILE, MANIFEST_FILE, check_format
from coco_dagster.orchestrate.file_digests import FileDigests
from coco_dagster.tables.locations import file_bytes, location

_TAIL_START: Final = b'\n "tables": '
_TAIL_BYTES: Final = 1 << 16
_HEAD_BYTES: Final = 256
_FORMAT: Final = re.compile(rb'"format_version":\s*"[^"]*"')


class ManifestNumbers(Struct, frozen=True):
    """What the checks read of a manifest.

    Attributes:
        counts: images, objects, annotations and what became of the others.
        findings: number of findings by code.
        files: files of the export.
    """

    counts: dict[str, int]
    findings: dict[str, int]
    files: list[ExportFile]

    @property
    def coco_files(self) -> list[ExportFile]:
        """Those of the files that are COCO files."""
        return [file for file in self.files if file.annotations is not None]


def newest_export(root: str) -> str:
    """Folder or URL of the export that was published last.

    Args:
        root: where exports are published.

    Raises:
        StorageError: nothing was published there yet.
    """
    url = latest_export_url(root)
    if url is None:
        raise StorageError(f"There is no export in {root} yet; materialise it first.")
    return url


def read_manifest(export: str) -> ManifestNumbers:
    """The numbers in the manifest of an export.

    What it says of the label rows, which grows with their number, is not read: the numbers stand
    behind it.

    Args:
        export: folder or URL of the export.

    Raises:
        StorageError: the manifest is gone, damaged, or of another format.
    """
    place = f"{export}/{MANIFEST_FILE}"
    if file_bytes(location(place)) is None:
        raise StorageError(f"{place} is gone; remove its folder and run again.")
    with fsspec.open(place, "rb") as stream:
        head, text = stream.read(_HEAD_BYTES), b"{" + _tail(stream)
    version = _FORMAT.search(head)
    if version is not None:
        check_format(b"{%s}" % version[0], export)
    try:
        return msgspec.json.decode(text, type=ManifestNumbers)
    except msgspec.MsgspecError as error:
        raise StorageError(
            f"{place} is damaged ({error}); remove its folder and run again."
        ) from None


def _tail(stream: IO[bytes]) -> bytes:
    """What stands behind the label rows in a manifest; all of it where there is no such place."""
    end = stream.seek(0, 2)
    length = _TAIL_BYTES
    while True:
        start = max(0, end - length)
        stream.seek(start)
        text = stream.read(end - start)
        found = text.rfind(_TAIL_START)
        if found >= 0:
            return text[found:]
        if start == 0:
            return text.lstrip().removeprefix(b"{")
        length *= 4


def wrong_counts(manifest: ManifestNumbers, input_objects: int) -> list[str]:
    """Sums of a manifest that do not come out, each as a sentence.

    Args:
        manifest: manifest of the export.
        input_objects: objects in the label rows, counted in the tables.
    """
    counts = manifest.counts
    outcomes = sum(counts[outcome] for outcome in ("annotations", "skipped", "rejected"))
    in_files = sum(file.annotations or 0 for file in manifest.coco_files)
    sums = {
        "annotations + skipped + rejected": (outcomes, counts["objects"]),
        "objects in the label rows": (input_objects, counts["objects"]),
        "annotations in the files": (in_files, counts["annotations"]),
    }
    return [
        f"{name}: {found}, but {due} in the manifest."
        for name, (found, due) in sums.items()
        if found != due
    ]


def difference(export: str, file: ExportFile, digests: FileDigests) -> str | None:
    """What is not as it was published of a file of an export, in a sentence; None if all is.

    Args:
        export: folder or URL of the export.
        file: the file as the manifest has it.
        digests: of the files that are there.

    Raises:
        StorageError: the file cannot be read.
    """
    found = digests.of(f"{export}/{file.path}")
    if found is None:
        return f"{file.path} is gone."
    if found != (file.bytes, file.sha256):
        return f"{file.path} is not what was published."
    return None


def rejected_labels(export: str, limit: int) -> list[dict[str, str | None]]:
    """The first labels that were rejected: where, and why; none where the findings are damaged.

    Args:
        export: folder or URL of the export.
        limit: how many at most.
    """
    columns = ["label_hash", "data_hash", "object_hash", "code", "message"]
    found: list[dict[str, str | None]] = []
    place = f"{export}/{FINDINGS_FILE}"
    if file_bytes(location(place)) is None:
        return found
    # Whether they are is told by `difference`.
    with fsspec.open(place, "rb") as stream, suppress(pa.ArrowException):
        for batch in pq.ParquetFile(stream).iter_batches(columns=[*columns, "outcome"]):
            rejected = batch.filter(pc.equal(batch["outcome"], "rejected"))
            found += rejected.select(columns).slice(0, limit - len(found)).to_pylist()
            if len(found) == limit:
                break
    return found
