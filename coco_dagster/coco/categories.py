"""COCO's `categories`: the objects of the ontology that can appear in an image."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec
import pyarrow as pa
from msgspec import UNSET, Struct, UnsetType

from coco_dagster.encord.ontology_nodes import SKELETON
from coco_dagster.encord.shapes import SHAPES

_POINT: Final = "point"
_POINT_NAME: Final = "keypoint"


class Category(Struct, frozen=True):
    """One category, with the keys of COCO in the order in which they are written.

    Attributes:
        id: number of the category, from 1.
        name: name of the object in the ontology.
        supercategory: shape of the object.
        keypoints: names of the points; only points and skeletons have them.
        skeleton: edges as pairs of positions in `keypoints`, from 1.
    """

    id: int
    name: str
    supercategory: str
    keypoints: tuple[str, ...] | UnsetType = UNSET
    skeleton: tuple[tuple[int, int], ...] | UnsetType = UNSET


class Categories(Struct, frozen=True):
    """The categories of an export.

    Attributes:
        entries: the categories by id.
        ids: feature hash → id of the category.
        point_names: feature hash of a skeleton → names of its points in template order.
    """

    entries: tuple[Category, ...]
    ids: dict[str, int]
    point_names: dict[str, tuple[str, ...]]

    @property
    def json(self) -> bytes:
        """JSON array of the categories, one on each line."""
        lines = b",\n".join(map(msgspec.json.encode, self.entries))
        return b"[\n%b\n]" % lines if lines else b"[]"


def coco_categories(
    ontology: Mapping[str, pa.Table], shapes: Collection[str] = SHAPES.keys()
) -> Categories:
    """Categories of an ontology, numbered from 1 in its order, archived ones included.

    Args:
        ontology: the tables of the ontology by name (see `schemas.ONTOLOGY_TABLES`).
        shapes: shapes that are listed; by default all that can appear in an image.
    """
    listed = sorted(
        (
            row
            for row in ontology["categories"].to_pylist()
            if row["kind"] == "object" and row["shape"] in shapes
        ),
        key=lambda row: int(row["node_index"]),
    )
    points = _by_feature(ontology["skeleton_points"], "point_index")
    edges = _by_feature(ontology["skeleton_edges"], "from_index", "to_index")
    names = {
        row["feature_hash"]: tuple(point["name"] for point in points.get(row["feature_hash"], ()))
        for row in listed
        if row["shape"] == SKELETON
    }
    entries = tuple(
        _category(number, row, names, edges.get(row["feature_hash"], []))
        for number, row in enumerate(listed, 1)
    )
    ids = {row["feature_hash"]: number for number, row in enumerate(listed, 1)}
    return Categories(entries, ids, names)


def _by_feature(table: pa.Table, *order: str) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in table.sort_by([(column, "ascending") for column in order]).to_pylist():
        groups.setdefault(row["feature_hash"], []).append(row)
    return groups


def _category(
    number: int,
    row: dict[str, Any],
    names: Mapping[str, tuple[str, ...]],
    edges: list[dict[str, Any]],
) -> Category:
    shape = row["shape"]
    if shape == _POINT:
        return Category(number, row["name"], shape, (_POINT_NAME,), ())
    if shape == SKELETON:
        pairs = tuple((edge["from_index"] + 1, edge["to_index"] + 1) for edge in edges)
        return Category(number, row["name"], shape, names[row["feature_hash"]], pairs)
    return Category(number, row["name"], shape)
