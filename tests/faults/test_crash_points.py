"""Publishing that is killed before any of its steps leaves no half of an export, and no litter."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.crash_points import SITUATIONS

ROOT = Path(__file__).parents[2]


STRIDE = 3
"""Of the steps every third one: `python -m tests.faults.crash_points FOLDER` takes them all."""


@pytest.mark.slow
def test_a_kill_before_any_step_of_publishing_leaves_no_half_of_an_export(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.crash_points", str(tmp_path), str(STRIDE)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    steps = json.loads(done.stdout)
    assert steps.keys() == SITUATIONS.keys()
    assert min(steps.values()) > 10
