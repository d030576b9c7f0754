"""Skeletons whose ontology has no template: their points come from the labels."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from coco_dagster.tables.schemas import SKELETON_POINTS, table_key


def with_points_of_labels(
    ontology: Mapping[str, pa.Table], points: Mapping[str, Sequence[str]]
) -> dict[str, pa.Table]:
    """The ontology tables with points for skeletons that have none.

    Args:
        ontology: the tables of `schemas.ONTOLOGY_TABLES`.
        points: feature hash → names of points by first sight over all labels.
    """
    given = ontology["skeleton_points"]
    known = set(given["feature_hash"].to_pylist())
    rows = [
        {"feature_hash": feature, "point_index": position, "name": name}
        for feature, names in points.items()
        if feature not in known
        for position, name in enumerate(names)
    ]
    added = pa.Table.from_pylist(rows, schema=SKELETON_POINTS)
    order = [(column, "ascending") for column in table_key(SKELETON_POINTS)]
    return {**ontology, "skeleton_points": pa.concat_tables([given, added]).sort_by(order)}
