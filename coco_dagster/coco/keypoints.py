"""Keypoints: points in an order that their category fixes, each with its visibility."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct
from numpy.typing import NDArray

from coco_dagster.coco.number_text import json_text, lists, rounded
from coco_dagster.coco.rings import Floats, offsets_of, reduce_spans
from coco_dagster.encord.run_lengths import Flags, Ints, ragged_arange

Visibility: TypeAlias = NDArray[np.int8]

_STRING = pa.large_string()

SkeletonNames: TypeAlias = Mapping[str, Sequence[str]]
"""Point names of each skeleton in template order, by the feature hash of its category."""


class Keypoints(Struct, frozen=True):
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

    def where(self, chosen: Flags) -> "Keypoints":
        """Keypoints of the chosen annotations."""
        sizes = np.diff(self.offsets)
        points = np.repeat(chosen, sizes)
        return Keypoints(self.points[points], self.visibility[points], offsets_of(sizes[chosen]))

    def without(self, hidden: Flags) -> "Keypoints":
        """The same keypoints, of which some count as not labelled.

        Args:
            hidden: whether each point becomes 0, 0, 0.
        """
        points = np.where(hidden[:, None], 0.0, self.points)
        visibility = np.where(hidden, np.int8(0), self.visibility)
        return Keypoints(points, visibility, self.offsets)

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
        columns = {"x": points[:, 0], "y": points[:, 1], "v": self.visibility}
        drawn = pl.concat_str(json_text("x"), json_text("y"), "v", separator=",")
        each = pl.when(pl.col("v") > 0).then(drawn).otherwise(pl.lit("0,0,0"))
        points_text = pl.DataFrame(columns).select(each.alias("text"))["text"]
        texts = pl.DataFrame({"points": pl.Series(lists(points_text.to_arrow(), self.offsets))})
        joined = pl.concat_str(pl.lit("["), pl.col("points").list.join(","), pl.lit("]"))
        return texts.select(joined.alias("keypoints"))["keypoints"]


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
    listed = names.rechunk().to_arrow()
    labelled = np.diff(listed.offsets.to_numpy())
    feature = _places_in(pa.array(list(skeletons), _STRING), feature_hashes.rechunk().to_arrow())
    place = _template_places(listed.flatten(), labelled, feature, skeletons)

    template_sizes = np.array([*(len(template) for template in skeletons.values()), 0])
    offsets = offsets_of(np.where(feature < 0, labelled, template_sizes[feature]))
    kept = (place >= 0) & (visibility > 0)
    owner = np.repeat(np.arange(labelled.size), labelled)
    # Where two points would take one place, the first one is written last.
    target = (offsets[owner] + place)[kept][::-1]
    ordered = np.zeros((int(offsets[-1]), 2))
    ordered[target] = points[kept][::-1]
    ordered_visibility = np.zeros(int(offsets[-1]), np.int8)
    ordered_visibility[target] = visibility[kept][::-1]
    return Keypoints(ordered, ordered_visibility, offsets)


def _template_places(
    names: pa.Array, labelled: Ints, feature: Ints, skeletons: SkeletonNames
) -> Ints:
    """Place of each labelled point in its template; -1 where the template lacks it.

    Args:
        names: names of all labelled points.
        labelled: number of labelled points of each annotation.
        feature: index of each annotation's template; -1 where it has none, and points keep
            their places.
        skeletons: point names in template order, by feature hash.
    """
    template_sizes = np.array([len(template) for template in skeletons.values()], np.int64)
    template_names = pa.array([n for template in skeletons.values() for n in template], _STRING)
    vocabulary = template_names.unique()
    template = np.repeat(np.arange(template_sizes.size), template_sizes)
    template_keys = template * len(vocabulary) + _places_in(vocabulary, template_names)
    order = np.argsort(template_keys, kind="stable")
    template_keys, template_places = template_keys[order], ragged_arange(template_sizes)[order]

    owner = np.repeat(np.arange(labelled.size), labelled)
    name = _places_in(vocabulary, names)
    keys = np.where(name < 0, -1, feature[owner] * len(vocabulary) + name)
    # The n-th point of a name stands for the n-th of that name in the template.
    found = np.searchsorted(template_keys, keys) + _repetitions(owner, name)
    matches = np.append(template_keys, -2)[np.minimum(found, template_keys.size)] == keys
    places = np.append(template_places, -1)[np.where(matches, found, -1)]
    return np.where(feature[owner] < 0, ragged_arange(labelled), places)


def _places_in(values: pa.Array, wanted: pa.Array) -> Ints:
    """Index of each wanted string among the values; -1 where it is none of them."""
    places: Ints = pc.index_in(wanted, values).fill_null(-1).to_numpy().astype(np.int64)
    return places


def _repetitions(owner: Ints, name: Ints) -> Ints:
    """How often each name stood before among those of its owner."""
    order = np.lexsort((name, owner))
    starts = np.flatnonzero(
        (np.diff(owner[order], prepend=-1) != 0) | (np.diff(name[order], prepend=-2) != 0)
    )
    repetitions = np.empty_like(name)
    repetitions[order] = ragged_arange(np.diff(starts, append=name.size))
    return repetitions
