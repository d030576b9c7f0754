"""Skeletons whose ontology has no template: their points come from the labels."""

from collections.abc import Iterable, Mapping
from typing import Final

import pyarrow as pa

from coco_dagster.tables.schemas import SKELETON_POINTS, table_key

MAX_POINTS: Final = 1_000
"""Points of a skeleton without a template: those of its labels, by first sight."""

SkeletonPoints = dict[str, list[tuple[str, str, int]]]
"""By feature hash: names of points by first sight, each with the file and the position in it of the
label row where it was seen."""


def first_sights(points: Iterable[SkeletonPoints]) -> SkeletonPoints:
    """Names of points of several parts, each where it was seen first, at most `MAX_POINTS`."""
    found: dict[str, dict[str, tuple[str, int]]] = {}
    for of_part in points:
        for feature, names in of_part.items():
            known = found.setdefault(feature, {})
            for name, source_file, source_index in names:
                source = (source_file, source_index)
                known[name] = min(known.get(name, source), source)
    return {
        feature: [
            (name, *place)
            for name, place in sorted(names.items(), key=lambda named: named[1])[:MAX_POINTS]
        ]
        for feature, names in found.items()
    }


def with_points_of_labels(
    ontology: Mapping[str, pa.Table], points: SkeletonPoints
) -> dict[str, pa.Table]:
    """The ontology tables with points for skeletons that have none.

    Args:
        ontology: the tables of `schemas.ONTOLOGY_TABLES`.
        points: what the labels name, over all of them.
    """
    given = ontology["skeleton_points"]
    known = set(given["feature_hash"].to_pylist())
    rows = [
        {"feature_hash": feature, "point_index": position, "name": name}
        for feature, names in points.items()
        if feature not in known
        for position, (name, *_) in enumerate(names[:MAX_POINTS])
    ]
    added = pa.Table.from_pylist(rows, schema=SKELETON_POINTS)
    order = [(column, "ascending") for column in table_key(SKELETON_POINTS)]
    return {**ontology, "skeleton_points": pa.concat_tables([given, added]).sort_by(order)}
