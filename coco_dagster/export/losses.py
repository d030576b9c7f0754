"""Objects that an export would lack, for profiles that would rather have no export."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import polars as pl

from coco_dagster.coco.profiles import Profile
from coco_dagster.errors import ExportError

if TYPE_CHECKING:
    from coco_dagster.export.tasks import RenderedCounts

LISTED: Final = 10
"""Losses that an error lists."""


def described_losses(losses: pl.DataFrame) -> list[str]:
    """The first losses, for people: label row, file, frame, object and reason.

    Args:
        losses: findings, as the schema `FINDINGS` has them.
    """
    first = losses.sort("label_hash", "data_hash", "frame", "object_hash", "code").head(LISTED)
    return [_described(*row) for row in first.select(_SHOWN).iter_rows()]


_SHOWN: Final = ("label_hash", "data_hash", "frame", "object_hash", "code")


def _described(
    label_hash: str, data_hash: str | None, frame: int | None, object_hash: str | None, code: str
) -> str:
    return (
        f"object {object_hash} on frame {frame} of data unit {data_hash} in label row "
        f"{label_hash} ({code})"
    )


def check_losses(counts: "Sequence[RenderedCounts]", profile: Profile) -> None:
    """Make sure that nothing is lost, where the profile wants that.

    Args:
        counts: reports on all groups, in order.
        profile: how annotations are rendered.

    Raises:
        ExportError: objects would be lost; lists the first ones.
    """
    lost = sum(count.losses for count in counts)
    if not lost:
        return
    listed = [loss for count in counts for loss in count.first_losses][:LISTED]
    more = f"; and {lost - len(listed)} more" if lost > len(listed) else ""
    raise ExportError(
        f"The profile `{profile.name}` fails where objects cannot be rendered, and {lost} of them "
        f"cannot: {'; '.join(listed)}{more}. Nothing is published; export with `on_loss: skip` "
        "to get the others, and all of these in findings.parquet."
    )
