"""The table of rules as Markdown, for `docs/validation.md`.

`python -m coco_dagster.coco.validation.rules_page docs/validation.md` brings that page up to date.
"""

import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from coco_dagster.coco.validation.consumers import CONSUMERS, STUDIED
from coco_dagster.coco.validation.rules import RULES
from coco_dagster.coco.validation.rules.rule import Rule, Subject

MARK: Final = "<!-- What follows is made from the rules. -->\n"

_SIGNS: Final = {"error": "**E**", "warning": "w"}
_TITLES: Final[dict[Subject, str]] = {
    "file": "Files",
    "entry": "Entries of any section",
    "image": "Images",
    "category": "Categories",
    "annotation": "Annotations",
}


def with_rules(page: str) -> str:
    """The page with what follows the mark made anew.

    Raises:
        ValueError: the page has no mark.
    """
    prose, mark, _ = page.partition(MARK)
    if not mark:
        raise ValueError(f"The page has no line {MARK.strip()!r}.")
    rules = "\n".join(_lines())
    return f"{prose}{mark}\n{rules}\n"


def _lines() -> Iterator[str]:
    yield "## Consumers"
    yield ""
    yield from _table(
        ("consumer", "version", "how its behaviour is known"),
        ((f"`{name}`", *facts) for name, facts in STUDIED.items()),
    )
    yield "## Rules and consumers"
    yield ""
    yield "**E**: an error for that consumer, w: a warning, blank: it does not mind."
    yield ""
    yield from _table(("rule", *CONSUMERS), map(_row, RULES.values()))
    yield "## Rules one by one"
    subjects = list(_TITLES)
    in_order = sorted(RULES.values(), key=lambda rule: subjects.index(rule.subject))
    for subject, rules in groupby(in_order, key=lambda rule: rule.subject):
        yield ""
        yield f"### {_TITLES[subject]}"
        yield ""
        yield from map(_told, rules)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    columns = list(head)
    for cells in (columns, ["---"] * len(columns), *rows):
        yield f"| {' | '.join(cells)} |"
    yield ""


def _row(rule: Rule) -> Iterator[str]:
    severities = rule.severities(CONSUMERS)
    yield f"`{rule.code}`"
    yield from (_SIGNS[severities[name]] if name in severities else "" for name in CONSUMERS)


def _told(rule: Rule) -> str:
    return f"- `{rule.code}`: {rule.message(CONSUMERS)}."


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(with_rules(path.read_text(encoding="utf-8")), encoding="utf-8")
