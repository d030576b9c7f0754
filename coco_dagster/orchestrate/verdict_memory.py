"""Verdicts of earlier runs, kept by Dagster: the same check of the same content is not repeated."""

from typing import Final

import dagster as dg

from coco_dagster.orchestrate.verdicts import Verdict

CONTENT: Final = "judged_content"
"""Metadata of a verdict: digest of what was judged."""

JUDGED_IN: Final = "judged_in"
"""Metadata of a verdict that was not judged again: the run that did."""

_LOOKED_BACK: Final = 20


def earlier_verdict(
    instance: dg.DagsterInstance, check: dg.AssetCheckKey, content: str
) -> Verdict | None:
    """The verdict of an earlier run on the same content.

    Args:
        instance: what knows the earlier runs.
        check: the check.
        content: digest of what is to be judged.
    """
    history = instance.event_log_storage.get_asset_check_execution_history(check, _LOOKED_BACK)
    for record in history:
        found = record.evaluation
        if not isinstance(found, dg.AssetCheckEvaluation):
            continue
        said = found.metadata.get(CONTENT)
        if said is not None and said.value == content:
            run = {JUDGED_IN: dg.MetadataValue.dagster_run(record.run_id)}
            return Verdict(found.passed, found.description or "", {**run, **found.metadata})
    return None
