"""`make dev`, which ends only when it is told to. The other targets are run by .ci/run."""

import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.daemons import running

ROOT = Path(__file__).parents[1]
STARTS_WITHIN = 90.0

# One UI for all tests.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def recipe_of_dev(port: int) -> list[str]:
    """Last command of `make dev`, which this environment can run itself."""
    command = ["make", "--dry-run", "--silent", "dev", f"PORT={port}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return shlex.split(done.stdout.splitlines()[-1])


def answer(url: str, query: str) -> Any:
    return requests.post(f"{url}/graphql", json={"query": query}, timeout=30).json()["data"]


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the UI that `make dev` starts."""
    home = tmp_path_factory.mktemp("dagster_home")
    shutil.copy(ROOT / "definitions" / "dagster.yaml", home)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    programs = str(Path(sys.executable).parent)
    environment = {
        "PATH": os.pathsep.join([programs, os.environ["PATH"]]),
        "DAGSTER_HOME": str(home),
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
    log = home / "dev.log"
    with running(recipe_of_dev(port), ROOT, os.environ | environment, log) as process:
        wait_for(url, process, log)
        yield url


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            requests.get(f"{url}/server_info", timeout=5).raise_for_status()
        except requests.RequestException:
            time.sleep(0.3)
        else:
            return
    pytest.fail(f"`make dev` did not serve {url}:\n{log.read_text()[-4000:]}")


def test_make_dev_shows_the_assets_of_the_sample(ui: str) -> None:
    data = answer(ui, "{ assetNodes { assetKey { path } } }")
    keys = {tuple(node["assetKey"]["path"]) for node in data["assetNodes"]}
    assert ("sample", "coco") in keys


def test_make_dev_opens_without_a_welcome_dialog(ui: str) -> None:
    assert answer(ui, "{ shouldShowNux }") == {"shouldShowNux": False}
