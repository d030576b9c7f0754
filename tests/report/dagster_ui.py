"""Dagster's UI on the sample, in a home of its own."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest
import requests

from definitions.definitions import defs

ROOT = Path(__file__).parents[2]
STARTS_WITHIN = 120.0


@contextmanager
def materialised_sample(home: Path) -> Iterator[None]:
    """Materialise every asset of the sample; the storage is part of the home.

    Args:
        home: empty folder that becomes the home of a Dagster.
    """
    shutil.copy(ROOT / "definitions" / "dagster.yaml", home)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("COCO_DAGSTER_STORAGE", str(home / "storage"))
        patch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
        for variable in ("LABELS", "ONTOLOGY", "PICTURES"):
            patch.delenv(f"COCO_DAGSTER_{variable}", raising=False)
        made = defs()
        assert isinstance(made, dg.Definitions)
        with dg.DagsterInstance.from_config(str(home)) as instance:
            made.resolve_job_def("sample_job").execute_in_process(instance=instance)
        yield


@contextmanager
def running_ui(home: Path) -> Iterator[str]:
    """Address of the UI on a home, which is ended afterwards.

    Args:
        home: home of a Dagster.
    """
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    program = Path(sys.executable).parent / "dagster-webserver"
    command = [str(program), "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
    environment = {"DAGSTER_HOME": str(home), "TZ": "UTC"}
    log = home / "webserver.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | environment, stdout=output, stderr=output
        )
        try:
            _wait_until_up(url, process, log)
            yield url
        finally:
            process.terminate()
            process.wait(60)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_up(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            requests.get(f"{url}/server_info", timeout=STARTS_WITHIN).raise_for_status()
            return
        except requests.ConnectionError:
            time.sleep(0.2)
    raise AssertionError(f"{process.poll()}: {log.read_text()}")
