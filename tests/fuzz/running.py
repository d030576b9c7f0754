"""Random cases in any number, and the smallest ones that go wrong."""

import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from types import FrameType
from typing import Final

from tests.fuzz.cases import Case, Spoiling
from tests.fuzz.corpora import Corpus, large, small
from tests.fuzz.mutations import ONTOLOGIES, ROW_TEXTS, ROWS, WHOLE_FILES
from tests.fuzz.oracle import Outcome, judge

SECONDS: Final = 60
"""What a case may take at most, of the processor: other programs take their share of the clock."""

_IDLE_SECONDS: Final = 60
_IDLE_LOOKS: Final = 3
_IDLE_PROCESSOR_SECONDS: Final = 0.01

_ROW_NAMES: Final = list(ROWS)
_TEXT_NAMES: Final = list(ROW_TEXTS)
_FILE_NAMES: Final = list(WHOLE_FILES)
_ONTOLOGY_NAMES: Final = list(ONTOLOGIES)
_PROFILES: Final = ("encord", "encord", "training")
_ROWS_SHARE: Final = 0.8


class TooLongError(Exception):
    """A case took longer than `SECONDS`."""


@dataclass
class Failure:
    """A case that went wrong, as small as it could be made."""

    case: Case
    error: str


@dataclass
class Tally:
    """What became of many cases.

    Attributes:
        rows: label rows, ontologies and whole files that were spoilt.
        mutations: mutations that were tried.
        exports: of cases, and of parts of those that did not end in an export.
        outcomes: what became of what was spoilt.
        errors: clean errors in which whole cases ended.
        failures: what went wrong, one of each kind.
        slowest: processor time of the slowest export, in seconds.
    """

    rows: int = 0
    mutations: int = 0
    exports: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    failures: dict[str, Failure] = field(default_factory=dict)
    slowest: float = 0.0

    def add(self, case: Case) -> None:
        """Judge a case and count what came of it."""
        self.mutations += len(case.spoilings)
        outcome = self._judge(case)
        if outcome is not None and outcome.error is not None:
            self.errors[type(outcome.error).__name__] += 1
        self._settle(case, outcome)

    def _settle(self, case: Case, outcome: Outcome | None) -> None:
        """Count; of a case that made no export, each half on its own, down to single rows."""
        if outcome is None or outcome.error is not None:
            halves = _halves(case)
            for half in halves:
                self._settle(half, self._judge(half))
            if halves:
                return
        if outcome is None:
            self.rows += 1
            self.outcomes["WRONG"] += 1
            return
        self.rows += len(outcome.changed)
        for position in outcome.changed:
            if outcome.error is not None:
                self.outcomes[f"clean error ({type(outcome.error).__name__})"] += 1
            else:
                end = outcome.rows.get(-1 if position is None else position, "exported")
                self.outcomes[end] += 1

    def _judge(self, case: Case) -> Outcome | None:
        """The outcome; None where it goes wrong."""
        self.exports += 1
        start = time.process_time()
        try:
            return judged(case)
        except Exception as error:
            self._fail(case, error)
            return None
        finally:
            self.slowest = max(self.slowest, time.process_time() - start)

    def _fail(self, case: Case, error: Exception) -> None:
        kind = kind_of(error)
        if kind not in self.failures:
            frames = traceback.format_tb(error.__traceback__)[-6:]
            text = "".join((*frames, *traceback.format_exception_only(error)))
            self.failures[kind] = Failure(smallest(case, kind), text)


def _halves(case: Case) -> list[Case]:
    """Cases that spoil one half of the rows each; none where it is one row."""
    positions = list(dict.fromkeys(spoiling.position for spoiling in case.spoilings))
    middle = len(positions) // 2
    return [
        replace(case, spoilings=tuple(one for one in case.spoilings if one.position in half))
        for half in (positions[:middle], positions[middle:])
        if middle
    ]


def judged(case: Case) -> Outcome:
    """`judge`, within the time that a case may take."""
    with time_limit(SECONDS):
        return judge(case)


@contextmanager
def time_limit(seconds: float, idle_seconds: float = _IDLE_SECONDS) -> Iterator[None]:
    """Raises `TooLongError` in a block that takes too long.

    Args:
        seconds: processor time that it may take. A process that is stopped for a while takes none.
        idle_seconds: by the clock, how long it may wait for nothing. A process that was stopped
            is idle when it goes on, but not three times in a row.
    """
    idle = _Idle()

    def stop(_: int, __: FrameType | None) -> None:
        raise TooLongError(f"longer than {seconds} s")

    timers = (
        (signal.ITIMER_PROF, signal.SIGPROF, stop, seconds),
        (signal.ITIMER_REAL, signal.SIGALRM, idle.look, idle_seconds),
    )
    before = {sign: signal.signal(sign, handler) for _, sign, handler, _ in timers}
    for timer, _, _, length in timers:
        signal.setitimer(timer, length, length)
    try:
        yield
    finally:
        for timer, sign, _, _ in timers:
            signal.setitimer(timer, 0)
            signal.signal(sign, before[sign])


class _Idle:
    """Notices when this process waits, look after look."""

    def __init__(self) -> None:
        self._spent = time.process_time()
        self._times = 0

    def look(self, _: int, __: FrameType | None) -> None:
        """Raises `TooLongError` where hardly any processor time went by since the last looks."""
        spent = time.process_time()
        self._times = self._times + 1 if spent - self._spent < _IDLE_PROCESSOR_SECONDS else 0
        self._spent = spent
        if self._times == _IDLE_LOOKS:
            raise TooLongError("waits for nothing")


def limit_memory(size: int) -> None:
    """Let this process fail rather than take more than so many bytes of address space."""
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def peak_memory() -> int:
    """Bytes of memory that this process took at most."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes if sys.platform == "darwin" else kilobytes * 1024


def kind_of(error: BaseException) -> str:
    """What tells one failure from another: its type, its place, and the start of what it says."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "coco_dagster" in frame.filename]
    place = own[-1] if own else frames[-1]
    text = str(error).split(":")[0][:60]
    return f"{type(error).__name__} at {place.name}: {text}"


def smallest(case: Case, kind: str) -> Case:
    """The case without all that it goes wrong without, too."""
    spoilings = case.spoilings
    size = max(1, len(spoilings) // 2)
    while True:
        for start in range(0, len(spoilings), size):
            fewer = spoilings[:start] + spoilings[start + size :]
            if fewer and _fails(replace(case, spoilings=fewer), kind):
                spoilings = fewer
                break
        else:
            if size == 1:
                return replace(case, spoilings=spoilings)
            size //= 2


def _fails(case: Case, kind: str) -> bool:
    try:
        judged(case)
    except Exception as error:
        return kind_of(error) == kind
    return False


def random_case(seed: int, corpora: Sequence[Corpus] = ()) -> Case:
    """A case; the same seed gives the same one.

    Args:
        seed: chooses everything.
        corpora: label rows to spoil, in place of all that there are.
    """
    dice = Random(seed)
    if dice.random() < _ROWS_SHARE:
        return random_rows(dice, dice.choice(corpora or large()))
    return random_other(dice, dice.choice(corpora or small()))


def random_rows(dice: Random, corpus: Corpus) -> Case:
    """A case in which most rows of a corpus are spoilt, once or several times each."""
    spoilt = [position for position in range(len(corpus.rows)) if dice.random() < 0.9] or [0]
    spoilings = [
        Spoiling(position, _name_for(dice, corpus, position), dice.getrandbits(32))
        for position in spoilt
        for _ in range(dice.choice((1, 1, 1, 2, 3, 5)))
    ]
    return Case(corpus, tuple(spoilings), dice.random() < 0.1, dice.choice(_PROFILES))


def _name_for(dice: Random, corpus: Corpus, position: int) -> str:
    """A change of rows for which the row has a place."""
    while True:
        name = dice.choice(_ROW_NAMES)
        if corpus.has_place(position, ROWS[name].kind):
            return name


def random_other(dice: Random, corpus: Corpus) -> Case:
    """A case in which a row, the text of one, the file or the ontology is spoilt."""
    kind, seed = dice.random(), dice.getrandbits(32)
    derive, profile = dice.random() < 0.1, dice.choice(_PROFILES)
    position = dice.randrange(len(corpus.rows))
    if kind < 0.2:
        spoiling = Spoiling(position, _name_for(dice, corpus, position), seed)
    elif kind < 0.6:
        spoiling = Spoiling(position, dice.choice(_TEXT_NAMES), seed)
    elif kind < 0.8:
        spoiling = Spoiling(None, dice.choice(_FILE_NAMES), seed)
    else:
        names = dice.choices(_ONTOLOGY_NAMES, k=dice.choice((1, 1, 3)))
        spoilings = [Spoiling(-1, name, dice.getrandbits(32)) for name in names]
        return Case(corpus, tuple(spoilings), False, profile)
    return Case(corpus, (spoiling,), derive, profile)
