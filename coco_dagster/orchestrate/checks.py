"""Asset checks, in steps of their own: a check that fails never costs a materialisation.

Checks that block stand in a step each; the others of a table or an export share one. Whatever
grows with the number of annotations is read part by part, and pycocotools gets a sample.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any, Final

import dagster as dg

from coco_dagster.orchestrate.check_settings import (
    CHECK_TYPES,
    EVERY_TABLE,
    EXPORT,
    CheckSettings,
    CheckType,
    ExportChecks,
    check_settings,
)
from coco_dagster.orchestrate.checked_content import checked_content
from coco_dagster.orchestrate.export_verdicts import EXPORT_JUDGES
from coco_dagster.orchestrate.steps import Steps, reported_failures
from coco_dagster.orchestrate.store import Partition, PipelineStore, pipeline_store
from coco_dagster.orchestrate.table_verdicts import KEYED_TABLES, TABLE_JUDGES
from coco_dagster.orchestrate.verdict_memory import CONTENT, earlier_verdict
from coco_dagster.orchestrate.verdicts import Scope, StoredTables, Verdict

_NEEDS_RAW_LABELS: Final = "no_ontology_drift"
_WORKERS: Final = 2
"""This process, and one for the check that takes longest."""


@dataclass(frozen=True)
class Check:
    """An asset check of a pipeline.

    Attributes:
        spec: name, asset and description.
        settings: the check, and what was set of it.
        asset: name of the table or export that it checks.
    """

    spec: dg.AssetCheckSpec
    settings: CheckSettings
    asset: str

    def judged(self, scope: Scope) -> Verdict:
        """Judge what the pipeline keeps."""
        judges = EXPORT_JUDGES if self.settings.type.asset == EXPORT else TABLE_JUDGES
        return judges[self.settings.type.name](scope)


def build_checks(steps: Steps, given: ExportChecks) -> list[dg.AssetChecksDefinition]:
    """The steps that check the tables and the exports of a pipeline.

    Args:
        steps: the pipeline, and what its steps have in common.
        given: what was set of the checks.
    """
    checks = [check for check in _checks(steps, given) if check.settings.severity != "none"]
    exports = steps.pipeline.exports
    blocking = [check for check in checks if check.settings.blocking]
    others = [check for check in checks if not check.settings.blocking]
    by_step = groupby(others, lambda check: check.asset if check.asset in exports else "tables")
    return [
        *(_check_step(steps, f"check_{step}", list(group), given) for step, group in by_step),
        *(_check_step(steps, _step_of(check), [check], given) for check in blocking),
    ]


def _step_of(check: Check) -> str:
    return f"check_{check.asset}_{check.spec.name}"


def _checks(steps: Steps, given: ExportChecks) -> Iterator[Check]:
    for check in CHECK_TYPES:
        if check.name == _NEEDS_RAW_LABELS and steps.pipeline.ontology is None:
            # An ontology that is derived from the labels cannot differ from them.
            continue
        if check.asset != EXPORT:
            yield from (_check(steps, given, check, asset) for asset in _tables_of(check))
    for name in steps.pipeline.exports:
        for check in CHECK_TYPES:
            if check.asset == EXPORT:
                yield _check(steps, given, check, name)


def _tables_of(check: CheckType) -> Sequence[str]:
    return KEYED_TABLES if check.asset == EVERY_TABLE else (check.asset,)


def _check(steps: Steps, given: ExportChecks, check: CheckType, asset: str) -> Check:
    settings = check_settings(given, check.name)
    spec = dg.AssetCheckSpec(
        check.name,
        asset=steps.specs[asset].key,
        description=check.description,
        blocking=settings.blocking,
        additional_deps=[steps.specs[name].key for name in check.also_reads if name != asset],
    )
    return Check(spec, settings, asset)


def _check_step(
    steps: Steps, step: str, checks: Sequence[Check], given: ExportChecks
) -> dg.AssetChecksDefinition:
    @dg.multi_asset_check(**steps.check_step(step, [check.spec for check in checks]))
    def run_checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        selected = [
            check for check in checks if check.spec.key in context.selected_asset_check_keys
        ]
        with ThreadPoolExecutor(1) as aside, _scopes(context, steps, given) as scope_of:
            verdicts = [
                _promised_verdict(context.instance, check, scope_of(check), aside)
                for check in selected
            ]
            for check, verdict in zip(selected, verdicts, strict=True):
                with reported_failures():
                    found = verdict()
                yield _result(check, found)

    return run_checks


@contextmanager
def _scopes(
    context: dg.AssetCheckExecutionContext, steps: Steps, given: ExportChecks
) -> Iterator[Callable[[Check], Scope]]:
    """What each check of a step looks at; what they share is looked up once."""
    from coco_dagster.export.chunks import workers_for
    from coco_dagster.export.pool import worker_pool
    from coco_dagster.orchestrate.coco_sample import CocoSamples
    from coco_dagster.orchestrate.file_digests import FileDigests

    store = pipeline_store(context, steps.pipeline, steps.specs)
    partitions, tables = _partitions_of_run(context, store), StoredTables(store)
    samples, digests = CocoSamples(given.sample_images), FileDigests()
    workers = min(_WORKERS, workers_for(steps.pipeline.workers, several=True))
    with worker_pool(workers) as pool:
        yield lambda check: Scope(
            store,
            tables,
            check.asset,
            partitions,
            check.settings.threshold,
            tuple(given.consumers),
            samples,
            digests,
            pool,
        )


def _promised_verdict(
    instance: dg.DagsterInstance, check: Check, scope: Scope, aside: Executor
) -> Callable[[], Verdict]:
    """What tells the verdict of a check; one that takes long is being found out already."""
    verdict = partial(_verdict, instance, check, scope)
    return aside.submit(verdict).result if check.settings.type.goes_beside else verdict


def _verdict(instance: dg.DagsterInstance, check: Check, scope: Scope) -> Verdict:
    """What an earlier run found on the same content, or what is found now."""
    content = checked_content(check.settings, scope)
    if content is None:
        return check.judged(scope)
    earlier = earlier_verdict(instance, check.spec.key, content)
    if earlier is not None:
        return earlier
    verdict = check.judged(scope)
    return replace(verdict, metadata={**verdict.metadata, CONTENT: content})


def _partitions_of_run(context: Any, store: PipelineStore) -> list[Partition]:
    """Partitions that the run made; all of them where it made none, [None] where there are none."""
    if store.registered is None:
        return [None]
    tags = context.run.tags
    if one := tags.get("dagster/partition"):
        return [one]
    first = tags.get("dagster/asset_partition_range_start")
    last = tags.get("dagster/asset_partition_range_end")
    known = list(store.registered)
    if first in known and last in known:
        chosen = known[known.index(first) : known.index(last) + 1]
        return list(chosen)
    return store.partitions_with_labels()


def _result(check: Check, verdict: Verdict) -> dg.AssetCheckResult:
    is_error = check.settings.severity == "error"
    return dg.AssetCheckResult(
        asset_key=check.spec.asset_key,
        check_name=check.spec.name,
        passed=verdict.passed,
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        description=verdict.description or None,
        metadata=verdict.metadata,
    )
