"""A few of the kills that `make faults` makes by the hundred."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path

import pytest

from tests.faults.kill import (
    VICTIMS,
    BreachError,
    CommandLine,
    kill_over_and_over,
    make_editions,
)
from tests.faults.wholeness import Content, NotWholeError, content_of
from tests.stores.label_store import export_from, write_rows


@pytest.mark.slow
def test_a_killed_export_leaves_a_whole_one_and_its_rerun_clears_up(tmp_path: Path) -> None:
    given = make_editions(tmp_path / "data", images=40)
    figures = kill_over_and_over(CommandLine(given, tmp_path), tmp_path, times=1, seed=1)
    assert figures.kills == figures.whole_reruns == 1


@dataclass
class Sleeper:
    """A job that publishes in an instant, and remains as it is told.

    Attributes:
        left: what it leaves.
        contents: what is published, look by look.
    """

    left: list[str] = field(default_factory=list)
    contents: Iterator[Content | None] = field(default_factory=lambda: repeat({"a": "whole"}))
    name: str = "sleeper"

    def prepare(self, edition: int) -> None:
        """Nothing."""

    def command(self, edition: int) -> list[str]:
        return ["sleep", "0.05"]

    def published(self) -> list[Content]:
        return []

    def newest(self) -> Content | None:
        return next(self.contents)

    def unfinished(self, temporary: Path) -> list[str]:
        return self.left


WHOLE, OTHER = {"a": "whole"}, {"a": "other"}


@pytest.mark.parametrize(
    ("job", "breach"),
    [
        (Sleeper(left=[".draft"]), r"left \['.draft'\]"),
        (Sleeper(contents=iter([WHOLE, WHOLE, WHOLE, None])), "is gone"),
        (Sleeper(contents=iter([WHOLE, WHOLE, WHOLE, WHOLE, OTHER])), "other bytes"),
        (Sleeper(contents=repeat(None)), "published nothing"),
    ],
)
def test_a_breach_is_seen(job: Sleeper, breach: str, tmp_path: Path) -> None:
    with pytest.raises(BreachError, match=breach):
        kill_over_and_over(job, tmp_path, times=1, seed=1)


def test_nothing_is_a_breach_where_all_is_well(tmp_path: Path) -> None:
    figures = kill_over_and_over(Sleeper(), tmp_path, times=len(VICTIMS), seed=1)
    assert figures.whole_reruns == len(VICTIMS)
    assert figures.victims["group"] + figures.ended_before > 0


def test_an_export_that_is_not_whole_is_seen(tmp_path: Path) -> None:
    write_rows(tmp_path)
    out = tmp_path / "out"
    export_from(str(tmp_path), str(out))
    assert content_of(out) is not None
    with (out / "annotations.json").open("ab") as file:
        file.write(b" ")
    with pytest.raises(NotWholeError, match="is not the file"):
        content_of(out)
    (out / "annotations.json").unlink()
    with pytest.raises(NotWholeError, match="is missing"):
        content_of(out)
    (out / "manifest.json").unlink()
    assert content_of(out) is None
