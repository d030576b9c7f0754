"""Where labels and ontology have grown apart: what labels use that the ontology no longer has."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from coco_dagster.collector import collector_paused
from coco_dagster.encord.ontology_deriver import OntologyDeriver
from coco_dagster.tables.ontology_tables import ontology_tables

if TYPE_CHECKING:
    import pyarrow as pa

    from coco_dagster.tables.store import TableSet

_NODES: Final = {
    "categories": ("feature_hash", "name"),
    "attributes": ("attribute_hash", "name"),
    "options": ("option_hash", "label"),
}
"""Tables of the ontology with the columns that hold hash and name of a node."""


class Drift(NamedTuple):
    """A node of the ontology that labels use and that is not what they take it for.

    Attributes:
        node: `categories`, `attributes` or `options`.
        hash: its hash.
        name: its name in the labels.
        problem: `removed`, `archived` or `renamed`.
        now: its name in the ontology; None where it was removed.
    """

    node: str
    hash: str
    name: str
    problem: str
    now: str | None


def ontology_drift(raw_labels: "Sequence[TableSet]", ontology: "TableSet") -> list[Drift]:
    """Nodes that labels use and that were removed, archived or renamed in the ontology.

    The names that labels know are gathered from the label rows, one part at a time.

    Args:
        raw_labels: the label rows.
        ontology: the ontology as it was given.
    """
    deriver = OntologyDeriver()
    with collector_paused():
        for tables in raw_labels:
            for part in tables.batches("raw_labels", ["json"]):
                deriver.add(part["json"].to_pylist())
    used = ontology_tables(deriver.ontology())
    found = [drift for table in _NODES for drift in _drift(table, used[table], ontology)]
    # Labels know no name of a classification, only those of its attributes.
    unnamed = set(_classifications(used["categories"]))
    return [drift for drift in found if drift.problem != "renamed" or drift.hash not in unnamed]


def _classifications(categories: "pa.Table") -> list[str]:
    rows = pl.DataFrame(pl.from_arrow(categories)).filter(kind="classification")
    return rows["feature_hash"].to_list()


def _drift(table: str, used: "pa.Table", ontology: "TableSet") -> Iterator[Drift]:
    node, name = _NODES[table]
    known = pl.DataFrame(pl.from_arrow(ontology.read(table))).select(
        node, pl.col(name).alias("now"), "archived", pl.lit(True).alias("is_there")
    )
    names = pl.DataFrame(pl.from_arrow(used)).select(node, pl.col(name).alias("name"))
    joined = names.unique(maintain_order=True).join(
        known.unique(node, keep="first"), on=node, how="left", maintain_order="left"
    )
    for hashed, label_name, now, archived, is_there in joined.iter_rows():
        if not is_there:
            yield Drift(table, hashed, label_name, "removed", None)
        elif archived:
            yield Drift(table, hashed, label_name, "archived", now)
        elif label_name != now:
            yield Drift(table, hashed, label_name, "renamed", now)
