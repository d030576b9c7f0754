"""What must hold of the tables, found part by part."""

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from coco_dagster.tables.schemas import CATEGORIES, FRAMES, LABEL_TABLES, table_key

if TYPE_CHECKING:
    from coco_dagster.tables.store import TableSet

_OBJECT: Final = "object"


class Orphans(NamedTuple):
    """Annotations that lack what they stand on.

    Attributes:
        without_frame: annotations whose frame is not in `frames`.
        without_category: annotations whose feature hash is not that of an object of the ontology.
    """

    without_frame: int
    without_category: int


def repeated_keys(tables: "TableSet", table: str) -> int:
    """Number of rows whose key an earlier row has.

    Every key starts with the label row, and a label row lies in one part only: where one comes
    back in a later part, its rows there count as repeated. So memory grows with the number of
    label rows, not with what they hold.

    Args:
        tables: tables computed from the label rows.
        table: name of a table that has a key.
    """
    key = list(table_key(LABEL_TABLES[table]))
    seen = pl.Series(dtype=pl.String)
    repeated = 0
    for batch in tables.batches(table, key):
        part = _frame(batch)
        fresh = part.filter(~pl.col(key[0]).is_in(seen.implode()))
        repeated += part.height - fresh.n_unique()
        seen = seen.append(fresh[key[0]].unique())
    return repeated


def input_objects(tables: "TableSet") -> int:
    """Objects of all label rows, exported or not.

    `label_rows` counts those of the rows that it lists; a row that a later edit supersedes is in
    no table but `findings`, with an entry for each of its objects.

    Args:
        tables: tables computed from the label rows.
    """
    listed = sum(
        pc.sum(batch["objects"]).as_py() or 0 for batch in tables.batches("label_rows", ["objects"])
    )
    return listed + sum(
        _frame(batch).filter(code="superseded_row", outcome="skipped").height
        for batch in tables.batches("findings", ["code", "outcome"])
    )


def orphaned_annotations(labels: "TableSet", ontology: "TableSet") -> Orphans:
    """Annotations without a frame, and annotations without a category.

    Args:
        labels: tables computed from the label rows.
        ontology: tables of the ontology.
    """
    place = list(table_key(FRAMES))
    node = table_key(CATEGORIES)
    categories = _frame(ontology.read("categories", [*node, "kind"])).filter(kind=_OBJECT)
    without_frame = without_category = 0
    annotation_parts = labels.batches("annotations", [*place, *node])
    for annotations, frames in zip(annotation_parts, labels.batches("frames", place), strict=True):
        part = _frame(annotations)
        without_frame += part.join(_frame(frames), on=place, how="anti").height
        without_category += part.join(categories, on=node, how="anti").height
    return Orphans(without_frame, without_category)


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
