"""Answers in force: which attribute of which object or classification has which value, and when.

Label rows hold answers flat, in the order of clicks: nested ones beside their parents, dynamic
ones as actions over ranges that may overlap, options by hash with names that may be stale. Here
they become rows of the `answers` and `relations` tables that need no further judgement.
"""

from collections.abc import Sequence, Set
from typing import Final

import msgspec
import pyarrow as pa
from msgspec import Struct

from coco_dagster.encord.label_row import AnswerOption, AttributeAnswer
from coco_dagster.encord.media import MAX_FRAME
from coco_dagster.encord.ontology_nodes import RELATION_PREFIX
from coco_dagster.tables.answer_table import AnswerTable, Statement
from coco_dagster.tables.findings import FindingRows, Place
from coco_dagster.tables.intervals import paint, union
from coco_dagster.tables.ontology_index import (
    ANSWER_TYPES,
    AttributeFacts,
    OntologyIndex,
    OptionFacts,
)
from coco_dagster.tables.schemas import RELATIONS
from coco_dagster.tables.table_rows import table_of_rows

_ALWAYS: Final = (0, MAX_FRAME)
_JSON: Final = msgspec.json.Encoder()


class Owner(Struct, frozen=True):
    """Whose answers are read.

    Attributes:
        kind: `object` or `frame`.
        owner_hash: object hash or classification hash.
        feature_hash: its ontology node.
        label_hash: its label row.
        path: JSON path of its answers within the row.
    """

    kind: str
    owner_hash: str
    feature_hash: str
    label_hash: str
    path: str


class _Value(Struct, frozen=True):
    """The value of a radio, text or numeric attribute."""

    option_hash: str | None = None
    text: str | None = None
    number: float | None = None
    value_json: str | None = None


Frames = tuple[int, int]


class AnswerRows:
    """Rows of the `answers` and `relations` tables in the making."""

    def __init__(self, index: OntologyIndex, findings: FindingRows) -> None:
        self._index = index
        self._findings = findings
        self._answers = AnswerTable()
        self._relations: list[tuple[object, ...]] = []
        self._targets: dict[tuple[str, str, str], int] = {}

    def add_statements(
        self, label_hash: str, object_hash: str, statements: Sequence[Statement]
    ) -> None:
        """Add answers of an object that need no judgement."""
        self._answers.add(label_hash, "object", object_hash, statements)

    def add_static(
        self,
        owner: Owner,
        answers: list[AttributeAnswer],
        known_hashes: Set[str],
        dynamic_elsewhere: frozenset[str] = frozenset(),
    ) -> None:
        """Add answers that hold on all frames.

        Args:
            owner: whose answers they are.
            answers: answers as listed; the later of two to one attribute holds.
            known_hashes: object hashes of the label row, for relations.
            dynamic_elsewhere: attributes that have actions, which win over a static mirror.
        """
        by_attribute: dict[str, tuple[AttributeFacts, list[AttributeAnswer]]] = {}
        for answer in answers:
            facts = self._facts(owner, answer, known_hashes, None, None)
            if facts is None or answer.feature_hash in dynamic_elsewhere:
                continue
            by_attribute.setdefault(answer.feature_hash, (facts, []))[1].append(answer)
        if any(facts.parent_option_hash is not None for facts, _ in by_attribute.values()):
            by_attribute = self._effective(owner, by_attribute)
        for facts, given in by_attribute.values():
            frames = _ALWAYS if facts.dynamic else None
            if facts.type == "checklist":
                chosen = {
                    option.option_hash: option
                    for answer in given
                    for option in self._checked(owner, facts, answer)
                }
                for option in chosen.values():
                    self._add_option(owner, facts, option, None, frames)
                if not chosen and facts.only_where_answered:
                    self._add_value(owner, facts, _Value(), None, frames)
                continue
            value = self._value(owner, facts, given[-1])
            if value is not None:
                self._add_value(owner, facts, value, None, frames)

    def add_dynamic(
        self,
        owner: Owner,
        actions: list[AttributeAnswer],
        known_hashes: Set[str],
        data_hash_of_space: dict[str, str],
    ) -> None:
        """Add answers that hold on ranges of frames; where ranges overlap, the later action wins.

        Args:
            owner: whose answers they are.
            actions: actions as listed, each with its ranges (inclusive).
            known_hashes: object hashes of the label row, for relations.
            data_hash_of_space: data hash of each space of a data group.
        """
        painted: dict[tuple[str, str | None], list[tuple[int, int, _Value | None]]] = {}
        checked: dict[tuple[str, str | None, str], tuple[OptionFacts, list[Frames]]] = {}
        for number, action in enumerate(actions):
            data_hash = data_hash_of_space.get(action.space_id or "")
            if action.space_id and data_hash_of_space and data_hash is None:
                message = f"Action {number} for `{action.name}` is left out: its space is unknown."
                self._note(owner, "unknown_space", message)
                continue
            ranges = self._ranges(owner, action, number)
            facts = self._facts(owner, action, known_hashes, ranges, data_hash)
            if facts is None:
                continue
            if facts.type == "checklist":
                for option in self._checked(owner, facts, action):
                    key = (facts.attribute_hash, data_hash, option.option_hash)
                    checked.setdefault(key, (option, []))[1].extend(ranges)
                continue
            value = self._value(owner, facts, action)
            painted.setdefault((facts.attribute_hash, data_hash), []).extend(
                (first, last, value) for first, last in ranges
            )
        for (attribute_hash, data_hash), strokes in painted.items():
            facts = self._index.attributes[attribute_hash]
            for first, last, value in paint(strokes):
                if value is not None:
                    self._add_value(owner, facts, value, data_hash, (first, last))
        for (attribute_hash, data_hash, _), (option, option_ranges) in checked.items():
            facts = self._index.attributes[attribute_hash]
            for frames in union(option_ranges):
                self._add_option(owner, facts, option, data_hash, frames)

    def tables(self) -> dict[str, pa.Table]:
        """The `answers` and `relations` tables, in the order of adding."""
        return {
            "answers": self._answers.table(),
            "relations": table_of_rows(RELATIONS, self._relations),
        }

    def _note(self, owner: Owner, code: str, message: str) -> None:
        object_hash = owner.owner_hash if owner.kind == "object" else None
        place = Place(owner.label_hash, object_hash=object_hash, path=owner.path)
        self._findings.add(code, "note", place, message)

    def _facts(
        self,
        owner: Owner,
        answer: AttributeAnswer,
        known_hashes: Set[str],
        ranges: list[Frames] | None,
        data_hash: str | None,
    ) -> AttributeFacts | None:
        """The ontology's attribute, if this is an answer to one; relations are taken here."""
        facts = self._index.attributes.get(answer.feature_hash)
        name = facts.name if facts is not None else answer.name or ""
        if owner.kind == "object" and name.startswith(RELATION_PREFIX):
            self._add_relation(owner, name, answer, known_hashes, ranges, data_hash)
            return None
        if facts is not None and facts.feature_hash == owner.feature_hash:
            return facts
        self._note(
            owner,
            "unknown_attribute",
            f"The answer to `{name}` is left out: the ontology has no such attribute here.",
        )
        return None

    def _effective(
        self, owner: Owner, answers: dict[str, tuple[AttributeFacts, list[AttributeAnswer]]]
    ) -> dict[str, tuple[AttributeFacts, list[AttributeAnswer]]]:
        """Answers without nested ones whose parent option is not chosen."""
        chosen = {
            option.feature_hash
            for facts, given in answers.values()
            if facts.type == "radio" and isinstance(given[-1].answers, list)
            for option in given[-1].answers[:1]
            if isinstance(option, AnswerOption)
        }
        holds: dict[str, tuple[AttributeFacts, list[AttributeAnswer]]] = {}
        for attribute_hash, (facts, given) in answers.items():
            if self._is_reachable(facts, chosen):
                holds[attribute_hash] = (facts, given)
                continue
            self._note(
                owner,
                "parent_not_chosen",
                f"The answer to `{facts.name}` is left out: the option above it is not chosen.",
            )
        return holds

    def _is_reachable(self, facts: AttributeFacts, chosen: Set[str | None]) -> bool:
        """Whether all options above an attribute are chosen, as far as that never changes."""
        option = facts.parent_option_hash
        while option is not None:
            parent = self._index.attributes.get(self._index.option_owners.get(option, ""))
            if parent is None:
                return False
            if parent.dynamic:
                return True
            if option not in chosen:
                return False
            option = parent.parent_option_hash
        return True

    def _ranges(self, owner: Owner, action: AttributeAnswer, number: int) -> list[Frames]:
        usable = [
            (max(first, 0), min(last, MAX_FRAME))
            for first, last in action.range or []
            if first <= last and last >= 0 and first <= MAX_FRAME
        ]
        if len(usable) < len(action.range or []) or not usable:
            self._note(
                owner,
                "malformed_range",
                f"Action {number} for `{action.name}` has no range, or one that ends before it "
                "starts; that range is left out.",
            )
        return usable

    def _value(self, owner: Owner, facts: AttributeFacts, answer: AttributeAnswer) -> _Value | None:
        given = answer.answers
        if given is None:
            return None
        if facts.type == "radio":
            return self._radio(owner, facts, given)
        if isinstance(given, str) and facts.type != "numeric":
            return _Value(text=given, value_json=_JSON.encode(given).decode())
        if isinstance(given, (int, float)) and facts.type != "text":
            return self._number(owner, facts, given)
        if given != []:
            self._malformed(owner, facts)
        return None

    def _number(self, owner: Owner, facts: AttributeFacts, value: int | float) -> _Value | None:
        try:
            return _Value(number=float(value), value_json=_JSON.encode(value).decode())
        except OverflowError:
            self._malformed(owner, facts)
            return None

    def _radio(self, owner: Owner, facts: AttributeFacts, given: object) -> _Value | None:
        if not isinstance(given, list):
            self._malformed(owner, facts)
            return None
        options = [option for option in given if isinstance(option, AnswerOption)]
        if not options:
            return None
        if len(given) > 1:
            message = f"`{facts.name}` has {len(given)} answers; the first one holds."
            self._note(owner, "several_answers", message)
        option = facts.options.get(options[0].feature_hash or "")
        if option is not None:
            return _Value(option.option_hash, option.label, None, option.label_json)
        self._unknown_option(owner, facts, options[0].name)
        label = options[0].name
        if label is None or label == facts.name:
            return None
        return _Value(None, label, None, _JSON.encode(label).decode())

    def _checked(
        self, owner: Owner, facts: AttributeFacts, answer: AttributeAnswer
    ) -> list[OptionFacts]:
        if not isinstance(answer.answers, list):
            if answer.answers is not None:
                self._malformed(owner, facts)
            return []
        chosen: list[OptionFacts] = []
        for given in answer.answers:
            name = given.name if isinstance(given, AnswerOption) else given
            option_hash = given.feature_hash if isinstance(given, AnswerOption) else None
            option = facts.options.get(option_hash or "")
            if option is None:
                self._unknown_option(owner, facts, name)
            else:
                chosen.append(option)
        return chosen

    def _unknown_option(self, owner: Owner, facts: AttributeFacts, name: str | None) -> None:
        self._note(
            owner,
            "unknown_option",
            f"The ontology has no option with the hash that answers `{facts.name}` "
            f"(named `{name}` in the label).",
        )

    def _malformed(self, owner: Owner, facts: AttributeFacts) -> None:
        kind = facts.type if facts.type in ANSWER_TYPES else "unknown"
        self._note(
            owner,
            "malformed_answer",
            f"The answer to `{facts.name}` is left out: it is not one of type {kind}.",
        )

    def _add_value(
        self,
        owner: Owner,
        facts: AttributeFacts,
        value: _Value,
        data_hash: str | None,
        frames: Frames | None,
    ) -> None:
        statement = (
            facts.attribute_hash,
            value.option_hash,
            facts.parent_option_hash,
            value.text,
            value.number,
            value.value_json,
            data_hash,
            frames and frames[0],
            frames and frames[1],
        )
        self._answers.add(owner.label_hash, owner.kind, owner.owner_hash, [statement])

    def _add_option(
        self,
        owner: Owner,
        facts: AttributeFacts,
        option: OptionFacts,
        data_hash: str | None,
        frames: Frames | None,
    ) -> None:
        value = _Value(option.option_hash, option.label)
        self._add_value(owner, facts, value, data_hash, frames)

    def _add_relation(
        self,
        owner: Owner,
        name: str,
        answer: AttributeAnswer,
        known_hashes: Set[str],
        ranges: list[Frames] | None,
        data_hash: str | None,
    ) -> None:
        targets = [target for target in _targets(answer) if target]
        source = (owner.label_hash, owner.owner_hash, name)
        for first, last in ranges if ranges is not None else [(None, None)]:
            for target in targets:
                number = self._targets[source] = self._targets.get(source, -1) + 1
                resolved = self._resolve(target, known_hashes)
                self._relations.append((*source, number, target, resolved, data_hash, first, last))
        for target in targets:
            if self._resolve(target, known_hashes) is None:
                message = f"`{name}` points to `{target}`, which is no object of this label row."
                self._note(owner, "unresolved_relation", message)

    def _resolve(self, target: str, known_hashes: Set[str]) -> str | None:
        if target in known_hashes:
            return "object"
        index = self._index
        if target in index.shapes or target in index.levels or target in index.attributes:
            return "feature"
        return None


def _targets(answer: AttributeAnswer) -> list[str | None]:
    given = answer.answers
    if isinstance(given, str):
        return [given]
    if not isinstance(given, list):
        return []
    return [
        entry if isinstance(entry, str) else entry.object_hash or entry.feature_hash or entry.value
        for entry in given
    ]
