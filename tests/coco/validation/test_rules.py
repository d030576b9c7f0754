"""The table of rules is sound, and the page that shows it is up to date."""

import re
from pathlib import Path

import pytest

from coco_dagster.coco.validation.consumers import CONSUMERS
from coco_dagster.coco.validation.rules import RULES
from coco_dagster.coco.validation.rules.rule import Rule
from coco_dagster.coco.validation.rules_page import MARK, with_rules

PAGE = Path(__file__).parents[3] / "docs" / "validation.md"
RULE = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


@RULE
def test_a_rule_names_each_consumer_once(rule: Rule) -> None:
    named = [name for effect in rule.effects for name in effect.consumers]
    assert named
    assert len(named) == len(set(named))
    assert set(named) <= set(CONSUMERS)


@RULE
def test_a_rule_is_told_in_one_sentence(rule: Rule) -> None:
    message = rule.message(CONSUMERS)
    assert re.fullmatch(r"[a-z_0-9]+", rule.code)
    assert message.startswith(rule.problem)
    assert message.endswith(rule.remedy)
    assert "\n" not in message
    assert not message.endswith(".")


def test_severities_are_in_the_order_of_those_who_ask() -> None:
    asked = ["hotcoco", "mmdet", "pycocotools"]
    assert list(RULES["area_not_number"].severities(asked)) == asked


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_rules(page) == page


def test_a_page_without_the_mark_is_refused() -> None:
    with pytest.raises(ValueError, match="no line"):
        with_rules("# A page")
    assert with_rules(MARK).count("`annotation_id_zero`") == 2
