"""Answers put into the slots of their owners, which are objects and frame classifications.

Everything works on whole columns: each slot of each owner is given the number of a text, then the
texts are put one behind the other.
"""

from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
from msgspec import Struct

from coco_dagster.coco.attribute_slots import COMMA
from coco_dagster.coco.attribute_templates import NO_TEXT, AttributeTemplates
from coco_dagster.coco.frame_ranges import Ints, frames_in_ranges, ints, positions_within

_SUBJECT: Final = ("label_hash", "data_hash", "frame", "owner_hash", "feature_hash")
_OWNER: Final = ("label_hash", "owner_hash", "feature")
_ANSWER: Final = (
    *("label_hash", "owner_hash", "attribute_hash", "option_hash", "value_json"),
    *("data_hash", "frame_from", "frame_to"),
)
_NULL: Final = "null"


def answer_texts(
    subjects: pl.DataFrame, answers: pl.DataFrame, templates: AttributeTemplates
) -> pl.Series:
    """What is answered about each subject: the inside of a JSON object, a comma before each key.

    What holds on all frames is rendered once per owner, what changes once per subject.

    Args:
        subjects: owners on frames: `label_hash`, `data_hash`, `frame`, `owner_hash` and
            `feature_hash`.
        answers: answers of these owners, in the columns of the `answers` table.
        templates: the slots of the ontology.

    Returns:
        A text for each subject, in their order; empty where there is nothing to answer.
    """
    known = (
        subjects.select(*_SUBJECT)
        .with_row_index("subject")
        .join(templates.features, on="feature_hash", maintain_order="left")
    )
    if known.is_empty():
        return pl.repeat("", subjects.height, eager=True)
    known, owners = _with_owners(known)
    hits, texts = _hits(answers, owners, templates)
    split = _first_varying(hits, templates)
    varies = hits["slot"] >= pl.Series(split).gather(hits["feature"])

    fixed = _Cells(templates, ints(owners["start"]), split[ints(owners["feature"])])
    fixed.put(*(ints(hits.filter(~varies)[name]) for name in ("owner", "slot", "text")))
    result = _at(fixed.joined(texts), known["owner"], known["subject"], subjects.height)
    changing = known.with_columns(start=pl.Series(split).gather(known["feature"])).filter(
        pl.col("start") < pl.col("end")
    )
    if changing.is_empty():
        return result
    moving = _changing_texts(changing, hits.filter(varies), templates, texts)
    places = pl.int_range(changing.height, eager=True)
    return result + _at(moving, places, changing["subject"], subjects.height)


def json_objects(insides: pl.Series, templates: AttributeTemplates) -> pl.Series:
    """JSON objects of texts in which each key has a comma before it.

    Args:
        insides: texts as `answer_texts` gives them, or several of them put together.
        templates: the slots that they were made of.
    """
    inside = insides.str.strip_prefix(",")
    if templates.style == "nested":
        for bracket in "{[":
            inside = inside.str.replace_all(bracket + COMMA, bracket, literal=True)
        inside = inside.str.replace_all(COMMA, ",", literal=True)
    return pl.select(pl.concat_str(pl.lit("{"), inside, pl.lit("}"))).to_series()


def joined_texts(texts: pl.Series, counts: Ints) -> pl.Series:
    """Texts put together: the first `counts[0]` of them, the next `counts[1]`, and so on."""
    if texts.is_empty():
        return pl.repeat("", len(counts), eager=True)
    # In Arrow's layout neighbouring texts touch, so that joining them is leaving out the offsets
    # between them.
    array = texts.rechunk().to_arrow().cast(pa.large_string())
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, np.int64)[array.offset :]
    kept = ends[np.concatenate([[0], np.cumsum(counts)])]
    data = data or pa.py_buffer(b"")
    joined = pa.LargeStringArray.from_buffers(len(counts), pa.py_buffer(kept), data)
    return pl.Series(joined)


class _Texts(Struct, frozen=True, eq=False):
    """All texts that stand in slots, with the option that each of them chooses, or -1."""

    values: pl.Series
    options: Ints


class _Cells:
    """A cell for every slot of every subject, holding the number of the text that stands there."""

    def __init__(self, templates: AttributeTemplates, start: Ints, end: Ints) -> None:
        """Begin with every attribute unanswered.

        Args:
            templates: the slots.
            start: first slot of each subject.
            end: end of the slots of each subject.
        """
        self._templates = templates
        self._counts = end - start
        self._firsts = np.cumsum(self._counts) - self._counts
        self._bases = self._firsts - start
        self._slots = np.repeat(start, self._counts) + positions_within(self._counts)
        self._numbers = templates.default[self._slots]

    def put(self, subjects: Ints, slots: Ints, numbers: Ints) -> None:
        """Write texts by number; of two for one cell the later one stays."""
        places, others = self._templates.siblings.of(slots)
        self._numbers[self._bases[subjects[places]] + others] = self._templates.answered[others]
        self._numbers[self._bases[subjects] + slots] = numbers

    def joined(self, texts: _Texts) -> pl.Series:
        """All texts of each subject, put together."""
        self._drop_without_parent(texts.options)
        written = self._numbers != NO_TEXT
        before = np.concatenate([[0], np.cumsum(written)])
        counts = before[self._firsts + self._counts] - before[self._firsts]
        return joined_texts(texts.values.gather(self._numbers[written]), counts)

    def _drop_without_parent(self, options: Ints) -> None:
        """Take out what is nested below an option that is not chosen."""
        nesting = self._templates.nesting
        depths = nesting.depth[self._slots]
        for depth in range(1, depths.max(initial=0) + 1):
            cells = np.flatnonzero((depths == depth) & (self._numbers != NO_TEXT))
            slots = self._slots[cells]
            # Slots of one subject are numbered without gaps.
            above = self._numbers[cells - slots + nesting.parent[slots]]
            chosen = (above != NO_TEXT) & (options[above] == nesting.parent_option[slots])
            self._numbers[cells[~chosen]] = NO_TEXT


def _with_owners(known: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Subjects with the number of their owner, and the owners."""
    owners = known.unique(_OWNER, keep="first", maintain_order=True).with_columns(
        owner=pl.int_range(pl.len(), dtype=pl.Int64)
    )
    if owners.height == known.height:
        return owners, owners
    return known.join(owners.select(*_OWNER, "owner"), on=_OWNER, maintain_order="left"), owners


def _hits(
    answers: pl.DataFrame, owners: pl.DataFrame, templates: AttributeTemplates
) -> tuple[pl.DataFrame, _Texts]:
    """Answers with their owner, slot and number of text, and all texts that are numbered."""
    found = answers.select(*_ANSWER).join(
        templates.of_attribute, on="attribute_hash", how="left", maintain_order="left"
    )
    chosen = (
        found.filter(pl.col("slot").is_null())
        .drop("slot", "feature")
        .join(
            templates.of_option,
            on=("attribute_hash", "option_hash"),
            nulls_equal=True,
            maintain_order="left",
        )
    )
    given = found.filter(pl.col("slot").is_not_null())
    hits = pl.concat([given, chosen], how="diagonal")
    # Owners are unique, so that this join keeps the rows as they are.
    owner = hits.select(_OWNER).join(
        owners.select(*_OWNER, "owner"), on=_OWNER, how="left", maintain_order="left"
    )["owner"]
    hits = hits.drop("label_hash", "owner_hash").with_columns(owner).drop_nulls("owner")
    is_value = pl.col("text").is_null()
    values = hits.filter(is_value)
    around = templates.slots[values["slot"]]
    value_texts = around["before"] + values["value_json"].fill_null(_NULL) + around["after"]
    number = templates.texts.len() - 1 + is_value.cum_sum()
    numbered = hits.with_columns(text=pl.when(is_value).then(number).otherwise("text"))
    nesting = templates.nesting
    chosen_radios = values.select("slot", "option_hash").join(
        nesting.of_radio, on=("slot", "option_hash"), how="left", maintain_order="left"
    )
    options = np.concatenate(
        [nesting.option_of_text, ints(chosen_radios["option"].fill_null(NO_TEXT))]
    )
    return numbered, _Texts(pl.concat([templates.texts, value_texts]), options)


def _first_varying(hits: pl.DataFrame, templates: AttributeTemplates) -> Ints:
    """First slot of each feature that may change from frame to frame.

    Where a static attribute has an answer that does not hold everywhere, all slots may.
    """
    split = ints(templates.features["split"]).copy()
    partial = hits.filter(
        pl.any_horizontal(pl.col("data_hash", "frame_from", "frame_to").is_not_null())
    )
    features = ints(partial["feature"])
    features = features[ints(partial["slot"]) < split[features]]
    split[features] = ints(templates.features["start"])[features]
    return split


def _changing_texts(
    subjects: pl.DataFrame, hits: pl.DataFrame, templates: AttributeTemplates, texts: _Texts
) -> pl.Series:
    """Texts of the slots that may change, for each subject."""
    # What is said of a range, and of one file, is more exact than what is said of everything.
    exactness = 2 * pl.col("frame_from").is_not_null() + pl.col("data_hash").is_not_null()
    hits = hits.sort(exactness, maintain_order=True)
    which, places = frames_in_ranges(
        subjects.rename({"owner": "group"}), hits.rename({"owner": "group"})
    )
    cells = _Cells(templates, ints(subjects["start"]), ints(subjects["end"]))
    cells.put(places, ints(hits["slot"])[which], ints(hits["text"])[which])
    return cells.joined(texts)


def _at(texts: pl.Series, numbers: pl.Series, places: pl.Series, length: int) -> pl.Series:
    """Texts by number at some places of a column that is empty elsewhere."""
    chosen = np.full(length, len(texts))
    chosen[places.to_numpy()] = numbers.to_numpy()
    return pl.concat([texts, pl.Series([""])]).gather(chosen)
