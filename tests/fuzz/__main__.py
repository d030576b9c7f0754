"""`python -m tests.fuzz`: every named mutation, then random ones, as many as there is time for."""

import argparse
import itertools
import json
import sys
import time
from pathlib import Path

from tests.fuzz.cases import Case
from tests.fuzz.corpora import Corpus, of_files
from tests.fuzz.named import cases_of_all, names
from tests.fuzz.running import Failure, Tally, limit_memory, peak_memory, random_case


def main() -> int:
    """Spoil as many label rows as asked for, and say what became of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="rows to spoil at random")
    parser.add_argument("--seed", type=int, default=0, help="of the first case; others follow")
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
    if not corpora and not given.random_alone:
        for case in cases_of_all():
            _try(tally, case, "a named mutation")
        print(f"named mutations: {tally.rows:,} rows", file=sys.stderr)
    named = tally.rows
    for seed in itertools.count(given.seed):
        if tally.rows - named >= given.rows:
            break
        _try(tally, random_case(seed, corpora), f"--random-alone --rows 1 --seed {seed}")
        if seed % 10 == 9:
            _tell_progress(tally, named, seed)
    _report(tally, tally.rows - named, time.monotonic() - start)
    return 1 if tally.failures else 0


def _try(tally: Tally, case: Case, repeat: str) -> None:
    known = len(tally.failures)
    tally.add(case)
    for kind in list(tally.failures)[known:]:
        _show(kind, tally.failures[kind], repeat)


def _show(kind: str, failure: Failure, repeat: str) -> None:
    case = failure.case
    print(f"--- {kind}\n{repeat}\n{case.corpus.name}, {case.profile}{', derived' * case.derive}")
    print(*case.spoilings, failure.error, sep="\n", flush=True)


def _tell_progress(tally: Tally, named: int, seed: int) -> None:
    rows, spent = tally.rows - named, time.process_time()
    kinds = len(tally.failures)
    print(
        f"seed {seed}: {rows:,} random rows, {spent:.0f} s of processor time, {kinds} failures",
        file=sys.stderr,
    )


def _report(tally: Tally, random_rows: int, seconds: float) -> None:
    facts = {
        "named mutations": len(names()),
        "spoilt rows": tally.rows,
        "of them at random": random_rows,
        "mutations": tally.mutations,
        "exports": tally.exports,
        "outcomes": dict(tally.outcomes.most_common()),
        "cases that ended in a clean error": dict(tally.errors),
        "kinds of failures": len(tally.failures),
        "seconds": round(seconds),
        "seconds of processor time": round(time.process_time()),
        "slowest export in seconds of processor time": round(tally.slowest, 1),
        "peak memory in MB": peak_memory() >> 20,
    }
    print(json.dumps(facts, indent=1))


if __name__ == "__main__":
    sys.exit(main())
