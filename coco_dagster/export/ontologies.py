"""The ontology of an export: read from a file, or derived from the labels."""

from collections.abc import Iterable

import msgspec

from coco_dagster.encord.label_row import RowText
from coco_dagster.encord.ontology import Ontology, parse_ontology
from coco_dagster.encord.ontology_deriver import OntologyDeriver
from coco_dagster.encord.sources import read_text


def read_ontology(ontology: str | None, rows: Iterable[Iterable[RowText]]) -> Ontology:
    """The ontology of a file, or of the labels where there is none.

    Args:
        ontology: path or fsspec URL; None derives the ontology from the labels.
        rows: label rows, chunk by chunk; consumed only where there is no file.

    Raises:
        OntologyError: the file is not an ontology.
        SourceError: the file cannot be read.
    """
    if ontology is not None:
        given = parse_ontology(read_text(ontology), ontology)
        return msgspec.structs.replace(given, notes=given.notes + given.missing_templates)
    deriver = OntologyDeriver()
    for chunk in rows:
        deriver.add(chunk)
    return deriver.ontology()
