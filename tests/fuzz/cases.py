"""A case: what is spoilt in which label rows, so that it can be repeated and made smaller."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from tests.fuzz.corpora import Corpus
from tests.fuzz.files import array
from tests.fuzz.mutations import ONTOLOGIES, ROW_TEXTS, ROWS, WHOLE_FILES, spoil, spoil_ontology
from tests.fuzz.places import Touched
from tests.fuzz.values import as_text
from tests.label_rows import JSON


class Spoiling(NamedTuple):
    """One mutation where it is applied.

    Attributes:
        position: of the label row; -1: of the ontology; None: of the whole file.
        name: of the mutation.
        seed: chooses the place and what else is left to chance.
    """

    position: int | None
    name: str
    seed: int


@dataclass(frozen=True)
class Case:
    """Label rows and what is spoilt of them.

    Attributes:
        corpus: what is spoilt.
        spoilings: what is done to it, one after the other; to text after all that is parsed.
        derive: whether the ontology is left out.
        profile: how the export is rendered.
    """

    corpus: Corpus
    spoilings: tuple[Spoiling, ...]
    derive: bool = False
    profile: str = "encord"


@dataclass
class Input:
    """What an export of a case is given.

    Attributes:
        file: bytes of the file of label rows.
        ontology: text of the ontology; None: it is derived.
        texts: text of every row; empty where the file is made of them in a way of its own.
        touched: what may differ from the export of the corpus.
        changed: positions of rows that are spoilt; -1: the ontology is; None: the file is.
    """

    file: bytes
    ontology: bytes | None
    texts: Sequence[bytes] = ()
    touched: Touched = field(default_factory=Touched)
    changed: frozenset[int | None] = frozenset()


def made_input(case: Case) -> Input:
    """The input that a case stands for."""
    rows: list[Any] = list(case.corpus.rows)
    ontology: Any = case.corpus.ontology
    touched = Touched(everything=case.derive)
    for spoiling in case.spoilings:
        dice = Random(spoiling.seed)
        if spoiling.position == -1 and isinstance(ontology, dict):
            ontology = spoil_ontology(ontology, ONTOLOGIES[spoiling.name], dice, touched)
        elif spoiling.position is not None and spoiling.name in ROWS:
            spoil(rows, spoiling.position, ROWS[spoiling.name], dice, touched)
    _touch_shared(rows, case.corpus.rows, touched)
    same = list(map(operator.is_, rows, case.corpus.rows))
    texts = [
        text if kept else as_text(row)
        for kept, text, row in zip(same, case.corpus.texts, rows, strict=True)
    ]
    for position, name, seed in case.spoilings:
        if position is not None and name in ROW_TEXTS:
            texts[position] = ROW_TEXTS[name](texts[position], Random(seed))
            touched.rows.add(position)
    files = [(name, seed) for position, name, seed in case.spoilings if position is None]
    file = array(texts)
    for name, seed in files:
        file = WHOLE_FILES[name](texts, Random(seed))
    changed: set[int | None] = {
        position for position, text in enumerate(texts) if text != case.corpus.texts[position]
    }
    changed |= {-1} if ontology is not case.corpus.ontology else set()
    changed |= {None} if files and file != array(texts) else set()
    nodes = None if case.derive else as_text(ontology)
    return Input(file, nodes, () if files else texts, touched, frozenset(changed))


def _touch_shared(rows: list[Any], before: Sequence[JSON], touched: Touched) -> None:
    """Rows that have come to share a name: one edition supersedes the other, images are shared."""
    users: dict[tuple[str, str], set[int]] = {}
    for position, (row, original) in enumerate(zip(rows, before, strict=True)):
        for name in _names(original) | (set() if row is original else _names(row)):
            users.setdefault(name, set()).add(position)
    for positions in users.values():
        if len(positions) > 1 and not positions.isdisjoint(touched.rows):
            touched.rows |= positions


def _names(row: Any) -> set[tuple[str, str]]:
    """What makes two rows the same row, or their files the same file."""
    if not isinstance(row, dict):
        return set()
    names = {("row", str(row.get("label_hash"))), ("file", str(row.get("data_hash")))}
    for key in ("data_units", "spaces"):
        units = row.get(key)
        names |= {("file", name) for name in units} if isinstance(units, dict) else set()
    return names
