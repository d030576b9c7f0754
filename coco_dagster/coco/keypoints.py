"""Keypoints: points in an order that their category fixes, each with its visibility."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from coco_dagster.coco.number_text import json_texts, lists, rounded
from coco_dagster.coco.rings import Floats, offsets_of, reduce_spans
from coco_dagster.encord.run_lengths import Ints, ragged_arange

Visibility: TypeAlias = NDArray[np.int8]

SkeletonNames: TypeAlias = Mapping[str, Sequence[str]]
"""Point names of each skeleton in template order, by the feature hash of its category."""


@dataclass(frozen=True, slots=True)
class Keypoints:
    """Keypoints of many annotations.

    Attributes:
        points: x and y in pixels, shape (points, 2); 0, 0 where not visible.
        visibility: COCO's v of each point: 0 not labelled, 1 occluded, 2 visible.
        offsets: annotation i has the points `offsets[i]` up to, not including, the next.
    """

    points: Floats
    visibility: Visibility
    offsets: Ints

    @property
    def visible(self) -> Ints:
        """Number of each annotation's points with v > 0."""
        return reduce_spans(np.add, (self.visibility > 0).astype(np.int64), self.offsets)

    def bounding_boxes(self) -> Floats:
        """x, y, w, h around each annotation's points with v > 0; zeros where it has none."""
        seen = self.visibility > 0
        points, offsets = self.points[seen], offsets_of(self.visible)
        low = [reduce_spans(np.minimum, points[:, axis], offsets) for axis in (0, 1)]
        high = [reduce_spans(np.maximum, points[:, axis], offsets) for axis in (0, 1)]
        return np.column_stack((*low, high[0] - low[0], high[1] - low[1]))

    def texts(self, precision: int | None) -> pl.Series:
        """JSON text of each annotation's keypoints: `[x1,y1,v1,x2,y2,v2,…]`."""
        points = rounded(self.points, precision)
        columns = {
            "x": json_texts(pa.array(points[:, 0])),
            "y": json_texts(pa.array(points[:, 1])),
            "v": self.visibility,
        }
        drawn = pl.concat_str("x", "y", "v", separator=",")
        each = pl.when(pl.col("v") > 0).then(drawn).otherwise(pl.lit("0,0,0"))
        points_text = pl.DataFrame(columns).select(each.alias("text"))["text"]
        joined = pl.Series("keypoints", lists(points_text.to_arrow(), self.offsets)).list.join(",")
        return "[" + joined + "]"


def in_template_order(
    points: Floats,
    visibility: Visibility,
    names: pl.Series,
    feature_hashes: pl.Series,
    skeletons: SkeletonNames,
) -> Keypoints:
    """Labelled points of skeletons in the order of their templates.

    A point of the template that is not labelled becomes 0, 0, 0, and so does an invisible one. A
    labelled point that the template lacks is dropped. Where a template has a name several times,
    the points of that name keep their order. An annotation whose feature hash has no template
    keeps its points as they are labelled.

    Args:
        points: x and y of all labelled points in pixels, shape (points, 2).
        visibility: COCO's v of each labelled point.
        names: list of the names of each annotation's points.
        feature_hashes: feature hash of each annotation.
        skeletons: point names in template order, by feature hash.
    """
    template_sizes = pl.Series([len(names) for names in skeletons.values()], dtype=pl.Int64)
    features = pl.Series(list(skeletons), dtype=pl.String)
    template = _numbered(
        pl.DataFrame({"owner": np.arange(features.len()), "feature": features}),
        template_sizes.to_numpy(),
        pl.Series([name for names in skeletons.values() for name in names], dtype=pl.String),
    )
    labelled = names.list.len().cast(pl.Int64).to_numpy()
    drawn = _numbered(
        pl.DataFrame({"owner": np.arange(labelled.size), "feature": feature_hashes}),
        labelled,
        names.explode(empty_as_null=False),
    )
    found = drawn.join(
        template, on=["feature", "name", "repetition"], how="left", maintain_order="left"
    )["place_right"]
    known = feature_hashes.is_in(features.implode())
    sizes = feature_hashes.replace_strict(features, template_sizes, default=None)
    offsets = offsets_of(np.where(known, sizes.fill_null(0), labelled))
    place = np.where(known.gather(drawn["owner"]), found.fill_null(-1), drawn["place"])

    kept = (place >= 0) & (visibility > 0)
    target = offsets[drawn["owner"].to_numpy()[kept]] + place[kept]
    ordered = np.zeros((int(offsets[-1]), 2))
    ordered[target] = points[kept]
    ordered_visibility = np.zeros(int(offsets[-1]), np.int8)
    ordered_visibility[target] = visibility[kept]
    return Keypoints(ordered, ordered_visibility, offsets)


def _numbered(owners: pl.DataFrame, sizes: Ints, names: pl.Series) -> pl.DataFrame:
    """Points of owners, with their place and with how often their name stood there before.

    Args:
        owners: columns `owner` (counting from 0) and `feature`.
        sizes: points of each owner.
        names: names of all points in a row.
    """
    points = owners[np.repeat(np.arange(sizes.size), sizes)]
    encoded = names.fill_null("").rechunk().to_arrow().dictionary_encode()
    key = points["owner"].to_numpy() * len(encoded.dictionary) + encoded.indices.to_numpy()
    order = np.argsort(key, kind="stable")
    repetition = np.empty_like(key)
    repetition[order] = ragged_arange(np.unique(key, return_counts=True)[1])
    return points.with_columns(
        name=names, place=pl.Series(ragged_arange(sizes)), repetition=pl.Series(repetition)
    )
