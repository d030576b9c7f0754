"""Attributes as JSON text: the `classifications` of annotations and images, and relations."""

from typing import Final

import numpy as np
import polars as pl

from coco_dagster.coco.attribute_templates import AttributeTemplates
from coco_dagster.coco.attribute_texts import answer_texts, joined_texts, json_objects
from coco_dagster.coco.frame_ranges import frames_in_ranges, ints

__all__ = ["AttributeTemplates", "frame_classifications", "object_classifications", "relations"]

_FILE: Final = ("label_hash", "data_hash")
_EMPTY: Final = "{}"


def object_classifications(
    annotations: pl.DataFrame, answers: pl.DataFrame, templates: AttributeTemplates
) -> pl.Series:
    """`classifications` of annotations: the answers to their attributes as they stand on the frame.

    Args:
        annotations: `label_hash`, `data_hash`, `frame`, `object_hash` and `feature_hash`.
        answers: the `answers` table of the same label rows; those about frames are passed over.
        templates: the slots of the ontology.

    Returns:
        JSON text of an object for each annotation, in their order.
    """
    subjects = annotations.select(*_FILE, "frame", "feature_hash", owner_hash=pl.col("object_hash"))
    own = answers.filter(pl.col("owner") == "object")
    return json_objects(answer_texts(subjects, own, templates), templates)


def frame_classifications(
    frames: pl.DataFrame,
    classifications: pl.DataFrame,
    answers: pl.DataFrame,
    templates: AttributeTemplates,
) -> pl.Series:
    """`classifications` of images: the answers of all classifications that stand on the frame.

    Args:
        frames: `label_hash`, `data_hash` and `frame`.
        classifications: the `classifications` table of the same label rows.
        answers: their `answers` table; those about objects are passed over.
        templates: the slots of the ontology.

    Returns:
        JSON text of an object for each frame, in their order; `{}` where nothing stands.
    """
    if classifications.is_empty():
        return pl.repeat(_EMPTY, frames.height, eager=True)
    standing = _standing(frames, classifications, templates)
    own = answers.filter(pl.col("owner") == "frame")
    texts = answer_texts(standing, own, templates)
    counts = np.bincount(ints(standing["place"]), minlength=frames.height)
    return json_objects(joined_texts(texts, counts), templates)


def relations(annotations: pl.DataFrame, relations: pl.DataFrame) -> pl.Series:
    """Relations of annotations as they stand on the frame.

    Args:
        annotations: `label_hash`, `data_hash`, `frame` and `object_hash`.
        relations: the `relations` table of the same label rows.

    Returns:
        A text for each annotation, in their order: `,"#relation":"hash"` for each kind of relation
        by name, with a list where there are several targets; empty without relations.
    """
    if relations.is_empty():
        return pl.repeat("", annotations.height, eager=True)
    pairs = _related(annotations, relations)
    begins = _differs("place", "attribute_name", neighbour=1)
    ends = _differs("place", "attribute_name", neighbour=-1)
    texts = pairs.select(
        pl.concat_str(
            pl.lit(","),
            pl.when(begins).then(_json_text("attribute_name") + ":").otherwise(pl.lit("")),
            pl.when(begins & ~ends).then(pl.lit("[")).otherwise(pl.lit("")),
            _json_text("to_hash"),
            pl.when(ends & ~begins).then(pl.lit("]")).otherwise(pl.lit("")),
        )
    ).to_series()
    return joined_texts(texts, np.bincount(ints(pairs["place"]), minlength=annotations.height))


def _standing(
    frames: pl.DataFrame, classifications: pl.DataFrame, templates: AttributeTemplates
) -> pl.DataFrame:
    """Classifications on frames, by frame, then in ontology order; `place`: position in `frames`.

    Of two of one kind on a frame only the one with the higher precedence is left.
    """
    files = frames.select(_FILE).unique(maintain_order=True).with_row_index("group")
    everywhere = pl.col("frame_from").is_null() & pl.col("frame_to").is_null()
    covered_by = pl.when(everywhere).then("precedence").max().over("group", "feature").fill_null(-1)
    placed = (
        classifications.join(files, on=_FILE)
        .join(templates.features.select("feature_hash", "feature"), on="feature_hash")
        .filter(pl.col("precedence") >= covered_by)
        .sort("precedence", "classification_hash", "frame_from")
        .with_columns(data_hash=pl.lit(None, pl.String))  # the group is a file already
    )
    which, places = frames_in_ranges(frames.join(files, on=_FILE, maintain_order="left"), placed)
    return (
        placed.select("feature", "feature_hash", owner_hash="classification_hash")[which]
        .with_columns(frames.select(*_FILE, "frame")[places], place=pl.Series(places), which=which)
        .sort("place", "feature", "which")
        .filter(_differs("place", "feature", neighbour=-1))
    )


def _related(annotations: pl.DataFrame, relations: pl.DataFrame) -> pl.DataFrame:
    """Targets of annotations in the order in which they are written; `place`: of the annotation."""
    owner = ("label_hash", "object_hash")
    related = relations.rename({"from_object_hash": "object_hash"})
    owners = related.select(owner).unique(maintain_order=True).with_row_index("group")
    tracks = annotations.with_row_index("place").join(owners, on=owner, maintain_order="left")
    which, places = frames_in_ranges(tracks, related.join(owners, on=owner, maintain_order="left"))
    return (
        related.select("attribute_name", "relation_index", "to_hash", "frame_from")[which]
        .with_columns(tracks["place"].gather(places))
        .sort("place", "attribute_name", "relation_index", "frame_from", "to_hash")
        .unique(("place", "attribute_name", "to_hash"), keep="first", maintain_order=True)
    )


def _differs(*columns: str, neighbour: int) -> pl.Expr:
    """Whether a row differs in these columns from the one before it (1) or after it (-1)."""
    return pl.any_horizontal(
        pl.col(column).ne_missing(pl.col(column).shift(neighbour)) for column in columns
    )


def _json_text(column: str) -> pl.Expr:
    text = pl.struct(pl.col(column).alias("")).struct.json_encode()
    return text.str.strip_prefix('{"":').str.strip_suffix("}")
