"""What must hold of a published export: its numbers, its files, and that pycocotools loads it."""

from contextlib import redirect_stdout
from hashlib import sha256
from io import StringIO
from typing import Final

import fsspec
import msgspec
import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec import Struct

from coco_dagster.errors import StorageError
from coco_dagster.export.result import ExportFile
from coco_dagster.lineage.manifest import FINDINGS_FILE, MANIFEST_FILE, check_format
from coco_dagster.tables.locations import location, read_file

_CHUNK_BYTES: Final = 1 << 22


class ManifestNumbers(Struct, frozen=True):
    """What the checks read of a manifest; the rest, which grows with the label rows, is skipped.

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


class _Latest(Struct, frozen=True):
    export_id: str


def latest_export(root: str) -> str:
    """Folder or URL of the export that was published last.

    Args:
        root: where exports are published.

    Raises:
        StorageError: nothing was published there yet, or it cannot be read.
    """
    path = location(root) / "latest.json"
    try:
        latest = msgspec.json.decode(read_file(path), type=_Latest)
    except FileNotFoundError as error:
        raise StorageError(f"There is no export in {root} yet; materialise it first.") from error
    except msgspec.MsgspecError as error:
        raise StorageError(f"{path} is damaged ({error}); materialise the export anew.") from None
    return f"{root}/{latest.export_id}"


def read_manifest(export: str) -> ManifestNumbers:
    """The numbers in the manifest of an export.

    Args:
        export: folder or URL of the export.

    Raises:
        StorageError: it cannot be read, or is of another format.
    """
    manifest = read_file(location(export) / MANIFEST_FILE)
    check_format(manifest, export)
    return msgspec.json.decode(manifest, type=ManifestNumbers)


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


def changed_files(export: str, manifest: ManifestNumbers) -> list[str]:
    """Files of an export whose bytes are not those that its manifest names.

    Args:
        export: folder or URL of the export.
        manifest: its manifest.
    """
    return [
        file.path
        for file in manifest.files
        if _digest(f"{export}/{file.path}") != (file.bytes, file.sha256)
    ]


def pycocotools_complaints(export: str, manifest: ManifestNumbers) -> list[str]:
    """What keeps pycocotools from reading the export's COCO files as the manifest describes them.

    Args:
        export: folder or URL of the export.
        manifest: its manifest.
    """
    complaints: list[str] = []
    for file in manifest.coco_files:
        try:
            images, annotations = _loaded_counts(f"{export}/{file.path}")
        except (KeyError, TypeError, ValueError, AssertionError) as error:
            complaints.append(f"{file.path}: {type(error).__name__}: {error}.")
            continue
        if (images, annotations) != (file.images, file.annotations):
            complaints.append(
                f"{file.path}: {images} images and {annotations} annotations, but "
                f"{file.images} and {file.annotations} in the manifest."
            )
    return complaints


def rejected_labels(export: str, limit: int) -> list[dict[str, str | None]]:
    """The first labels that were rejected: where, and why.

    Args:
        export: folder or URL of the export.
        limit: how many at most.
    """
    columns = ["label_hash", "data_hash", "object_hash", "code", "message"]
    found: list[dict[str, str | None]] = []
    with fsspec.open(f"{export}/{FINDINGS_FILE}", "rb") as stream:
        for batch in pq.ParquetFile(stream).iter_batches(columns=[*columns, "outcome"]):
            rejected = batch.filter(pc.equal(batch["outcome"], "rejected"))
            found += rejected.select(columns).slice(0, limit - len(found)).to_pylist()
            if len(found) == limit:
                break
    return found


def _loaded_counts(location: str) -> tuple[int, int]:
    """Images and annotations that pycocotools finds in a COCO file."""
    from pycocotools.coco import COCO

    coco = COCO()
    with fsspec.open(location, "rb") as stream:
        coco.dataset = msgspec.json.decode(stream.read())
    with redirect_stdout(StringIO()):
        coco.createIndex()
    return len(coco.getImgIds()), len(coco.getAnnIds())


def _digest(location: str) -> tuple[int, str]:
    digest, size = sha256(), 0
    with fsspec.open(location, "rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()
