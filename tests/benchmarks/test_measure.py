"""What the benchmarks measure. Each test measures from a process of its own: measuring adopts
orphans of the whole process."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MEASURE = """
import json, sys
import msgspec
from benchmarks.measure import measure_in_turns
(run,) = measure_in_turns([[sys.executable, "-c", sys.argv[1]]], repeats=int(sys.argv[2]))
if isinstance(run, Exception):
    raise run
print(json.dumps(msgspec.to_builtins(run)))
"""
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells shared memory")


def measured(program: str, repeats: int = 1) -> dict[str, Any]:
    command = [sys.executable, "-c", MEASURE, program, str(repeats)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    run: dict[str, Any] = json.loads(done.stdout)
    return run


def test_waiting_takes_time_but_no_processor() -> None:
    run = measured("import time; time.sleep(0.5)")
    assert run["wall"] >= 0.5
    assert run["cpu"] < 0.4


def test_what_the_command_prints_is_kept() -> None:
    assert measured("print('told')")["output"] == "told\n"


@ON_LINUX
@pytest.mark.parametrize("repeats", [1, 2])
def test_memory_of_child_processes_counts(repeats: int) -> None:
    child = "import time; held = bytearray(60_000_000); time.sleep(0.4)"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    assert 60e6 < measured(program, repeats)["peak"] < 160e6


@ON_LINUX
def test_time_of_an_orphan_counts() -> None:
    busy = "import time; end = time.process_time() + 0.5\nwhile time.process_time() < end: pass"
    program = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {busy!r}])"
    assert measured(program)["cpu"] >= 0.5


def test_a_command_that_fails_is_an_error_with_its_last_words() -> None:
    with pytest.raises(subprocess.CalledProcessError) as failure:
        measured("raise SystemExit('no such luck')")
    assert "exited with 1:\nno such luck" in failure.value.stderr


def test_commands_are_run_in_turns_and_fail_for_themselves(tmp_path: Path) -> None:
    order = tmp_path / "order"
    programs = [f"open({str(order)!r}, 'a').write('{name}')" for name in "ab"]
    programs.append("raise SystemExit('no such luck')")
    script = (
        "import sys; from benchmarks.measure import measure_in_turns\n"
        "outcomes = measure_in_turns([[sys.executable, '-c', p] for p in sys.argv[1:]], 2)\n"
        "print([type(outcome).__name__ for outcome in outcomes])"
    )
    command = [sys.executable, "-c", script, *programs]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['Measurement', 'Measurement', 'CommandError']"
    assert order.read_text().startswith("abab")
