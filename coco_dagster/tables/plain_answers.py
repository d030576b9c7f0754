"""Answers that need no judgement, which most owners have: read once, looked up afterwards.

They are one answer each to attributes that are static, stand at the top and are known with their
options.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from coco_dagster.encord.label_row import AttributeAnswer
from coco_dagster.tables.answer_table import Statement
from coco_dagster.tables.ontology_index import AttributeFacts, OntologyIndex

_MET_LIMIT: Final = 1_000
_MET_BYTES: Final = 4_096
_NONE: Final[Mapping[bytes, list[Statement]]] = {}
_JSON: Final = msgspec.json.Encoder()
_STATIC: Final = (None, None, None)


class _PlainAttribute(Struct, frozen=True):
    """An attribute with the statement that each option makes."""

    takes_one: bool
    takes_text: bool
    statements: dict[str | None, Statement]


class PlainAnswers:
    """What plain answers say, for as many label rows as there are.

    Args:
        index: the ontology.
    """

    def __init__(self, index: OntologyIndex) -> None:
        self._attributes: dict[str, dict[str, _PlainAttribute]] = {}
        self._met: dict[str, dict[bytes, list[Statement]]] = {}
        for name, facts in index.attributes.items():
            if _is_plain(facts):
                of_feature = self._attributes.setdefault(facts.feature_hash, {})
                of_feature[name] = _plain_attribute(facts)

    def met(self, feature_hash: str) -> Mapping[bytes, list[Statement]]:
        """Statements of answers that were read before, by the JSON text of the answers.

        Args:
            feature_hash: ontology node of the owner.
        """
        return self._met.get(feature_hash, _NONE)

    def read(
        self, feature_hash: str, answers: list[AttributeAnswer], text: bytes = b""
    ) -> list[Statement] | None:
        """Statements of answers; None where one of them needs judgement.

        Args:
            feature_hash: ontology node of the owner.
            answers: its answers.
            text: their JSON text, to be found by `met`.
        """
        statements = self._stated(feature_hash, answers)
        if statements is not None and 0 < len(text) <= _MET_BYTES:
            met = self._met.setdefault(feature_hash, {})
            if len(met) >= _MET_LIMIT:
                met.clear()
            met[text] = statements
        return statements

    def _stated(self, feature_hash: str, answers: list[AttributeAnswer]) -> list[Statement] | None:
        plain = self._attributes.get(feature_hash)
        if plain is None or len({answer.feature_hash for answer in answers}) < len(answers):
            return None
        stated: list[Statement] = []
        for answer in answers:
            attribute, given = plain.get(answer.feature_hash), answer.answers
            if attribute is None:
                return None
            if isinstance(given, list):
                chosen = dict.fromkeys(getattr(option, "feature_hash", None) for option in given)
                if len(chosen) < len(given) or (attribute.takes_one and len(given) > 1):
                    return None
                for option_hash in chosen:
                    statement = attribute.statements.get(option_hash)
                    if statement is None:
                        return None
                    stated.append(statement)
            elif attribute.takes_text and isinstance(given, str):
                value_json = _JSON.encode(given).decode()
                text = (answer.feature_hash, None, None, given, None, value_json, *_STATIC)
                stated.append(text)
            else:
                return None
        return stated


def _plain_attribute(facts: AttributeFacts) -> _PlainAttribute:
    is_radio = facts.type == "radio"
    statements: dict[str | None, Statement] = {}
    for option in facts.options.values() if facts.type != "text" else ():
        statements[option.option_hash] = (
            facts.attribute_hash,
            option.option_hash,
            None,
            option.label,
            None,
            option.label_json if is_radio else None,
            *_STATIC,
        )
    return _PlainAttribute(is_radio, facts.type == "text", statements)


def _is_plain(facts: AttributeFacts) -> bool:
    if facts.dynamic or facts.only_where_answered or facts.is_relation:
        return False
    return facts.type in ("radio", "checklist", "text")
