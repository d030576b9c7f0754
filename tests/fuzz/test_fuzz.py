"""A slice of what `python -m tests.fuzz` does by the hundred thousand."""

import json
import random
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import oracle
from tests.fuzz.cases import Case, Spoiling, made_input
from tests.fuzz.corpora import built
from tests.fuzz.files import array
from tests.fuzz.mutations import ONTOLOGIES, ROW_TEXTS, ROWS, WHOLE_FILES, spoil
from tests.fuzz.named import case_of_rows, few, names
from tests.fuzz.oracle import WrongError, judge
from tests.fuzz.places import Touched, node_places, places
from tests.fuzz.readers import rows_read
from tests.fuzz.running import (
    Tally,
    TooLongError,
    random_case,
    random_other,
    random_rows,
    time_limit,
)
from tests.fuzz.values import as_text
from tests.label_rows import JSON

SLICE = 16
"""Of the named mutations every so-manieth one: `python -m tests.fuzz` takes all."""


def test_there_are_at_least_200_named_mutations() -> None:
    assert len(set(names())) == len(names())
    assert len(names()) >= 200


@pytest.mark.parametrize(
    "kind",
    [
        *("missing", "null", "a text", "huge", "negative", "Infinity", "NaN", "1e400"),
        *("a key twice", "a path upwards", "control characters", "5,000 levels deep"),
        *("UTF-16", "Latin-1", "byte order mark", "cut short", "two arrays", "10^9 frames"),
        *("bitmask that breaks off", "bitmask longer than its grid", "is no date"),
        *("attribute in a cycle", "class of the same hash"),
    ],
)
def test_every_kind_of_spoiling_has_a_name(kind: str) -> None:
    assert any(kind in name for name in names())


def test_every_mutation_has_a_place_to_spoil() -> None:
    corpus = built()
    kinds = {mutation.kind for mutation in ROWS.values()}
    assert [kind for kind in kinds if not any(places(row, kind) for row in corpus.rows)] == []
    nodes = {mutation.kind for mutation in ONTOLOGIES.values()}
    assert [kind for kind in nodes if not node_places(corpus.ontology, kind)] == []


def test_a_slice_of_the_named_changes_of_rows() -> None:
    case = case_of_rows(list(ROWS)[::SLICE])
    outcome = judge(case)
    assert outcome.error is None
    assert len(outcome.rows) == len(case.spoilings)
    assert {"exported", "rejected", "mended", "unreadable row"} <= set(outcome.rows.values())


@pytest.mark.parametrize(
    ("position", "name"),
    [
        *((0, name) for name in list(ROW_TEXTS)[:: 3 * SLICE]),
        *((None, name) for name in list(WHOLE_FILES)[:: 3 * SLICE]),
        *((-1, name) for name in list(ONTOLOGIES)[:: 18 * SLICE]),
    ],
)
def test_a_slice_of_the_named_changes_of_texts_files_and_ontologies(
    position: int | None, name: str
) -> None:
    judge(Case(few(), (Spoiling(position, name, 0),)))


@pytest.mark.parametrize("name", ROW_TEXTS)
def test_a_spoilt_text_is_read_or_refused(name: str) -> None:
    rows = [as_text(row) for row in few().rows]
    spoilt = ROW_TEXTS[name](rows[0], random.Random(0))
    assert rows_read(spoilt) in (None, 0, 1, 2)
    assert rows_read(array([spoilt, rows[1]])) in (None, 1, 2, 3)


@pytest.mark.parametrize("name", WHOLE_FILES)
def test_a_spoilt_file_is_read_or_refused(name: str) -> None:
    rows_read(WHOLE_FILES[name]([as_text(row) for row in few().rows], random.Random(0)))


@settings(max_examples=max(3, settings().max_examples // 15))
@given(st.integers(0, 2**32))
def test_a_slice_of_the_random_cases(seed: int) -> None:
    dice = random.Random(seed)
    judge(dice.choice((random_rows, random_other))(dice, few()))


def test_a_seed_names_a_case() -> None:
    one, other = random_case(5, [few()]), random_case(5, [few()])
    assert made_input(one).file == made_input(other).file
    assert one != random_case(6, [few()])


def test_changes_leave_the_rows_as_they_were() -> None:
    corpus = built()
    for mutation in ROWS.values():
        rows = list(corpus.rows)
        for position in range(len(rows)):
            spoil(rows, position, mutation, random.Random(0), Touched())
    assert [as_text(row) for row in corpus.rows] == corpus.texts


def test_what_is_spoilt_already_may_be_spoilt_again() -> None:
    rows: list[Any] = list(built().rows)
    dice = random.Random(0)
    for name in dice.sample(list(ROWS), 300):
        for position in range(len(rows)):
            spoil(rows, position, ROWS[name], dice, Touched())


@pytest.mark.parametrize(
    "names",
    [
        # Of the first, nobody read on to the second: the row was lost as a whole.
        (
            "object: name is half a surrogate pair",
            "object answer: shape is nested 5,000 levels deep",
        ),
    ],
)
def test_what_was_found_once_is_right(names: tuple[str, ...]) -> None:
    assert judge(Case(few(), tuple(Spoiling(0, name, 0) for name in names))).error is None


def test_rows_beside_one_that_ends_an_export_are_judged_on_their_own() -> None:
    ends = next(name for name in ROW_TEXTS if "cut" in name)
    case = Case(few(), (Spoiling(0, "row: data_title is null", 0), Spoiling(1, ends, 0)))
    assert judge(case).error is not None
    tally = Tally()
    tally.add(case)
    assert tally.rows == 2
    assert tally.errors == {"SourceError": 1}
    assert tally.outcomes == {"exported": 1, "clean error (SourceError)": 1}


# The judge itself


def without_an_object(coco: JSON) -> None:
    coco["annotations"].pop()


def with_another_box(coco: JSON) -> None:
    coco["annotations"][-1]["bbox"][0] += 1


def with_its_file_listed_anew(folder: Path) -> None:
    """Let the manifest describe the file as it is now."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    data = (folder / "annotations.json").read_bytes()
    (entry,) = (entry for entry in manifest["files"] if entry["path"] == "annotations.json")
    entry |= {"bytes": len(data), "sha256": sha256(data).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("harm", "complaint"),
    [(without_an_object, "annotations have .* origins"), (with_another_box, "has changed")],
)
def test_the_judge_sees_the_loss_and_the_change_of_an_object_that_was_not_touched(
    harm: Callable[[JSON], None], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case(few(), (Spoiling(0, "row: data_title is null", 0),))
    judge(case)  # which keeps what is due
    real = oracle.read_export

    def harmed(folder: Path) -> oracle.Read:
        path = folder / "annotations.json"
        coco = json.loads(path.read_bytes())
        harm(coco)
        path.write_text(json.dumps(coco))
        with_its_file_listed_anew(folder)
        return real(folder)

    monkeypatch.setattr(oracle, "read_export", harmed)
    with pytest.raises(WrongError, match=complaint):
        judge(case)


def endless() -> None:
    while True:
        pass


def test_a_case_that_does_not_end_is_ended() -> None:
    with pytest.raises(TooLongError, match=r"longer than 0\.01 s"), time_limit(0.01):
        endless()


def test_a_case_that_waits_for_nothing_is_ended() -> None:
    with pytest.raises(TooLongError, match="waits"), time_limit(60, idle_seconds=0.01):
        time.sleep(60)


def test_a_case_that_was_stopped_for_a_while_goes_on() -> None:
    with time_limit(60, idle_seconds=0.1):
        time.sleep(0.15)
        deadline = time.process_time() + 0.4
        while time.process_time() < deadline:
            pass
