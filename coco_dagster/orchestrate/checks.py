"""Asset checks, in steps of their own: a check that fails never costs a materialisation.

Whatever grows with the number of annotations is read part by part, except the COCO file itself,
which pycocotools loads whole.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

import dagster as dg

from coco_dagster.orchestrate.pipeline import ONTOLOGY_ASSET, Pipeline
from coco_dagster.orchestrate.specs import AssetSpecs, asset_specs
from coco_dagster.orchestrate.steps import PipelineStore, pipeline_store, reported_failures
from coco_dagster.tables.schemas import LABEL_TABLES

RejectedLabels = Literal["warn", "block"]
"""What a rejected label does: a warning, or an error that holds back what is downstream."""

KEYED_TABLES: Final = tuple(table for table in LABEL_TABLES if table != "findings")
"""Tables whose key names a row; one and the same finding may be made twice."""

SHOWN_LABELS: Final = 20
"""Rejected labels that the check lists at most."""


@dataclass(frozen=True)
class Verdict:
    """What a check found.

    Attributes:
        passed: whether all is well.
        description: what is wrong, in a sentence; empty when all is well.
        metadata: numbers that it was found by.
    """

    passed: bool
    description: str
    metadata: Mapping[str, Any]


@dataclass(frozen=True)
class Check:
    """An asset check.

    Attributes:
        spec: name, asset and description.
        judge: reads what the pipeline keeps and judges it.
        severity: how bad it is when it fails.
    """

    spec: dg.AssetCheckSpec
    judge: Callable[[PipelineStore], Verdict]
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR


def build_checks(
    pipeline: Pipeline, rejected_labels: RejectedLabels
) -> list[dg.AssetChecksDefinition]:
    """The steps that check the tables and the exports of a pipeline.

    Args:
        pipeline: the pipeline.
        rejected_labels: what a rejected label does.
    """
    specs = asset_specs(pipeline)
    return [
        _check_step(pipeline, specs, "check_tables", _table_checks(specs)),
        *(
            _check_step(
                pipeline, specs, f"check_{name}", _export_checks(specs, name, rejected_labels)
            )
            for name in pipeline.exports
        ),
    ]


def _check_step(
    pipeline: Pipeline, specs: AssetSpecs, step: str, checks: Sequence[Check]
) -> dg.AssetChecksDefinition:
    @dg.multi_asset_check(
        name=pipeline.step_name(step),
        specs=[check.spec for check in checks],
        can_subset=True,
        required_resource_keys={pipeline.storage_key},
    )
    def run_checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        store = pipeline_store(context, pipeline, specs)
        for check in checks:
            if check.spec.key in context.selected_asset_check_keys:
                yield _result(check, store)

    return run_checks


def _result(check: Check, store: PipelineStore) -> dg.AssetCheckResult:
    with reported_failures():
        verdict = check.judge(store)
    return dg.AssetCheckResult(
        asset_key=check.spec.asset_key,
        check_name=check.spec.name,
        passed=verdict.passed,
        severity=check.severity,
        description=verdict.description or None,
        metadata=verdict.metadata,
    )


def _table_checks(specs: AssetSpecs) -> list[Check]:
    return [
        *(
            Check(
                dg.AssetCheckSpec(
                    "keys_unique",
                    asset=specs[table].key,
                    description="No two rows of the table have the same key.",
                ),
                partial(_keys_unique, table),
            )
            for table in KEYED_TABLES
        ),
        Check(
            dg.AssetCheckSpec(
                "annotations_have_frame_and_category",
                asset=specs["annotations"].key,
                additional_deps=[specs["frames"].key, specs[ONTOLOGY_ASSET].key],
                description="Every annotation stands on a known frame and has a known category.",
            ),
            _annotations_have_frame_and_category,
        ),
    ]


def _export_checks(specs: AssetSpecs, name: str, rejected_labels: RejectedLabels) -> list[Check]:
    export = specs[name].key
    block = rejected_labels == "block"
    return [
        Check(
            dg.AssetCheckSpec(
                "counts_add_up",
                asset=export,
                additional_deps=[specs["label_rows"].key],
                description="Input objects = annotations + skipped + rejected, and every file of "
                "the export is as the manifest says.",
            ),
            _counts_add_up,
        ),
        Check(
            dg.AssetCheckSpec(
                "loads_in_pycocotools",
                asset=export,
                description="pycocotools loads every COCO file, with all images and annotations.",
            ),
            _loads_in_pycocotools,
        ),
        Check(
            dg.AssetCheckSpec(
                "no_rejected_labels",
                asset=export,
                blocking=block,
                description="No label was rejected as malformed.",
            ),
            _no_rejected_labels,
            dg.AssetCheckSeverity.ERROR if block else dg.AssetCheckSeverity.WARN,
        ),
    ]


def _keys_unique(table: str, store: PipelineStore) -> Verdict:
    from coco_dagster.orchestrate.table_checks import repeated_keys

    labels = store.labels()
    repeated = repeated_keys(labels, table)
    return Verdict(
        passed=repeated == 0,
        description=f"{repeated} rows have the key of an earlier row." if repeated else "",
        metadata={"rows": labels.tables[table].rows, "repeated": repeated},
    )


def _annotations_have_frame_and_category(store: PipelineStore) -> Verdict:
    from coco_dagster.orchestrate.table_checks import orphaned_annotations

    orphans = orphaned_annotations(store.labels(), store.ontology())
    return Verdict(
        passed=not any(orphans),
        description=f"{orphans.without_frame} annotations lack their frame, "
        f"{orphans.without_category} their category."
        if any(orphans)
        else "",
        metadata=orphans._asdict(),
    )


def _counts_add_up(store: PipelineStore) -> Verdict:
    from coco_dagster.orchestrate.export_checks import (
        changed_files,
        latest_export,
        read_manifest,
        wrong_counts,
    )
    from coco_dagster.orchestrate.table_checks import input_objects

    export = latest_export(store.exports_root)
    manifest = read_manifest(export)
    wrong = wrong_counts(manifest, input_objects(store.labels()))
    wrong += [f"{path} is not what was published." for path in changed_files(export, manifest)]
    return Verdict(passed=not wrong, description=" ".join(wrong), metadata=manifest.counts)


def _loads_in_pycocotools(store: PipelineStore) -> Verdict:
    from coco_dagster.orchestrate.export_checks import (
        latest_export,
        pycocotools_complaints,
        read_manifest,
    )

    export = latest_export(store.exports_root)
    manifest = read_manifest(export)
    complaints = pycocotools_complaints(export, manifest)
    return Verdict(
        passed=not complaints,
        description=" ".join(complaints),
        metadata={"files": len(manifest.coco_files)},
    )


def _no_rejected_labels(store: PipelineStore) -> Verdict:
    from coco_dagster.orchestrate.export_checks import (
        latest_export,
        read_manifest,
        rejected_labels,
    )

    export = latest_export(store.exports_root)
    manifest = read_manifest(export)
    rejected = manifest.counts["rejected"]
    if not rejected:
        return Verdict(passed=True, description="", metadata={"rejected": 0})
    shown = [dg.TableRecord(dict(label)) for label in rejected_labels(export, SHOWN_LABELS)]
    return Verdict(
        passed=False,
        description=f"Rejected labels: {rejected}. The export's findings say which, and why.",
        metadata={
            "rejected": rejected,
            "findings": dict(manifest.findings),
            "labels": dg.MetadataValue.table(shown),
        },
    )
