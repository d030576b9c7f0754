"""`python -m tests.fuzz`: every named mutation, then random ones, as many as there is time for."""

import argparse
import itertools
import json
import sys
import time
from pathlib import Path

from tests.fuzz.corpora import Corpus, of_files
from tests.fuzz.named import cases_of_all, names
from tests.fuzz.running import Failure, Tally, limit_memory, peak_memory, random_cases


def main() -> int:
    """Spoil as many label rows as asked for, and say what became of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="label rows to spoil")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same rows")
    parser.add_argument("--memory", type=int, default=8 << 30, help="bytes of address space")
    parser.add_argument("--random-alone", action="store_true", help="no named mutations first")
    parser.add_argument("--labels", type=Path, help="label rows to spoil in place of the tests'")
    parser.add_argument("--ontology", type=Path, help="their ontology")
    given = parser.parse_args()
    limit_memory(given.memory)
    corpora: list[Corpus] = []
    if given.labels:
        corpora.append(of_files(given.labels.name, given.labels, given.ontology))
    tally, start = Tally(), time.monotonic()
    named = [] if corpora or given.random_alone else cases_of_all()
    cases = (next(random_cases(given.seed + number, corpora)) for number in itertools.count())
    for number, case in enumerate(itertools.chain(named, cases)):
        if tally.rows >= given.rows:
            break
        known = len(tally.failures)
        tally.add(case)
        if len(tally.failures) > known:
            _show(*list(tally.failures.items())[-1])
        if number % 20 == 19:
            print(f"{tally.rows:,} rows, {len(tally.failures)} kinds of failures", file=sys.stderr)
    _report(tally, time.monotonic() - start)
    return 1 if tally.failures else 0


def _show(kind: str, failure: Failure) -> None:
    case = failure.case
    print(f"--- {kind}\n{case.corpus.name}, {case.profile}{', derived' * case.derive}")
    print(*case.spoilings, failure.error, sep="\n", flush=True)


def _report(tally: Tally, seconds: float) -> None:
    facts = {
        "named mutations": len(names()),
        "spoilt rows": tally.rows,
        "mutations": tally.mutations,
        "exports": tally.cases,
        "outcomes": dict(tally.outcomes.most_common()),
        "kinds of failures": len(tally.failures),
        "seconds": round(seconds),
        "slowest export in seconds": round(tally.slowest, 1),
        "peak memory in MB": peak_memory() >> 20,
    }
    print(json.dumps(facts, indent=1))


if __name__ == "__main__":
    sys.exit(main())
