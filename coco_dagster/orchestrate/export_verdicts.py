"""Verdicts on the exports of a pipeline."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

import dagster as dg

from coco_dagster.errors import SourceError
from coco_dagster.export.processes import CHUNK_BYTES
from coco_dagster.orchestrate.store import Partition
from coco_dagster.orchestrate.verdicts import Scope, Verdict, within

if TYPE_CHECKING:
    from coco_dagster.orchestrate.coco_sample import Sample
    from coco_dagster.orchestrate.export_checks import ManifestNumbers

SHOWN_LABELS: Final = 20
"""Rejected labels that the check lists at most."""

SHOWN_CLASSES: Final = 20
"""Classes whose change the check lists at most."""


def _manifests(scope: Scope) -> "Iterator[tuple[Partition, str, ManifestNumbers]]":
    """The newest exports, with partition, folder and numbers."""
    from coco_dagster.orchestrate.export_checks import newest_export, read_manifest

    for partition, root in scope.exports().items():
        export = newest_export(root)
        yield partition, export, read_manifest(export)


def _samples(scope: Scope) -> "Iterator[tuple[str, Sample | None, str]]":
    """Path and sample of every COCO file; else None, and how it differs from what was published."""
    from coco_dagster.orchestrate.export_checks import difference

    for _, export, manifest in _manifests(scope):
        for file in manifest.coco_files:
            problem = difference(export, file, scope.digests)
            sample = None if problem else scope.samples.of(f"{export}/{file.path}")
            yield file.path, sample, problem or ""


def _counts_add_up(scope: Scope) -> Verdict:
    from coco_dagster.orchestrate.export_checks import difference, wrong_counts
    from coco_dagster.orchestrate.table_checks import input_objects

    wrong: list[str] = []
    counts: dict[str, int] = {}
    for partition, export, manifest in _manifests(scope):
        objects = sum(input_objects(labels) for labels in scope.exported_labels(partition))
        wrong += wrong_counts(manifest, objects)
        differences = (difference(export, file, scope.digests) for file in manifest.files)
        wrong += filter(None, differences)
        for name, count in manifest.counts.items():
            counts[name] = counts.get(name, 0) + count
    return Verdict(passed=not wrong, description=" ".join(wrong), metadata=counts)


def _loads_in_pycocotools(scope: Scope) -> Verdict:
    from coco_dagster.orchestrate.self_evaluation import complaints_of_pycocotools

    complaints: list[str] = []
    files = images = annotations = 0
    for path, sample, problem in _samples(scope):
        files += 1
        if sample is None:
            complaints.append(problem)
            continue
        complaints += [f"{path}: {said}" for said in complaints_of_pycocotools(sample)]
        images += len(sample["images"])
        annotations += len(sample["annotations"])
    return Verdict(
        passed=not complaints,
        description=" ".join(complaints),
        metadata={"files": files, "images": images, "annotations": annotations},
    )


def _scores_itself(scope: Scope) -> Verdict:
    from coco_dagster.orchestrate.self_evaluation import complaints_of_pycocotools, evaluated

    imperfect: list[str] = []
    facts: dict[str, Any] = {}
    for path, sample, problem in _samples(scope):
        if sample is None or complaints_of_pycocotools(sample):
            imperfect.append(problem or f"{path}: pycocotools does not load it.")
            continue
        for result in evaluated(sample):
            facts[f"annotations/{result.kind}"] = (
                facts.get(f"annotations/{result.kind}", 0) + result.annotations
            )
            if result.precision is not None:
                name = f"precision/{result.kind}"
                facts[name] = min(facts.get(name, 1.0), round(result.precision, 9))
            if not result.is_perfect:
                imperfect.append(f"{path}: {result.described()}")
    return Verdict(passed=not imperfect, description=" ".join(imperfect), metadata=facts)


def _valid_for_consumers(scope: Scope) -> Verdict:
    from coco_dagster.coco.validation.of_profiles import broken_on_purpose
    from coco_dagster.export.check_tasks import ValidatedFiles, ValidateFiles

    # Encord's own rules number annotations from 0 and give points and lines no area: what follows
    # from a setting is told, and is no failure.
    meant = broken_on_purpose(scope.store.pipeline.exports[scope.asset].settings.profile)
    found: list[dict[str, str | int]] = []
    errors = warnings = 0
    for _, export, manifest in _manifests(scope):
        files = manifest.coco_files
        task = ValidateFiles([f"{export}/{file.path}" for file in files], [*scope.consumers])
        takes_long = sum(file.bytes for file in files) > CHUNK_BYTES
        try:
            report = scope.carried_out(task, ValidatedFiles, takes_long=takes_long).report
        except SourceError as error:
            return Verdict(passed=False, description=str(error), metadata={})
        errors += report.errors
        warnings += report.warnings
        found += [
            {
                "severity": finding.severity,
                "code": finding.code,
                "times": finding.count,
                "follows_from": meant.get(finding.code, ""),
                "consumers": ", ".join(finding.consumers),
                "message": finding.message,
            }
            for finding in report.findings
        ]
    failures = [row for row in found if row["severity"] == "error" and not row["follows_from"]]
    metadata: dict[str, Any] = {
        "errors": errors,
        "warnings": warnings,
        "errors_by_setting": errors - len(failures),
    }
    if found:
        metadata["findings"] = dg.MetadataValue.table([dg.TableRecord(row) for row in found[:20]])
    return Verdict(
        passed=not failures,
        description=" ".join(str(row["message"]) for row in failures),
        metadata=metadata,
    )


def _no_rejected_labels(scope: Scope) -> Verdict:
    from coco_dagster.orchestrate.export_checks import rejected_labels

    rejected = 0
    shown: list[dict[str, str | None]] = []
    for _, export, manifest in _manifests(scope):
        rejected += manifest.counts["rejected"]
        if manifest.counts["rejected"] and len(shown) < SHOWN_LABELS:
            shown += rejected_labels(export, SHOWN_LABELS - len(shown))
    if not rejected:
        return Verdict(passed=True, description="", metadata={"rejected": 0})
    metadata: dict[str, Any] = {"rejected": rejected}
    if shown:
        metadata["labels"] = dg.MetadataValue.table([dg.TableRecord(dict(row)) for row in shown])
    return Verdict(
        passed=within(rejected, scope.threshold),
        description=f"Rejected labels: {rejected}. The export's findings say which, and why.",
        metadata=metadata,
    )


def _class_balance(scope: Scope) -> Verdict:
    from coco_dagster.export.latest import previous_export_url
    from coco_dagster.orchestrate.class_balance import annotations_per_class, shift

    before: dict[str, int] = {}
    after: dict[str, int] = {}
    for partition, export, manifest in _manifests(scope):
        earlier = previous_export_url(scope.exports()[partition])
        if earlier is None:
            continue
        _add(before, annotations_per_class(earlier))
        _add(after, annotations_per_class(export, manifest))
    if not before:
        return Verdict(passed=True, description="", metadata={"compared": False})
    moved = shift(before, after)
    largest = [
        dg.TableRecord(
            {"class": name, "change": round(change, 6), "annotations": after.get(name, 0)}
        )
        for name, change in list(moved.changes.items())[:SHOWN_CLASSES]
    ]
    passed = within(moved.distance, scope.threshold)
    return Verdict(
        passed=passed,
        description=""
        if passed
        else f"{moved.distance:.1%} of the annotations have moved between classes since the export "
        "before.",
        metadata={
            "compared": True,
            "moved": moved.distance,
            "classes": dg.MetadataValue.table(largest),
        },
    )


def _add(totals: dict[str, int], counts: dict[str, int]) -> None:
    for name, count in counts.items():
        totals[name] = totals.get(name, 0) + count


EXPORT_JUDGES: Final[dict[str, Callable[[Scope], Verdict]]] = {
    "counts_add_up": _counts_add_up,
    "loads_in_pycocotools": _loads_in_pycocotools,
    "scores_itself": _scores_itself,
    "valid_for_consumers": _valid_for_consumers,
    "no_rejected_labels": _no_rejected_labels,
    "class_balance": _class_balance,
}
"""Checks on exports by name."""
