"""What the validator says."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from coco_dagster.coco.validation.rules import RULES
from coco_dagster.coco.validation.rules.rule import Severity


class Affected(Struct, frozen=True):
    """One of the things that a finding is about.

    Attributes:
        kind: what it is: `annotation`, `image` or `category`.
        id: its id as it stands in the file, None where it has none or it is not known any more.
        index: its position in its section, from 0.
        unit: the COCO object that it belongs to, where a file holds several: the name of the file
            in an archive, its position in a list, or both.
    """

    kind: str
    id: int | float | str | None
    index: int
    unit: str | None = None

    def __str__(self) -> str:
        """For people: `annotation 7`."""
        name = f"{self.kind} {self.id}" if self.id is not None else f"{self.kind}[{self.index}]"
        return name if self.unit is None else f"{name} of {self.unit}"


class Finding(Struct, frozen=True):
    """A rule that a file breaks.

    Attributes:
        code: the rule.
        severity: the worst one of those below.
        message: what is wrong, what the consumers do about it, and what to do.
        count: how many entries break it.
        affected: the first of them, in the order of the file; none for a file as a whole.
        consumers: severity for each consumer that minds.
    """

    code: str
    severity: Severity
    message: str
    count: int
    affected: tuple[Affected, ...]
    consumers: Mapping[str, Severity]


class FileReport(Struct, frozen=True):
    """What is wrong with one file.

    Attributes:
        path: the file, as it was given, without secrets.
        coco_objects: COCO objects that it holds.
        images: entries of `images`, in all of them.
        annotations: entries of `annotations`, in all of them.
        categories: entries of `categories`, in all of them.
        findings: errors first, then in the order of the rules.
    """

    path: str
    coco_objects: int
    images: int
    annotations: int
    categories: int
    findings: tuple[Finding, ...]


class ValidationReport(Struct, frozen=True):
    """What is wrong with some files, for some consumers.

    Attributes:
        consumers: the consumers that were asked for.
        files: the files, in the order in which they were given.
    """

    consumers: tuple[str, ...]
    files: tuple[FileReport, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of all files."""
        return tuple(finding for file in self.files for finding in file.findings)

    @property
    def errors(self) -> int:
        """Number of findings that are errors for one of the consumers."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def warnings(self) -> int:
        """Number of findings that are warnings at most."""
        return len(self.findings) - self.errors

    @property
    def passed(self) -> bool:
        """Whether no finding is an error."""
        return not self.errors

    def as_json(self) -> dict[str, Any]:
        """The report as plain values, with the totals in front."""
        totals: dict[str, Any] = {
            "passed": self.passed,
            "errors": self.errors,
            "warnings": self.warnings,
        }
        return {**totals, **msgspec.to_builtins(self)}


def finding_of(
    code: str, count: int, affected: Iterable[Affected], consumers: Sequence[str]
) -> Finding | None:
    """A finding, or None where none of the consumers minds."""
    rule = RULES[code]
    severities = rule.severities(consumers)
    if not severities:
        return None
    severity: Severity = "error" if "error" in severities.values() else "warning"
    return Finding(code, severity, rule.message(consumers), count, tuple(affected), severities)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings, errors first, then in the order of the rules."""
    places = {code: place for place, code in enumerate(RULES)}
    return tuple(sorted(findings, key=lambda found: (found.severity, places[found.code])))
