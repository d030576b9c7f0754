"""Checks that take long and read files alone, as messages that a worker process can carry out."""

from msgspec import Struct

from coco_dagster.coco.validation import ValidationReport, validate_coco
from coco_dagster.export.ontology_drift import Drift, ontology_drift
from coco_dagster.tables.store import TableSet


class ValidatedFiles(Struct, frozen=True, tag=True):
    """Report on COCO files; its findings name no entries."""

    report: ValidationReport


class ValidateFiles(Struct, frozen=True, tag=True):
    """Look for what breaks the consumers of COCO files.

    Attributes:
        files: paths or URLs.
        consumers: programs that matter.
    """

    files: list[str]
    consumers: list[str]

    def run(self) -> ValidatedFiles:
        """Carry it out."""
        return ValidatedFiles(validate_coco(self.files, self.consumers, max_affected=0))


class FoundDrift(Struct, frozen=True, tag=True):
    """Report on labels and the ontology that they were made with."""

    drifts: list[Drift]


class FindDrift(Struct, frozen=True, tag=True):
    """Look for what labels use that the ontology no longer has.

    Attributes:
        raw_labels: the label rows.
        ontology: the ontology as it was given.
    """

    raw_labels: list[TableSet]
    ontology: TableSet

    def run(self) -> FoundDrift:
        """Carry it out."""
        return FoundDrift(ontology_drift(self.raw_labels, self.ontology))
