"""COCO's `categories`: the objects of the ontology that can appear in an image."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
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
        id: number of the category.
        name: name of the object in the ontology, told apart from others where that is asked for.
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
    """The categories of a COCO file.

    Attributes:
        entries: the categories by id.
        ids: feature hash → id of the category.
        point_names: feature hash of a skeleton → names of its points in template order.
        shapes: feature hash → shape of the category.
    """

    entries: tuple[Category, ...]
    ids: dict[str, int]
    point_names: dict[str, tuple[str, ...]]
    shapes: dict[str, str]

    @property
    def json(self) -> bytes:
        """JSON array of the categories, one on each line."""
        lines = b",\n".join(map(msgspec.json.encode, self.entries))
        return b"[\n%b\n]" % lines if lines else b"[]"


def coco_categories(
    ontology: Mapping[str, pa.Table],
    shapes: Collection[str] = SHAPES.keys(),
    first_id: int = 1,
    *,
    unique_names: bool = False,
) -> Categories:
    """Categories of an ontology, numbered in its order, archived ones included.

    Args:
        ontology: the tables of the ontology by name (see `schemas.ONTOLOGY_TABLES`).
        shapes: shapes that are listed; by default all that can appear in an image.
        first_id: id of the first category.
        unique_names: whether categories of one name get others (see `_told_apart`).
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
    skeletons = {
        row["feature_hash"]: tuple(point["name"] for point in points.get(row["feature_hash"], ()))
        for row in listed
        if row["shape"] == SKELETON
    }
    given = [row["name"] for row in listed]
    names = _told_apart(given, [row["shape"] for row in listed]) if unique_names else given
    entries = tuple(
        _category(number, name, row, skeletons, edges.get(row["feature_hash"], []))
        for number, (name, row) in enumerate(zip(names, listed, strict=True), first_id)
    )
    return Categories(
        entries,
        ids={row["feature_hash"]: number for number, row in enumerate(listed, first_id)},
        point_names=skeletons,
        shapes={row["feature_hash"]: row["shape"] for row in listed},
    )


def _told_apart(names: Sequence[str], shapes: Sequence[str]) -> list[str]:
    """Names of which no two are equal.

    Names that are equal get their shape, as in `Car (polygon)`, and if that is taken a number, as
    in `Car (polygon) (2)`; all others stay as they are.
    """
    counts = Counter(names)
    taken = {name for name, count in counts.items() if count == 1}
    told_apart = []
    for name, shape in zip(names, shapes, strict=True):
        unique = with_shape = name if counts[name] == 1 else f"{name} ({shape})"
        number = 1
        while counts[name] > 1 and unique in taken:
            number += 1
            unique = f"{with_shape} ({number})"
        taken.add(unique)
        told_apart.append(unique)
    return told_apart


def _by_feature(table: pa.Table, *order: str) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in table.sort_by([(column, "ascending") for column in order]).to_pylist():
        groups.setdefault(row["feature_hash"], []).append(row)
    return groups


def _category(
    number: int,
    name: str,
    row: dict[str, Any],
    skeletons: Mapping[str, tuple[str, ...]],
    edges: list[dict[str, Any]],
) -> Category:
    shape = row["shape"]
    if shape == _POINT:
        return Category(number, name, shape, (_POINT_NAME,), ())
    if shape == SKELETON:
        pairs = tuple((edge["from_index"] + 1, edge["to_index"] + 1) for edge in edges)
        return Category(number, name, shape, skeletons[row["feature_hash"]], pairs)
    return Category(number, name, shape)
