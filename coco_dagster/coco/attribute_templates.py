"""Templates: what is written for every object and classification, before any answer is known."""

from collections.abc import Mapping
from typing import Final, Self

import numpy as np
import polars as pl
import pyarrow as pa
from msgspec import Struct

from coco_dagster.coco.attribute_slots import build_slots
from coco_dagster.coco.frame_ranges import Ints, ints, positions_within
from coco_dagster.coco.profiles import ClassificationStyle

NO_TEXT: Final = -1


class NumberLists(Struct, frozen=True, eq=False):
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


class Nesting(Struct, frozen=True, eq=False):
    """Which slots are written only below a chosen option.

    Options that others are nested below are numbered from 0.

    Attributes:
        depth: levels above each slot.
        parent: slot of the attribute above (checklists: of the option), or -1.
        parent_option: option above each slot, or -1.
        option_of_text: option that a text of the templates chooses, or -1.
        of_radio: `option` of radios, by the `slot` of the radio and `option_hash`.
    """

    depth: Ints
    parent: Ints
    parent_option: Ints
    option_of_text: Ints
    of_radio: pl.DataFrame


class AttributeTemplates(Struct, frozen=True, eq=False):
    """The slots of an ontology, numbered in the order in which they are written.

    Attributes:
        slots: all slots (see `attribute_slots.SLOTS`).
        style: how answers are written.
        features: feature hashes that have slots, numbered in ontology order (`feature`), with the
            number of the first slot (`start`), of the first dynamic one (`split`) and the end.
        of_attribute: `slot` and `feature` of each attribute that takes an answer.
        of_option: `slot` and `feature` of each option of a checklist, and the number of its `text`
            where it is chosen; without an option, of a checklist that is written only where it is
            answered, where none is chosen.
        texts: the texts that need no answer, which the next two number.
        default: text of each slot where its attribute is not answered, or -1 for none.
        answered: text of each slot where its attribute is answered, or -1 for none.
        siblings: for each slot the slots of its attribute, if they are written only where the
            attribute is answered.
        nesting: which slots are written only below a chosen option.
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
    nesting: Nesting

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
            of_option=_of_option(numbered),
            texts=pl.concat([slots["default"], slots["answered"], slots["before"]]).fill_null(""),
            default=np.where(slots["default"].is_null(), NO_TEXT, np.arange(count)),
            answered=np.where(slots["answered"].is_null(), NO_TEXT, np.arange(count) + count),
            siblings=_siblings(slots),
            nesting=_nesting(numbered),
        )


def _of_option(numbered: pl.DataFrame) -> pl.DataFrame:
    count = numbered.height
    options = numbered.filter(pl.col("option_hash").is_not_null())
    none = options.filter(~pl.col("listed")).unique("attribute_hash", keep="first")
    columns = ("attribute_hash", "option_hash", "slot", "feature", "text")
    return pl.concat(
        [
            options.with_columns(text=pl.col("slot") + 2 * count).select(columns),
            none.with_columns(
                option_hash=pl.lit(None, pl.String), text=pl.col("slot") + count
            ).select(columns),
        ]
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


def _nesting(numbered: pl.DataFrame) -> Nesting:
    above = pl.col("parent_attribute_hash", "parent_option_hash")
    options = (
        numbered.filter(pl.col("depth") > 0)
        .select(above)
        .unique(maintain_order=True)
        .rename({"parent_attribute_hash": "attribute_hash", "parent_option_hash": "option_hash"})
        .with_columns(option=pl.int_range(pl.len(), dtype=pl.Int64))
    )
    slots = numbered.select("slot", "attribute_hash", "option_hash", "takes_answer")
    radios = options.join(slots.filter("takes_answer").drop("option_hash"), on="attribute_hash")
    checked = options.join(slots, on=("attribute_hash", "option_hash"))
    columns = ("attribute_hash", "option_hash", "slot", "option")
    parents = pl.concat([radios.select(columns), checked.select(columns)])
    own = numbered.join(
        parents.select(
            "option",
            parent_attribute_hash="attribute_hash",
            parent_option_hash="option_hash",
            parent="slot",
        ),
        on=("parent_attribute_hash", "parent_option_hash"),
        how="left",
        maintain_order="left",
    )
    option_of_text = np.full(3 * numbered.height, NO_TEXT)
    option_of_text[2 * numbered.height + ints(checked["slot"])] = ints(checked["option"])
    return Nesting(
        depth=ints(numbered["depth"]),
        parent=ints(own["parent"].fill_null(-1)),
        parent_option=ints(own["option"].fill_null(-1)),
        option_of_text=option_of_text,
        of_radio=radios.select("slot", "option_hash", "option"),
    )
