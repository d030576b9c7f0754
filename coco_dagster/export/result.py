"""What an export returns to its caller."""

from msgspec import Struct

from coco_dagster.tables.locations import inner_path


class ExportFile(Struct, frozen=True):
    """One file of an export.

    Attributes:
        path: its path below the export's folder.
        bytes: its size.
        sha256: hex SHA-256 of its bytes.
        images: images in it, if it is a COCO file.
        annotations: annotations in it, if it is a COCO file.
        annotations_per_category: annotations by category id, if it is a COCO file.
    """

    path: str
    bytes: int
    sha256: str
    images: int | None = None
    annotations: int | None = None
    annotations_per_category: dict[str, int] | None = None

    def __post_init__(self) -> None:
        """Raises a ValueError where the path leads out of the export."""
        inner_path(self.path)


class ExportResult(Struct, frozen=True):
    """A published export.

    Attributes:
        export_id: 16 hex digits that name its input and settings.
        url: its folder.
        images: number of images; annotations and categories likewise.
        objects: input objects = annotations + skipped + rejected.
        per_category: annotations by category name, in the order of the categories.
        findings: number of findings by code.
        files: its files.
        reused: whether the export already existed.
        seconds: time that each stage took.
    """

    export_id: str
    url: str
    images: int
    annotations: int
    skipped: int
    rejected: int
    objects: int
    categories: int
    per_category: dict[str, int]
    findings: dict[str, int]
    files: list[ExportFile]
    reused: bool = False
    seconds: dict[str, float] = {}
