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
from tests.fuzz.corpora import Corpus, built, made, sample, shared
from tests.fuzz.mutations import ONTOLOGIES, ROW_TEXTS, ROWS, WHOLE_FILES
from tests.fuzz.oracle import judge

SECONDS: Final = 60
"""What a case may take at most, of the processor: other programs take their share of the clock."""

_PATIENCE: Final = 10
"""How many times as long it may take by the clock, so that waiting for nothing ends too."""

_ROW_NAMES: Final = list(ROWS)
_TEXT_NAMES: Final = list(ROW_TEXTS)
_FILE_NAMES: Final = list(WHOLE_FILES)
_ONTOLOGY_NAMES: Final = list(ONTOLOGIES)
_PROFILES: Final = ("encord", "encord", "training")


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
        rows: label rows that were spoilt.
        mutations: mutations that were applied.
        cases: exports.
        outcomes: what became of the spoilt rows, and of whole files.
        failures: what went wrong, one of each kind.
        slowest: seconds of the slowest case.
    """

    rows: int = 0
    mutations: int = 0
    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: dict[str, Failure] = field(default_factory=dict)
    slowest: float = 0.0

    def add(self, case: Case) -> None:
        """Judge a case and count what came of it."""
        spoilt = {spoiling.position for spoiling in case.spoilings}
        self.cases += 1
        self.mutations += len(case.spoilings)
        self.rows += len(spoilt)
        start = time.monotonic()
        try:
            outcome = judged(case)
        except Exception as error:
            self._fail(case, error)
            return
        finally:
            self.slowest = max(self.slowest, time.monotonic() - start)
        if outcome.error is not None:
            self.outcomes[f"clean error ({type(outcome.error).__name__})"] += len(spoilt)
            return
        for position in spoilt:
            self.outcomes[outcome.rows.get(-1 if position is None else position, "exported")] += 1

    def _fail(self, case: Case, error: Exception) -> None:
        kind = kind_of(error)
        self.outcomes["WRONG"] += 1
        if kind not in self.failures:
            frames = traceback.format_tb(error.__traceback__)[-6:]
            text = "".join((*frames, *traceback.format_exception_only(error)))
            self.failures[kind] = Failure(smallest(case, kind), text)


def judged(case: Case):  # type: ignore[no-untyped-def]
    """`judge`, within the time that a case may take."""
    with time_limit(SECONDS):
        return judge(case)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises `TooLongError` in the block when it takes longer."""

    def stop(_: int, __: FrameType | None) -> None:
        raise TooLongError(f"longer than {seconds} s")

    timers = (
        (signal.ITIMER_PROF, signal.SIGPROF, seconds),
        (signal.ITIMER_REAL, signal.SIGALRM, _PATIENCE * seconds),
    )
    before = {sign: signal.signal(sign, stop) for _, sign, _ in timers}
    for timer, _, length in timers:
        signal.setitimer(timer, length)
    try:
        yield
    finally:
        for timer, sign, _ in timers:
            signal.setitimer(timer, 0)
            signal.signal(sign, before[sign])


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


def random_cases(seed: int, corpora: Sequence[Corpus] = ()) -> Iterator[Case]:
    """Cases without end; the same seed gives the same ones.

    Args:
        seed: where to start.
        corpora: label rows to spoil, in place of all that there are.
    """
    dice = Random(seed)
    given = list(corpora) or [built(), sample(), *shared()]
    while True:
        several = corpora or [*given[:2], *[made(dice.randrange(8)) for _ in range(8)]]
        # Label rows of the SDK come one by one, so that they are chosen less often.
        few = given[2:] if dice.random() < 0.05 and not corpora and given[2:] else several
        yield random_case(dice, dice.choice(few))


def random_case(dice: Random, corpus: Corpus) -> Case:
    """A case of this corpus: most often rows are spoilt, sometimes one text, file or ontology."""
    kind = dice.random()
    positions = range(len(corpus.rows))
    derive, profile = dice.random() < 0.1, dice.choice(_PROFILES)
    if kind < 0.80:
        spoilt = [position for position in positions if dice.random() < 0.9] or [0]
        spoilings = [
            Spoiling(position, dice.choice(_ROW_NAMES), dice.getrandbits(32))
            for position in spoilt
            for _ in range(dice.choice((1, 1, 1, 2, 3, 5)))
        ]
        return Case(corpus, tuple(spoilings), derive, profile)
    seed, position = dice.getrandbits(32), dice.choice(positions)
    if kind < 0.90:
        return Case(corpus, (Spoiling(position, dice.choice(_TEXT_NAMES), seed),), derive, profile)
    if kind < 0.95:
        return Case(corpus, (Spoiling(None, dice.choice(_FILE_NAMES), seed),), derive, profile)
    names = dice.choices(_ONTOLOGY_NAMES, k=dice.choice((1, 1, 3)))
    spoilings = [Spoiling(-1, name, dice.getrandbits(32)) for name in names]
    return Case(corpus, tuple(spoilings), False, profile)
