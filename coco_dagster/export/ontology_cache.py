"""The ontology as tasks need it: the same for all parts, so read once in a process."""

from functools import lru_cache

import pyarrow as pa

from coco_dagster.export.places import TableFolder
from coco_dagster.tables.ontology_index import OntologyIndex
from coco_dagster.tables.parts import read_part
from coco_dagster.tables.plain_answers import PlainAnswers
from coco_dagster.tables.schemas import ONTOLOGY_TABLES


@lru_cache(maxsize=2)
def ontology_tables_of(folder: TableFolder) -> dict[str, pa.Table]:
    """The tables of an ontology, which lies in the folder as part 0."""
    return read_part(folder.path, 0, ONTOLOGY_TABLES, folder.form)


@lru_cache(maxsize=2)
def ontology_of(folder: TableFolder) -> tuple[OntologyIndex, PlainAnswers]:
    """What normalisation asks of an ontology."""
    index = OntologyIndex.from_tables(ontology_tables_of(folder))
    return index, PlainAnswers(index)
