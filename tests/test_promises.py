"""Every test that a promise names exists, and every promise names one."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from coco_dagster.coco.profiles import ENCORD
from coco_dagster.encord.limits import PREFIX, SourceLimits

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "promises.md").read_text()
PROOF = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> list[list[str]]:
    """Cells of the rows of all tables, without their heads."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in cells if row[-1] != "proved by |" and "proved by" not in row[-1]]


@cache
def functions_in(path: Path) -> set[str]:
    return {node.name for node in ast.parse(path.read_text()).body if hasattr(node, "name")}


@pytest.mark.parametrize("proof", sorted(set(PROOF.findall(PAGE))), ids="::".join)
def test_every_test_that_is_named_exists(proof: tuple[str, str]) -> None:
    path, name = proof
    assert name.startswith("test_")
    assert name in functions_in(ROOT / path)


def test_every_promise_has_a_proof() -> None:
    assert len(rows()) > 30
    assert [row[0] for row in rows() if not PROOF.search(row[-1])] == []


def test_every_bound_is_told_with_its_value() -> None:
    section = PAGE.split("\n## Limits\n")[1].split("\n## ")[0]
    for name in SourceLimits.__struct_fields__:
        assert f"`{PREFIX}{name.upper()}" in section
    for name in ("max_rings", "max_crossings", "max_runs", "max_row_runs", "max_bridge_steps"):
        assert re.search(rf"\| {getattr(ENCORD, name):,} \| `{name}` \|", section)
    limits = SourceLimits()
    for told in (f"{limits.row_objects:,}", f"{limits.files:,}", f"{limits.expansion} times"):
        assert f"| {told}" in section
    assert section.count(f"{limits.row_bytes >> 20} MiB") == 2
    assert f"beyond {limits.unpacked_bytes >> 30} GiB" in section
    assert f"| {limits.shared_bytes >> 30} GiB | `{PREFIX}SHARED_BYTES` |" in section
