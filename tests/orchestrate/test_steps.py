"""Failures of steps, and how often they are tried again."""

from collections.abc import Callable

import dagster as dg
import pytest

from coco_dagster.errors import CocoDagsterError, SourceError, StorageError, WorkerError
from coco_dagster.orchestrate.settings import Retries
from coco_dagster.orchestrate.steps import reported_failures

Build = Callable[..., dg.Definitions]


@pytest.mark.parametrize(
    ("error", "again"), [(StorageError, True), (WorkerError, True), (SourceError, False)]
)
def test_what_another_attempt_may_mend_is_tried_again(
    error: type[CocoDagsterError], again: bool
) -> None:
    with pytest.raises(dg.Failure, match="out of reach") as failure, reported_failures():
        raise error("out of reach")
    assert failure.value.allow_retries is again


@pytest.mark.parametrize(
    ("retries", "expected"),
    [
        (None, None),
        (Retries(), None),
        (
            Retries(max_retries=3, delay_seconds=5, backoff="linear"),
            dg.RetryPolicy(max_retries=3, delay=5, backoff=dg.Backoff.LINEAR),
        ),
        (
            Retries(max_retries=1, delay_seconds=5, backoff="constant"),
            dg.RetryPolicy(max_retries=1, delay=5),
        ),
    ],
)
def test_every_step_has_the_retries_that_were_asked_for(
    build: Build, retries: Retries | None, expected: dg.RetryPolicy | None
) -> None:
    made = build(retries=retries)
    steps = [step for step in (*(made.assets or []), *(made.asset_checks or []))]
    policies = [step.op.retry_policy for step in steps if isinstance(step, dg.AssetsDefinition)]
    assert len(policies) == len(steps)
    assert all(policy == expected for policy in policies)


def test_every_step_has_the_pool_that_was_asked_for(build: Build) -> None:
    made = build(pool="encord")
    steps = [step for step in made.assets or [] if isinstance(step, dg.AssetsDefinition)]
    assert {step.op.pool for step in steps} == {"encord"}
