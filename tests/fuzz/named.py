"""Every named mutation once, each of them in a label row of its own."""

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache

from tests.fuzz.cases import Case, Spoiling
from tests.fuzz.corpora import Corpus, built, with_own_hashes
from tests.fuzz.mutations import ONTOLOGIES, ROW_TEXTS, ROWS, WHOLE_FILES
from tests.fuzz.places import places
from tests.label_rows import JSON

_TOGETHER = 300


def names() -> list[str]:
    """What every mutation is called, and what it spoils."""
    tables = {"row": ROWS, "text": ROW_TEXTS, "file": WHOLE_FILES, "ontology": ONTOLOGIES}
    return [f"{kind}: {name}" for kind, table in tables.items() for name in table]


def cases_of_all() -> Iterator[Case]:
    """Cases that try every named mutation."""
    every = list(ROWS)
    for start in range(0, len(every), _TOGETHER):
        yield case_of_rows(every[start : start + _TOGETHER])
    for name in ROW_TEXTS:
        yield Case(few(), (Spoiling(0, name, 0),))
    for name in WHOLE_FILES:
        yield Case(few(), (Spoiling(None, name, 0),))
    for name in ONTOLOGIES:
        yield Case(few(), (Spoiling(-1, name, 0),))


def case_of_rows(chosen: Sequence[str]) -> Case:
    """A case in which each of some changes of label rows spoils one that it applies to."""
    small = (_small_row(ROWS[name].kind) for name in chosen)
    rows = [with_own_hashes(row, number) for number, row in enumerate(small)]
    spoilings = (Spoiling(number, name, number) for number, name in enumerate(chosen))
    name = f"named {chosen[0]} to {chosen[-1]}"
    return Case(Corpus(name, rows, built().ontology), tuple(spoilings))


@lru_cache
def few() -> Corpus:
    """Two label rows: what becomes of one says nothing of the other."""
    rows = [row for row in built().rows if row["label_hash"] in ("photo", "film")]
    return Corpus("few", rows, built().ontology)


@lru_cache
def _small_row(kind: str) -> JSON:
    """A label row that has a place of a kind, with few objects beside it."""
    row = next(row for row in built().rows if places(row, kind))
    return _with_objects_of(row, kind)


def _with_objects_of(row: JSON, kind: str) -> JSON:
    """The row without the objects that are not needed, where it is objects that have the place."""
    copy: JSON = json.loads(json.dumps(row))
    for place in places(copy, "frame"):
        frame = copy
        for step in place:
            frame = frame[step]  # type: ignore[index,unused-ignore]
        objects = frame.get("objects") or []
        wanted = [entry for entry in objects if entry.get("shape") == kind] or objects
        frame["objects"] = wanted[:2] + [entry for entry in objects if entry not in wanted][:1]
    return copy if places(copy, kind) else row
