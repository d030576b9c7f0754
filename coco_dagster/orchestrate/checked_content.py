"""What a check judges, as a digest: of the bytes of the files that it reads, and its settings."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

import msgspec

from coco_dagster.errors import StorageError
from coco_dagster.orchestrate.check_settings import EXPORT, CheckSettings
from coco_dagster.orchestrate.pipeline import ONTOLOGY_ASSET, RAW_LABELS_ASSET
from coco_dagster.orchestrate.verdicts import Scope

JUDGES_OF_COCO: Final = frozenset(("loads_in_pycocotools", "scores_itself", "valid_for_consumers"))
"""Checks that take as long as an export and read nothing but its COCO files."""


def checked_content(check: CheckSettings, scope: Scope) -> str | None:
    """Digest of all that the verdict of a check depends on.

    The files are read: what was damaged since it was written has another digest.

    Args:
        check: the check, and what was set of it.
        scope: what it looks at.

    Returns:
        Hex digits; None of a check that takes less time than this, or whose files cannot be read,
        of which the check itself tells.
    """
    from coco_dagster.lineage.manifest import library_versions, settings_json

    is_of_export = check.type.asset == EXPORT
    if is_of_export and check.type.name not in JUDGES_OF_COCO:
        return None
    try:
        files = list(_coco_files(scope) if is_of_export else _table_files(check, scope))
        contents = [scope.digests.of(file) for file in files]
    except StorageError:
        return None
    if None in contents:
        return None
    settings = scope.store.pipeline.exports[scope.asset].settings if is_of_export else None
    facts = (
        library_versions(),
        check.type.name,
        scope.threshold,
        scope.consumers,
        scope.samples.images,
        settings and settings_json(settings).decode(),
        contents,
    )
    return sha256(msgspec.json.encode(facts)).hexdigest()


def _coco_files(scope: Scope) -> Iterable[str]:
    from coco_dagster.orchestrate.export_checks import newest_export, read_manifest

    for root in scope.exports().values():
        export = newest_export(root)
        for file in read_manifest(export).coco_files:
            yield f"{export}/{file.path}"


def _table_files(check: CheckSettings, scope: Scope) -> Iterable[str]:
    for name in (scope.asset, *check.type.also_reads):
        if name == ONTOLOGY_ASSET:
            ontology = scope.tables.ontology()
            yield from (path for table in ontology.tables for path in ontology.paths(table))
            continue
        sets = scope.raw_labels() if name == RAW_LABELS_ASSET else scope.labels()
        yield from (path for tables in sets for path in tables.paths(name))
