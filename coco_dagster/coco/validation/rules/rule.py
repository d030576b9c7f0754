"""What a rule is: a defect of COCO files, and what each consumer makes of it."""

from collections.abc import Collection, Mapping
from typing import Literal

from msgspec import Struct

Severity = Literal["error", "warning"]
Subject = Literal["file", "entry", "image", "category", "annotation"]


class Effect(Struct, frozen=True):
    """What some consumers do about a defect.

    Attributes:
        severity: `error` where, in one of its ordinary uses, the consumer fails, or loses or
            misreads labels; `warning` where it copes, at a price.
        does: what it does, as a predicate.
        consumers: their names.
    """

    severity: Severity
    does: str
    consumers: tuple[str, ...]


class Rule(Struct, frozen=True):
    """A defect.

    Attributes:
        code: its name, which never changes.
        subject: what is counted.
        problem: what is wrong, as a clause.
        remedy: what to do, as an imperative.
        effects: what happens; a consumer that is named by none of them does not mind.
    """

    code: str
    subject: Subject
    problem: str
    remedy: str
    effects: tuple[Effect, ...]

    def severities(self, consumers: Collection[str]) -> Mapping[str, Severity]:
        """Severity for each of the given consumers that minds, in their order."""
        known = {name: effect.severity for effect in self.effects for name in effect.consumers}
        return {name: known[name] for name in consumers if name in known}

    def message(self, consumers: Collection[str]) -> str:
        """What is wrong, what the given consumers do about it, and what to do, in one sentence."""
        told = []
        for effect in self.effects:
            names = [name for name in consumers if name in effect.consumers]
            if names:
                told.append(f"{', '.join(names)}: {effect.does}")
        return f"{self.problem} ({'; '.join(told)}); {self.remedy}"


def error(does: str, *consumers: str) -> Effect:
    """What consumers do that makes a defect an error for them."""
    return Effect("error", does, consumers)


def warning(does: str, *consumers: str) -> Effect:
    """What consumers do that is worth a warning."""
    return Effect("warning", does, consumers)


def rule(subject: Subject, code: str, problem: str, remedy: str, *effects: Effect) -> Rule:
    """A rule, with the parts that are read first in front."""
    return Rule(code, subject, problem, remedy, effects)
