"""The README as the tests read it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str, text: str = README) -> list[str]:
    """Code blocks of a language, without the indentation of the list that they stand in."""
    return [block for found, block in all_blocks(text) if re.fullmatch(language, found)]


def all_blocks(text: str) -> list[tuple[str, str]]:
    """Language and content of every code block, in order."""
    found = re.findall(r"^( *)```(\w+)\n(.*?)^ *```$", text, re.M | re.S)
    return [
        (language, re.sub(rf"^{indent}", "", block, flags=re.M))
        for indent, language, block in found
    ]


def section(title: str) -> str:
    """Text below a heading, up to the next one of its level."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


WALKTHROUGH = section("A Dagster project of your own")
"""From the wheel to a scheduled, checked export: tests/test_packaging.py does it."""
