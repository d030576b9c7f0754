"""Whether a COCO file suits those who read it.

`rules` is the table of what can be wrong and who minds; `docs/validation.md` shows it.
"""

import os
from collections.abc import Collection, Sequence

from coco_dagster.coco.validation.consumers import CONSUMERS
from coco_dagster.coco.validation.report import (
    Affected,
    FileReport,
    Finding,
    ValidationReport,
)
from coco_dagster.collector import collector_paused
from coco_dagster.errors import SettingsError

__all__ = [
    "CONSUMERS",
    "Affected",
    "FileReport",
    "Finding",
    "ValidationReport",
    "validate_coco",
]

FilePath = str | os.PathLike[str]


def validate_coco(
    paths: FilePath | Sequence[FilePath],
    consumers: Collection[str] = CONSUMERS,
    *,
    max_affected: int = 10,
) -> ValidationReport:
    """Checks COCO files, whoever wrote them, for what breaks their consumers.

    A file holds a COCO object, or a list of them as in the layout `data_units`; it may be
    compressed with gzip or zstd. An archive is a zip of such files. Files are read as a stream:
    memory grows by some 25 bytes for each annotation and 50 for each image.

    Args:
        paths: paths or fsspec URLs.
        consumers: names out of `CONSUMERS`; what only others mind is not reported.
        max_affected: entries that a finding names, the first ones of the file.

    Raises:
        SettingsError: a consumer is not known.
        SourceError: a file cannot be read, is not JSON, or is not COCO.
    """
    unknown = sorted(set(consumers) - set(CONSUMERS))
    if unknown:
        raise SettingsError(
            f"The consumer {unknown[0]!r} is not known: choose among {', '.join(CONSUMERS)}."
        )
    from coco_dagster.coco.validation.validator import validate_file

    asked = tuple(name for name in CONSUMERS if name in consumers)
    locations = [paths] if isinstance(paths, str | os.PathLike) else paths
    with collector_paused():
        files = [validate_file(os.fspath(path), asked, max_affected) for path in locations]
    return ValidationReport(asked, tuple(files))
