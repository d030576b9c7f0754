"""Objects that an export would lack, for profiles that would rather have no export."""

from collections.abc import Sequence
from heapq import nsmallest
from typing import TYPE_CHECKING, Final

import polars as pl
from msgspec import Struct

from coco_dagster.coco.profiles import Profile
from coco_dagster.errors import ExportError
from coco_dagster.tables.schemas import UNNAMED_PREFIX

if TYPE_CHECKING:
    from coco_dagster.export.tasks import RenderedCounts

LISTED: Final = 10
"""Losses that an error lists."""


class Loss(Struct, frozen=True, order=True):
    """An object that would be lost; what is not known is empty, or -1.

    Attributes:
        label_hash: label row; data_hash: data unit; frame, object_hash: likewise.
        code: code of the finding on it.
    """

    label_hash: str
    data_hash: str
    frame: int
    object_hash: str
    code: str

    def __str__(self) -> str:
        """The loss for people."""
        row = "without a hash" if self.label_hash.startswith(UNNAMED_PREFIX) else self.label_hash
        places = [f"object {self.object_hash}"] if self.object_hash else ["an object"]
        if self.frame >= 0:
            places.append(f"frame {self.frame}")
        if self.data_hash:
            places.append(f"data unit {self.data_hash}")
        return f"{', '.join(places)}, label row {row} ({self.code})"


def first_losses(losses: pl.DataFrame) -> list[Loss]:
    """The first losses of a group.

    Args:
        losses: findings, with the columns of the schema `FINDINGS`.
    """
    names = Loss.__struct_fields__
    known = losses.select(names).with_columns(
        pl.col("frame").fill_null(-1), pl.col(pl.String).fill_null("")
    )
    return [Loss(*row) for row in known.sort(names).head(LISTED).iter_rows()]


def check_losses(counts: "Sequence[RenderedCounts]", profile: Profile) -> None:
    """Make sure that nothing is lost, where the profile wants that.

    Args:
        counts: reports on all groups.
        profile: how annotations are rendered.

    Raises:
        ExportError: objects would be lost; lists the first ones.
    """
    lost = sum(count.losses for count in counts)
    if not lost:
        return
    listed = nsmallest(LISTED, (loss for count in counts for loss in count.first_losses))
    more = f"; and {lost - len(listed)} more" if lost > len(listed) else ""
    raise ExportError(
        f"The profile `{profile.name}` fails where objects cannot be rendered, and nothing is "
        f"published: {lost} of them cannot: {'; '.join(map(str, listed))}{more}. With the setting "
        "`on_loss` at `skip` the others are exported, and findings.parquet lists all of these."
    )
