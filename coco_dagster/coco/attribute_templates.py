"""Templates: what is written for every object and classification, before any answer is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import polars as pl
import pyarrow as pa

from coco_dagster.coco.attribute_slots import build_slots
from coco_dagster.coco.frame_ranges import Ints, positions_within
from coco_dagster.coco.profiles import ClassificationStyle

NO_TEXT: Final = -1


@dataclass(frozen=True, eq=False)
class NumberLists:
    """A list of numbers for each position, all in one array."""

    values: Ints
    starts: Ints
    counts: Ints

    def of(self, positions: Ints) -> tuple[Ints, Ints]:
        """Numbers in the lists of some positions, one by one.

        Returns:
            Place in `positions`, and the number.
        """
        counts = self.counts[positions]
        places = np.repeat(np.arange(len(positions)), counts)
        return places, self.values[self.starts[positions[places]] + positions_within(counts)]


@dataclass(frozen=True, eq=False)
class AttributeTemplates:
    """The slots of an ontology, numbered in the order in which they are written.

    Attributes:
        slots: all slots (see `attribute_slots.SLOTS`).
        style: how answers are written.
        features: feature hashes that have slots, numbered in ontology order (`feature`), with the
            number of the first slot (`start`), of the first dynamic one (`split`) and the end.
        of_attribute: `slot` and `feature` of each attribute that takes an answer.
        of_option: `slot` and `feature` of each option of a checklist, and the number of its `text`
            where it is chosen.
        texts: the texts that need no answer, which the next two number.
        default: text of each slot where its attribute is not answered, or -1 for none.
        answered: text of each slot where its attribute is answered, or -1 for none.
        siblings: for each slot the slots of its attribute, if they are written only where the
            attribute is answered.
    """

    slots: pl.DataFrame
    style: ClassificationStyle
    features: pl.DataFrame
    of_attribute: pl.DataFrame
    of_option: pl.DataFrame
    texts: pl.Series
    default: Ints
    answered: Ints
    siblings: NumberLists

    @classmethod
    def from_tables(cls, ontology: Mapping[str, pa.Table], style: ClassificationStyle) -> Self:
        """Templates of an ontology.

        Args:
            ontology: the tables of the ontology by name (see `schemas.ONTOLOGY_TABLES`).
            style: how answers are written.
        """
        slots = build_slots(ontology, style)
        count = slots.height
        numbered = slots.with_columns(slot=pl.int_range(pl.len(), dtype=pl.Int64))
        features = numbered.group_by("feature_hash", maintain_order=True).agg(
            start=pl.col("slot").min(),
            split=pl.col("slot").min() + (~pl.col("dynamic")).sum().cast(pl.Int64),
            end=pl.col("slot").max() + 1,
        )
        features = features.with_columns(feature=pl.int_range(pl.len(), dtype=pl.Int64))
        numbered = numbered.join(
            features.select("feature_hash", "feature"), on="feature_hash", maintain_order="left"
        )
        return cls(
            slots=slots,
            style=style,
            features=features,
            of_attribute=numbered.filter("takes_answer").select(
                "attribute_hash", "slot", "feature"
            ),
            of_option=numbered.filter(pl.col("option_hash").is_not_null()).select(
                "attribute_hash", "option_hash", "slot", "feature", text=pl.col("slot") + 2 * count
            ),
            texts=pl.concat([slots["default"], slots["answered"], slots["before"]]).fill_null(""),
            default=np.where(slots["default"].is_null(), NO_TEXT, np.arange(count)),
            answered=np.where(slots["answered"].is_null(), NO_TEXT, np.arange(count) + count),
            siblings=_siblings(slots),
        )


def _siblings(slots: pl.DataFrame) -> NumberLists:
    attributes = slots["attribute_hash"].rank("dense").to_numpy().astype(np.int64) - 1
    sizes = np.bincount(attributes)
    starts = np.cumsum(sizes) - sizes
    return NumberLists(
        values=np.argsort(attributes, kind="stable"),
        starts=starts[attributes],
        counts=np.where(slots["listed"].to_numpy(), 0, sizes[attributes]),
    )
