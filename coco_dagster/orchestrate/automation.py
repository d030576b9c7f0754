"""Automation conditions and freshness of a pipeline, by name."""

from datetime import timedelta
from typing import Any

import dagster as dg

from coco_dagster.errors import SettingsError
from coco_dagster.orchestrate.settings import AutomationName, ExportSchedule, Freshness


def automation_condition(
    name: AutomationName, schedule: ExportSchedule
) -> dg.AutomationCondition[Any] | None:
    """The condition under which Dagster materialises an asset by itself.

    Args:
        name: `none`, `eager` (when what it is made from has changed), `on_missing` (partitions that
            come up from now on) or `on_cron` (by the schedule's expression, once upstream is new as
            well).
        schedule: expression of `on_cron`.
    """
    if name == "eager":
        return dg.AutomationCondition.eager()
    if name == "on_missing":
        return dg.AutomationCondition.on_missing()
    if name == "on_cron":
        return dg.AutomationCondition.on_cron(schedule.cron, schedule.timezone)
    return None


def freshness_policy(settings: Freshness) -> dg.FreshnessPolicy:
    """How old an export may get.

    Args:
        settings: a window, or a deadline.

    Raises:
        SettingsError: they name neither, or both.
    """
    if (settings.fail_hours is None) == (settings.deadline_cron is None):
        raise SettingsError(
            "`freshness` needs either `fail_hours`, the hours after which an export is overdue, or "
            "`deadline_cron`, by when there has to be one."
        )
    if settings.deadline_cron is not None:
        return dg.FreshnessPolicy.cron(
            deadline_cron=settings.deadline_cron,
            lower_bound_delta=timedelta(hours=settings.within_hours),
            timezone=settings.timezone,
        )
    warn = timedelta(hours=settings.warn_hours) if settings.warn_hours else None
    return dg.FreshnessPolicy.time_window(
        fail_window=timedelta(hours=settings.fail_hours or 0), warn_window=warn
    )
