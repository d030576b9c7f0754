"""Verdicts on the tables of a pipeline."""

from collections.abc import Callable
from typing import Final

import dagster as dg

from coco_dagster.encord.redaction import without_secrets
from coco_dagster.orchestrate.verdicts import Scope, Verdict, within
from coco_dagster.tables.schemas import LABEL_TABLES

KEYED_TABLES: Final = tuple(table for table in LABEL_TABLES if table != "findings")
"""Tables whose key names a row; one and the same finding may be made twice."""

SHOWN_DRIFTS: Final = 20
"""Nodes of the ontology that the check lists at most."""


def _keys_unique(scope: Scope) -> Verdict:
    from coco_dagster.orchestrate.table_checks import repeated_keys

    sets = scope.labels()
    repeated = sum(repeated_keys(labels, scope.asset) for labels in sets)
    return Verdict(
        passed=repeated == 0,
        description=f"{repeated} rows have the key of an earlier row." if repeated else "",
        metadata={
            "rows": sum(labels.tables[scope.asset].rows for labels in sets),
            "repeated": repeated,
        },
    )


def _annotations_have_frame_and_category(scope: Scope) -> Verdict:
    from coco_dagster.orchestrate.table_checks import orphaned_annotations

    ontology = scope.tables.ontology()
    orphans = [orphaned_annotations(labels, ontology) for labels in scope.labels()]
    without_frame = sum(found.without_frame for found in orphans)
    without_category = sum(found.without_category for found in orphans)
    passed = not without_frame and not without_category
    description = (
        f"{without_frame} annotations lack their frame, {without_category} their category."
    )
    return Verdict(
        passed=passed,
        description="" if passed else description,
        metadata={"without_frame": without_frame, "without_category": without_category},
    )


def _boxes_inside_image(scope: Scope) -> Verdict:
    from coco_dagster.orchestrate.label_checks import boxes_outside

    found = boxes_outside(scope.labels())
    return Verdict(
        passed=within(found.share, scope.threshold),
        description=f"{found.at_fault} of {found.total} boxes reach beyond their image."
        if found.at_fault
        else "",
        metadata={"outside": found.at_fault, "boxes": found.total, "share": found.share},
    )


def _no_duplicate_boxes(scope: Scope) -> Verdict:
    from coco_dagster.orchestrate.label_checks import duplicate_boxes

    found = duplicate_boxes(scope.labels())
    return Verdict(
        passed=within(found.share, scope.threshold),
        description=f"{found.at_fault} of {found.total} boxes lie where another box of their class "
        "lies."
        if found.at_fault
        else "",
        metadata={"duplicates": found.at_fault, "boxes": found.total, "share": found.share},
    )


def _tracks_without_gaps(scope: Scope) -> Verdict:
    from coco_dagster.orchestrate.label_checks import tracks_with_gaps

    found = tracks_with_gaps(scope.labels())
    return Verdict(
        passed=within(found.share, scope.threshold),
        description=f"{found.at_fault} of {found.total} tracks in videos have gaps."
        if found.at_fault
        else "",
        metadata={"with_gaps": found.at_fault, "tracks": found.total, "share": found.share},
    )


def _empty_images_reviewed(scope: Scope) -> Verdict:
    from coco_dagster.orchestrate.label_checks import empty_images

    found = empty_images(scope.labels())
    share = found.unlabelled / found.images if found.images else 0.0
    return Verdict(
        passed=within(share, scope.threshold),
        description=f"{found.unlabelled} of {found.images} images have no labels, and nobody has "
        "labelled or reviewed their rows: to a trainer they say that nothing is there."
        if found.unlabelled
        else "",
        metadata={**found._asdict(), "share_unlabelled": share},
    )


def _no_ontology_drift(scope: Scope) -> Verdict:
    from coco_dagster.export.check_tasks import FindDrift, FoundDrift

    raw_labels = scope.raw_labels()
    task = FindDrift(raw_labels, scope.tables.ontology())
    takes_long = sum(len(labels.parts) for labels in raw_labels) > 1
    drifts = scope.carried_out(task, FoundDrift, takes_long=takes_long).drifts
    counts = {
        problem: sum(drift.problem == problem for drift in drifts)
        for problem in ("removed", "archived", "renamed")
    }
    if not drifts:
        return Verdict(passed=True, description="", metadata=counts)
    listed = ", ".join(f"{count} were {problem}" for problem, count in counts.items() if count)
    shown = [
        dg.TableRecord(
            {name: without_secrets(value or "") for name, value in drift._asdict().items()}
        )
        for drift in drifts[:SHOWN_DRIFTS]
    ]
    return Verdict(
        passed=within(len(drifts), scope.threshold),
        description=f"Of the classes, attributes and options that labels use, {listed}.",
        metadata={**counts, "drifted": dg.MetadataValue.table(shown)},
    )


TABLE_JUDGES: Final[dict[str, Callable[[Scope], Verdict]]] = {
    "keys_unique": _keys_unique,
    "annotations_have_frame_and_category": _annotations_have_frame_and_category,
    "boxes_inside_image": _boxes_inside_image,
    "no_duplicate_boxes": _no_duplicate_boxes,
    "tracks_without_gaps": _tracks_without_gaps,
    "empty_images_reviewed": _empty_images_reviewed,
    "no_ontology_drift": _no_ontology_drift,
}
"""Checks on tables by name."""
